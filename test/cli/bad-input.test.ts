/** What a user can get wrong: one clear line that names place, value and what is allowed, and exit code 1 or 2. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { readTape } from "../../src/tape/reader.ts";
import { writeTape } from "../../src/tape/writer.ts";
import { Scalpd, type StartedExchange, startExchange, temporaryDirectory } from "../acceptance/processes.ts";

// Dozens of processes share the machine with whatever else is being tested.
vi.setConfig({ testTimeout: 60_000 });

const btc = "config/tapes/BTCUSDT-20240719.arrow";
const directory = temporaryDirectory();
const paths = {
  truncated: join(directory, "truncated.arrow"),
  damaged: join(directory, "damaged.arrow"),
  text: join(directory, "text.arrow"),
  empty: join(directory, "empty.arrow"),
  missing: join(directory, "missing.arrow"),
  file: join(directory, "file"),
  coarse: join(directory, "coarse.arrow"),
  unlisted: join(directory, "unlisted.arrow"),
};

let exchange: StartedExchange;
let occupied: Server;
let port: number;

beforeAll(async () => {
  const tape = readFileSync(btc);
  writeFileSync(paths.truncated, tape.subarray(0, 100_000));
  const damaged = Buffer.from(tape);
  const middle = Math.floor(damaged.length / 2);
  damaged[middle] = (damaged[middle] ?? 0) ^ 0x40;
  writeFileSync(paths.damaged, damaged);
  writeFileSync(paths.text, "open,high,low,close\n");
  writeFileSync(paths.empty, "");
  writeFileSync(paths.file, "");
  const readable = readTape(btc);
  writeTape(paths.coarse, { ...readable, metadata: { ...readable.metadata, tickSize: "1" } });
  writeTape(paths.unlisted, { ...readable, metadata: { ...readable.metadata, symbol: "DOGEUSDT" } });
  occupied = createServer();
  port = await new Promise((resolve, reject) => {
    occupied.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = occupied.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  exchange = await startExchange();
});

afterAll(() => {
  occupied.close();
});

let names = 0;

/** A place of its own: two exchanges cannot share one. */
function newPath(name: string): string {
  names += 1;
  return join(directory, `${names}-${name}`);
}

function settingsFile(text: string): string {
  const path = newPath("settings.yaml");
  writeFileSync(path, text);
  return path;
}

type Complaint = { readonly code: number | null; readonly lines: readonly string[] };

/** What the process says that is no log line, and its exit code. Nothing but a run's summary goes to standard output. */
async function complaintOf(given: readonly string[]): Promise<Complaint> {
  const process = new Scalpd(given);
  const { code } = await process.exit;
  const everything = [...process.outLines, ...process.errorLines].join("\n");
  expect(everything).not.toMatch(/^\s+at /m);
  expect(everything).not.toContain(exchange.announcement.api_secret);
  return { code, lines: process.errorLines.filter((line) => !line.startsWith("{")) };
}

type Case = readonly [what: string, given: () => readonly string[], code: 1 | 2, line: RegExp];

function refuses(cases: readonly Case[]): void {
  for (const [what, given, code, line] of cases) {
    test.concurrent(`${what} is refused in one clear line`, async () => {
      expect(await complaintOf(given())).toEqual({ code, lines: [expect.stringMatching(line)] });
    });
  }
}

const run = (settings: string): readonly string[] => [
  "run",
  "--data",
  newPath("data"),
  "--config",
  settingsFile(settings),
];

