import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { micros, signedLots, symbolIndex } from "../../../src/domain/units.ts";
import { callOfHttp, callOfText } from "../../../src/faults/call.ts";
import { Judge, type JudgeParts } from "../../../src/faults/judge/judge.ts";
import type { BookView } from "../../../src/faults/judge/local-book.ts";
import { intentOf, orderRowOf, partsWith } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const floor = orderId({ prefix: "sd", trade, role: "f", attempt: 1 });
const second = 1_000_000;
const book: BookView = { bids: [[639_999, 10]], asks: [[640_001, 12]] };
const streams = ["bookTicker", "depth@100ms", "aggTrade", "markPrice@1s"] as const;
const start = 100 * second;

function judgeWith(parts: Partial<JudgeParts> = {}): Judge {
  const judge = new Judge(
    grids,
    0,
    undefined,
    partsWith({
      fresh: { quote: 5 * second, trade: 30 * second, mark: 10 * second, account: 120 * second, latency: second },
      canaries: ["canarysecret"],
      ownBook: () => book,
      ...parts,
    }),
  );
  judge.scene.now = start;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  return judge;
}

function invariants(judge: Judge): readonly string[] {
  return [...new Set(judge.violations.map(({ invariant }) => invariant))];
}

function pass(judge: Judge, time: number): void {
  judge.scene.now += time;
  judge.step();
}

/** Everything that an entry needs is told now, of now. */
function tellAll(judge: Judge, but: string | null = null, late = 0): void {
  const eventTime = Math.floor((judge.scene.now - late) / 1_000);
  for (const kind of streams) {
    const bytes = new TextEncoder().encode(`{"data":{"E":${eventTime}}}`);
    if (kind !== but) judge.fresh?.onMarket(`btcusdt@${kind}`, bytes);
  }
  const read = callOfText('{"id":1,"method":"positionRisk","params":{}}');
  if (read !== null) judge.reply({ ...read, name: "GET positionRisk" }, 200, "[]");
}

function sent(judge: Judge, method: string, params: Readonly<Record<string, string>>): void {
  const call = callOfText(JSON.stringify({ id: 1, method, params: { symbol: "BTCUSDT", ...params } }));
  if (call !== null) judge.sent(call);
}

function enter(judge: Judge): void {
  sent(judge, "order.place", { newClientOrderId: entry, quantity: "0.010", price: "64000.0" });
}

function filled(judge: Judge, id: string, lots: string): void {
  const o = { s: "BTCUSDT", c: id, i: 1, S: "BUY", q: lots, z: lots, l: lots, L: "64000.0", X: "FILLED", t: 1 };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  judge.told("report ? FILLED", JSON.stringify({ o }));
}

test("[I-13] an entry that is worth more than the settings allow", () => {
  const judge = judgeWith();
  tellAll(judge);
  sent(judge, "order.place", { newClientOrderId: entry, quantity: "0.032", price: "64000.0" });
  expect(invariants(judge)).toEqual(["I-13"]);
});

test("[I-15] an entry on fresh data is none", () => {
  const judge = judgeWith();
  tellAll(judge);
  enter(judge);
  expect(invariants(judge)).toEqual([]);
});

test.each(streams)("[I-15] an entry without any %s", (kind) => {
  const judge = judgeWith();
  tellAll(judge, kind);
  enter(judge);
  expect(invariants(judge)).toEqual(["I-15"]);
});

test.each([
  ["a touch of six seconds ago", 6, 0],
  ["a touch that came three seconds late", 0, 3],
])("[I-15] an entry on %s", (_what, ago, late) => {
  const judge = judgeWith();
  tellAll(judge, null, late * second);
  judge.scene.now += ago * second;
  enter(judge);
  expect(invariants(judge)).toEqual(["I-15"]);
});

test("[I-15] an entry that is moved on a touch of six seconds ago", () => {
  // given
  const judge = judgeWith();
  const amend = (): void =>
    sent(judge, "order.modify", { origClientOrderId: entry, quantity: "0.010", price: "64000.0" });
  tellAll(judge);
  amend();
  const fresh = invariants(judge);
  // when
  judge.scene.now += 6 * second;
  amend();
  // then
  expect([fresh, invariants(judge)]).toEqual([[], ["I-15"]]);
});

