/**
 * The smoke check: starts the daemon as a user would (embedded exchange, bundled recordings, no key, no network) for
 * some seconds, and looks at the one JSON line that it ends with. `--data DIR` keeps the daemon's data there.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { z } from "zod";

const root = resolve(import.meta.dirname, "..");

/** The daemon runs for 15 s; the rest is starting and stopping on a slow machine. */
const secondsMost = 60;

/** What the closing line of `run --json` must say; further fields are not looked at. */
const Summary = z.object({
  symbols: z.union([
    z.array(z.unknown()).min(1),
    z.record(z.string(), z.unknown()).refine((of) => Object.keys(of).length > 0),
  ]),
  decisions: z.number().int().min(1),
  safe_mode: z.literal(false),
  unprotected_ms_max: z.number().min(0).max(2_000),
});

type Run = { readonly ended: string; readonly lines: readonly string[] };

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { data: { type: "string" } } });
  const data = values.data ?? mkdtempSync(join(tmpdir(), "scalpd-smoke-"));
  try {
    return judge(await daemon(data));
  } finally {
    if (values.data === undefined) rmSync(data, { recursive: true, force: true });
  }
}

async function daemon(data: string): Promise<Run> {
  const options = ["--for", "15s", "--speed", "5", "--json", "--data", data];
  const child = spawn(process.execPath, [join(root, "src/cli/main.ts"), "run", ...options], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    // Its own process group, so that the exchange that it started goes with it when time is up.
    detached: true,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, secondsMost * 1_000);
  const [output, [code, signal]] = await Promise.all([text(child.stdout), once(child, "close")]);
  clearTimeout(timer);
  const ended = late ? `no end after ${secondsMost} s` : (signal ?? `code ${code}`);
  return { ended, lines: output.split("\n").filter((line) => line.trim() !== "") };
}

function judge(run: Run): number {
  const last = run.lines.at(-1) ?? "";
  if (run.ended !== "code 0") return fail(`the daemon must end with code 0: ${run.ended}`, last);
  const summary = Summary.safeParse(jsonOrNull(last));
  if (!summary.success) return fail(z.prettifyError(summary.error), last);
  process.stdout.write(`smoke: exit code 0; ${last}\n`);
  return 0;
}

function fail(reason: string, last: string): number {
  process.stderr.write(`smoke: ${reason}\nsmoke: last line on standard output: ${last === "" ? "(none)" : last}\n`);
  return 1;
}

function jsonOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

process.exitCode = await main();
