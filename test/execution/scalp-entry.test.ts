/** Entries in scalp mode: time-outs, the spread that widens, post-only refusals. */

import { expect, test } from "vitest";
import { ticks } from "../../src/domain/units.ts";
import { type SettingsChanges, settingsWith } from "../support/core.ts";
import { Bench, briefOf, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const e2 = idOf("e", 2);
const e3 = idOf("e", 3);

type Scalp = NonNullable<NonNullable<SettingsChanges["trading"]>["scalp"]>;

/** A long of ten lots on its way at 640,000. */
function sent(scalp: Scalp = {}): Bench {
  const bench = new Bench(settingsWith({ trading: { mode: "scalp", scalp } }));
  const timeInForce = scalp.post_only === true ? "GTX" : "GTC";
  const terms = { type: "LIMIT", price: ticks(640_000), timeInForce } as const;
  bench.begin(planOf({ terms, entry: briefOf({ mode: "scalp", zone: null, confidence: 0.7, edge: 0.05 }) }));
  bench.sent();
  return bench;
}

function resting(scalp: Scalp = {}): Bench {
  const bench = sent(scalp);
  bench.ok("place-order", e1);
  return bench;
}

function quote(bench: Bench, bid: number, ask = bid + 1): void {
  bench.touch.quote(bid, ask);
  bench.manager.onQuote(bench.now);
}

function notices(bench: Bench): readonly string[] {
  return bench.outputs.flatMap((output) => (output.kind === "notice" ? [output.code] : []));
}

test("[EXE-5] a spread above the limit cancels a resting entry, and nothing follows it", () => {
  const bench = resting();
  quote(bench, 640_000, 640_641);
  bench.report(e1, "CANCELED", 0);
  expect([bench.sent(), bench.manager.trade]).toEqual([["cancel-order e1"], null]);
});

test("[EXE-5] a spread at the limit leaves it", () => {
  const bench = resting({ spread_widen_bps: 10 });
  quote(bench, 640_000, 640_640);
  expect(bench.sent()).toEqual([]);
});

test("[EXE-5] the cancel is told once, with the spread and its limit", () => {
  const bench = resting();
  for (const ask of [640_700, 640_800, 640_900]) quote(bench, 640_000, ask);
  const told = bench.outputs.filter(
    (output) => output.kind === "notice" && output.code === "[SCALP] Cancelled: spread widened",
  );
  expect(told).toMatchObject([{ fields: { order: e1, limit: 10, measured: expect.closeTo(10.93, 1) } }]);
});

test("[EXE-5] switched off, the entry stays", () => {
  const bench = resting({ cancel_on_spread_widening: false });
  quote(bench, 640_000, 641_000);
  expect(bench.sent()).toEqual([]);
});

test("[EXE-5] what has filled when the spread widens stays protected", () => {
  const bench = resting();
  bench.fill(e1, "PARTIALLY_FILLED", 3, fillOf("a", 3));
  bench.ok("place-algo", idOf("f"));
  quote(bench, 640_000, 640_700);
  bench.report(e1, "CANCELED", 3);
  const floor = bench.manager.trade?.orders.get(idOf("f"))?.status.kind;
  expect([bench.count("place-order", e2), floor, bench.manager.trade?.ledger.position]).toEqual([0, "live", 3]);
});

test("[EXE-5] an entry that is on the wire when the spread widens is cancelled once it lives", () => {
  const bench = sent();
  quote(bench, 640_000, 640_700);
  bench.ok("place-order", e1);
  expect(bench.sent()).toEqual(["cancel-order e1"]);
});

test("[EXE-4] at the time-out a rest is moved to where the policy wants it now", () => {
  const bench = resting();
  quote(bench, 640_050);
  bench.at(2_000);
  expect(bench.commands.at(-1)).toMatchObject({ kind: "amend-order", price: 640_050, quantity: 10 });
});

test("[EXE-4] an order that stands where the policy wants it keeps its place in the queue", () => {
  const bench = resting();
  bench.at(2_000);
  const kept = bench.sent();
  bench.at(3_999);
  expect([kept, bench.sent(), bench.manager.trade?.work.replacements]).toEqual([[], [], 1]);
});

test("[EXE-4] after the re-placements are used up the entry is given up", () => {
  const bench = resting({ replace_attempts: 2 });
  bench.at(5_999);
  const before = bench.sent();
  bench.at(6_000);
  bench.report(e1, "CANCELED", 0);
  expect([before, bench.sent(), bench.manager.trade]).toEqual([[], ["cancel-order e1"], null]);
});

test("[EXE-4] a scalp entry that is given up for a poor fill is told, with the share and its limit", () => {
  const bench = resting({ on_timeout: "give-up" });
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  expect(bench.outputs).toContainEqual(
    expect.objectContaining({
      code: "[SCALP] Cancelled: poor fill",
      fields: { trade: planOf().trade, order: e1, measured: 0.4, limit: 0.5 },
    }),
  );
});

test("[EXE-4] a fill at or above the ratio is kept at the time-out, and the rest cancelled", () => {
  const bench = resting();
  bench.fill(e1, "PARTIALLY_FILLED", 5, fillOf("a", 5));
  bench.ok("place-algo", idOf("f"));
  bench.at(2_000);
  bench.report(e1, "CANCELED", 5);
  expect([bench.count("cancel-order", e1), bench.count("place-order", e2), bench.manager.trade?.entryFinished]).toEqual(
    [1, 0, true],
  );
});

test("[EXE-1] the gate is asked again before an entry is placed anew", () => {
  const bench = resting();
  bench.touch.topDepth = 999;
  quote(bench, 640_050);
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("amend-order", e1), bench.manager.trade]).toEqual([0, null]);
  expect(bench.outputs).toContainEqual(
    expect.objectContaining({
      code: "[SCALP] Held back: the rest of an entry",
      fields: { trade: planOf().trade, reason: "SCALP_INSUFFICIENT_DEPTH", measured: 999, limit: 1_000 },
    }),
  );
});

