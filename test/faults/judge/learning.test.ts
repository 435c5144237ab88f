/** How soon the daemon has to learn what is so: the private stream, positions, the book, a stop while closes fail. */

import { expect, test } from "vitest";
import { present } from "../../../src/domain/assert.ts";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { lots, micros, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { type Call, callOfHttp, callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf, partsWith } from "./given.ts";

const grids = [
  { symbol: "BTCUSDT", tick: 0.1, step: 0.001 },
  { symbol: "ETHUSDT", tick: 0.01, step: 0.001 },
];
const trade = tradeIdFrom("d1");
const second = 1_000_000;
const minute = 60 * second;
const firstMessage = 10 * second;
const intent = intentOf();
let executions = 0;

type World = { readonly judge: Judge; own: number; isBookValid: boolean };

function world(): World {
  const parts: Omit<World, "judge"> = { own: 0, isBookValid: true };
  const judge = new Judge(
    grids,
    0,
    undefined,
    partsWith({
      ownBook: () => (made.isBookValid ? { bids: [], asks: [] } : null),
      ownPositions: () => [made.own, 0],
      firstMessage,
      readableWeight: 2_000,
    }),
  );
  const made: World = Object.assign(parts, { judge });
  judge.scene.now = 100 * second;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.reply(get("POST", "/fapi/v1/listenKey"), 200, '{"listenKey":"k1"}');
  judge.scene.isPrivateOpen = true;
  judge.ready();
  pass(judge, 1);
  judge.sent(get("GET", "/fapi/v3/positionRisk"));
  return made;
}

function get(method: "GET" | "POST", path: string, query = ""): Call {
  return callOfHttp({ kind: "http", id: 1, host: "fapi", method, path, query, keyed: true });
}

function placement(role: "e" | "f" | "x", attempt = 1): Call {
  const id = orderId({ prefix: "sd", trade, role, attempt });
  return placed(
    { symbol: "BTCUSDT", newClientOrderId: id, reduceOnly: "true" },
    role === "f" ? "algoOrder.place" : "order.place",
  );
}

function placed(params: Readonly<Record<string, string>>, method = "algoOrder.place"): Call {
  return present(callOfText(JSON.stringify({ id: 1, method, params })), "call");
}

function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    judge.step();
  }
}

function booked(judge: Judge, tradeId: string, side: "buy" | "sell"): void {
  judge.row({
    kind: "fill",
    trade,
    symbol: symbolIndex(0),
    tradeId,
    clientOrderId: "",
    side,
    price: ticks(640_000),
    quantity: lots(10),
    commission: null,
    commissionAsset: null,
    maker: null,
    time: micros(0),
  });
}

function invariants({ judge }: World): readonly string[] {
  return [...new Set(judge.violations.map(({ invariant }) => invariant))];
}

/** An order of ours is taken, and the daemon hears of it by the reply. */
function taken({ judge }: World): Call {
  const call = placement("e");
  judge.reply(call, 200, `{"clientOrderId":"${call.clientId}"}`);
  return call;
}

/** @returns id of the execution */
function filled(judge: Judge, side: "BUY" | "SELL", size: number): string {
  executions += 1;
  const q = (size / 1_000).toFixed(3);
  const c = orderId({ prefix: "sd", trade, role: side === "BUY" ? "e" : "x", attempt: 1 });
  const o = { s: "BTCUSDT", c, S: side, q, z: q, l: q, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t: executions };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  return String(executions);
}

