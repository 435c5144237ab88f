/** One trade of ours a symbol at a time, and one a decision. */

import { expect, test } from "vitest";
import { orderId, type TradeId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf, orderRowOf } from "./given.ts";

const grids = [
  { symbol: "BTCUSDT", tick: 0.1, step: 0.001 },
  { symbol: "ETHUSDT", tick: 0.1, step: 0.001 },
];
const [first, second] = [tradeIdFrom("d1"), tradeIdFrom("d2")];
const minute = 60_000_000;
const [entry, other] = [entryOf(first), entryOf(second)];
let venueIds = 0;
let executions = 0;

function entryOf(trade: TradeId): string {
  return orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
}

/** A daemon with two intents, the first of whose entries has left. */
function watching(decisionIds: readonly [string, string] = ["d1", "d2"]): Judge {
  const judge = new Judge(grids, 0);
  judge.scene.now = minute;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intentOf(decisionIds[0], first));
  judge.row(intentOf(decisionIds[1], second));
  return sent(judge, entry);
}

function sent(judge: Judge, newClientOrderId: string, symbol = "BTCUSDT"): Judge {
  judge.scene.now += 1_000;
  const call = callOfText(JSON.stringify({ id: 1, method: "order.place", params: { symbol, newClientOrderId } }));
  if (call === null) throw new Error("no request");
  judge.sent(call);
  return judge;
}

function said(judge: Judge, c: string, X: string, more: Readonly<Record<string, string>> = {}, s = "BTCUSDT"): Judge {
  judge.scene.now += 1_000;
  venueIds += X === "NEW" ? 1 : 0;
  const o = { s, c, S: "BUY", q: "0.010", z: "0", l: "0", X, i: String(venueIds), ...more };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  return judge;
}

function filled(judge: Judge, id: string, side: "BUY" | "SELL" = "BUY"): Judge {
  executions += 1;
  return said(judge, id, "FILLED", { S: side, z: "0.010", l: "0.010", L: "64000.0", N: "USDT", t: String(executions) });
}

function taken(judge: Judge, id: string, state: string): Judge {
  judge.scene.now += 1_000;
  judge.row(orderRowOf(id, state, first));
  return judge;
}

/** What is said about entries and orders. */
function found({ violations }: Judge): readonly string[] {
  const told = violations.map(({ invariant, detail }) => `${invariant} ${detail}`);
  return told.filter((text) => /enters|is taken for|does not know/.test(text));
}

test("[I-03] [F-01] no entry leaves while the entry of another trade of the symbol lives", () => {
  const [again, after, elsewhere] = [watching(), watching(), watching()];
  for (const judge of [again, after, elsewhere]) said(judge, entry, "NEW");
  said(sent(again, other), other, "NEW");
  said(sent(said(after, entry, "CANCELED"), other), other, "NEW");
  said(sent(elsewhere, other, "ETHUSDT"), other, "NEW", {}, "ETHUSDT");
  expect([again, after, elsewhere].map(found)).toEqual([[`I-03 ${other} enters, and ${entry} lives`], [], []]);
});

test("[I-03] two entries that leave together are two, whichever is accepted first", () => {
  const judge = sent(watching(), other);
  said(said(judge, other, "NEW"), entry, "NEW");
  expect(found(judge)).toEqual([`I-03 ${entry} enters, and ${other} lives`]);
});

test("[I-03] [F-10] [F-11] no entry leaves while the position of another trade of the symbol is open", () => {
  const [open, closed] = [watching(), watching()];
  const exit = orderId({ prefix: "sd", trade: first, role: "x", attempt: 1 });
  for (const judge of [open, closed]) taken(filled(said(judge, entry, "NEW"), entry), entry, "filled");
  filled(closed, exit, "SELL");
  for (const judge of [open, closed]) said(sent(judge, other), other, "NEW");
  expect([open, closed].map(found)).toEqual([[`I-03 ${other} enters, and 10 lots of ${first} are open`], []]);
});

test("[I-03] what could not be known is nobody's mistake: it came to live when it was taken for over, or was lost", () => {
  const [late, lost, othersHand] = [watching(), watching(), watching()];
  sent(taken(late, entry, "not-accepted"), other);
  said(said(late, entry, "NEW"), other, "NEW");
  for (const judge of [lost, othersHand]) filled(said(judge, entry, "NEW"), entry);
  lost.ends();
  lost.journalLost();
  lost.begins({ openTrades: [], fills: new Set() });
  lost.row(intentOf("d2", second));
  othersHand.touched(0);
  for (const judge of [lost, othersHand]) said(sent(judge, other), other, "NEW");
  expect([late, lost, othersHand].map(found)).toEqual([[], [], []]);
});

test("[I-03] a verdict that is wrong excuses no second entry", () => {
  const judge = taken(said(watching(), entry, "NEW"), entry, "cancelled");
  said(sent(judge, other), other, "NEW");
  expect(found(judge)).toEqual([
    `I-05 ${entry} is taken for cancelled, and it is open at the exchange`,
    `I-03 ${other} enters, and ${entry} lives`,
  ]);
});

test("[I-03] one decision is executed in one trade", () => {
  const [twice, apart] = [watching(["d1", "d1"]), watching()];
  const exit = orderId({ prefix: "sd", trade: first, role: "x", attempt: 1 });
  for (const judge of [twice, apart]) {
    filled(filled(said(judge, entry, "NEW"), entry), exit, "SELL");
    filled(said(sent(judge, other), other, "NEW"), other);
  }
  expect([twice, apart].map(found)).toEqual([[`I-03 ${second} of d1 enters, and ${first} has executed it`], []]);
});
