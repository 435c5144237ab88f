/**
 * `npm run bench:start`: from the start of the process to "every position is proven protected", after a kill with a
 * position open, with a journal of a million rows beside one that is new. `--rows N` and `--starts N` say otherwise.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { growStore } from "./lib/grown-store.ts";
import { shown, spread } from "./lib/measure.ts";

const { values } = parseArgs({
  options: { rows: { type: "string", default: "1000000" }, starts: { type: "string", default: "7" } },
});
const rows = Number(values.rows);
const starts = Number(values.starts);
const pings = 50;
const waitMillisMax = 60_000;

/** Positions stay open: stop and target are out of reach, and nothing ends a trade by its time. */
const settings = `
log: { status_seconds: 1 }
decision: { ensemble: { enabled: false }, demo: { hold_seconds: 3600 } }
trading: { normal: { entry_order: market } }
risk: { sltp: { min_ticks: 5000 } }
`;

const directory = mkdtempSync(join(tmpdir(), "scalpd-start-"));
const children = new Set<ChildProcess>();
try {
  await bench();
} finally {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true, force: true });
}

async function bench(): Promise<void> {
  const config = join(directory, "settings.yaml");
  writeFileSync(config, settings);
  const exchange = scalpd("exchange", "--port", "0", "--weightless", "--data", join(directory, "exchange"));
  const line = await lineOf(exchange, "stdout", () => true);
  const rest: string = JSON.parse(line).rest;
  const data = join(directory, "data");
  const start = () => scalpd("run", "--config", config, "--exchange", line, "--data", data, "--json");

  const first = start();
  await lineOf(first, "stderr", (text) => text.includes('"ENTERING"'));
  for (const symbol of ["BTCUSDT", "ETHUSDT"]) await lineOf(first, "stderr", (text) => isHeld(text, symbol));
  await killed(first);
  const small = await measured(start);
  const path = databaseIn(data);
  const added = growStore(path, rows, Date.now() * 1_000);
  const large = await measured(start);
  const trip = await roundTrip(rest);
  report("a journal of one run", small);
  report(`a journal of ${added} rows more, ${Math.round(statSync(path).size / 1e6)} MB`, large);
  const bound = 1_000 + 4 * trip;
  const { median } = spread(large.map(({ millis }) => millis));
  process.stdout.write(
    `one round trip ${trip.toFixed(1)} ms; must ≤ 1 s and four of them, ${bound.toFixed(0)} ms: ${median <= bound ? "kept" : "missed"}\n`,
  );
  process.stdout.write(`node ${process.versions.node}\n`);
}

/** Whether it is a line of status with a position of this symbol. */
function isHeld(text: string, symbol: string): boolean {
  return text.includes('"STATUS"') && text.includes(`"symbol":"${symbol}"`) && /"position":"-?0\.\d/.test(text);
}

type Start = { readonly millis: number; readonly cpuMillis: number | null; readonly positions: number };

async function measured(start: () => ChildProcess): Promise<readonly Start[]> {
  const found: Start[] = [];
  // The first one after a change compiles what the cache does not have yet.
  for (let round = 0; round <= starts; round += 1) {
    const began = performance.now();
    const daemon = start();
    const line = await lineOf(daemon, "stderr", (text) => text.includes('"RECOVERED"'));
    const millis = performance.now() - began;
    const cpuMillis = cpuOf(daemon);
    await killed(daemon);
    if (round > 0) found.push({ millis, cpuMillis, positions: Number(JSON.parse(line).positions) });
  }
  return found;
}

/** What all threads of a process have used so far; null where the system does not say. */
function cpuOf({ pid }: ChildProcess): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    // User and system time, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

function report(what: string, found: readonly Start[]): void {
  const millis = spread(found.map((one) => one.millis));
  const cpu = found.flatMap(({ cpuMillis }) => cpuMillis ?? []);
  const used = cpu.length === 0 ? "" : `; CPU of all threads ${shown(spread(cpu), 4)} ms`;
  const positions = Math.min(...found.map((one) => one.positions));
  process.stdout.write(
    `${what}: ${shown(millis, 4)} ms over ${found.length} starts with ${positions} positions${used}\n`,
  );
}

/** Milliseconds, median, over a connection that is kept open. */
async function roundTrip(rest: string): Promise<number> {
  const found: number[] = [];
  for (let ping = 0; ping < pings; ping += 1) {
    const began = performance.now();
    await (await fetch(`${rest}/fapi/v1/ping`)).text();
    found.push(performance.now() - began);
  }
  return spread(found).median;
}

function scalpd(...given: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, ["src/cli/main.ts", ...given], { stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  return child;
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "exit");
  children.delete(child);
}

async function lineOf(
  child: ChildProcess,
  from: "stdout" | "stderr",
  fits: (line: string) => boolean,
): Promise<string> {
  const stream = child[from];
  if (stream === null) throw new Error("the process has no pipe");
  const lines = createInterface({ input: stream });
  const seen: string[] = [];
  try {
    return await new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came of it:\n${seen.join("\n")}`)), waitMillisMax);
      lines.on("line", (line) => {
        seen.push(line);
        if (!fits(line)) return;
        clearTimeout(timer);
        resolve(line);
      });
      child.once("exit", () => reject(new Error(`it ended:\n${seen.join("\n")}`)));
    });
  } finally {
    lines.close();
    stream.resume();
  }
}

function databaseIn(data: string): string {
  const [name = ""] = readdirSync(data).filter((one) => one.startsWith("paper-"));
  return join(data, name, "journal.sqlite");
}