refuses([
  [
    "[CFG-2] a settings file that is missing",
    () => ["run", "--config", join(directory, "none.yaml")],
    2,
    /^scalpd: \S+none\.yaml: there is no such file$/,
  ],
  [
    "[CFG-2] settings that are no YAML",
    () => run("risk: { max_leverage: 5\n"),
    2,
    /^scalpd: \S+\.yaml: .*line \d+, column \d+/,
  ],
  [
    "[CFG-2] a setting of the wrong type",
    () => run("stop: { timeout_seconds: soon }\n"),
    2,
    /^scalpd: \S+\.yaml:1: stop\.timeout_seconds is "soon"; allowed: .*$/,
  ],
  [
    "[CFG-2] a setting out of bounds",
    () => run("exchange: { port: 70000 }\n"),
    2,
    /^scalpd: \S+\.yaml:1: exchange\.port is 70000; allowed: .*65,?535$/,
  ],
  [
    "[CFG-2] an unknown setting, with the nearest known one",
    () => run("trading: { normal: { max_hold_second: 5 } }\n"),
    2,
    /^scalpd: \S+\.yaml:1: trading\.normal\.max_hold_second is not a known key; the nearest is trading\.normal\.max_hold_seconds$/,
  ],
  [
    "a symbol that is spelled wrong",
    () => run("symbols: [btcusdt]\n"),
    2,
    /^scalpd: \S+\.yaml:1: symbols\[0\] is "btcusdt"; allowed: upper-case letters and digits$/,
  ],
  ["a symbol that the exchange does not list", () => run("symbols: [DOGEUSDT]\n"), 1, /^scalpd: .*DOGEUSDT/],
]);

refuses([
  [
    "`exchange` on a port that is in use",
    () => ["exchange", "--port", String(port), "--data", newPath("data")],
    1,
    /^scalpd exchange: port \d+ is in use; choose another with --port, or 0 for a free one$/,
  ],
  [
    "`run` with an exchange port that is in use",
    () => run(`exchange: { port: ${port} }\n`),
    1,
    /^scalpd: the embedded exchange did not start: scalpd exchange: port \d+ is in use/,
  ],
]);

refuses(
  (
    [
      ["is truncated", paths.truncated, /is truncated/],
      ["is damaged", paths.damaged, /is damaged: its checksum does not match/],
      ["is no tape", paths.text, /is no Arrow file/],
      ["is empty", paths.empty, /is empty/],
      ["is missing", paths.missing, /cannot be read: ENOENT/],
    ] as const
  ).flatMap(([what, tape, problem]): Case[] => [
    [`\`backtest\` with a tape that ${what}`, () => ["backtest", "--tape", tape], 1, lineWith("scalpd", tape, problem)],
    [
      `\`exchange\` with a tape that ${what}`,
      () => ["exchange", "--port", "0", "--data", newPath("data"), "--tape", tape],
      1,
      lineWith("scalpd exchange", tape, problem),
    ],
  ]),
);

function lineWith(program: string, tape: string, problem: RegExp): RegExp {
  return new RegExp(`^${program}: tape ${tape.replaceAll(".", "\\.")}: ${problem.source}`);
}

refuses([
  [
    "`run` with a tape that is truncated",
    () => run(`exchange: { tapes: [${paths.truncated}] }\n`),
    1,
    /^scalpd: the embedded exchange did not start: scalpd exchange: tape \S+: is truncated/,
  ],
  [
    "`backtest` with two tapes of one symbol",
    () => ["backtest", "--tape", btc, "--tape", btc],
    2,
    /^scalpd: two tapes of BTCUSDT: one for each symbol$/,
  ],
  [
    "`backtest` with a tape on another tick than the exchange's",
    () => ["backtest", "--tape", paths.coarse],
    2,
    /^scalpd: tape of BTCUSDT: tick 1 and step 0.001; the exchange has 0.10 and 0.001$/,
  ],
  [
    "`exchange` with a tape on another tick than its own",
    () => ["exchange", "--port", "0", "--data", newPath("data"), "--tape", paths.coarse],
    1,
    /^scalpd exchange: tape of BTCUSDT: tick 1 and step 0.001; the exchange has 0.10 and 0.001$/,
  ],
  [
    "`backtest` with a tape of a symbol that is not listed",
    () => ["backtest", "--tape", paths.unlisted],
    2,
    /^scalpd: tape of DOGEUSDT: the exchange lists \S+/,
  ],
  [
    "`exchange` with two tapes of one symbol",
    () => ["exchange", "--port", "0", "--data", newPath("data"), "--tape", btc, btc],
    1,
    /^scalpd exchange: two tapes of BTCUSDT: one for each symbol$/,
  ],
]);

refuses([
  [
    "`exchange` whose data directory cannot be made",
    () => ["exchange", "--port", "0", "--data", join(paths.file, "x")],
    1,
    /^scalpd exchange: cannot make the directory \S+: ENOTDIR/,
  ],
  [
    "`run` whose store directory cannot be made",
    () => ["run", "--data", join(paths.file, "x")],
    1,
    /^scalpd: the embedded exchange did not start: scalpd exchange: cannot make the directory \S+: ENOTDIR/,
  ],
]);

