import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import type { IntentRow } from "../../src/domain/output.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { IntentLog, readIntentLogs, readRecords } from "../../src/store/intent-log.ts";
import { instruments, intentRow } from "./rows.ts";

const root = mkdtempSync(join(tmpdir(), "scalpd-intents-"));
afterAll(() => rmSync(root, { recursive: true }));
const fresh = (): string => mkdtempSync(join(root, "log-"));

test("[IDM-3] an intent can be read from the file as soon as it is appended, without a sync", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  log.append(intentRow("d1"));
  log.append(intentRow("d2", { takeProfit: null, decisionMidHalfTicks: null, side: "sell" }));
  const [file] = readIntentLogs(directory);
  expect(file?.intents).toEqual([
    { instrument: instruments[0], row: intentRow("d1") },
    {
      instrument: instruments[0],
      row: intentRow("d2", { takeProfit: null, decisionMidHalfTicks: null, side: "sell" }),
    },
  ]);
  await log.close(0);
});

test("an intent comes back as it went in, whatever its texts and numbers are", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 100 }), fc.stringMatching(/^[\w.:-]{0,100}$/));
  const whole = fc.maxSafeInteger();
  const fields = {
    decisionId: text,
    source: text,
    clientOrderId: text,
    stopLoss: whole.map(ticks),
    quantity: fc.maxSafeNat().map(lots),
  };
  const rows = fc.sample(fc.record(fields), 500).map((more) => intentRow("d", more));
  for (const row of rows) log.append(row);
  expect(readIntentLogs(directory)[0]?.intents.map(({ row }) => row)).toEqual(rows.map(throughUtf8));
  await log.close(0);
});

test("the file and what it holds are its owner's alone", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  const [name = ""] = readdirSync(directory);
  expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
  await log.close(0);
});

test("[REC-3] a file that is cut at any byte gives every complete record before the cut, and nothing else", async () => {
  const { bytes, ends } = await written(5);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const { intents, goodBytes } = readRecords(bytes.subarray(0, cut));
    const complete = ends.filter((end) => end <= cut);
    expect(intents.map(({ row }) => row.decisionId)).toEqual(complete.slice(1).map((_, index) => `d${index}`));
    expect(goodBytes).toBe(complete.at(-1) ?? 0);
  }
});

test("[REC-3] damage anywhere never turns into an intent that was not written", async () => {
  const { bytes, ends } = await written(4);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const damaged = Uint8Array.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ change;
      const before = ends.filter((end) => end <= at).length;
      const { intents } = readRecords(damaged);
      expect(intents.map(({ row }) => row.decisionId)).toEqual(
        Array.from({ length: Math.max(0, before - 1) }, (_, i) => `d${i}`),
      );
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["zeros", Buffer.alloc(100)],
  ["a huge length", Buffer.from("ffffff7f00000000", "hex")],
  ["text", Buffer.from("something else entirely\n".repeat(9))],
])("a tail of %s is cut, and kept aside", async (_, tail) => {
  const directory = fresh();
  const { bytes } = await written(2);
  writeFileSync(join(directory, "intents-00000007.log"), Buffer.concat([bytes, tail]));
  const [file] = readIntentLogs(directory);
  expect([file?.intents.length, file?.tornBytes]).toEqual([2, tail.length]);
  expect(readFileSync(join(directory, "torn-00000007.log"))).toEqual(tail);
});

test("the torn tails that are kept are bounded", async () => {
  const directory = fresh();
  for (let number = 1; number <= 20; number += 1) {
    writeFileSync(join(directory, `intents-${String(number).padStart(8, "0")}.log`), "torn");
  }
  readIntentLogs(directory);
  const torn = readdirSync(directory).filter((name) => name.startsWith("torn-"));
  expect(torn).toEqual(Array.from({ length: 8 }, (_, index) => `torn-${String(index + 13).padStart(8, "0")}.log`));
});

test("a full file is sealed at a sync, and goes when the database has its intents", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  const row = intentRow("d1", { source: "s".repeat(3_000) });
  for (let count = 0; count < 180; count += 1) log.append(row);
  await log.sync();
  log.append(intentRow("d2"));
  await log.sync();
  expect(readIntentLogs(directory).map(({ intents }) => intents.length)).toEqual([180, 1]);
  log.forget(179);
  expect(readIntentLogs(directory)).toHaveLength(2);
  log.forget(180);
  expect(readIntentLogs(directory).map(({ intents }) => intents.length)).toEqual([1]);
  await log.close(181);
  expect(readIntentLogs(directory)).toEqual([]);
});