test("[I-15] a touch that looks fresh by the exchange's own clock, until that was right again and asked for", () => {
  // given
  const judge = judgeWith();
  const { scene } = judge;
  scene.gateBehind = 4 * second;
  scene.gateTrueSince = scene.now;
  tellAll(judge, null, 3 * second);
  enter(judge);
  const before = invariants(judge);
  // when
  scene.now += 2 * second;
  const asked = callOfText('{"id":1,"method":"time","params":{}}');
  if (asked !== null) judge.reply({ ...asked, name: "GET time" }, 200, "{}");
  tellAll(judge, null, 3 * second);
  enter(judge);
  // then
  expect([before, invariants(judge)]).toEqual([[], ["I-15"]]);
});

test("[I-16] a book that differs from the exchange's at the same update, and one at another update", () => {
  const judge = judgeWith({ ownBook: () => ({ ...book, bids: [[639_999, 11]] }) });
  judge.localBooks.onTruth(0, { ...book, updateId: 7 });
  judge.localBooks.onTold(0, 6);
  judge.step();
  expect(invariants(judge)).toEqual([]);
  judge.localBooks.onTold(0, 7);
  judge.step();
  expect(invariants(judge)).toEqual(["I-16"]);
});

test("[I-16] a whole book that comes when it is not waited for any more is none of the daemon's", () => {
  // given: the own book stands at an earlier update
  const judge = judgeWith({ ownBook: () => ({ ...book, bids: [[639_999, 11]] }) });
  judge.localBooks.onTruth(0, { ...book, updateId: 7 });
  judge.localBooks.onTruth(0, { ...book, updateId: 8 });
  // when
  judge.localBooks.onWhole(0, 7);
  judge.step();
  judge.localBooks.onTold(0, 7);
  judge.step();
  const before = invariants(judge);
  judge.localBooks.onTold(0, 8);
  judge.step();
  // then
  expect([before, invariants(judge)]).toEqual([[], ["I-16"]]);
});

test("[I-16] a book that is marked invalid may be anything, and one that is equal is right", () => {
  const [invalid, equal] = [judgeWith({ ownBook: () => null }), judgeWith()];
  for (const judge of [invalid, equal]) {
    judge.localBooks.onTruth(0, { ...book, updateId: 7 });
    judge.localBooks.onTold(0, 7);
    judge.step();
  }
  expect([invariants(invalid), invariants(equal), equal.localBooks.compared]).toEqual([[], [], 1]);
});

const entered = {
  kind: "safe-mode",
  change: "entered",
  reason: "CANNOT_PROTECT",
  detail: "",
  by: null,
  state: { version: 1, mode: "normal", episode: 1 },
  time: micros(0),
} as const;

const alert = { id: "1", time: micros(0), severity: "critical", symbol: null, episode: "x", fields: {} } as const;

test("[I-18] SAFE MODE is entered, and nobody is told within a second", () => {
  const [silent, loud] = [judgeWith(), judgeWith()];
  for (const judge of [silent, loud]) judge.row(entered);
  loud.alarms.onAlert({ ...alert, code: "SAFE_MODE_ON" });
  for (const judge of [silent, loud]) pass(judge, 1.1 * second);
  expect([invariants(silent), invariants(loud)]).toEqual([["I-18"], []]);
});

test("[I-18] a position lies without a stop, excused, and nobody is told", () => {
  const [silent, loud] = [judgeWith(), judgeWith()];
  for (const judge of [silent, loud]) {
    judge.trouble(start + 60 * second, "all");
    filled(judge, "web_1", "0.010");
    pass(judge, 2 * second);
  }
  loud.alarms.onAlert({ ...alert, severity: "warning", code: "ORDER_REFUSED" });
  for (const judge of [silent, loud]) for (let step = 0; step < 20; step += 1) pass(judge, second);
  expect([invariants(silent), invariants(loud)]).toEqual([["I-18"], []]);
});

test("[I-18] while the process stands still nobody can be told of a position without a stop", () => {
  const [still, running] = [judgeWith(), judgeWith()];
  for (const judge of [still, running]) {
    judge.trouble(start + 60 * second, "all");
    filled(judge, "web_1", "0.010");
    pass(judge, 2 * second);
  }
  still.scene.isStill = true;
  for (const judge of [still, running]) for (let step = 0; step < 20; step += 1) pass(judge, second);
  expect([invariants(still), invariants(running)]).toEqual([[], ["I-18"]]);
});

