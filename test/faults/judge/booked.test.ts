/** What happened is booked: each execution of ours, and each trade that is over. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import type { FillRow, TradeRow } from "../../../src/domain/output.ts";
import { lots, micros, money, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { callOfHttp } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const exit = orderId({ prefix: "sd", trade, role: "x", attempt: 1 });
const second = 1_000_000;
const intent = intentOf();
const summary: TradeRow = {
  kind: "trade",
  trade,
  source: "demo",
  symbol: symbolIndex(0),
  side: "buy",
  quantity: lots(10),
  entryTime: micros(0),
  exitTime: micros(0),
  entryPrice: 640_000,
  exitPrice: 640_000,
  grossPnl: money(0n),
  fees: money(20_000_000n),
  funding: money(0n),
  netPnl: money(-20_000_000n),
  otherFees: null,
  r: null,
  adverseTicks: 0,
  favourableTicks: 0,
  slippageTicks: null,
  arrivalSlippageTicks: null,
  makerShare: 0,
  exitReason: "MAX_HOLD",
};
const entered = { clientOrderId: entry, side: "buy", tradeId: "1" } as const;
const left = { clientOrderId: exit, side: "sell", tradeId: "2" } as const;
type Known = { readonly clientOrderId: string; readonly side: "buy" | "sell"; readonly tradeId: string };

function fillRow({ clientOrderId, side, tradeId }: Known): FillRow {
  const known = { price: ticks(640_000), quantity: lots(10), commission: null, commissionAsset: null, maker: null };
  return { kind: "fill", trade, symbol: symbolIndex(0), tradeId, clientOrderId, side, ...known, time: micros(0) };
}

/** A daemon that has written its intent. */
function watching(): Judge {
  const judge = new Judge(grids, 0);
  judge.scene.now = second;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intent);
  return judge;
}

function happens(judge: Judge, { clientOrderId: c, side, tradeId: t }: Known): void {
  const q = "0.010";
  const S = side === "buy" ? "BUY" : "SELL";
  const o = { s: "BTCUSDT", c, S, q, z: q, l: q, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t, i: t };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
}

/** In and out again, both of them booked unless one is left out. */
function traded(judge: Judge, leftOut: readonly string[] = []): void {
  for (const one of [entered, left]) {
    happens(judge, one);
    if (!leftOut.includes(one.tradeId)) judge.row(fillRow(one));
  }
  judge.step();
}

function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    judge.step();
  }
}

function audited(judge: Judge): readonly string[] {
  pass(judge, 61);
  judge.audit({ isUp: true, unready: [], positions: [0], orders: new Set() });
  return found(judge);
}

/** What is said of summaries and rows; nobody keeps a stop or a stream in these worlds. */
function found({ violations }: Judge): readonly string[] {
  const told = violations.map(({ invariant, detail }) => `${invariant} ${detail.replace(/\d{6,} µs/, "some time")}`);
  return told.filter((text) => /summed up|not booked|not explained/.test(text));
}

const notSummedUp = `I-08 ${trade} has been over for some time, and was not summed up; 0 lots are open`;
const notBooked = `I-08 execution 2 of ${exit} was some time ago, and is not booked`;

test("[I-08] a trade that executed and is over has one summary: none and two are violations", () => {
  const [none, one, two] = [watching(), watching(), watching()];
  for (const judge of [none, one, two]) traded(judge);
  for (const judge of [one, two, two]) judge.row(summary);
  expect([audited(none), audited(one), audited(two)]).toEqual([
    [notSummedUp],
    [],
    [`I-08 ${trade} is summed up twice`],
  ]);
});

test.each([
  [false, true],
  [true, false],
])(
  "[I-08] what a stop of no trade has sold is part of a trade, that of another trade is not (it has an entry: %s): %s",
  (hasEntry, isPart) => {
    // given
    const judge = watching();
    const of = (role: "e" | "f"): string => orderId({ prefix: "sd", trade: tradeIdFrom("d2"), role, attempt: 1 });
    const quantities = { q: "0.010", z: "0", l: "0" };
    const waiting = { s: "BTCUSDT", c: of("e"), S: "BUY", ...quantities, L: "0", X: "NEW", t: 0, i: 9 };
    if (hasEntry) judge.happened({ e: "ORDER_TRADE_UPDATE", o: waiting });
    // when
    happens(judge, entered);
    judge.row(fillRow(entered));
    const sold = { ...left, clientOrderId: of("f") };
    happens(judge, sold);
    judge.row(fillRow(sold));
    judge.row(summary);
    judge.step();
    // then
    expect(judge.violations.filter(({ detail }) => detail.includes("the exchange has"))).toHaveLength(isPart ? 0 : 1);
  },
);

test("[I-08] a trade that never executed, or is open, needs no summary", () => {
  const [never, open] = [watching(), watching()];
  happens(open, entered);
  open.row(fillRow(entered));
  for (const judge of [never, open]) pass(judge, 61);
  open.audit({ isUp: true, unready: [], positions: [10], orders: new Set() });
  never.audit({ isUp: true, unready: [], positions: [0], orders: new Set() });
  expect([never, open].map(found)).toEqual([[], []]);
});