/** Its file system lets nobody make anything in it, and says that as if it were not there. */
const odd = join("/proc", String(process.pid));
const isOdd = existsSync(odd);
const oddCases: readonly Case[] = [
  [
    "`run` with a place where nothing can be made",
    () => ["run", "--data", odd],
    1,
    /^scalpd: the embedded exchange did not start: scalpd exchange: cannot make the directory \/proc\/\d+\/exchange: ENOENT/,
  ],
  [
    "`exchange` with a place deep below such a one",
    () => ["exchange", "--port", "0", "--data", join(odd, "a", "b")],
    1,
    /^scalpd exchange: cannot make the directory \/proc\/\d+\/a\/b: ENOENT/,
  ],
];
refuses(isOdd ? oddCases : []);

test.skipIf(!isOdd).concurrent("`run` beside a running exchange says where its journal cannot be made", async () => {
  const daemon = new Scalpd(["run", "--json", "--exchange", exchange.line, "--data", join(odd, "a")]);
  expect((await daemon.exit).code).toBe(1);
  expect(JSON.parse(daemon.outLines.at(-1) ?? "")).toMatchObject({
    failure: expect.stringMatching(/^store directory \S+ cannot be written: ENOENT/),
  });
});

test.concurrent("`run` whose journal cannot be written trades nothing, and says so in the log and in its JSON", async () => {
  const daemon = new Scalpd(["run", "--json", "--exchange", exchange.line, "--data", join(paths.file, "x")]);
  expect((await daemon.exit).code).toBe(1);
  const failures = daemon.log.filter((line) => line["level"] === "error").map((line) => line["message"]);
  expect(failures).toEqual([expect.stringMatching(/^store directory \S+ cannot be written: ENOTDIR/)]);
  expect(JSON.parse(daemon.outLines.at(-1) ?? "")).toMatchObject({ entries: 0, failure: failures[0] });
});

test.concurrent("what made the daemon fail is said once in its log", async () => {
  const daemon = new Scalpd(run("symbols: [DOGEUSDT]\n"));
  expect((await daemon.exit).code).toBe(1);
  const failures = daemon.log.filter((line) => line["level"] === "error").map((line) => line["message"]);
  expect(failures).toEqual([expect.stringContaining("DOGEUSDT")]);
});

const production = "venue: { name: production, account: main }\ndecision: { demo: { enabled: false } }\n";

refuses([
  [
    "[S-06] production without the flag",
    () => run(production),
    2,
    /^scalpd: venue\.name production: real money needs --production with the account's name$/,
  ],
  [
    "[S-06] production with another account's name",
    () => [...run(production), "--production", "other"],
    2,
    /^scalpd: --production other: venue\.account is main; both must name the same account$/,
  ],
  [
    "[S-06] production without an account in the settings",
    () => [...run("venue: { name: production }\ndecision: { demo: { enabled: false } }\n"), "--production", "main"],
    2,
    /^scalpd: \S+: venue\.account is null; it must name the account when venue\.name is production$/,
  ],
  [
    "[DEC-2] production with the demo source",
    () => [...run("venue: { name: production, account: main }\n"), "--production", "main"],
    2,
    /^scalpd: \S+: decision\.demo\.enabled is true; it must be false when venue\.name is production/,
  ],
  [
    "[S-06] production without a key",
    () => [...run(production), "--production", "main"],
    2,
    /^scalpd: venue\.name production: no key; SCALPD_API_KEY and .* must be set/,
  ],
  [
    "[S-06] --production on paper",
    () => ["run", "--production", "main", "--data", newPath("data")],
    2,
    /^scalpd: --production: allowed only with venue\.name production$/,
  ],
  [
    "[S-06] --production on the testnet",
    () => [...run("venue: { name: testnet }\n"), "--production", "main"],
    2,
    /^scalpd: --production main: venue\.name is testnet; allowed only with venue\.name production$/,
  ],
]);

const withExchange = (line: string): readonly string[] => ["run", "--data", newPath("data"), "--exchange", line];

