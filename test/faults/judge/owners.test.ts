/** The judge of a daemon that shares its account with another one of its name. */

import { expect, test } from "vitest";
import { present } from "../../../src/domain/assert.ts";
import { orderId, stopPathTrade, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";

const second = 1_000_000;
const proof = orderId({ prefix: "sd", trade: stopPathTrade("BTCUSDT"), role: "f", attempt: 77 });
const entry = orderId({ prefix: "sd", trade: tradeIdFrom("another's"), role: "e", attempt: 1 });
const begun = 100 * second;

/** It has been ready for a while, and another daemon has sent both orders. */
function sharing(): Judge {
  const judge = new Judge([{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }], 0);
  judge.begins({ openTrades: [], fills: new Set() });
  judge.ready();
  for (const id of [proof, entry]) judge.sentByOther(id);
  judge.scene.now = begun;
  judge.step();
  return judge;
}

function pass(judge: Judge, time: number): void {
  judge.scene.now += time;
  judge.step();
}

function invariants(judge: Judge): readonly string[] {
  return judge.violations.map(({ invariant }) => invariant);
}

test.each([
  ["algo f NEW", `{"o":{"caid":"${proof}"}}`],
  ["report e NEW", `{"o":{"c":"${entry}"}}`],
])("[F-59] another daemon's order is told (%s), and nothing follows", (name, text) => {
  const judge = sharing();
  judge.told(name, text);
  pass(judge, 2 * second);
  expect(invariants(judge)).toEqual(["I-12"]);
});

test("[F-59] SAFE MODE follows: nothing is wrong", () => {
  const judge = sharing();
  judge.told("algo f NEW", `{"o":{"caid":"${proof}"}}`);
  judge.notice("SAFE_MODE_ON", { reason: "ANOTHER_DAEMON" });
  pass(judge, 2 * second);
  expect(invariants(judge)).toEqual([]);
});

test("[F-59] both take the same id in the same moment: what is told of it may be the daemon's own", () => {
  const judge = sharing();
  const params = { symbol: "BTCUSDT", clientAlgoId: proof };
  judge.sent(present(callOfText(JSON.stringify({ id: 1, method: "algoOrder.place", params })), "call"));
  judge.told("algo f NEW", `{"o":{"caid":"${proof}"}}`);
  pass(judge, 2 * second);
  expect(invariants(judge)).not.toContain("I-12");
});

test("[F-59] a cancel of another daemon's order makes that none of the daemon's own", () => {
  const judge = sharing();
  const params = { symbol: "BTCUSDT", clientAlgoId: proof };
  judge.sent(present(callOfText(JSON.stringify({ id: 1, method: "algoOrder.cancel", params })), "call"));
  judge.told("algo f NEW", `{"o":{"caid":"${proof}"}}`);
  pass(judge, 2 * second);
  expect(invariants(judge)).toContain("I-12");
});

test("[F-59] an order that an earlier run may have sent says nothing yet", () => {
  const judge = sharing();
  judge.ready();
  judge.told("report e NEW", `{"o":{"c":"${entry}"}}`);
  pass(judge, 2 * second);
  expect(invariants(judge)).toEqual([]);
});

test("[F-59] another daemon that is told of and not answered; one that nobody was told of", () => {
  const [told, untold] = [sharing(), sharing()];
  told.told("algo f NEW", `{"o":{"caid":"${proof}"}}`);
  told.notice("SAFE_MODE_ON", { reason: "ANOTHER_DAEMON" });
  for (const judge of [told, untold]) {
    pass(judge, 10 * second);
    judge.owners.notAnswered(begun);
  }
  expect([invariants(told), invariants(untold)]).toEqual([["I-12"], []]);
});

test("[F-59] what stood in the way of an answer excuses it", () => {
  const judge = sharing();
  judge.told("algo f NEW", `{"o":{"caid":"${proof}"}}`);
  judge.notice("SAFE_MODE_ON", { reason: "ANOTHER_DAEMON" });
  judge.trouble(begun + second, "none");
  pass(judge, 10 * second);
  judge.owners.notAnswered(begun);
  expect(invariants(judge)).toEqual([]);
});

const parts = ["positionRisk", "openOrders", "openAlgoOrders", "balance"] as const;
type Part = (typeof parts)[number];

/** A daemon with three lots of which no message told. */
function untold(): Judge {
  const judge = sharing();
  const own = orderId({ prefix: "sd", trade: tradeIdFrom("ours"), role: "e", attempt: 1 });
  const o = { s: "BTCUSDT", c: own, S: "BUY", q: "0.003", z: "0.003", l: "0.003", L: "64000.0", X: "FILLED", t: 1 };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  return judge;
}

/** It asks for the whole account. @returns brings the answer to one question */
function asks(judge: Judge): (part: Part) => void {
  const calls = parts.map((part) => {
    const call = callOfText('{"id":1,"method":"read","params":{}}');
    if (call === null) throw new Error("no request");
    return { ...call, name: `GET ${part}` };
  });
  for (const call of calls) judge.sent(call);
  return (part) => {
    const call = calls[parts.indexOf(part)];
    if (call === undefined) throw new Error("no such part");
    const body = part === "positionRisk" ? '[{"symbol":"BTCUSDT"}]' : "[]";
    judge.answered(call, 200, body);
    judge.reply(call, 200, body);
  };
}

test("[I-01] a read of the account tells of a position once all its parts have come", () => {
  const judge = untold();
  const answer = asks(judge);
  const known = parts.map((part) => {
    answer(part);
    return judge.naked.isKnown(0);
  });
  expect(known).toEqual([false, false, false, true]);
});

test("[I-01] parts of two reads of the account, each of which lacks another one, tell of nothing", () => {
  const judge = untold();
  const first = asks(judge);
  judge.scene.now += second / 2;
  const next = asks(judge);
  for (const part of ["positionRisk", "openOrders", "openAlgoOrders"] as const) first(part);
  for (const part of ["positionRisk", "openOrders", "balance"] as const) next(part);
  expect(judge.naked.isKnown(0)).toBe(false);
});

test.each([
  ["0.000", false],
  ["0.002", true],
])(
  "[I-01] the answer to an entry tells of a position if it says that something was executed: %s: %s",
  (executedQty, is) => {
    const judge = untold();
    const newClientOrderId = orderId({ prefix: "sd", trade: tradeIdFrom("ours"), role: "e", attempt: 1 });
    const params = { symbol: "BTCUSDT", newClientOrderId };
    const call = callOfText(JSON.stringify({ id: 1, method: "order.place", params }));
    if (call === null) throw new Error("no request");
    const text = JSON.stringify({ result: { symbol: "BTCUSDT", executedQty } });
    judge.answered(call, 200, text);
    judge.reply(call, 200, text);
    expect(judge.naked.isKnown(0)).toBe(is);
  },
);

/** So many proofs of ours leave, two seconds apart, and as many of the other daemon before them. */
function proving(judge: Judge, own: number, others: number): readonly string[] {
  const trade = stopPathTrade("BTCUSDT");
  const proofOf = (attempt: number) => orderId({ prefix: "sd", trade, role: "f", attempt });
  for (let nth = 0; nth < others; nth += 1) judge.sentByOther(proofOf(100 + nth));
  for (let nth = 0; nth < own; nth += 1) {
    const params = { symbol: "BTCUSDT", reduceOnly: "true", clientAlgoId: proofOf(1_000 + nth) };
    judge.sent(present(callOfText(JSON.stringify({ id: nth, method: "algoOrder.place", params })), "call"));
    pass(judge, 2 * second);
  }
  return invariants(judge).filter((invariant) => invariant === "I-21");
}

test("[I-21] [F-59] a daemon may answer each proof of another one with one of its own", () => {
  expect([proving(sharing(), 17, 2), proving(sharing(), 18, 1), proving(sharing(), 17, 0)]).toEqual([
    [],
    ["I-21"],
    ["I-21"],
  ]);
});

test("[I-10] an entry of another daemon that fills was none that ours had to write down", () => {
  const judge = sharing();
  const filled = {
    s: "BTCUSDT",
    S: "BUY",
    q: "0.010",
    z: "0.010",
    l: "0.010",
    L: "64000.0",
    x: "TRADE",
    X: "FILLED",
    t: 7,
    i: 9,
  };
  const ours = orderId({ prefix: "sd", trade: tradeIdFrom("ours"), role: "e", attempt: 1 });
  const of = (id: string) => {
    judge.happened({ e: "ORDER_TRADE_UPDATE", o: { ...filled, c: id } });
    return invariants(judge).filter((invariant) => invariant === "I-10").length;
  };
  expect([of(entry), of(ours)]).toEqual([0, 1]);
});