test("[I-18] what was told before the process stood still need not be told again", () => {
  const judge = judgeWith();
  judge.trouble(start + 180 * second, "all");
  filled(judge, "web_1", "0.010");
  pass(judge, 2 * second);
  judge.alarms.onAlert({ ...alert, severity: "warning", code: "ORDER_REFUSED" });
  for (const isStill of [true, false]) {
    judge.scene.isStill = isStill;
    for (let step = 0; step < 40; step += 1) pass(judge, second);
  }
  expect(invariants(judge)).toEqual([]);
});

test("[I-18] two hundred urgent alerts in an hour", () => {
  const judge = judgeWith();
  for (let count = 0; count < 200; count += 1) judge.alarms.onAlert({ ...alert, code: "POSITION_MISMATCH" });
  expect(invariants(judge)).toEqual(["I-18"]);
});

test("[I-19] more connections than any daemon needs", () => {
  const judge = judgeWith({ sizes: () => ({ connections: 9 }) });
  pass(judge, second);
  expect(invariants(judge)).toEqual(["I-19"]);
});

test("[I-22] a key, a key that is learnt, and a signature", () => {
  const told = ["key canarysecret", "listen learntlater", `signed ${"0f".repeat(32)}`].map((detail) => {
    const judge = judgeWith();
    judge.secrets.learn("learntlater");
    judge.notice("SAFE_MODE_ON", { detail });
    return invariants(judge);
  });
  expect(told).toEqual([["I-22"], ["I-22"], ["I-22"]]);
});

/** A process begins over a position without a stop, and reads it. */
function beginning(): Judge {
  const judge = judgeWith();
  filled(judge, "web_1", "0.010");
  judge.ends();
  pass(judge, second);
  judge.begins({ openTrades: [], fills: new Set() });
  pass(judge, second);
  judge.ready();
  return judge;
}

test("[I-11] the first word about a position without a stop is a cancel", () => {
  const judge = beginning();
  sent(judge, "order.cancel", { origClientOrderId: entry });
  expect(invariants(judge)).toEqual(["I-11"]);
});

test("[I-11] the first word about it is its stop", () => {
  const judge = beginning();
  const stop = { clientAlgoId: floor, closePosition: "true", triggerPrice: "63900.0" };
  sent(judge, "algoOrder.place", stop);
  expect(invariants(judge)).toEqual([]);
});

test.each([
  [0, ["I-11"]],
  [1, ["I-11"]],
  [2, []],
])(
  "[I-11] a stop is made once more although an earlier run's lives, of which %i look-ups have found nothing",
  (denials, found) => {
    const judge = judgeWith();
    const held = {
      symbol: symbolIndex(0),
      trade,
      lots: signedLots(10),
      cost: 1,
      entryTicks: null,
      stopLoss: null,
      time: micros(0),
    } as const;
    judge.row({ kind: "position", ...held });
    filled(judge, "web_1", "0.010");
    const o = { s: "BTCUSDT", caid: floor, S: "SELL", o: "STOP_MARKET", tp: "63900.0", q: "0", cp: true, X: "NEW" };
    judge.happened({ e: "ALGO_UPDATE", o });
    judge.ends();
    judge.begins({ openTrades: [], fills: new Set() });
    judge.ready();
    const lookUp = {
      kind: "http",
      id: 1,
      host: "fapi",
      method: "GET",
      path: "/fapi/v1/algoOrder",
      keyed: true,
    } as const;
    for (let denial = 0; denial < denials; denial += 1) {
      judge.reply(callOfHttp({ ...lookUp, query: `clientAlgoId=${floor}` }), 400, '{"code":-2013,"msg":"words"}');
    }
    const again = orderId({ prefix: "sd", trade, role: "f", attempt: 2 });
    sent(judge, "algoOrder.place", { clientAlgoId: again, closePosition: "true", triggerPrice: "63900.0" });
    expect(invariants(judge)).toEqual(found);
  },
);

test("[I-05] a time in which the network is too slow for an answer before the request is given up does not count", () => {
  const judged = [1.4, 1.6].map((seconds) => {
    const judge = judgeWith({ replyTimeout: 3 * second });
    judge.row(intentOf());
    judge.row(orderRowOf(floor, "unknown"));
    judge.scene.latency = seconds * second;
    for (let passed = 0; passed < 40; passed += 1) pass(judge, second);
    return judge.violations.some(({ detail }) => detail.includes("has been unknown"));
  });
  expect(judged).toEqual([true, false]);
});
