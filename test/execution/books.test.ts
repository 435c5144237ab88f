/** What a trade knows of its executions: exposure, fees, targets, and the row that it leaves. */

import { expect, test } from "vitest";
import { emptyLedger, withFill } from "../../src/account/ledger.ts";
import { lots, money, signedLots, ticks } from "../../src/domain/units.ts";
import { missedLots, sentOrder, step } from "../../src/execution/order.ts";
import { tradeRow } from "../../src/execution/summary.ts";
import { isFirstTargetDone, type TargetFacts, targetFacts, wantedTargets } from "../../src/execution/targets.ts";
import { applyFill, exposedLots, newTrade, type Trade, wakeBy } from "../../src/execution/trade.ts";
import { after, instrument, instrumentWith, start } from "../support/core.ts";
import { fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const x1 = idOf("x");

const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };

function facts(changes: Partial<TargetFacts> = {}): TargetFacts {
  return { ...two, firstShare: 0.5, entered: 10, taken: 0, exposed: 10, firstIsBehind: false, ...changes };
}

test.each<readonly [string, Partial<TargetFacts>, readonly string[]]>([
  ["nothing is open", { exposed: 0 }, []],
  ["nothing is wanted", { takeProfit: null }, []],
  ["one target closes all", { secondTarget: null }, ["t1 all"]],
  ["a part was taken and a rest of it is dust", { taken: 4, exposed: 6 }, ["t2 all"]],
  ["a part was taken and the rest of it is worth an order", { taken: 3, exposed: 7 }, ["t1 2", "t2 all"]],
  ["the first lies behind", { firstIsBehind: true }, ["t2 all"]],
  ["the first lies behind but was begun", { firstIsBehind: true, taken: 3, exposed: 7 }, ["t1 2", "t2 all"]],
  ["all that is open is the part", { exposed: 5 }, ["t1 all"]],
  ["the part is the least that is worth an order", { entered: 4, exposed: 4 }, ["t1 2", "t2 all"]],
  ["the part is less", { entered: 3, exposed: 3 }, ["t2 all"]],
])("[ORD-3] where %s the targets are told", (_what, changes, expected) => {
  const wanted = wantedTargets(instrument, facts(changes)).map(
    ({ role, extent }) => `${role} ${extent.kind === "quantity" ? extent.quantity : "all"}`,
  );
  expect(wanted).toEqual(expected);
});

test("[ORD-3] a part is on the market's step", () => {
  const coarse = instrumentWith({ marketStepSize: "0.003" });
  expect(wantedTargets(coarse, facts({ entered: 20, exposed: 20 }))[0]?.extent).toEqual({
    kind: "quantity",
    quantity: 9,
  });
});

test.each<readonly [string, Partial<TargetFacts>, boolean]>([
  ["all of it was taken", { taken: 5 }, true],
  ["dust of it is left", { taken: 4 }, true],
  ["the least order of it is left", { taken: 3 }, false],
  ["none of it was taken", { entered: 2, taken: 0 }, false],
  ["there is no second", { secondTarget: null, taken: 5 }, false],
  ["there is none", { takeProfit: null, taken: 5 }, false],
])("[EXE-10] the first of two targets is done where %s: %j %s", (_what, changes, expected) => {
  expect(isFirstTargetDone(instrument, facts(changes))).toBe(expected);
});

test("[ORD-3] executions told in sum count for entry and first target, and for nothing else", () => {
  const trade = newTrade(planOf(two));
  const put = (role: "e" | "t1" | "t2" | "x", quantity: number): void => {
    const what = { id: idOf(role), role, attempt: 1, service: "order", side: "buy" } as const;
    trade.orders.set(what.id, {
      ...sentOrder({ ...what, quantity: null, price: null }, start),
      filled: lots(quantity),
    });
  };
  put("e", 8);
  put("t1", 3);
  put("t2", 2);
  put("x", 1);
  expect(targetFacts(trade)).toMatchObject({ entered: 8, taken: 3, firstIsBehind: false });
});

test.each<readonly [number, boolean]>([
  [640_299, false],
  [640_300, true],
])("[ORD-3] an entry at %i has left the first target behind: %s", (price, expected) => {
  const trade = newTrade(planOf(two));
  trade.ledger = withFill(emptyLedger, "buy", ticks(price), lots(10));
  expect([targetFacts(trade).firstIsBehind, targetFacts(newTrade(planOf())).firstIsBehind]).toEqual([expected, false]);
});

test.each<readonly ["sent" | "lost" | "accepted" | "expired", number]>([
  ["sent", 7],
  ["lost", 7],
  ["accepted", 7],
  ["expired", 4],
])("[F-31] with an entry that is %s, four lots known and seven seen, %i are exposed", (event, expected) => {
  const trade = newTrade(planOf());
  const what = { id: e1, role: "e", attempt: 1, service: "order", side: "buy" } as const;
  const order = { ...sentOrder({ ...what, quantity: lots(10), price: null }, start), filled: lots(4) };
  if (event === "sent") trade.orders.set(e1, order);
  else if (event === "expired") trade.orders.set(e1, { ...order, status: { kind: "closed", reason: "expired" } });
  else trade.orders.set(e1, step(order, { kind: event }, start));
  trade.seenLots = 7;
  expect([exposedLots(trade), missedLots(order)]).toEqual([expected, 4]);
});

