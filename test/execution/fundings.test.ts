/** Fundings of a symbol, and which of them belong to a trade's position (requirements ORD-4). */

import { expect, test } from "vitest";
import type { IncomeRow } from "../../src/domain/event.ts";
import { type Micros, money } from "../../src/domain/units.ts";
import { Fundings } from "../../src/execution/fundings.ts";
import { newTrade, type Trade } from "../../src/execution/trade.ts";
import { after, instrument } from "../support/core.ts";
import { planOf } from "./bench.ts";

const always = Number.POSITIVE_INFINITY;

function enteredAt(time: Micros | null): Trade {
  const trade = newTrade(planOf());
  trade.entryTime = time;
  return trade;
}

function row(id: string, amount: bigint, time: Micros): IncomeRow {
  return { kind: "funding", symbol: instrument.index, id, amount: money(amount), time };
}

test("[ORD-4] a trade's funding is what came from its first execution to the given time, both included", () => {
  const fundings = new Fundings();
  for (const [amount, ms] of [
    [1n, 999],
    [20n, 1_000],
    [300n, 2_000],
    [4_000n, 2_001],
  ] as const) {
    fundings.tell(money(amount), after(ms * 1_000));
  }
  const trade = enteredAt(after(1_000_000));
  expect([fundings.of(trade, after(2_000_000)), fundings.of(trade, always)]).toEqual([320n, 4_320n]);
});

test("[ORD-4] a trade that has not entered was paid nothing", () => {
  const fundings = new Fundings();
  fundings.tell(money(5n), after(1_000));
  expect(fundings.of(enteredAt(null), always)).toBe(0n);
});

test("[ORD-4] what was paid counts against what was received", () => {
  const fundings = new Fundings();
  fundings.tell(money(-700n), after(1_000));
  fundings.tell(money(500n), after(60_000));
  expect(fundings.of(enteredAt(after(0)), always)).toBe(-200n);
});

test("[F-28] the stream tells it and the ledger has it: it counts once, whichever comes first", () => {
  const told = new Fundings();
  told.tell(money(500n), after(1_000));
  told.read([row("7", 500n, after(2_000))]);
  const read = new Fundings();
  read.read([row("7", 500n, after(2_000))]);
  read.tell(money(500n), after(1_000));
  const trade = enteredAt(after(0));
  expect([told.of(trade, always), read.of(trade, always)]).toEqual([500n, 500n]);
});

test("[F-28] a ledger that is read again adds only what is new in it", () => {
  const fundings = new Fundings();
  fundings.read([row("7", 500n, after(2_000))]);
  fundings.read([row("7", 500n, after(2_000)), row("8", 30n, after(40_000))]);
  expect(fundings.of(enteredAt(after(0)), always)).toBe(530n);
});

test("[ORD-4] two hundred are remembered, the newest", () => {
  const fundings = new Fundings();
  for (let minute = 0; minute < 201; minute += 1)
    fundings.tell(money(minute === 0 ? 1_000_000n : 1n), after(60_000 * minute));
  expect(fundings.of(enteredAt(after(0)), always)).toBe(200n);
});

test("[ORD-4] of what the ledger has, two hundred are remembered too", () => {
  const fundings = new Fundings();
  fundings.read(Array.from({ length: 201 }, (_, at) => row(`${at}`, at === 0 ? 1_000_000n : 1n, after(60_000 * at))));
  expect(fundings.of(enteredAt(after(0)), always)).toBe(200n);
});
