/** Entries: lost replies, time-outs, partial fills, crossing. */

import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { instrumentWith, settings, settingsWith } from "../support/core.ts";
import { Bench, fillOf, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const e2 = idOf("e", 2);

test("[SAF-2] an entry whose reply is lost is asked about, not sent again (F-01)", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  bench.at(5_000);
  expect([bench.count("place-order", e1), bench.count("query-order", e1) > 0]).toEqual([1, true]);
});

test("[SAF-2] an order that is not found keeps its doubt until the proof time has passed (F-19)", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  for (const ms of [10, 1_000, 3_000, 8_000, 11_900]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  bench.at(12_100);
  bench.reads();
  const before = bench.manager.inDoubt;
  bench.refuse("query-order", e1, -2013);
  expect([before, bench.manager.trade]).toEqual([true, null]);
});

test("[SAF-2] an entry that is held for absent makes us read the account: a fill leaves its trace there (F-19)", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  for (const ms of [10, 1_000, 12_100]) {
    bench.at(ms);
    if (ms > 12_000) bench.reads();
    bench.refuse("query-order", e1, -2013);
  }
  expect(bench.sent().at(-1)).toBe("query-account");
});

test("[SAF-2] look-ups of one order stay below ten a minute (I-21)", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  bench.at(60_000);
  expect(bench.count("query-order", e1)).toBeLessThanOrEqual(10);
});

test("[SAF-2] an answer that never comes counts as lost", () => {
  const bench = new Bench();
  bench.begin();
  bench.at(2 * settings.venue.reply_timeout_ms + 1);
  expect(bench.sent()).toEqual(["place-order e1", "query-account", "query-order e1", "query-account"]);
});

test("[IDM-1] a duplicate-id refusal means that the order exists: it is looked up (F-09)", () => {
  const bench = new Bench();
  bench.begin();
  bench.refuse("place-order", e1, -4116);
  expect(bench.sent()).toEqual(["place-order e1", "query-order e1", "query-account"]);
});

test("[ORD-1] a refusal after a fill does not bury the order", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 3, fillOf("a", 3));
  bench.refuse("place-order", e1, -4116);
  expect(bench.manager.trade?.orders.get(e1)?.status.kind).toBe("live");
});

test("[ORD-1] an acknowledgement that comes after the fill does not reopen the order (F-20)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.report(e1, "NEW", 0, null, "reply");
  bench.ok("place-order", e1);
  expect(bench.manager.trade?.orders.get(e1)).toMatchObject({
    status: { kind: "closed", reason: "filled" },
    filled: 10,
  });
});

test("[ORD-2] the same execution by stream and by look-up counts once (F-28)", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.fills(e1, [fillOf("a", 4)]);
  expect(bench.manager.trade?.ledger.position).toBe(4);
});

test("[ORD-2] executions that a look-up tells in sum are fetched one by one", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.report(e1, "FILLED", 10, null, "reply");
  bench.ok("place-order", e1);
  const protectedAtOnce = bench.sent();
  bench.at(settings.protection.lookup_interval_ms);
  const asked = bench.count("query-fills", e1);
  bench.fills(e1, [fillOf("a", 6, 640_001), fillOf("b", 4, 640_002)]);
  expect([protectedAtOnce, asked, bench.manager.trade?.ledger.boughtValue]).toEqual([
    ["place-order e1", "place-algo f1"],
    1,
    6 * 640_001 + 4 * 640_002,
  ]);
});

test("[EXE-4] an entry that is not filled in time is cancelled", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(1_999);
  const before = bench.count("cancel-order", e1);
  bench.at(2_000);
  expect([before, bench.count("cancel-order", e1)]).toEqual([0, 1]);
});

test("[EXE-4] a rest below the partial-fill ratio is taken from the market, sized from what is left", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 4);
  expect(bench.order(e2)).toMatchObject({ quantity: 6, terms: { type: "MARKET" }, reduceOnly: false });
});

test("[EXE-4] a fill at or above the partial-fill ratio is kept and the rest is given up", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 5, fillOf("a", 5));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 5);
  expect([bench.count("place-order", e2), bench.manager.trade?.entryFinished]).toEqual([0, true]);
});

test("[EXE-4] with `give-up` nothing follows, and what did fill stays protected (F-46)", () => {
  const bench = new Bench(settingsWith({ trading: { normal: { on_timeout: "give-up" } } }));
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 1);
  expect([bench.count("place-order", e2), bench.count("place-algo", idOf("f"))]).toEqual([0, 1]);
});

test("[IDM-1] the rest is sized only when every execution of the first attempt is booked (F-29)", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_000);
  bench.report(e1, "CANCELED", 4);
  const early = bench.count("place-order", e2);
  bench.fills(e1, [fillOf("a", 4)]);
  expect([early, bench.order(e2).quantity]).toEqual([0, 6]);
});

test("[IDM-1] a cancel that is refused because the order filled leads to no second entry (F-03)", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_000);
  bench.refuse("cancel-order", e1, -2011);
  // Reads lag: the order that has just filled is missing for seconds.
  for (const ms of [2_100, 2_700, 4_000, 8_000]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  bench.at(9_000);
  const early = bench.count("place-order", e2);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  expect([early, bench.count("place-order", e2), bench.manager.trade?.ledger.position]).toEqual([0, 0, 10]);
});

