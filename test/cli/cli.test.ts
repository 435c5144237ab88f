import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { milliseconds } from "../../src/cli/duration.ts";
import { micros, money } from "../../src/domain/units.ts";
import { openStore } from "../../src/store/open.ts";
import { eth, fillRow, intentRow, optionsIn, orderRow, positionRow, tradeRow } from "../store/rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-cli-"));
afterAll(() => rmSync(root, { recursive: true }));
const file = join(root, "settings.yaml");

type Outcome = { readonly code: number | null; readonly out: string; readonly error: string };

function scalpd(...given: string[]): Outcome {
  const done = spawnSync(process.execPath, ["src/cli/main.ts", ...given], { encoding: "utf8" });
  return { code: done.status, out: done.stdout, error: done.stderr };
}

test("[CFG-2] `config check` accepts the settings that are delivered", () => {
  expect(scalpd("config", "check")).toEqual({ code: 0, out: "config/settings.yaml: ok\n", error: "" });
});

test.each([
  ["a missing file", null, /^scalpd: .*none\.yaml: there is no such file\n$/],
  ["invalid YAML", "log: { level: info\n", /^scalpd: .*settings\.yaml: .*line \d+, column \d+:?\n$/],
  [
    "a wrong type",
    "risk: { max_leverage: ten }\n",
    /^scalpd: .*:1: risk\.max_leverage is "ten"; allowed: a whole number from 1 to 125\n$/,
  ],
  [
    "an unknown key",
    "risk: { max_leverge: 5 }\n",
    /^scalpd: .*:1: risk\.max_leverge is not a known key; the nearest is risk\.max_leverage\n$/,
  ],
  ["a hostile tag", "log: !!js/function 'x'\n", /^scalpd: .*the tag !!js\/function is not allowed; no tags are\n$/],
])("[CFG-2] `config check` with %s is one clear line and exit code 2", (_, text, error) => {
  if (text !== null) writeFileSync(file, text);
  const outcome = scalpd("config", "check", "--config", text === null ? join(root, "none.yaml") : file);
  expect(outcome).toEqual({ code: 2, out: "", error: expect.stringMatching(error) });
});

test("[CFG-2] `config check` prints all errors at once, a line each", () => {
  writeFileSync(file, "symbols: []\nlog: { level: loud }\nstop: { polcy: flatten }\n");
  const { code, error } = scalpd("config", "check", "--config", file);
  expect(code).toBe(2);
  expect(error.trimEnd().split("\n")).toHaveLength(3);
});

test("[CFG-2] every command that takes settings refuses bad ones with exit code 2", () => {
  writeFileSync(file, "log: { level: loud }\n");
  const error = `scalpd: ${file}:1: log.level is "loud"; allowed: one of debug, info, warn, error\n`;
  expect(scalpd("run", "--config", file)).toEqual({ code: 2, out: "", error });
  expect(scalpd("backtest", "--tape", "none.arrow", "--config", file)).toEqual({ code: 2, out: "", error });
});

test("[CFG-2] `config schema` prints the published JSON Schema", () => {
  const { code, out } = scalpd("config", "schema");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync("config/settings.schema.json", "utf8")));
});

test("[CFG-1] `config defaults` prints config/settings.yaml", () => {
  expect(scalpd("config", "defaults")).toEqual({
    code: 0,
    out: readFileSync("config/settings.yaml", "utf8"),
    error: "",
  });
});

test.each([
  [[], /^scalpd: which command\? Allowed: run, .*\n$/],
  [["rnu"], /^scalpd: unknown command 'rnu' \(Did you mean run\?\)\n$/],
  [["run", "--confg", "x"], /^scalpd: unknown option '--confg' \(Did you mean --config\?\)\n$/],
  [["run", "--for"], /^scalpd: option '--for <time>' argument missing\n$/],
  [["run", "--for", "soon"], /^scalpd: --for "soon": allowed are 500ms, 60s, .*\n$/],
  [["run", "--speed", "fast"], /^scalpd: --speed "fast": allowed is a number\n$/],
  [["run", "--speed", "1000"], /^scalpd: .*exchange\.speed is 1000; allowed: a number from 0\.001 to 100\n$/],
  [["run", "--venue", "mars"], /^scalpd: .*venue\.name is "mars"; allowed: one of paper, testnet, production\n$/],
  [["run", "extra"], /^scalpd: too many arguments for 'run'.*\n$/],
  [["backtest"], /^scalpd: required option '--tape <files\.\.\.>' not specified\n$/],
  [["import", "a.gz", "--out", "b", "--symbol", "btc", "--tick", "0.1", "--step", "1"], /^scalpd: import: --symbol /],
  [["config"], /^scalpd: which command\? .*\n$/],
  [["exchange", "--port", "70000"], /--port "70000"/],
] as const)("wrong usage is one clear line and exit code 2: %j", (given, error) => {
  expect(scalpd(...given)).toEqual({ code: 2, out: "", error: expect.stringMatching(error) });
});

test.each([
  ["--port", "70000", "a whole number from 0 to 65535"],
  ["--port", "abc", "a whole number from 0 to 65535"],
  ["--port", "", "a whole number from 0 to 65535"],
  ["--speed", "0", "a number from 0.001 to 100"],
  ["--maker-fee", "5", "a number from -0.001 to 0.01"],
  ["--data", "", "text of at least 1 character"],
])("[SIM-1] `exchange %s %j` says what is allowed", (option, value, allowed) => {
  const error = `scalpd exchange: ${option} "${value}": allowed is ${allowed}\n`;
  expect(scalpd("exchange", option, value)).toEqual({ code: 2, out: "", error });
});