test("[F-31] an exit in doubt does not make what was seen count", () => {
  const trade = newTrade(planOf());
  const what = { id: x1, role: "x", attempt: 1, service: "order", side: "sell" } as const;
  trade.orders.set(x1, sentOrder({ ...what, quantity: lots(10), price: null }, start));
  trade.seenLots = 7;
  expect(exposedLots(trade)).toBe(0);
});

test.each<readonly [boolean, number, number]>([
  [false, 6, 6],
  [false, -6, 0],
  [true, 6, 10],
])("[REC-1] unexplained books, settled %s, with %i lots stated expose %i", (isSettled, stated, expected) => {
  const trade = newTrade(planOf());
  trade.ledger = withFill(emptyLedger, "buy", ticks(640_000), lots(10));
  trade.unexplained = { lots: signedLots(stated), statedAt: 0, readAt: 0, enteredAt: 0, unbookedLots: 0, isSettled };
  expect(exposedLots(trade)).toBe(expected);
});

test.each<readonly [number, number]>([
  [100, 10],
  [101, 6],
])("[REC-1] an execution of %i ms after the exchange's word of 100 leaves %i lots as what is open", (ms, expected) => {
  const trade = newTrade(planOf());
  trade.unexplained = {
    lots: signedLots(10),
    statedAt: after(100),
    readAt: 0,
    enteredAt: 0,
    unbookedLots: 0,
    isSettled: false,
  };
  applyFill(trade, { id: x1, side: "sell", role: "x" }, fillOf("a", 4, 640_000, after(ms)), instrument);
  expect(trade.unexplained.lots).toBe(expected);
});

test("[ORD-2] [F-49] an execution is booked once, says whether it was, and keeps its time", () => {
  const trade = newTrade(planOf());
  const book = (id: string, ms: number): boolean =>
    applyFill(trade, { id: e1, side: "buy", role: "e" }, fillOf(id, 2, 640_000, after(ms)), instrument);
  expect([book("a", 50), book("a", 60), book("b", 10), trade.tradedLots, trade.lastFillTime, trade.entryTime]).toEqual([
    true,
    false,
    true,
    4,
    after(50),
    after(10),
  ]);
});

test.each<readonly [string | null, bigint | null, bigint]>([
  ["USDT", 5n, 5n],
  ["BNB", 5n, 0n],
  ["USDT", null, 0n],
  [null, null, 0n],
])("[ORD-4] a commission in %s of %s adds %s to the fees", (commissionAsset, amount, expected) => {
  const trade = newTrade(planOf());
  const commission = amount === null ? null : money(amount);
  const fill = { ...fillOf("a", 2), commission, commissionAsset };
  applyFill(trade, { id: e1, side: "buy", role: "e" }, fill, instrument);
  expect(trade.fees).toBe(expected);
});

test("[ORD-1] a trade wakes no later than it was told to, and never at no time", () => {
  const trade = newTrade(planOf());
  wakeBy(trade, 50);
  wakeBy(trade, 70);
  expect(trade.wakeAt).toBe(50);
  expect(() => wakeBy(trade, Number.NaN)).toThrow("a wake-up needs a time");
});

test("[ORD-1] a trade begins with its entry neither finished nor withdrawn", () => {
  expect(newTrade(planOf())).toMatchObject({
    entryFinished: false,
    entryWithdrawn: false,
    adopted: false,
    wakeAt: Number.POSITIVE_INFINITY,
  });
});

/** A trade of ten lots that is closed by an order of a run that is over. */
function closedTrade(change: (trade: Trade) => void = () => {}): Trade {
  const trade = newTrade(planOf({ entry: null }), true);
  applyFill(trade, { id: e1, side: "buy", role: "e" }, fillOf("in", 10, 640_000, start), instrument);
  applyFill(trade, { id: x1, side: "sell", role: "x" }, fillOf("out", 10, 640_100, after(30_000)), instrument);
  change(trade);
  return trade;
}

test.each<readonly [number, string]>([
  [30_000, "MAX_HOLD"],
  [30_001, "EARLIER_RUN"],
])("[ORD-4] a close of an earlier run at 30,000 ms, with a hold until %i, was %s", (ms, expected) => {
  const trade = closedTrade((one) => {
    one.holdUntil = after(ms);
  });
  expect(tradeRow({ instrument }, trade).exitReason).toBe(expected);
});

test.each(["entryTime", "bought", "sold"] as const)("[ORD-4] a row without %s is not made up", (what) => {
  const trade = newTrade(planOf());
  if (what !== "bought") applyFill(trade, { id: e1, side: "buy", role: "e" }, fillOf("in", 10), instrument);
  if (what !== "sold") applyFill(trade, { id: x1, side: "sell", role: "x" }, fillOf("out", 10), instrument);
  if (what === "entryTime") trade.entryTime = null;
  const words = { entryTime: "entry time", bought: "average entry", sold: "average exit" };
  expect(() => tradeRow({ instrument }, trade)).toThrow(words[what]);
});

test.each([640_000, 639_999])("[ORD-4] an entry at %i, no better than its stop, has no R", (price) => {
  const trade = newTrade(planOf({ stopLoss: ticks(640_000) }));
  applyFill(trade, { id: e1, side: "buy", role: "e" }, fillOf("in", 10, price), instrument);
  applyFill(trade, { id: x1, side: "sell", role: "x" }, fillOf("out", 10), instrument);
  expect(tradeRow({ instrument }, trade).r).toBeNull();
});
