import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { type Call, callOfHttp } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf, partsWith } from "./given.ts";

const grids = [
  { symbol: "BTCUSDT", tick: 0.1, step: 0.001 },
  { symbol: "ETHUSDT", tick: 0.01, step: 0.001 },
];
const second = 1_000_000;
const stop = orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role: "f", attempt: 1 });
const intent = intentOf();
let executions = 0;

function judgeOf(tradesAnHourMax = 2): Judge {
  const judge = new Judge(grids, 0, undefined, partsWith({ positionsMax: 1, tradesAnHourMax }));
  judge.scene.now = 100 * second;
  judge.begins({ openTrades: [], fills: new Set() });
  return judge;
}

function call(method: "GET" | "POST", path: string, query: string): Call {
  return callOfHttp({ kind: "http", id: 1, host: "fapi", method, path, query, keyed: true });
}

function pass(judge: Judge, time: number): void {
  judge.scene.now += time;
  judge.step();
}

function filled(judge: Judge, decision: string, s: string, role: "e" | "x"): void {
  executions += 1;
  const c = orderId({ prefix: "sd", trade: tradeIdFrom(decision), role, attempt: 1 });
  const S = role === "e" ? "BUY" : "SELL";
  const size = { q: "0.01", z: "0.01", l: "0.01" };
  const o = { s, c, S, ...size, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t: executions };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
}

function of(judge: Judge, invariant: string): readonly string[] {
  return judge.violations.filter((one) => one.invariant === invariant).map(({ detail }) => detail);
}

test("[I-13] more leverage than the settings allow is asked for", () => {
  const judge = judgeOf();
  judge.sent(call("POST", "/fapi/v1/leverage", "symbol=BTCUSDT&leverage=10"));
  expect(of(judge, "I-13")).toEqual([]);
  judge.sent(call("POST", "/fapi/v1/leverage", "symbol=BTCUSDT&leverage=11"));
  expect(of(judge, "I-13")).toEqual(["leverage 11 is asked for, at most 10"]);
});

test("[I-13] the exchange itself refuses because there were too many requests", () => {
  const judge = judgeOf();
  judge.answered(call("GET", "/fapi/v1/depth", ""), 200, "{}");
  expect(of(judge, "I-13")).toEqual([]);
  judge.answered(call("GET", "/fapi/v1/depth", ""), 429, "{}");
  expect(of(judge, "I-13")).toEqual(["GET depth ran into the exchange's limits"]);
});

test("[I-13] a second position is opened where one is allowed", () => {
  const judge = judgeOf();
  filled(judge, "d1", "BTCUSDT", "e");
  expect(of(judge, "I-13")).toEqual([]);
  filled(judge, "d2", "ETHUSDT", "e");
  expect(of(judge, "I-13")).toEqual(["2 positions are open, at most 1"]);
});

test("[I-13] a third trade within the hour is opened where two are allowed", () => {
  const judge = judgeOf();
  for (const decision of ["d1", "d2", "d3"]) {
    filled(judge, decision, "BTCUSDT", "e");
    filled(judge, decision, "BTCUSDT", "x");
  }
  expect(of(judge, "I-13")).toEqual(["3 trades in an hour, at most 2"]);
});

/** A market entry of so many thousandths, after a touch was told. */
function entersAtMarket(judge: Judge, lots: number): void {
  const bytes = new TextEncoder().encode('{"data":{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"63999.9","a":"64000.0"}}');
  judge.fresh?.onMarket("btcusdt@bookTicker", bytes);
  const query = `symbol=BTCUSDT&side=BUY&quantity=${lots / 1_000}&newClientOrderId=${intent.clientOrderId}`;
  judge.sent(call("POST", "/fapi/v1/order", query));
}

test("[I-13] a market entry is worth what the touch says, half a percent apart", () => {
  const [within, above] = [judgeOf(), judgeOf()];
  entersAtMarket(within, 31);
  entersAtMarket(above, 32);
  expect(of(within, "I-13")).toEqual([]);
  expect(of(above, "I-13")).toEqual([`${intent.clientOrderId} is worth 2048, at most 2000`]);
});