test.each([
  ["--config", ["config", "check"]],
  ["--data", ["state"]],
])("[CFG-2] an empty %s is told as that", (option, command) => {
  const error = `scalpd: ${option} "": allowed is a path\n`;
  expect(scalpd(...command, option, "")).toEqual({ code: 2, out: "", error });
});

test("help goes to standard output and is no failure", () => {
  const { code, out, error } = scalpd("--help");
  expect([code, error]).toEqual([0, ""]);
  expect(out).toContain("backtest");
});

test("a failure that is not the user's is exit code 1 and one line, and --verbose says where", () => {
  const plain = scalpd("backtest", "--tape", join(root, "none.arrow"));
  expect(plain.code).toBe(1);
  expect(plain.error).toMatch(/^scalpd: [^\n]*none\.arrow[^\n]*\n$/);
  const verbose = scalpd("backtest", "--tape", join(root, "none.arrow"), "--verbose");
  expect(verbose.error).toMatch(/\n {4}at /);
});

test("`state` prints positions with their protection, open orders, equity and trades, while a daemon writes", async () => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  store.intent(intentRow("d1"));
  store.append([fillRow("1"), positionRow(), orderRow("d1", { state: "live" }), tradeRow("d0")]);
  store.account({ wallet: money(1_000_000_000_000n), equity: money(999_945_950_000n) }, micros(1_721_390_401_000_000));
  await committed(data);
  const { code, out, error } = scalpd("state", "--data", data, "--json");
  const text = scalpd("state", "--data", data).out;
  await store.close();
  expect([code, error]).toEqual([0, ""]);
  const [view] = JSON.parse(out).stores;
  expect(view.store).toBe("paper-t1");
  expect(view.account).toMatchObject({ wallet: "10000.00000000", equity: "9999.45950000" });
  expect(view.positions).toMatchObject([
    {
      symbol: "BTCUSDT",
      quantity: "0.01",
      entry_price: "64000",
      stop_price: "63900",
      protection: [{ role: "f", price: "63900" }],
    },
  ]);
  expect(view.orders).toHaveLength(1);
  expect(view.trades).toMatchObject([{ pnl_net: "-0.55050000", entry_price: "64000.05", exit_reason: "MAX_HOLD" }]);
  expect(text).toContain("BTCUSDT 0.01 at 64000: sell stop at 63900 (live)");
});

test("[ORD-3] `state` knows the stop of a position however many orders are open", async () => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  const others = Array.from({ length: 300 }, (_, index) => orderRow(`other${index}`, { role: "e", service: "order" }));
  store.append([...others, positionRow({ symbol: eth }), orderRow("d1", { symbol: eth })]);
  await store.close();
  expect(scalpd("state", "--data", data).out).not.toContain("NO LIVE STOP KNOWN");
});

const readers = [[["state"]], [["why"]], [["trade", "x"]]] as const;

/** The header and the schema stay: the damage is met when one of the tables, or an index of it, is read. */
function overwriteTables(path: string): void {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = DELETE");
  const roots = database
    .prepare("SELECT rootpage FROM sqlite_master WHERE tbl_name IN ('account', 'decisions', 'intents')")
    .all()
    .map(({ rootpage }) => Number(rootpage));
  database.close();
  const bytes = readFileSync(path);
  for (const root of roots) bytes.fill(0x55, (root - 1) * 4_096, root * 4_096);
  writeFileSync(path, bytes);
}

test.each(readers)("[OPS-1] %j of a journal that is damaged says which and that, not that it is old", async (given) => {
  const data = mkdtempSync(join(root, "data-"));
  const store = await openStore(optionsIn(data));
  await store.close();
  const path = join(data, "paper-t1", "journal.sqlite");
  overwriteTables(path);
  expect(scalpd(...given, "--data", data)).toEqual({
    code: 1,
    out: "",
    error: `scalpd: ${path}: is damaged: database disk image is malformed\n`,
  });
});

test.each(readers)("[OPS-1] %j of a file instead of a directory is one clear line", (given) => {
  writeFileSync(file, "");
  expect(scalpd(...given, "--data", file)).toEqual({
    code: 1,
    out: "",
    error: `scalpd: ${file}: is no directory; allowed: where the journal is kept\n`,
  });
});

test("`state` says it plainly when a position has no live stop, and when there is no journal", async () => {
  const data = mkdtempSync(join(root, "data-"));
  expect(scalpd("state", "--data", data).out).toBe(`no journal under ${data}: nothing has been traded from here\n`);
  const store = await openStore(optionsIn(data));
  store.append([positionRow(), orderRow("d1", { state: "refused" })]);
  await store.close();
  expect(scalpd("state", "--data", data).out).toContain("NO LIVE STOP KNOWN");
});

test("main.ts can be started by its name", () => {
  expect(() => accessSync("src/cli/main.ts", constants.X_OK)).not.toThrow();
  expect(readFileSync("src/cli/main.ts", "utf8").split("\n", 1)[0]).toBe("#!/usr/bin/env node");
});

test.each([
  ["500ms", 500],
  ["60s", 60_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["1d", 86_400_000],
])("a duration is read: %s", (text, expected) => {
  expect(milliseconds("--for", text)).toBe(expected);
});

test.each(["", "60", "s", "-5s", "0s", "1e3s", "5 s", "25d", "NaNs", "Infinitys"])("no duration: %j", (text) => {
  expect(() => milliseconds("--for", text)).toThrow("--for");
});

/** Waits until the journal has taken in the account, which was queued last. */
async function committed(data: string): Promise<void> {
  const { viewStores } = await import("../../src/store/view.ts");
  await expect.poll(() => viewStores(data)[0]?.account, { timeout: 10_000 }).not.toBeNull();
}
