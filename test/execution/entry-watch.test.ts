/** What works on a resting entry: quotes, amendments, time. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { isEntryMoved, manageEntry, settleAmendment } from "../../src/execution/entry.ts";
import { newTrade, type Trade } from "../../src/execution/trade.ts";
import { after, instrument, settings, settingsWith, start } from "../support/core.ts";
import { Bench, briefOf, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const e2 = idOf("e", 2);

const onOrder = { symbol: instrument.index, clientOrderId: e1 };
const no = (code: number) => ({ kind: "refused", code, message: "no" }) as const;

/** A resting entry, and what its quotes are compared with. */
function watched(watch: Partial<Trade["work"]["watch"]>, side: "buy" | "sell" = "buy"): Bench {
  const bench = new Bench();
  bench.begin(planOf({ side }));
  bench.ok("place-order", e1);
  const none = Number.POSITIVE_INFINITY;
  Object.assign(
    bench.trade.work.watch,
    { spreadBps: none, chaseFrom: none, chaseBeyond: none, chaseUntil: none },
    watch,
  );
  return bench;
}

const chase = { chaseFrom: after(100), chaseBeyond: 640_010, chaseUntil: 640_020 };
const chaseShort = { chaseFrom: after(100), chaseBeyond: -640_000, chaseUntil: -639_990 };

test.each<readonly [string, () => Bench, number, number, number, boolean]>([
  ["nothing is watched", () => watched({}), 640_000, 650_000, 0, false],
  ["the spread is wider than its limit", () => watched({ spreadBps: 1 }), 640_000, 640_065, 0, true],
  ["the spread is below its limit", () => watched({ spreadBps: 1 }), 640_000, 640_063, 0, false],
  ["the spread is its limit", () => watched({ spreadBps: 2e4 / 3 }), 10_000, 20_000, 0, false],
  ["there is no bid", () => watched({ spreadBps: 1 }), 0, 640_065, 0, false],
  ["there is no ask", () => watched({ spreadBps: 1, ...chase }), 640_015, 0, 200, false],
  ["the touch has gone ahead", () => watched(chase), 640_011, 640_012, 100, true],
  ["it is early", () => watched(chase), 640_011, 640_012, 99, false],
  ["the touch is at the threshold", () => watched(chase), 640_010, 640_011, 100, false],
  ["the touch is at the end of the zone", () => watched(chase), 640_020, 640_021, 100, true],
  ["the touch has left the zone", () => watched(chase), 640_021, 640_022, 100, false],
  ["a short's touch has gone ahead", () => watched(chaseShort, "sell"), 639_998, 639_999, 100, true],
  ["a short's touch is at the threshold", () => watched(chaseShort, "sell"), 639_999, 640_000, 100, false],
])("[EXE-7] where %s a quote says something to a resting entry", (_what, make, bid, ask, ms, expected) => {
  const bench = make();
  bench.touch.quote(bid, ask);
  expect(isEntryMoved(bench.desk, bench.trade, after(ms))).toBe(expected);
});

test("[EXE-7] a quote says nothing to an entry that is finished", () => {
  const bench = watched({ spreadBps: 1 });
  bench.trade.entryFinished = true;
  bench.touch.quote(640_000, 640_100);
  expect(isEntryMoved(bench.desk, bench.trade, bench.now)).toBe(false);
});

test("[EXE-4] a finished entry is left alone, and a trade without one is finished", () => {
  const bench = watched({ spreadBps: 1 });
  bench.trade.entryFinished = true;
  manageEntry(bench.desk, bench.trade, after(60_000));
  const adopted = newTrade(planOf({ entry: null }), true);
  manageEntry(bench.desk, adopted, start);
  expect([bench.count("cancel-order", e1), bench.trade.work.watch.spreadBps, adopted.entryFinished]).toEqual([
    0,
    1,
    true,
  ]);
});

const amend = { kind: "amend-order", ...onOrder, side: "buy", quantity: lots(9), price: ticks(640_005) } as const;