const accountPaths = ["/fapi/v3/balance", "/fapi/v3/positionRisk", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"];

/** @param lost path of the question that is not answered */
function read(judge: Judge, size: number, lost = ""): void {
  const amount = (size / 1_000).toFixed(3);
  const rows = `{"symbol":"BTCUSDT","positionSide":"BOTH","positionAmt":"${amount}"}`;
  const calls = accountPaths.map((path) => get("GET", path));
  for (const call of calls) judge.sent(call);
  for (const call of calls) {
    const text = call.name === "GET positionRisk" ? `[${rows}]` : "[]";
    if (call.path !== lost) judge.reply(call, 200, text);
  }
}

/** What reads say again and again of a position of 10 lots is, or is not, in the books. */
function contradicted(one: World, times: { readonly reads: readonly number[]; readonly lost?: string }): void {
  const { judge } = one;
  judge.row(intent);
  filled(judge, "BUY", 10);
  let passed = 0;
  for (const at of times.reads) {
    pass(judge, at - passed);
    passed = at;
    read(judge, 10, times.lost);
  }
  pass(judge, 2);
}

test.each([
  ["rests", "NEW", false],
  ["has ended", "REJECTED", true],
])("[I-01] whether the reply that a conditional order %s (%s) tells of what lies bare: %s", (_, algoStatus, tells) => {
  const one = world();
  filled(one.judge, "BUY", 10);
  const clientAlgoId = orderId({ prefix: "sd", trade, role: "f", attempt: 7 });
  const call = placed({ symbol: "BTCUSDT", clientAlgoId });
  const text = `{"clientAlgoId":"${clientAlgoId}","symbol":"BTCUSDT","algoStatus":"${algoStatus}"}`;
  pass(one.judge, 1);
  one.judge.answered(call, 200, text, 1);
  one.judge.reply(call, 200, text);
  pass(one.judge, 9);
  expect(invariants(one).includes("I-01")).toBe(tells);
});

test("[I-04] [F-17] a private stream that does not speak of an order that was taken is dropped in time", () => {
  const [kept, dropped, spoken] = [world(), world(), world()];
  for (const one of [kept, dropped, spoken]) taken(one);
  spoken.judge.told("report e NEW", `{"o":{"c":"${placement("e").clientId}"}}`);
  for (const { judge } of [kept, dropped, spoken]) pass(judge, 9);
  dropped.judge.scene.isPrivateOpen = false;
  for (const { judge } of [kept, dropped, spoken]) pass(judge, 9);
  expect([kept, dropped, spoken].map(invariants)).toEqual([["I-04"], [], []]);
});

test("[I-04] while the process stands still it cannot let go of a stream", () => {
  const still = world();
  taken(still);
  still.judge.scene.isStill = true;
  pass(still.judge, 60);
  expect(invariants(still)).toEqual([]);
});

test("[I-04] [F-06] each private stream is opened with a key that was asked for anew", () => {
  const [asked, kept] = [world(), world()];
  for (const { judge } of [asked, kept]) {
    judge.scene.isPrivateOpen = false;
    pass(judge, 1);
  }
  asked.judge.reply(get("POST", "/fapi/v1/listenKey"), 200, '{"listenKey":"k1"}');
  for (const { judge } of [asked, kept]) {
    judge.scene.isPrivateOpen = true;
    pass(judge, 1);
  }
  expect([asked, kept].map(invariants)).toEqual([[], ["I-04"]]);
});

test("[I-04] [F-07] what a stream did not tell is read once it is open again, as soon as requests may leave", () => {
  const [silent, reading, prompt, silenced] = [world(), world(), world(), world()];
  const all = [silent, reading, prompt, silenced];
  silenced.judge.trouble(silenced.judge.scene.now + 60 * second, "all");
  for (const { judge } of all) {
    judge.scene.isPrivateOpen = false;
    pass(judge, 1);
    judge.reply(get("POST", "/fapi/v1/listenKey"), 200, '{"listenKey":"k2"}');
    judge.scene.isPrivateOpen = true;
    if (judge === prompt.judge) judge.sent(get("GET", "/fapi/v3/positionRisk"));
    judge.step();
  }
  pass(reading.judge, 1);
  reading.judge.sent(get("GET", "/fapi/v3/positionRisk"));
  for (const { judge } of all) pass(judge, 20);
  expect(all.map(invariants)).toEqual([["I-04"], [], [], []]);
});

test("[I-04] [F-18] what a stream did not tell is read in the next minute where this one's request weight is used up", () => {
  const found = [2_000, 2_001].map((usedWeight) => {
    const one = world();
    const { judge } = one;
    judge.scene.isPrivateOpen = false;
    pass(judge, 1);
    judge.reply(get("POST", "/fapi/v1/listenKey"), 200, '{"listenKey":"k2"}');
    judge.scene.isPrivateOpen = true;
    judge.step();
    judge.answered(get("GET", "/fapi/v1/openOrders"), 200, "[]", usedWeight);
    const inMinute = (judge.scene.now % minute) / second;
    pass(judge, 60 - inMinute);
    const inTime = invariants(one);
    pass(judge, 15);
    return [inTime, invariants(one)];
  });
  expect(found).toEqual([
    [["I-04"], ["I-04"]],
    [[], ["I-04"]],
  ]);
});

test("[I-04] [F-34] a stream whose key has expired is let go of when that is told", () => {
  const [kept, dropped] = [world(), world()];
  for (const { judge } of [kept, dropped]) judge.told("listenKeyExpired", '{"e":"listenKeyExpired"}');
  dropped.judge.scene.isPrivateOpen = false;
  for (const { judge } of [kept, dropped]) pass(judge, 5);
  expect([kept, dropped].map(invariants)).toEqual([["I-04"], []]);
});

test("[I-06] [F-55] what reads say of a position is in the books 45 s after the first of them", () => {
  const [deaf, learning] = [world(), world()];
  learning.own = 10;
  for (const one of [deaf, learning]) contradicted(one, { reads: [16, 62] });
  expect([deaf, learning].map((one) => invariants(one).includes("I-06"))).toEqual([true, false]);
});

test("[I-06] [F-07] a read of the account of which a part is lost says nothing", () => {
  const judged = accountPaths.map((lost) => {
    const one = world();
    contradicted(one, { reads: [16, 20, 62, 66], lost });
    return invariants(one).includes("I-06");
  });
  expect(judged).toEqual([false, false, false, false]);
});

test("[I-06] [F-31] a read that may tell of before the last execution is none of the two that count", () => {
  const [one, two] = [world(), world()];
  contradicted(one, { reads: [2, 62] });
  contradicted(two, { reads: [2, 62, 63] });
  expect([one, two].map((each) => invariants(each).includes("I-06"))).toEqual([false, true]);
});

test("[I-06] [F-31] a position is not taken over when the execution that closed it is booked", () => {
  const [stale, unaware] = [world(), world()];
  for (const one of [stale, unaware]) {
    const { judge } = one;
    judge.row(intent);
    booked(judge, filled(judge, "BUY", 10), "buy");
    const last = filled(judge, "SELL", 10);
    if (one === stale) booked(judge, last, "sell");
    pass(judge, 1);
    judge.notice("TRADE_ADOPTED", { symbol: 0, trade, lots: 10 });
  }
  expect([stale, unaware].map(invariants)).toEqual([["I-06"], []]);
});

test("[I-16] [F-47] a book that is not valid while changes come is asked for again", () => {
  const [silent, asking] = [world(), world()];
  for (let passed = 0; passed < 200; passed += 1) {
    for (const one of [silent, asking]) {
      one.isBookValid = false;
      one.judge.localBooks.onTold(0, passed + 1);
      pass(one.judge, 1);
    }
    if (passed % 60 === 0) asking.judge.sent(get("GET", "/fapi/v1/depth", "symbol=BTCUSDT"));
  }
  expect([silent, asking].map(invariants)).toEqual([["I-16"], []]);
});

test("[I-01] [F-54] closes that are refused again and again do not keep a stop from being tried", () => {
  const [stuck, trying] = [world(), world()];
  for (const { judge } of [stuck, trying]) {
    judge.row(intent);
    filled(judge, "BUY", 10);
    judge.told("report e FILLED", `{"o":{"s":"BTCUSDT"}}`);
    // What stands in its way excuses how long it lies without a stop, and not that none is tried.
    judge.trouble(judge.scene.now + 600 * second, 0);
    for (let attempt = 1; attempt <= 3; attempt += 1) judge.reply(placement("x", attempt), 400, '{"code":-2022}');
  }
  for (let passed = 0; passed < 30; passed += 1) {
    for (const { judge } of [stuck, trying]) pass(judge, 1);
    if (passed % 10 === 0) trying.judge.sent(placement("f", passed + 1));
  }
  expect(stuck.judge.violations.filter(({ detail }) => detail.includes("no stop is tried"))).toHaveLength(1);
  expect(trying.judge.violations.filter(({ detail }) => detail.includes("no stop is tried"))).toEqual([]);
});

test("[I-21] [F-64] a close that goes out again and again is a storm, whatever its ids", () => {
  const storming = world();
  for (let attempt = 1; attempt <= 16; attempt += 1) {
    storming.judge.scene.now += second;
    storming.judge.sent(placement("x", attempt));
  }
  expect(invariants(storming)).toEqual(["I-21"]);
});

test("[I-01] [F-19] a read whose positions are served from elsewhere tells of none, whatever its other answers say", () => {
  const [told, lagging] = [world(), world()];
  for (const one of [told, lagging]) {
    const { judge } = one;
    judge.row(intent);
    filled(judge, "BUY", 10);
    pass(judge, 1);
    const calls = accountPaths.map((path) => get("GET", path));
    for (const call of calls) judge.sent(call);
    for (const call of calls) {
      const isElsewhere = one === lagging && call.name === "GET positionRisk";
      if (!isElsewhere) judge.answered(call, 200, "[]");
      judge.reply(call, 200, "[]");
    }
    pass(judge, 5);
  }
  expect([told, lagging].map((one) => invariants(one).includes("I-01"))).toEqual([true, false]);
});