test("[IDM-1] an order that was seen and then vanished is not followed by another entry", () => {
  const bench = new Bench();
  bench.begin();
  bench.report(e1, "NEW", 0);
  bench.at(2_000);
  bench.refuse("cancel-order", e1, -2011);
  for (const ms of [2_100, 3_000, 10_000, 14_100, 14_500]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  bench.reads();
  bench.refuse("query-order", e1, -2013);
  bench.at(40_000);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});

test("[F-19] an entry that the list of open orders names rests, however often look-ups have not found it", () => {
  const bench = new Bench();
  bench.begin();
  bench.report(e1, "NEW", 0);
  bench.at(2_000);
  bench.refuse("cancel-order", e1, -2011);
  for (const ms of [2_100, 3_000, 10_000, 14_100, 14_500]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  const before = bench.manager.trade?.orders.get(e1)?.status.kind;
  bench.manager.onOpenOrders(new Set([e1]), bench.now, bench.now);
  expect([before, bench.manager.trade?.orders.get(e1)?.status.kind]).toEqual(["unknown", "cancelling"]);
});

test("[EXE-4] a cancel that keeps being refused is repeated ever more seldom (I-21)", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  for (let ms = 2_000; ms < 62_000; ms += 20) {
    bench.at(ms);
    const { status } = bench.manager.trade?.orders.get(e1) ?? { status: { kind: "gone" } };
    if (status.kind === "cancelling") bench.refuse("cancel-order", e1, -1003);
    if (status.kind === "unknown") bench.report(e1, "NEW", 0, null, "query");
  }
  expect(bench.count("cancel-order", e1)).toBeLessThanOrEqual(10);
});

test("[EXE-4] a withdrawn entry is cancelled and not crossed", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_500);
  bench.manager.cancelEntry(bench.now);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});

test("[SAF-3] an entry that is withdrawn while its reply is outstanding is cancelled once it lives", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.cancelEntry(bench.now);
  bench.report(e1, "NEW", 0);
  expect(bench.sent()).toEqual(["place-order e1", "cancel-order e1"]);
});

test("[SAF-3] nothing is crossed while entries are off", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_000);
  bench.mayEnter = false;
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});

test("[EXE-4] an entry that somebody else cancelled is not crossed (F-27)", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(1_000);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), bench.manager.trade]).toEqual([0, null]);
});

test("[EXE-4] nothing is crossed once the price has passed the stop", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(2_000);
  bench.touch.bid = ticks(639_800);
  bench.touch.ask = ticks(639_801);
  bench.report(e1, "CANCELED", 0);
  expect(bench.count("place-order", e2)).toBe(0);
});

test("[RSK-2] what is crossed is rounded down to the step of market orders", () => {
  const bench = new Bench(settings, instrumentWith({ marketStepSize: "0.005" }));
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 3, fillOf("a", 3));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 3);
  expect(bench.order(e2).quantity).toBe(5);
});

test("[RSK-2] a rest below the minimum of market orders is given up", () => {
  const bench = new Bench(settings, instrumentWith({ minNotional: "500" }));
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 4);
  expect(bench.count("place-order", e2)).toBe(0);
});

test("[ORD-2] a late fill of a cancelled entry is booked and protected (F-31)", () => {
  const bench = new Bench(settingsWith({ trading: { normal: { on_timeout: "give-up" } } }));
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 2, fillOf("a", 2));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 2);
  bench.fill(e1, "CANCELED", 5, fillOf("b", 3));
  expect([bench.manager.trade?.ledger.position, bench.manager.trade?.orders.get(e1)?.status.kind]).toEqual([
    5,
    "closed",
  ]);
});

test("[IDM-1] an entry that surfaces after it was held for gone is cancelled (I-05)", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 6, fillOf("a", 6));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.refuse("cancel-order", e1, -2011);
  for (const ms of [2_100, 3_000, 8_000]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  bench.at(14_100);
  bench.manager.onOpenOrders(new Set([idOf("f")]), bench.now, bench.now);
  bench.refuse("query-order", e1, -2013);
  const verdict = bench.manager.trade?.orders.get(e1)?.status;
  bench.report(e1, "PARTIALLY_FILLED", 6);
  expect([verdict, bench.count("cancel-order", e1)]).toEqual([{ kind: "closed", reason: "vanished" }, 2]);
});

test("[IDM-2] entry, stop, target and exit carry their role and attempt in their ids", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ takeProfit: ticks(640_300) }));
  bench.ok("place-algo", idOf("t1"));
  bench.manager.close("OPERATOR", bench.now);
  expect(bench.sent()).toEqual(["place-order e1", "place-algo f1", "place-algo t1_1", "place-order x1"]);
});

test("[IDM-1] the intent stands before the entry that it covers", () => {
  const bench = new Bench();
  bench.begin();
  expect(bench.outputs.map(({ kind }) => kind)).toEqual(["intent", "order", "place-order"]);
});

test("[IDM-1] a second trade does not bury the first", () => {
  const bench = new Bench();
  bench.begin();
  expect(() => bench.begin()).toThrow("under way");
});

test("[IDM-1] all entry attempts together never fill more than the plan", () => {
  const bench = new Bench();
  bench.begin(planOf({ quantity: lots(10) }));
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.fill(e1, "PARTIALLY_FILLED", 3, fillOf("b", 2));
  bench.report(e1, "CANCELED", 3);
  bench.fill(e2, "FILLED", bench.order(e2).quantity, fillOf("c", bench.order(e2).quantity));
  expect(bench.manager.trade?.ledger.boughtLots).toBe(10);
});
