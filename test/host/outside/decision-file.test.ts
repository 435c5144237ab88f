import fc from "fast-check";
import { expect, test } from "vitest";
import { type Micros, micros } from "../../../src/domain/units.ts";
import { type ReadDecision, readDecision } from "../../../src/host/outside/decision-file.ts";
import { instrument, settingsWith, start } from "../../support/core.ts";

const settings = settingsWith({}).decision_file;
/** binance-usdm.md spells times in milliseconds; the file may too. */
const time = Math.floor(start / 1_000);
const long = {
  action: "long",
  id: "d-1",
  time,
  entry_zone: [63_900, 64_000],
  sl: 63_500,
  tp1: 64_500,
  tp2: 65_000,
  position_size_usdt: 500,
  leverage: 5,
  confidence: 0.8,
};
const millisMax = 5;

function read(text: string, now: Micros = start): ReadDecision {
  return readDecision(text, [instrument], settings, now);
}

function withField(name: string, value: unknown): string {
  return JSON.stringify({ ...long, [name]: value });
}

/** `name` with JSON that JSON.stringify would not write. */
function withRaw(name: string, raw: string): string {
  return JSON.stringify({ ...long, [name]: "RAW" }).replace('"RAW"', raw);
}

test("[DEC-6] a long is read with its zone, levels, size and validity", () => {
  expect(read(JSON.stringify(long))).toMatchObject({
    state: "decision",
    decision: {
      id: "file-d-1",
      direction: "LONG",
      action: "ENTER",
      entryZone: { low: 639_000, high: 640_000 },
      stopLoss: 635_000,
      takeProfits: [645_000, 650_000],
      size: { kind: "notional", quote: 500 },
      leverage: 5,
      confidence: 0.8,
      time: start,
      validUntil: start + 600_000_000,
    },
  });
});

test("[DEC-6] a short is read", () => {
  const short = { ...long, action: "short", sl: 64_500, tp1: 63_000, tp2: 62_000 };
  expect(read(JSON.stringify(short))).toMatchObject({ state: "decision", decision: { direction: "SHORT" } });
});

test("[DEC-6] flat needs an id and a time only, and closes", () => {
  const flat = JSON.stringify({ action: "flat", id: 7, time: "2023-03-26T10:40:00Z" });
  expect(read(flat)).toMatchObject({ state: "decision", decision: { direction: "FLAT", action: "EXIT" } });
});

test("[DEC-6] with `on_flat: keep` flat leaves a position alone", () => {
  const flat = JSON.stringify({ action: "flat", id: 7, time });
  const kept = readDecision(flat, [instrument], { ...settings, on_flat: "keep" }, start);
  expect(kept).toMatchObject({ decision: { direction: "FLAT", action: "HOLD" } });
});

test("[DEC-6] a stop between two ticks goes to the one that risks less", () => {
  expect(read(withField("sl", 63_500.04))).toMatchObject({ decision: { stopLoss: 635_001 } });
});