refuses([
  [
    "[S-07] --exchange with an address that is not on loopback",
    () => withExchange(exchange.line.replaceAll("127.0.0.1", "192.0.2.1")),
    2,
    /^scalpd: --exchange: .*on loopback: rest: must be a loopback address/,
  ],
  [
    "[S-07] --exchange with another protocol",
    () => withExchange(exchange.line.replace("http:", "https:")),
    2,
    /^scalpd: .*must be on loopback by http:, not at 127\.0\.0\.1:\d+$/,
  ],
  [
    "[S-02] --exchange with a line that is cut off, without quoting its secret",
    () => withExchange(JSON.stringify({ api_secret: exchange.announcement.api_secret }).slice(0, -1)),
    2,
    /^scalpd: --exchange: not the JSON line of an exchange \(\d+ characters\)$/,
  ],
  [
    "--exchange with something else than an exchange's line",
    () => withExchange("{}"),
    2,
    /^scalpd: --exchange: .*rest: .*api_secret: .*instance: /,
  ],
  [
    "--exchange with another venue than paper",
    () => [...run("venue: { name: testnet }\n"), "--exchange", exchange.line],
    2,
    /^scalpd: --exchange: allowed only with venue\.name paper$/,
  ],
]);

refuses([
  ["a duration that is none", () => ["run", "--for", "a while"], 2, /^scalpd: --for "a while": allowed are 500ms, 60s/],
  ["a duration of nothing", () => ["run", "--for", "0s"], 2, /^scalpd: --for "0s": allowed are /],
  ["an unknown command", () => ["nonsense"], 2, /^scalpd: unknown command 'nonsense'/],
  ["a trade without its id", () => ["trade"], 2, /^scalpd: missing required argument 'id'/],
  [
    "an unknown option",
    () => ["run", "--sped", "2"],
    2,
    /^scalpd: unknown option '--sped' \(Did you mean --speed\?\)$/,
  ],
  ["an unknown feed", () => ["exchange", "--feed", "live"], 2, /^scalpd exchange: --feed "live": must be tape/],
  ["a speed of nothing", () => ["exchange", "--speed", "0"], 2, /^scalpd exchange: --speed "0": /],
  [
    "a speed at which nothing would ever be played",
    () => ["exchange", "--speed", "1e-300", "--data", newPath("data")],
    2,
    /^scalpd exchange: --speed "1e-300": allowed is a number from 0\.001 to 100$/,
  ],
  [
    "such a speed in the settings",
    () => run("exchange: { speed: 1.0e-300 }\n"),
    2,
    /^scalpd: \S+: exchange\.speed is 1e-300; allowed: a number from 0\.001 to 100$/,
  ],
  [
    "a fee with more decimals than the exchange reckons with",
    () => ["exchange", "--maker-fee", "1e-9", "--data", newPath("data")],
    2,
    /^scalpd exchange: --maker-fee "1e-9": allowed is a number from -0\.001 to 0\.01 with at most 8 decimals$/,
  ],
  [
    "such a wallet in the settings",
    () => run("exchange: { wallet_usdt: 1.0e-9 }\n"),
    2,
    /^scalpd: \S+: exchange\.wallet_usdt is 1e-9; it must have at most 8 decimals$/,
  ],
  [
    "more simulated hours than anybody waits for",
    () => ["faults", "--hours", "1e9"],
    2,
    /^scalpd: --hours 1000000000: allowed is a number above 0 and at most 10000$/,
  ],
  [
    "a gap of tables beside a capture of streams",
    () => [
      "import",
      btc,
      "--gap-seconds",
      "5",
      "--symbol",
      "X",
      "--tick",
      "1",
      "--step",
      "1",
      "--out",
      newPath("tape"),
    ],
    2,
    /^scalpd: import: --gap-seconds "5": allowed only with --format csv$/,
  ],
]);

test.concurrent("[SIM-2] the exchange starts with a fee of a few hundred-millionths", async () => {
  const fees = ["--maker-fee", "1e-7", "--taker-fee", "3e-8"];
  const { process, announcement } = await startExchange(...fees);
  const rates = await fetch(`${announcement.rest}/fapi/v1/time`);
  process.signal("SIGTERM");
  expect([rates.status, (await process.exit).code]).toEqual([200, 0]);
});
