import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { viewWhy } from "../../src/store/why.ts";

const running: ChildProcess[] = [];
let directory: string;
let data: string;
let config: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "scalpd-killed-"));
  data = join(directory, "data");
  config = join(directory, "settings.yaml");
});

afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  rmSync(directory, { recursive: true });
});

const losing = `
symbols: [BTCUSDT]
decision:
  order_flow: { enabled: false }
  demo: { interval_seconds: 1, hold_seconds: 1, cooldown_seconds: 0 }
trading: { entry_order: market }
log: { status_seconds: 1 }
`;

test("[RSK-4] a halt for the daily loss outlives a kill: the next run enters nothing and tells it no second time", async () => {
  writeFileSync(config, `${losing}risk: { session: { max_daily_loss_abs: 1 } }\n`);
  const exchange = await startExchange();
  const first = startDaemon(exchange);
  await first.line("HALTED");
  // The row is committed in a group: what is killed before has told nothing yet.
  await expect.poll(() => told("HALTED"), { timeout: 10_000 }).toBe(1);
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = startDaemon(exchange, "--for", "6s", "--json");
  const status = await second.line("STATUS_SESSION");
  expect(status).toMatchObject({ hold: "halt", reason: "MAX_DAILY_LOSS_REACHED" });
  const summary = JSON.parse(await second.lastOutput());
  expect(summary.blocked).toMatchObject({ HALTED: expect.any(Number) });
  expect(second.seen.filter(({ code }) => code === "ENTERING")).toEqual([]);
  expect(summary.open_positions).toBe(0);
  expect([told("DAILY_LOSS_HIT"), told("HALTED")]).toEqual([1, 1]);
});

test("[RSK-4] a flatten that a kill interrupts is brought to its end by the next run", async () => {
  writeFileSync(config, `${losing}risk: { session: { max_daily_loss_abs: 0.4, on_violation: flatten } }\n`);
  const exchange = await startExchange();
  const first = startDaemon(exchange);
  await first.line("FLATTENING");
  first.child.kill("SIGKILL");
  await once(first.child, "exit");
  const second = startDaemon(exchange, "--for", "8s", "--json");
  const summary = JSON.parse(await second.lastOutput());
  expect([summary.open_positions, summary.safe_mode]).toEqual([0, false]);
  expect(told("FLATTENED")).toBeGreaterThanOrEqual(1);
  expect(second.seen.filter(({ code }) => code === "ENTERING")).toEqual([]);
});

test("[CFG-4] a running daemon takes a changed file over, refuses what it cannot change, and keeps going on a broken one", async () => {
  writeFileSync(config, losing);
  const exchange = await startExchange();
  const daemon = startDaemon(exchange);
  await daemon.line("STATUS_SESSION");
  writeFileSync(config, `${losing}guardrails: { max_positions: 1 }\n`);
  expect(await daemon.line("SETTING_CHANGED")).toMatchObject({ change: "guardrails.max_positions: 2 → 1" });
  writeFileSync(config, `${losing}order_id_prefix: zz\nguardrails: { max_positions: 3 }\n`);
  expect(await daemon.line("SETTINGS_REFUSED")).toMatchObject({
    level: "error",
    message: expect.stringContaining("order_id_prefix cannot change while the daemon runs"),
  });
  writeFileSync(config, `${losing}guardrails: { max_positions: none, cooldown_secs: 1 }\n`);
  const invalid = await daemon.line("SETTINGS_INVALID");
  expect(invalid).toMatchObject({ level: "error", problems: 2 });
  expect(invalid["message"]).toMatch(
    /guardrails\.max_positions is "none".*guardrails\.cooldown_secs is not a known key/,
  );
  writeFileSync(config, `${losing}guardrails: { max_positions: 4 }\n`);
  expect(await daemon.line("SETTING_CHANGED")).toMatchObject({ change: "guardrails.max_positions: 1 → 4" });
});

type Line = Readonly<Record<string, unknown>>;

function spawned(given: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["src/cli/main.ts", ...given], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  return child;
}

function linesOf(stream: NodeJS.ReadableStream | null): Interface {
  if (stream === null) throw new Error("no pipe");
  return createInterface({ input: stream });
}

async function startExchange(): Promise<string> {
  const tape = "config/tapes/BTCUSDT-20240719.arrow";
  const child = spawned(["exchange", "--json", "--speed", "5", "--tape", tape, "--data", join(directory, "exchange")]);
  const [line] = await once(linesOf(child.stdout), "line");
  return String(line);
}

function startDaemon(exchange: string, ...more: readonly string[]) {
  const child = spawned(["run", "--config", config, "--data", data, "--exchange", exchange, ...more]);
  const seen: Line[] = [];
  const waiting: { readonly code: string; readonly resolve: (line: Line) => void }[] = [];
  let taken = 0;
  linesOf(child.stderr).on("line", (text) => {
    if (!text.startsWith("{")) return;
    const line: Line = JSON.parse(text);
    seen.push(line);
    for (const one of waiting.filter(({ code }) => code === line["code"])) one.resolve(line);
  });
  let last = "";
  linesOf(child.stdout).on("line", (text) => {
    last = text;
  });
  return {
    child,
    seen,
    /** The next line with this code that was not waited for before. */
    line: async (code: string): Promise<Line> => {
      const index = seen.findIndex((line, i) => i >= taken && line["code"] === code);
      if (index >= 0) {
        taken = index + 1;
        return seen[index] ?? {};
      }
      const line = await new Promise<Line>((resolve) => {
        waiting.push({ code, resolve });
      });
      taken = seen.length;
      return line;
    },
    lastOutput: async (): Promise<string> => {
      await once(child, "close");
      return last;
    },
  };
}

/** How often the journal says that it was told. */
function told(event: string): number {
  const [store] = viewWhy({ directory: data, since: 0, symbol: null });
  return store?.events.filter((one) => one.event === event).length ?? 0;
}
