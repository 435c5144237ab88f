/** What the machine is like: runtime, disk, ports. Asks nobody outside. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { open, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join, resolve } from "node:path";
import { codeOf, type Finding, fail, ok, warn } from "./finding.ts";

const leastMinor = 21;
const freeBytesFail = 100_000_000;
const freeBytesWarn = 1_000_000_000;
const syncs = 20;
const syncMillisWarn = 50;
const syncMillisFail = 1_000;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major === 24 && minor >= leastMinor) return ok("node", version);
  return fail("node", version, `use Node 24.${leastMinor} or a later 24: npm ci brings it, npx and npm scripts use it`);
}

export function checkTls(environment: NodeJS.ProcessEnv): Finding {
  const { NODE_TLS_REJECT_UNAUTHORIZED: verification } = environment;
  if (verification !== "0") return ok("tls", "certificates are verified");
  return fail("tls", "NODE_TLS_REJECT_UNAUTHORIZED=0", "unset it: with it any host can pass for the exchange");
}

/** @param directory `store.directory`, which need not exist */
export async function checkDisk(directory: string): Promise<readonly Finding[]> {
  const path = existingAbove(resolve(directory));
  try {
    const { bavail, bsize } = await statfs(path);
    return [freeSpace(path, bavail * bsize), await syncLatency(path)];
  } catch (error) {
    const mend = "set store.directory to a place that the daemon's user may write";
    return [fail("disk", `${path}: ${codeOf(error)}`, mend)];
  }
}

function freeSpace(path: string, bytes: number): Finding {
  const found = `${(bytes / 1e9).toFixed(1)} GB free at ${path}`;
  const mend = "free some space, or move store.directory";
  if (bytes < freeBytesFail) return fail("disk", found, mend);
  return bytes < freeBytesWarn ? warn("disk", found, mend) : ok("disk", found);
}

/** As the intent log does it: a small record, then a sync. */
async function syncLatency(path: string): Promise<Finding> {
  const directory = mkdtempSync(join(path, ".scalpd-doctor-"));
  try {
    const file = await open(join(directory, "sync"), "w", 0o600);
    const times: number[] = [];
    for (let round = 0; round < syncs; round += 1) {
      await file.write(Buffer.alloc(512, round));
      const before = performance.now();
      await file.datasync();
      times.push(performance.now() - before);
    }
    await file.close();
    return judgedSync(times.sort((a, b) => a - b));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function judgedSync(sorted: readonly number[]): Finding {
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const longest = sorted.at(-1) ?? 0;
  const found = `a sync takes ${median.toFixed(1)} ms, at most ${longest.toFixed(1)} ms of ${sorted.length}`;
  const mend = "keep the store on a local disk that nothing else keeps busy";
  if (median > syncMillisFail) return fail("sync", found, mend);
  return longest > syncMillisWarn ? warn("sync", found, mend) : ok("sync", found);
}

/** @param port null: not configured; 0 takes a free one */
export async function checkPort(setting: string, port: number | null): Promise<Finding> {
  if (port === null) return ok(setting, "off");
  if (port === 0) return ok(setting, "a free one is taken");
  const server = createServer();
  const { promise, resolve: done } = Promise.withResolvers<string | null>();
  server.once("error", (error) => done(codeOf(error)));
  server.listen({ host: "127.0.0.1", port }, () => done(null));
  const cause = await promise;
  if (cause === null) await new Promise((closed) => server.close(closed));
  if (cause === null) return ok(setting, `${port} is free`);
  return fail(setting, `${port}: ${cause}`, "stop what listens there (another scalpd?), or set another port");
}

function existingAbove(path: string): string {
  const parent = dirname(path);
  return existsSync(path) || parent === path ? path : existingAbove(parent);
}
