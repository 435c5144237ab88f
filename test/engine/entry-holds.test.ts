import { expect, test } from "vitest";
import { errorCodes, holdOf, ruleOf } from "../../src/domain/error-policy.ts";
import type { CommandOutcome, Outcome } from "../../src/domain/event.ts";
import type { Output, PlaceOrder } from "../../src/domain/output.ts";
import { lots, type Micros, symbolIndex } from "../../src/domain/units.ts";
import { EntryHolds } from "../../src/engine/entry-holds.ts";
import { after } from "../support/core.ts";

const [first, second] = [symbolIndex(0), symbolIndex(1)];
const entry: PlaceOrder = {
  kind: "place-order",
  symbol: first,
  clientOrderId: "sd-3k9f2x1a-e1-7q",
  role: "e",
  side: "buy",
  quantity: lots(1),
  terms: { type: "MARKET" },
  reduceOnly: false,
};
const otherEntry: PlaceOrder = { ...entry, symbol: second };

function bench() {
  const told: Output[] = [];
  const reads: Micros[] = [];
  const holds = new EntryHolds({ emit: (output) => told.push(output), readAccount: (now) => reads.push(now) });
  const end = (outcome: Outcome, ms: number, command: CommandOutcome["command"] = entry): void =>
    holds.onOutcome({ kind: "outcome", command, outcome }, after(ms));
  const refuse = (code: number, ms: number, command?: CommandOutcome["command"]): void =>
    end({ kind: "refused", code, message: "words" }, ms, command);
  const held = (symbol: typeof first, ms: number): boolean => holds.against(symbol, after(ms)) !== null;
  return { holds, told, reads, end, refuse, held };
}

test.each([
  [-2010, [true, false]],
  [-4140, [true, false]],
  [-2027, [true, false]],
  [-2019, [true, true]],
  [-1015, [true, true]],
  [-4400, [true, true]],
  [-9_999, [true, false]],
  [-5022, [false, false]],
])("[SAF-2] %i holds its own symbol, and where the account is meant all", (code, expected) => {
  const { refuse, held } = bench();
  refuse(code, 0);
  expect([held(first, 500), held(second, 500)]).toEqual(expected);
});

test("[F-64] waits double up to a bound, and an entry that is taken ends them", () => {
  const { refuse, end, told } = bench();
  for (let time = 0; time < 9; time += 1) refuse(-2010, time);
  end({ kind: "ok" }, 60_008);
  refuse(-2010, 60_009);
  const waits = told.flatMap((output) => (output.kind === "notice" ? [output.fields["seconds"]] : []));
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60, 1]);
});

test("[SAF-2] after the wait a reconciliation is still needed, one that was read since", () => {
  const { holds, refuse, held, reads } = bench();
  refuse(-2019, 1_000);
  const waits = [held(first, 5_900), held(first, 6_100)];
  holds.onCleanPass(after(999));
  waits.push(held(first, 6_100));
  holds.onCleanPass(after(1_001));
  waits.push(held(first, 5_900), held(first, 6_100));
  expect([waits, reads]).toEqual([[true, true, true, true, false], [after(1_000)]]);
});

test("[SAF-2] a refusal for a moment shortens no hold that lasts for minutes", () => {
  const { refuse, held } = bench();
  refuse(-4140, 0);
  refuse(-2010, 10);
  expect([held(first, 299_000), held(first, 301_000)]).toEqual([true, false]);
});

test("[SAF-2] of two refusals the later end is told", () => {
  const { refuse, told } = bench();
  refuse(-4140, 0);
  refuse(-2010, 10_000);
  expect(told.map((output) => (output.kind === "notice" ? output.fields["seconds"] : null))).toEqual([300, 290]);
});

test("[SAF-2] what a reconciliation has to find stays so where the next refusal needs none", () => {
  const { holds, refuse, held } = bench();
  refuse(-2019, 1_000);
  refuse(-1016, 1_010, otherEntry);
  const before = held(first, 20_000);
  holds.onCleanPass(after(1_001));
  expect([before, held(first, 20_000)]).toEqual([true, false]);
});

test("[SAF-2] a reconciliation that was read between two refusals which need one ends neither", () => {
  const { holds, refuse, held } = bench();
  refuse(-2019, 1_000);
  refuse(-2019, 1_010, otherEntry);
  holds.onCleanPass(after(1_005));
  expect(held(first, 60_000)).toBe(true);
});

test("[SAF-2] an entry that was under way when another one was refused ends no hold that stands", () => {
  const { end, refuse, held } = bench();
  refuse(-4400, 0, otherEntry);
  end({ kind: "ok" }, 10);
  expect([held(first, 299_000), held(first, 301_000)]).toEqual([true, false]);
});

test("[SAF-2] an entry that is taken proves nothing of an account that is still to be reconciled", () => {
  const { end, refuse, held } = bench();
  refuse(-2019, 0, otherEntry);
  end({ kind: "ok" }, 6_000);
  expect(held(first, 7_000)).toBe(true);
});

test.each([
  ["a close", { ...entry, reduceOnly: true, role: "x" as const }],
  ["a cancel", { kind: "cancel-order", symbol: first, clientOrderId: entry.clientOrderId } as const],
])("[SAF-2] %s that is refused holds nothing", (_, command) => {
  const { refuse, held } = bench();
  refuse(-2019, 0, command);
  expect(held(first, 0)).toBe(false);
});

test("[SAF-2] an entry of unknown fate holds nothing by itself", () => {
  const { end, held } = bench();
  end({ kind: "unknown", cause: "no reply in time" }, 0);
  expect(held(first, 0)).toBe(false);
});

test("[SAF-2] the table says of each code that turns entries off for whom and until when", () => {
  const listed = errorCodes.filter((code) => ruleOf(code)?.holds !== undefined);
  const texts = listed.map((code) => `${code} ${holdOf(code)?.scope ?? "nothing"} ${holdOf(code)?.until ?? ""}`.trim());
  expect(texts).toEqual([
    "-1003 account window",
    "-1015 account window",
    "-1016 account again",
    "-1122 symbol long",
    "-2018 account reconciled",
    "-2019 account reconciled",
    "-2020 nothing",
    "-2027 symbol reconciled",
    "-2028 symbol reconciled",
    "-4087 account long",
    "-4105 symbol long",
    "-4106 symbol long",
    "-4107 symbol long",
    "-4140 symbol long",
    "-4141 symbol long",
    "-4192 account long",
    "-4400 account long",
    "-5021 nothing",
    "-5022 nothing",
    "-5041 nothing",
  ]);
});