test("[I-08] what is not summed up is told two quiet minutes after its end, and not only in the end", () => {
  const judge = watching();
  traded(judge);
  pass(judge, 119);
  for (const one of [entered, left]) judge.row(fillRow(one));
  const early = found(judge);
  pass(judge, 3);
  expect([early, found(judge)]).toEqual([[], [notSummedUp]]);
});

test("[I-06] each execution of ours is booked", () => {
  const [whole, lacking] = [watching(), watching()];
  traded(whole);
  traded(lacking, ["2"]);
  for (const judge of [whole, lacking]) judge.row(summary);
  expect([audited(whole), audited(lacking)]).toEqual([[], [notBooked]]);
});

test("[I-06] what a crash took of the queue is booked and summed up by the next process", () => {
  const [forgetful, right] = [watching(), watching()];
  for (const judge of [forgetful, right]) {
    traded(judge);
    judge.row(summary);
    judge.step();
    judge.ends();
    judge.begins({ openTrades: [{ intent, fills: [], stopLevel: null }], fills: new Set() });
    judge.ready();
  }
  for (const one of [entered, left]) right.row(fillRow(one));
  right.row(summary);
  expect([audited(forgetful).length, audited(right)]).toEqual([3, []]);
});

test("[I-06] what was lost with the disk, or whose intent was, is nobody's to book", () => {
  const [disk, log] = [watching(), watching()];
  for (const judge of [disk, log]) traded(judge, ["1", "2"]);
  for (const judge of [disk, log]) judge.ends();
  disk.journalLost();
  disk.begins({ openTrades: [], fills: new Set() });
  log.begins({ openTrades: [], fills: new Set(["0 1", "0 2"]) });
  for (const judge of [disk, log]) judge.ready();
  expect([audited(disk), audited(log)]).toEqual([[], []]);
});

test("[I-06] what a trade that the journal does not have executes while the daemon is down is not known to the next process", () => {
  const judge = watching();
  happens(judge, entered);
  judge.row(fillRow(entered));
  judge.ends();
  happens(judge, left);
  judge.begins({ openTrades: [], fills: new Set(["0 1"]) });
  judge.ready();
  expect(audited(judge)).toEqual([]);
});

test("[I-06] what a trade that the journal does not have executes before a process has read the account is in what it finds", () => {
  const [early, late, known] = [watching(), watching(), watching()];
  for (const judge of [early, late, known]) {
    happens(judge, entered);
    judge.row(fillRow(entered));
    judge.ends();
    const openTrades = judge === known ? [{ intent, fills: [], stopLevel: null }] : [];
    judge.begins({ openTrades, fills: new Set(["0 1"]) });
    if (judge !== late) happens(judge, left);
    judge.ready();
    if (judge === late) happens(judge, left);
    if (judge === known) judge.row(summary);
  }
  expect([early, late, known].map(audited)).toEqual([[], [notBooked], [notBooked]]);
});

test("[I-08] a trade that was summed up by an earlier process is not summed up again", () => {
  const judge = watching();
  traded(judge);
  judge.row(summary);
  judge.ends();
  judge.begins({ openTrades: [], fills: new Set(["0 1", "0 2"]) });
  judge.ready();
  judge.row(summary);
  expect(audited(judge)).toEqual([`I-08 ${trade} is summed up twice`]);
});

test("[I-08] a trade whose history could be known is not left unexplained, and those that may be are counted", () => {
  const [untouched, crashed, refused, touched] = [watching(), watching(), watching(), watching()];
  const all = [untouched, crashed, refused, touched];
  for (const judge of all) {
    judge.scene.now += second;
    traded(judge);
    judge.scene.now += second;
  }
  crashed.ends();
  crashed.begins({ openTrades: [{ intent, fills: [], stopLevel: null }], fills: new Set(["0 1", "0 2"]) });
  const path = "/fapi/v1/userTrades";
  const asked = callOfHttp({ kind: "http", id: 1, host: "fapi", method: "GET", path, query: "", keyed: true });
  refused.reply(asked, 429, "{}");
  touched.touched(0);
  for (const judge of all) judge.notice("BOOKS_UNEXPLAINED", { trade });
  const unexplained = `I-08 ${trade} is not explained, and nothing kept its history from being known`;
  expect(all.map(found)).toEqual([[unexplained], [], [], []]);
  expect(all.map(({ unexplained }) => unexplained)).toEqual([1, 1, 1, 1]);
});

test("[I-08] a trade that began beside what somebody else had open need not be explained", () => {
  const judge = watching();
  judge.scene.now += second;
  const others = {
    s: "BTCUSDT",
    c: "web_1",
    S: "BUY",
    q: "0.003",
    z: "0.003",
    l: "0.003",
    L: "64000.0",
    N: "USDT",
    n: "0.1",
  };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o: { ...others, X: "FILLED", t: "9", i: "9" } });
  judge.scene.now += second;
  happens(judge, entered);
  judge.row(fillRow(entered));
  judge.notice("BOOKS_UNEXPLAINED", { trade });
  expect([found(judge), judge.unexplained]).toEqual([[], 1]);
});