test.each<readonly [string, Parameters<typeof settleAmendment>[4], number, boolean]>([
  ["done", { kind: "ok" }, 640_005, false],
  ["refused because nothing changes", no(-5027), 640_005, false],
  ["refused", no(-5026), 640_000, true],
  ["lost", { kind: "unknown", cause: "lost" }, 640_000, true],
])("[EXE-7] an amendment that was %s", (_what, outcome, price, amendsRefused) => {
  const bench = watched({});
  const { work } = bench.trade;
  work.amendment = { order: e1, price: ticks(640_005), quantity: lots(9), since: start };
  settleAmendment(bench.desk, bench.trade, present(bench.trade.orders.get(e1), "entry"), amend, outcome, after(5));
  expect([bench.trade.orders.get(e1)?.price, work.amendsRefused, work.amendment, work.pricedAt]).toEqual([
    price,
    amendsRefused,
    null,
    amendsRefused ? Number.NEGATIVE_INFINITY : after(5),
  ]);
});

test("[EXE-7] the answer to one order's amendment does not settle another's", () => {
  const bench = watched({});
  const { work } = bench.trade;
  work.amendment = { order: e2, price: ticks(640_005), quantity: lots(9), since: start };
  settleAmendment(
    bench.desk,
    bench.trade,
    present(bench.trade.orders.get(e1), "entry"),
    amend,
    { kind: "ok" },
    after(5),
  );
  expect(work.amendment).not.toBeNull();
});

test("[EXE-5] the limit of the spread itself does not cancel, and mode normal has none", () => {
  const cancels = (mode: "normal" | "scalp", ask: number): number => {
    const bench = new Bench(
      settingsWith({ trading: { scalp: { cancel_on_spread_widening: true, spread_widen_bps: 625 } } }),
    );
    bench.begin(planOf({ entry: briefOf({ mode, zone: null }) }));
    bench.ok("place-order", e1);
    bench.touch.quote(15_500, ask);
    bench.manager.onQuote(bench.now);
    bench.report(e1, "NEW", 0);
    return bench.count("cancel-order", e1);
  };
  expect([cancels("scalp", 16_500), cancels("scalp", 16_501), cancels("normal", 16_501)]).toEqual([0, 1, 0]);
});

test("[EXE-4] a market entry that is not filled in time is cancelled and not crossed again", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.ok("place-order", e1);
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("cancel-order", e1), bench.count("place-order", e2)]).toEqual([1, 0]);
});

test("[EXE-4] a decision works until the very end of its time", () => {
  const at = (workUntil: number): number => {
    const bench = new Bench(settingsWith({ trading: { normal: { order_timeout_seconds: 10 } } }));
    bench.begin(planOf({ entry: briefOf({ workUntil: after(workUntil) }) }));
    bench.ok("place-order", e1);
    bench.at(1_000);
    bench.manager.onTimer(bench.now);
    return bench.count("cancel-order", e1);
  };
  expect([at(1_000), at(999)]).toEqual([0, 1]);
});

test("[EXE-7] an entry that does not rest yet is not chased", () => {
  const bench = new Bench();
  bench.begin();
  bench.touch.quote(640_100);
  bench.at(1_500);
  expect(bench.count("amend-order", e1)).toBe(0);
});

test.each<readonly [number, boolean]>([
  [2 * settings.venue.reply_timeout_ms - 1, false],
  [2 * settings.venue.reply_timeout_ms, true],
])(
  "[EXE-7] %i ms after an amendment without an answer the order is doubted, and amended no more: %s",
  (ms, expected) => {
    const bench = new Bench();
    bench.begin();
    bench.ok("place-order", e1);
    bench.at(1_000);
    bench.touch.quote(640_100);
    bench.manager.onQuote(bench.now);
    bench.at(1_000 + ms);
    const { work, orders } = bench.trade;
    expect([work.amendsRefused, work.amendment === null, orders.get(e1)?.status.kind === "unknown"]).toEqual([
      expected,
      expected,
      expected,
    ]);
  },
);

test("[EXE-5] mode normal watches no spread, chased or not", () => {
  const scalp = { cancel_on_spread_widening: true, spread_widen_bps: 10 };
  const bench = new Bench(settingsWith({ trading: { scalp, normal: { chase: { max_attempts: 0 } } } }));
  bench.begin();
  bench.ok("place-order", e1);
  expect(bench.trade.work.watch.spreadBps).toBe(Number.POSITIVE_INFINITY);
});

test("[EXE-7] what the market says of an entry is forgotten once it is being cancelled", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_000);
  expect(bench.trade.work.watch).toMatchObject({
    spreadBps: Number.POSITIVE_INFINITY,
    chaseFrom: Number.POSITIVE_INFINITY,
  });
});