test("an intent that is too large is refused, and nothing is ever written behind it", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  log.append(intentRow("d1"));
  expect(() => log.append(intentRow("d2", { source: "s".repeat(5_000) }))).toThrow("more than 4096 bytes");
  expect(() => log.append(intentRow("d3"))).toThrow("failed before");
  await expect(log.sync()).rejects.toThrow("failed before");
  expect(readIntentLogs(directory)[0]?.intents).toHaveLength(1);
  await log.close(0);
});

/** A file of version 2, which knew no exit rules: a short of ten lots, decided as d1. */
const version2 =
  "VwAAAEIaTTl7InZlcnNpb24iOjIsImluc3RydW1lbnRzIjpbeyJzeW1ib2wiOiJCVENVU0RUIiwidGlja1NpemUiOiIwLjEwIiwic3RlcFNpemUiOiIwLjAwMSJ9XX1gAAAAEQEBNwAAAAAAAAAAAAAAAAAAJEAAAAAA0I8jQQAAAAAwgCNBAAAAAAGIM0EATmbEYXYYQwBAP71hdhhDAQgAMGs5Z2F1aWUCAGQxBABkZW1vEQBzZC0wazlnYXVpZS1lMS1rdw==";

/** One of version 3, which knew no cooldown. */
const version3 =
  "kQAAAFO7wDp7InZlcnNpb24iOjMsImluc3RydW1lbnRzIjpbeyJzeW1ib2wiOiJCVENVU0RUIiwidGlja1NpemUiOiIwLjEwIiwic3RlcFNpemUiOiIwLjAwMSJ9LHsic3ltYm9sIjoiRVRIVVNEVCIsInRpY2tTaXplIjoiMC4wMSIsInN0ZXBTaXplIjoiMC4wMDEifV190AAAAPsMuUQAAAAAAAAAAAAAAAAAACRAAAAAADCAI0EAAAAA0I8jQQAAAAABiDNBAE5mxGF2GEMAQD+9YXYYQwAAAAC4kyNBAAAAAAAA8D8AAAAAAADgPwAAAAAAACVAAAAAAAAA4D8AAAAAAAD4fwAAAAAAANA/AAAAAAAA+H8AAAAAAAD4fwAAAAAAAPh/mpmZmZmZqT8AAAAAgIQeQQAAAAAAAFlAAAAAAAAAAAAACAAwazlnYXVpZQIAZDEEAGRlbW8RAHNkLTBrOWdhdWllLWUxLWt3";

test.each([
  [
    "2, without rules of exit",
    version2,
    intentRow("d1", {
      side: "sell",
      stopLoss: ticks(641_000),
      takeProfit: ticks(639_000),
      secondTarget: null,
      exits: null,
      cooldownMicros: null,
    }),
  ],
  ["3, without a cooldown", version3, intentRow("d1", { cooldownMicros: null })],
])("[CFG-4] a file of version %s, gives its intents", (_, file, row) => {
  const { intents, goodBytes } = readRecords(Buffer.from(file, "base64"));
  expect(goodBytes).toBe(Buffer.from(file, "base64").length);
  expect(intents.map((intent) => intent.row)).toEqual([row]);
});

test("[CFG-4] an intent without rules or second target comes back without them", async () => {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  const row = intentRow("d1", { secondTarget: null, exits: null });
  log.append(row);
  expect(readIntentLogs(directory)[0]?.intents[0]?.row).toEqual(row);
  await log.close(0);
});

/** A lone surrogate has no UTF-8. */
function throughUtf8(row: IntentRow): IntentRow {
  return {
    ...row,
    decisionId: row.decisionId.toWellFormed(),
    source: row.source.toWellFormed(),
    clientOrderId: row.clientOrderId.toWellFormed(),
  };
}

/** The bytes of a log with so many intents, and where each record ends, the header's first. */
async function written(count: number): Promise<{ bytes: Uint8Array; ends: number[] }> {
  const directory = fresh();
  const log = await IntentLog.open(directory, instruments);
  const path = join(directory, readdirSync(directory)[0] ?? "");
  const ends = [statSync(path).size];
  for (let index = 0; index < count; index += 1) {
    log.append(intentRow(`d${index}`));
    ends.push(statSync(path).size);
  }
  const bytes = readFileSync(path);
  await log.close(0);
  return { bytes, ends };
}
