import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { lots, micros, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { type Call, callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const floor = orderId({ prefix: "sd", trade, role: "f", attempt: 1 });
const ratchet = orderId({ prefix: "sd", trade, role: "r", attempt: 1 });
const second = 1_000_000;

const intent = intentOf();

/** A judge of a daemon that is up, has read its account, and has written the intent to buy ten lots. */
function watching(): Judge {
  const judge = new Judge(grids, 0);
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intent);
  return judge;
}

/** One that is up again, whose entry has filled while it was down. @param readsLagUntil microseconds */
function restarted(readsLagUntil: number): Judge {
  const judge = watching();
  judge.ends();
  const o = {
    s: "BTCUSDT",
    c: entry,
    S: "BUY",
    q: "0.010",
    z: "0.010",
    l: "0.010",
    L: "64000.0",
    N: "USDT",
    n: "0.1",
    X: "FILLED",
    t: 1,
  };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.readsLagUntil = readsLagUntil;
  judge.step();
  judge.ready();
  return judge;
}

let trades = 0;

/** The exchange tells of an execution. */
function filled(judge: Judge, id: string, side: "BUY" | "SELL", lots: number): void {
  trades += 1;
  const q = (lots / 1_000).toFixed(3);
  const o = { s: "BTCUSDT", c: id, S: side, q, z: q, l: q, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t: trades };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  judge.told("report e FILLED", JSON.stringify({ o }));
}

function stop(judge: Judge, id: string, status: string, trigger = "63900.0"): void {
  const o = { s: "BTCUSDT", caid: id, S: "SELL", o: "STOP_MARKET", tp: trigger, q: "0", cp: true, X: status };
  judge.happened({ e: "ALGO_UPDATE", o });
  judge.step();
}

function pass(judge: Judge, time: number): void {
  judge.scene.now += time;
  judge.step();
}

function sent(judge: Judge, method: string, params: Readonly<Record<string, string>>): void {
  const call = callOfText(JSON.stringify({ id: 1, method, params }));
  if (call === null) throw new Error("no request");
  judge.sent(call);
  judge.step();
}

function invariants(judge: Judge): readonly string[] {
  return judge.violations.map(({ invariant }) => invariant);
}

test("[I-01] two seconds without a stop are a violation, and with one they are none", () => {
  const [naked, covered] = [watching(), watching()];
  for (const judge of [naked, covered]) filled(judge, entry, "BUY", 10);
  stop(covered, floor, "NEW");
  for (const judge of [naked, covered]) for (let step = 0; step < 4; step += 1) pass(judge, 0.6 * second);
  expect([invariants(naked), invariants(covered)]).toEqual([["I-01"], []]);
});

test("[I-01] what the daemon cannot help is not charged: it is down, in trouble, or was never told", () => {
  const [down, troubled] = [watching(), watching()];
  for (const judge of [down, troubled]) filled(judge, entry, "BUY", 10);
  down.ends();
  troubled.trouble(10 * second, "all");
  for (const judge of [down, troubled]) pass(judge, 5 * second);
  expect([invariants(down), invariants(troubled)]).toEqual([[], []]);
});

/** Our position is covered; in one moment its entry executes further and somebody cancels the stop. */
function uncovered(): { readonly judge: Judge; readonly entryCall: Call } {
  const judge = watching();
  filled(judge, entry, "BUY", 5);
  stop(judge, floor, "NEW");
  pass(judge, second);
  const params = { symbol: "BTCUSDT", newClientOrderId: entry, quantity: "0.010" };
  const entryCall = callOfText(JSON.stringify({ id: 1, method: "order.place", params }));
  if (entryCall === null) throw new Error("no request");
  judge.answered(entryCall, 200, "{}");
  filled(judge, entry, "BUY", 5);
  stop(judge, floor, "CANCELED");
  return { judge, entryCall };
}

test("[I-01] what was said of a position in the moment in which its stop ended does not tell of that", () => {
  const { judge, entryCall } = uncovered();
  judge.told("report e FILLED", `{"E":${judge.scene.now / 1_000},"o":{"s":"BTCUSDT","X":"FILLED"}}`);
  judge.reply(entryCall, 200, '{"symbol":"BTCUSDT","executedQty":"0.010"}');
  for (let step = 0; step < 8; step += 1) pass(judge, 0.6 * second);
  expect(invariants(judge)).toEqual([]);
});

test("[I-01] the word that its stop has ended tells of it", () => {
  const { judge } = uncovered();
  judge.told("algo f CANCELED", '{"o":{"s":"BTCUSDT","X":"CANCELED"}}');
  for (let step = 0; step < 8; step += 1) pass(judge, 0.6 * second);
  expect(invariants(judge)).toEqual(["I-01"]);
});

test("[I-01] what the exchange's price band refuses is not charged until it should have been tried again", () => {
  // given
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  const newClientOrderId = orderId({ prefix: "sd", trade, role: "x", attempt: 1 });
  const params = { symbol: "BTCUSDT", newClientOrderId, quantity: "0.010", reduceOnly: "true" };
  const close = callOfText(JSON.stringify({ id: 1, method: "order.place", params }));
  if (close === null) throw new Error("no request");
  // when
  judge.answered(close, 400, '{"code":-4131,"msg":"price band"}');
  for (let step = 0; step < 30; step += 1) pass(judge, 0.6 * second);
  const charged = (): boolean => invariants(judge).includes("I-01");
  const before = charged();
  for (let step = 0; step < 10; step += 1) pass(judge, 0.6 * second);
  // then
  expect([before, charged()]).toEqual([false, true]);
});

test("[I-01] what somebody else has opened may take reads that agree, and no more than ten seconds", () => {
  const judge = watching();
  filled(judge, "web_1", "BUY", 10);
  pass(judge, 9 * second);
  expect(invariants(judge)).toEqual([]);
  pass(judge, 2 * second);
  expect(invariants(judge)).toEqual(["I-01"]);
});

/** A covered long of ours that somebody else turns around; its stop goes when it passes zero. */
function turned(): Judge {
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  stop(judge, floor, "NEW");
  filled(judge, "web_1", "SELL", 20);
  return judge;
}

function saidOpen(judge: Judge, lots: string): void {
  judge.told("account", JSON.stringify({ e: "ACCOUNT_UPDATE", a: { P: [{ s: "BTCUSDT", pa: lots, ep: "64000.0" }] } }));
}

test("[I-01] what somebody has turned around is the daemon's after two seconds, once the stream has said so", () => {
  const judge = turned();
  saidOpen(judge, "-0.010");
  pass(judge, 1.9 * second);
  const early = invariants(judge);
  pass(judge, 0.7 * second);
  expect([early, invariants(judge)]).toEqual([[], ["I-01"]]);
});

test("[I-01] what was turned around while the stream says what was before may take reads that agree", () => {
  const judge = turned();
  saidOpen(judge, "0.010");
  pass(judge, 9 * second);
  expect(invariants(judge)).toEqual([]);
});

test("[I-01] what somebody else has opened is not charged while reads may tell of before", () => {
  const judge = watching();
  judge.scene.readsLagUntil = 60 * second;
  filled(judge, "web_1", "BUY", 10);
  pass(judge, 15 * second);
  expect(invariants(judge)).toEqual([]);
});

test("[I-01] a start whose reads may tell of before has not learnt what filled meanwhile", () => {
  const [lagging, reading] = [restarted(60 * second), restarted(0)];
  for (const judge of [lagging, reading]) pass(judge, 3 * second);
  expect([invariants(lagging), invariants(reading)]).toEqual([[], ["I-01"]]);
});

test("[I-02] a stop that turns the position around", () => {
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  filled(judge, floor, "SELL", 15);
  expect(invariants(judge)).toEqual(["I-02"]);
});

test("[I-03] more is entered than was planned", () => {
  const judge = watching();
  filled(judge, entry, "BUY", 11);
  expect(invariants(judge)).toEqual(["I-03"]);
});

test("[I-04] an entry leaves without a private stream", () => {
  const judge = watching();
  judge.scene.isPrivateOpen = false;
  sent(judge, "order.place", { symbol: "BTCUSDT", newClientOrderId: entry, quantity: "0.010", price: "64000.0" });
  expect(invariants(judge)).toEqual(["I-04"]);
});

test("[I-09] a cancel of ours that leaves a looser stop", () => {
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  stop(judge, floor, "NEW");
  stop(judge, ratchet, "NEW", "63950.0");
  pass(judge, 10 * second);
  const call = callOfText(JSON.stringify({ id: 1, method: "algoOrder.cancel", params: { clientAlgoId: ratchet } }));
  if (call !== null) judge.arrived(call);
  stop(judge, ratchet, "CANCELED", "63950.0");
  expect(invariants(judge)).toEqual(["I-09"]);
});

test.each([
  ["in exponent form", { quantity: "1e-3", price: "64000.0" }],
  ["off the grid", { quantity: "0.0105", price: "64000.0" }],
  ["zero", { quantity: "0.000", price: "64000.0" }],
])("[I-14] a number %s", (_what, numbers) => {
  const judge = watching();
  sent(judge, "order.place", { symbol: "BTCUSDT", newClientOrderId: entry, ...numbers });
  expect(invariants(judge)).toEqual(["I-14"]);
});

test("[I-14] protection that could open a position", () => {
  const judge = watching();
  sent(judge, "algoOrder.place", { symbol: "BTCUSDT", clientAlgoId: floor, triggerPrice: "63900.0" });
  expect(invariants(judge)).toEqual(["I-14"]);
});

test("[I-12] somebody else's order is cancelled", () => {
  const judge = watching();
  sent(judge, "order.cancel", { symbol: "BTCUSDT", origClientOrderId: "web_1" });
  expect(invariants(judge)).toEqual(["I-12"]);
});

test("[I-17] an entry leaves in SAFE MODE", () => {
  const judge = watching();
  judge.notice("SAFE_MODE_ON", { reason: "CANNOT_PROTECT" });
  sent(judge, "order.place", { symbol: "BTCUSDT", newClientOrderId: entry, quantity: "0.010", price: "64000.0" });
  expect(invariants(judge)).toEqual(["I-17"]);
});

test("[I-17] the store fails, and nothing follows", () => {
  const judge = watching();
  judge.storeFailed();
  pass(judge, second);
  expect(invariants(judge)).toEqual(["I-17"]);
});

test("[I-13] a request during a ban that was told", () => {
  const judge = watching();
  const call = callOfText(JSON.stringify({ id: 1, method: "order.status", params: { origClientOrderId: entry } }));
  if (call !== null) judge.reply(call, 418, '{"code":-1003,"msg":"IP banned until 60000."}');
  pass(judge, second);
  sent(judge, "order.status", { symbol: "BTCUSDT", origClientOrderId: entry });
  expect(invariants(judge)).toEqual(["I-13"]);
});

test.each<readonly [string, number | null, number]>([
  ["Retry-After", 30, 30],
  ["the minute's end", null, 55],
])("[I-13] a request before the silence of a 429 is over, which lasts until %s", (_what, retryAfter, ends) => {
  // given: a 429 five seconds into the minute
  const [early, late] = [watching(), watching()];
  const call = callOfText(JSON.stringify({ id: 1, method: "order.status", params: { origClientOrderId: entry } }));
  for (const judge of [early, late]) {
    judge.scene.now = 5 * second;
    if (call !== null) judge.reply(call, 429, '{"code":-1003,"msg":"Too many requests."}', retryAfter);
    // when
    pass(judge, (judge === early ? ends - 10 : ends + 0.1) * second);
    sent(judge, "order.status", { symbol: "BTCUSDT", origClientOrderId: entry });
  }
  // then
  expect([invariants(early).includes("I-13"), invariants(late).includes("I-13")]).toEqual([true, false]);
});

test("[I-24] the journal has an execution that the exchange has not", () => {
  const judge = watching();
  judge.begins({ openTrades: [], fills: new Set(["0 4711"]) });
  expect(invariants(judge)).toEqual(["I-24"]);
});

test("[I-06] the books disagree with the exchange in the end", () => {
  const judge = watching();
  judge.audit({ isUp: true, unready: [], positions: [3], orders: new Set() });
  expect(invariants(judge)).toEqual(["I-06"]);
});

test("[I-21] the daemon is not ready in the end", () => {
  const judge = watching();
  judge.audit({ isUp: true, unready: ["private-stream"], positions: [0], orders: new Set() });
  expect(invariants(judge)).toEqual(["I-21"]);
});

test("an exception that was contained is a violation, unless the simulation threw it", () => {
  const judge = watching();
  judge.notice("UNEXPECTED_ERROR", { where: "fill", message: "Error: Simulated: the disk is on fire", at: "" });
  expect(invariants(judge)).toEqual([]);
  judge.notice("UNEXPECTED_ERROR", { where: "fill", message: "TypeError: undefined is not a function", at: "" });
  expect(invariants(judge)).toEqual(["ERROR"]);
});

test("[I-07] an execution that the journal handed over is booked again", () => {
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  const tradeId = String(trades);
  const known = { tradeId, price: ticks(640_000), quantity: lots(10), time: micros(0), maker: null } as const;
  const fill = { ...known, commission: null, commissionAsset: null };
  const openTrades = [{ intent, fills: [{ clientOrderId: entry, side: "buy", fill }], stopLevel: null }] as const;
  const again = { kind: "fill", trade, symbol: symbolIndex(0), clientOrderId: entry, side: "buy", ...fill } as const;
  judge.begins({ openTrades, fills: new Set([`0 ${tradeId}`]) });
  judge.row(again);
  expect(invariants(judge)).toEqual(["I-07"]);
});

test("[I-07] an execution without an intent is booked again by the next process: its key keeps it once", () => {
  const judge = watching();
  filled(judge, entry, "BUY", 10);
  const tradeId = String(trades);
  const known = { tradeId, price: ticks(640_000), quantity: lots(10), time: micros(0), maker: null } as const;
  const row = { kind: "fill", trade, symbol: symbolIndex(0), clientOrderId: entry, side: "buy", ...known } as const;
  judge.begins({ openTrades: [], fills: new Set([`0 ${tradeId}`]) });
  judge.row({ ...row, commission: null, commissionAsset: null });
  expect(invariants(judge)).toEqual([]);
  judge.row({ ...row, commission: null, commissionAsset: null });
  expect(invariants(judge)).toEqual(["I-07"]);
});
