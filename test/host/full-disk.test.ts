/** A disk that takes no more, by the system's own limit on the size of files, under a daemon process that trades. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, test, vi } from "vitest";
import { Outsider } from "../acceptance/outsider.ts";
import { startExchange, temporaryDirectory } from "../acceptance/processes.ts";

vi.setConfig({ testTimeout: 90_000 });

let started: ChildProcess | null = null;
afterEach(() => started?.kill("SIGKILL"));

const settings = `
symbols: [BTCUSDT]
decision:
  ensemble: { enabled: false }
  demo: { interval_seconds: 0.5, hold_seconds: 1, cooldown_seconds: 0 }
trading: { normal: { entry_order: market } }
risk: { cost: { enabled: false } }
store: { commit_interval_ms: 5 }
`;

/** Blocks of 512 bytes: the journal's tables fit, and what a minute of trading adds to its log does not. */
const blocks = 1500;

test("[F-39] the disk is full while it trades: SAFE MODE says so, also after a restart, no entry follows, and it ends flat or protected", async () => {
  // given
  const exchange = await startExchange();
  const outsider = new Outsider(exchange.announcement);
  const data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(config, settings);
  const given = ["src/cli/main.ts", "run", "--config", config, "--data", data, "--exchange", exchange.line];
  const limited = `ulimit -f ${blocks} && exec "$0" "$@"`;
  const child = spawn("sh", ["-c", limited, process.execPath, ...given, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  started = child;
  const codes: string[] = [];
  const isSafe = new Promise<string>((resolve) => {
    createInterface({ input: child.stderr }).on("line", (text) => {
      if (!text.startsWith("{")) return;
      const line: Readonly<Record<string, unknown>> = JSON.parse(text);
      codes.push(String(line["code"]));
      if (line["code"] === "SAFE_MODE_ON") resolve(String(line["reason"]));
    });
  });
  // when
  const reason = await isSafe;
  const entries = codes.filter((code) => code === "ENTERING").length;
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  // then
  expect([reason, entries > 0, code]).toEqual(["STORE_FAILED", true, 0]);
  expect(codes.filter((one) => one === "ENTERING")).toHaveLength(entries);
  const [position, stops] = [await outsider.position("BTCUSDT"), await outsider.openAlgos("BTCUSDT")];
  expect(position === null || stops.length > 0).toBe(true);
  // and: with room again the next run starts in it
  const next = spawn(process.execPath, [...given, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  started = next;
  const restored = new Promise<unknown>((resolve) => {
    createInterface({ input: next.stderr }).on("line", (text) => {
      const line: Readonly<Record<string, unknown>> = text.startsWith("{") ? JSON.parse(text) : {};
      if (line["code"] === "SAFE_MODE_RESTORED") resolve(line["reason"]);
    });
  });
  expect(await restored).toBe("STORE_FAILED");
});