const numbers = ["sl", "tp1", "tp2", "position_size_usdt", "leverage", "confidence", "time"] as const;
const badNumbers = [
  "NaN",
  "Infinity",
  "-Infinity",
  "1e999",
  "-1e999",
  "-0",
  "-0.0",
  "-1",
  '"63500"',
  "null",
  "true",
  "[]",
  "{}",
  "0x10",
  "1e",
  "01",
  "+1",
  ".5",
  "1.",
  "1e-999",
  "1_000",
  '""',
  "9".repeat(400),
];
const hostile: readonly (readonly [name: string, text: string])[] = [
  ...numbers.flatMap((name) => badNumbers.map((raw) => [`${name} ${raw.slice(0, 20)}`, withRaw(name, raw)] as const)),
  ...Object.keys(long)
    .filter((name) => !["tp1", "tp2", "confidence"].includes(name))
    .map((name) => [`without ${name}`, JSON.stringify({ ...long, [name]: undefined })] as const),
  ...["LONG", "buy", "", "reverse", "long ", "none", "ENTER"].map((word) => [word, withField("action", word)] as const),
  ...["ETHUSDT", "btcusdt", "", "BTC/USDT", "__proto__", "BTCUSDT\u0000", "BTCUSDT\n", "A".repeat(5_000)].map(
    (symbol) => [`symbol ${symbol.slice(0, 20)}`, withField("symbol", symbol)] as const,
  ),
  ...["", "a b", "../x", "x".repeat(65), "<b>", "é", "a\u0000", -1, 1.5, null, [], {}].map(
    (id) => [`id ${JSON.stringify(id).slice(0, 20)}`, withField("id", id)] as const,
  ),
  ...["__proto__", "constructor", "prototype", "extra", "Action", " action"].map(
    (key) => [`key ${key}`, JSON.stringify(long).replace("{", `{${JSON.stringify(key)}:1,`)] as const,
  ),
  ...Object.keys(long).map(
    (key) => [`${key} twice`, JSON.stringify(long).replace("{", `{${JSON.stringify(key)}:null,`)] as const,
  ),
  ["a key twice in other letters", JSON.stringify(long).replace("{", '{"\\u0061ction":"flat",')],
  ...[[], [64_000], [1, 2, 3], [64_000, 63_900], ["63900", "64000"], 64_000, null, { low: 1, high: 2 }, [0, 1]].map(
    (zone) => [`zone ${JSON.stringify(zone)}`, withField("entry_zone", zone)] as const,
  ),
  ["stop of a long above its zone", withField("sl", 64_100)],
  ["stop of a long inside its zone", withField("sl", 63_950)],
  ["target of a long below its zone", withField("tp1", 63_000)],
  ["second target before the first", withField("tp2", 64_400)],
  ["stop of a short below its zone", JSON.stringify({ ...long, action: "short", tp1: 63_000, tp2: 62_000 })],
  ["a price beyond the exchange's", withField("tp2", 9e8)],
  ["a target below the least price", JSON.stringify({ ...long, action: "short", sl: 65_000, tp1: 1e-9, tp2: 1e-10 })],
  ["leverage beyond the exchange's", withField("leverage", 126)],
  ["size and leverage beyond all limits", JSON.stringify({ ...long, position_size_usdt: 9e6, leverage: 100 })],
  ["a size beyond all limits", withField("position_size_usdt", 1e8)],
  ["confidence above 1", withField("confidence", 1.01)],
  ["a time in the future", withField("time", time + 60_000)],
  ["a time in seconds", withField("time", Math.floor(time / 1_000))],
  ["a time without a zone", withField("time", "2023-03-26T10:40:00")],
  ["a time in words", withField("time", "now")],
  ["a time in the year 2262", withField("time", "2262-01-01T00:00:00Z")],
  ["nothing", ""],
  ["blanks", " \n\t "],
  ["a byte order mark", `\uFEFF${JSON.stringify(long)}`],
  ["two documents", JSON.stringify(long) + JSON.stringify(long)],
  ["something behind", `${JSON.stringify(long)};`],
  ["a comment", `// x\n${JSON.stringify(long)}`],
  ["a comma too many", JSON.stringify(long).replace("}", ",}")],
  ["single quotes", JSON.stringify(long).replaceAll('"', "'")],
  ["a list", JSON.stringify([long])],
  ["a string", JSON.stringify(JSON.stringify(long))],
  ...["null", "true", "0", '"long"', "[]", "{}"].map((text) => [`only ${text}`, text] as const),
  ["depth 10⁵", "[".repeat(100_000)],
  ["depth 10⁵ of objects", '{"a":'.repeat(100_000)],
  ["a 60 kB string", withField("reason", "x".repeat(60_000))],
  ["60 kB of backslashes", `{"reason":"${"\\\\".repeat(30_000)}"`],
  ["8,000 keys", `{${Array.from({ length: 8_000 }, (_, i) => `"k${i}":1`).join(",")}}`],
  ["half a surrogate pair", withRaw("id", '"\\ud800"')],
  ["a bad escape", withRaw("id", '"\\x41"')],
  ["a control character", withRaw("id", '"a\u0001"')],
  ["NUL bytes", "\u0000".repeat(1_000)],
  ["YAML", "action: long\nid: d-1\n"],
  ["HTML", "<html></html>"],
];

test("[DEC-6] the table of hostile files has at least 200 rows", () => {
  expect(hostile.length).toBeGreaterThanOrEqual(200);
});

test.each(hostile)("[DEC-6] no decision, no exception: %s", (_name, text) => {
  expect(read(text)).toMatchObject({ state: "malformed", problem: expect.stringMatching(/^[^\n]{1,420}$/) });
});

test("[DEC-6] no hostile file takes longer than 5 ms", () => {
  // The best of some: what else the machine does is not the file's fault.
  const millis = hostile.map(([, text]) => Math.min(...[1, 2, 3].map(() => millisOf(text))));
  expect(Math.max(...millis)).toBeLessThan(millisMax);
});

function millisOf(text: string): number {
  const begun = performance.now();
  read(text);
  return performance.now() - begun;
}

test("[DEC-6] cut at any byte a file is no decision", () => {
  const text = JSON.stringify(long);
  const states = Array.from({ length: text.length }, (_, length) => read(text.slice(0, length)).state);
  expect(new Set(states)).toEqual(new Set(["malformed"]));
});

test("[DEC-6] whatever the bytes are, the answer is a decision or why not", () => {
  const mutated = fc
    .tuple(fc.nat(JSON.stringify(long).length), fc.nat(8), fc.string({ unit: "binary", maxLength: 8 }))
    .map(([at, cut, put]) => {
      const text = JSON.stringify(long);
      return text.slice(0, at) + put + text.slice(at + cut);
    });
  const checked = fc.check(
    fc.property(fc.oneof(mutated, fc.json(), fc.string({ unit: "binary" })), (text) => {
      const result = read(text);
      if (result.state === "malformed") return result.problem.length > 0;
      const { stopLoss, entryZone, direction } = result.decision;
      if (direction !== "LONG" || stopLoss === null || entryZone === null) return true;
      return stopLoss < entryZone.low && entryZone.low <= entryZone.high;
    }),
    { numRuns: 2_000 },
  );
  expect(checked.failed, fc.defaultReportMessage(checked) ?? "").toBe(false);
});

test("[DEC-6] nothing that a file holds reaches a prototype", () => {
  for (const [, text] of hostile) read(text);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test("[DEC-6] without a symbol the file is about the only one that is traded, and with two it must name one", () => {
  const two = [instrument, { ...instrument, symbol: "ETHUSDT" }];
  expect(readDecision(JSON.stringify(long), two, settings, start)).toMatchObject({ state: "malformed" });
  expect(readDecision(withField("symbol", "BTCUSDT"), two, settings, micros(start))).toMatchObject({
    state: "decision",
  });
});