/** Two trades that fill half a minute after they leave, where one an hour is allowed. @param apart seconds */
function twoApart(apart: number, isForgotten = false, isAnew = false): readonly string[] {
  const judge = judgeOf(1);
  for (const [decision, wait] of [
    ["d1", 0],
    ["d2", apart - 30],
  ] as const) {
    pass(judge, wait * second);
    const id = orderId({ prefix: "sd", trade: tradeIdFrom(decision), role: "e", attempt: 1 });
    judge.sent(call("POST", "/fapi/v1/order", `symbol=BTCUSDT&quantity=0.010&price=64000.0&newClientOrderId=${id}`));
    pass(judge, decision === "d1" ? 30 * second : 0);
    filled(judge, decision, "BTCUSDT", "e");
    filled(judge, decision, "BTCUSDT", "x");
    if (isForgotten) judge.begins({ openTrades: [], fills: new Set() });
    if (isAnew) judge.scene.now += 1;
    if (isAnew) judge.begins({ openTrades: [], fills: new Set(["f"]) });
  }
  return of(judge, "I-13");
}

test("[I-13] trades of an hour count from when their entries left", () => {
  expect(twoApart(3_590)).toEqual(["2 trades in an hour, at most 1"]);
  expect(twoApart(3_601)).toEqual([]);
});

test("[I-13] [F-26] an hour that a restart lies in is as long as the clocks of both runs may have it", () => {
  expect(twoApart(3_400, false, true)).toEqual(["2 trades in an hour, at most 1"]);
  expect(twoApart(3_430, false, true)).toEqual([]);
});

test("[I-13] a daemon whose journal was lost has no trades to count", () => {
  expect(twoApart(1_200, true)).toEqual([]);
});

test("[I-13] a trade whose intent went with a crash is none of the hour, one that the journal knows is", () => {
  const judged = [false, true].map((isLost) => {
    const judge = judgeOf(1);
    judge.row(intent);
    judge.begins({ openTrades: isLost ? [] : [{ intent, fills: [], stopLevel: null }], fills: new Set(["f"]) });
    filled(judge, "d1", "BTCUSDT", "e");
    filled(judge, "d1", "BTCUSDT", "x");
    filled(judge, "d2", "BTCUSDT", "e");
    return of(judge, "I-13");
  });
  expect(judged).toEqual([["2 trades in an hour, at most 1"], []]);
});

test("[I-17] an order is answered with a code that nobody knows, and no SAFE MODE follows", () => {
  const [careless, careful] = [judgeOf(), judgeOf()];
  for (const judge of [careless, careful]) judge.row(intent);
  const placement = call("POST", "/fapi/v1/algoOrder", `symbol=BTCUSDT&clientAlgoId=${stop}`);
  for (const judge of [careless, careful]) {
    judge.reply(placement, 400, '{"code":-9876,"msg":"?"}');
    if (judge === careful) judge.notice("SAFE_MODE_ON", { reason: "UNKNOWN_CODE" });
    pass(judge, second);
  }
  expect(of(careless, "I-17")).toEqual(["place f was answered -9876, and no SAFE MODE followed"]);
  expect(of(careful, "I-17")).toEqual([]);
});

test("[I-17] SAFE MODE that an operator takes back at once has followed all the same", () => {
  const judge = judgeOf();
  judge.row(intent);
  const placement = call("POST", "/fapi/v1/algoOrder", `symbol=BTCUSDT&clientAlgoId=${stop}`);
  judge.reply(placement, 400, '{"code":-9876,"msg":"?"}');
  judge.notice("SAFE_MODE_ON", { reason: "UNKNOWN_CODE" });
  judge.commanded("resume");
  judge.notice("SAFE_MODE_OFF", {});
  pass(judge, second);
  expect(of(judge, "I-17")).toEqual([]);
});

test("[I-17] SAFE MODE ends by the operator's word, and not by itself", () => {
  const [byItself, byWord] = [judgeOf(), judgeOf()];
  for (const judge of [byItself, byWord]) {
    judge.notice("SAFE_MODE_ON", { reason: "STORE_FAILED" });
    pass(judge, second);
    if (judge === byWord) judge.commanded("resume");
    judge.notice("SAFE_MODE_OFF", {});
  }
  expect(of(byItself, "I-17")).toEqual(["SAFE MODE has ended, and no operator said so"]);
  expect(of(byWord, "I-17")).toEqual([]);
});