test("[EXE-4] with `cross` the rest is taken within the limits for market orders", () => {
  const bench = resting({ on_timeout: "cross" });
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect(bench.order(e2)).toMatchObject({ quantity: 10, terms: { type: "MARKET" } });
});

test("[EXE-3] with `cross` nothing is taken beyond the limits for market orders", () => {
  const bench = resting({ on_timeout: "cross" });
  bench.touch.topDepth = 4_999;
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("place-order", e2), notices(bench)]).toEqual([0, ["[SCALP] Held back: the rest of an entry"]]);
});

test("[EXE-3] a post-only order that would take is placed again one tick farther away", () => {
  const bench = sent({ post_only: true });
  bench.refuse("place-order", e1, -5022);
  expect(bench.order(e2)).toMatchObject({ terms: { price: 639_999, timeInForce: "GTX" }, quantity: 10 });
});

test("[EXE-3] a post-only order that expires at once is placed again, too", () => {
  const bench = sent({ post_only: true });
  bench.report(e1, "EXPIRED", 0);
  expect(bench.order(e2)).toMatchObject({ terms: { price: 639_999 } });
});

test("[EXE-3] refusals of post-only orders are bounded", () => {
  const bench = sent({ post_only: true, replace_attempts: 2 });
  bench.refuse("place-order", e1, -5022);
  bench.refuse("place-order", e2, -5022);
  bench.refuse("place-order", e3, -5022);
  expect([bench.order(e3).terms, bench.count("place-order", idOf("e", 4)), bench.manager.trade]).toEqual([
    { type: "LIMIT", price: 639_998, timeInForce: "GTX" },
    0,
    null,
  ]);
});

test("[EXE-3] a post-only order that its own amendment ended is placed again", () => {
  const bench = resting({ post_only: true });
  quote(bench, 640_050);
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect(bench.order(e2)).toMatchObject({ terms: { price: 640_049, timeInForce: "GTX" } });
});

test("[SAF-2] a lost post-only order is looked up, not placed again (F-45)", () => {
  const bench = sent({ post_only: true });
  bench.lose("place-order", e1);
  bench.at(5_000);
  expect(bench.count("place-order", e2)).toBe(0);
});

test("[EXE-4] a trade that was adopted has its entry settled, never sent again", () => {
  const bench = resting({ on_timeout: "cross" });
  const trade = bench.manager.abandon();
  if (trade === null) throw new Error("no trade");
  bench.manager.adopt({ ...trade, adopted: true }, bench.now);
  bench.at(2_000);
  bench.report(e1, "CANCELED", 0);
  expect([bench.count("cancel-order", e1), bench.count("place-order", e2)]).toEqual([1, 0]);
});
