/** From a decision to a plan: the mode, its gate, its levels, and what is told. */

import { expect, test } from "vitest";
import type { Decision } from "../../src/domain/decision.ts";
import type { DecisionRow, Notice, Output } from "../../src/domain/output.ts";
import { micros, ticks } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { after, type SettingsChanges, settingsWith } from "../support/core.ts";
import { CoreBench, entryOf, first, snapshotOf } from "./support.ts";

type Trading = NonNullable<SettingsChanges["trading"]>;

class Watched extends CoreBench {
  readonly told: Output[] = [];

  override take(): readonly string[] {
    const texts = super.take();
    this.told.push(...this.outputs);
    return texts;
  }

  get scalpNotices(): readonly Notice[] {
    return this.told.filter(
      (output): output is Notice => output.kind === "notice" && output.code.startsWith("[SCALP]"),
    );
  }

  get row(): DecisionRow | undefined {
    return this.told.findLast((output): output is DecisionRow => output.kind === "decision");
  }

  /** Fresh data and a new decision. */
  tries(id: string, changes: Partial<Decision> = {}): readonly string[] {
    this.quote();
    return this.decide(decisionOf({ id, validUntil: micros(this.now + 500_000), ...changes }));
  }
}

/** The bench's book has one level a side. */
const thin = { min_book_levels: 1 };

function ready(trading: Trading): Watched {
  const bench = new Watched(settingsWith({ trading: { ...trading, scalp: { ...thin, ...trading.scalp } } }));
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1) }));
  bench.quote();
  return bench;
}

/** The plan that a decision leads to; undefined when it is blocked. */
function planFor(trading: Trading, changes: Partial<Decision> = {}) {
  const bench = ready(trading);
  bench.tries("a", changes);
  return bench.trade?.plan;
}

const scalp: Trading = { mode: "scalp" };

test("[CFG-3] the mode changes what a decision leads to", () => {
  const plans = [planFor({ mode: "normal" }), planFor({ mode: "scalp", scalp: { sl_distance_bps: 2 } })];
  expect(plans).toMatchObject([
    { entry: { mode: "normal" }, stopLoss: 639_640 },
    { entry: { mode: "scalp", zone: null }, stopLoss: 639_872 },
  ]);
});

test("[CFG-3] scalp behaviour needs the mode and the switch of its section", () => {
  const modes = [
    planFor({ mode: "scalp", scalp: { enabled: false } }),
    planFor({ mode: "normal", scalp: { enabled: true } }),
    planFor(scalp),
  ].map((plan) => plan?.entry?.mode);
  expect(modes).toEqual(["normal", "normal", "scalp"]);
});

test("[EXE-1] where configured, only decisions of style SCALP are worked so", () => {
  const only: Trading = { mode: "scalp", scalp: { only_style_scalp: true } };
  const modes = (["SCALP", "TREND"] as const).map((style) => planFor(only, { style })?.entry?.mode);
  expect(modes).toEqual(["scalp", "normal"]);
});

test("[EXE-1] what the gate blocks is not sent, and its row shows every verdict", () => {
  const bench = ready(scalp);
  bench.tries("a", { confidence: 0.55 });
  expect([bench.trade, bench.blocked]).toEqual([null, ["SCALP_LOW_CONFIDENCE"]]);
  expect(bench.row).toMatchObject({
    approved: false,
    blocked: [{ reason: "SCALP_LOW_CONFIDENCE", measured: 0.55, limit: 0.6 }],
    gates: expect.arrayContaining([
      expect.objectContaining({ gate: "SCALP_SPREAD_TOO_WIDE", verdict: "passed" }),
      expect.objectContaining({ gate: "SCALP_LOW_CONFIDENCE", verdict: "failed" }),
    ]),
  });
});

test("[EXE-1] what is sent shows the gates that it passed", () => {
  const bench = ready(scalp);
  bench.tries("a");
  expect(bench.row?.gates.filter(({ gate }) => gate.startsWith("SCALP")).map(({ verdict }) => verdict)).toEqual([
    "passed",
    "passed",
    "passed",
    "skipped",
    "skipped",
    "passed",
  ]);
});

test("[EXE-1] a block is told once an episode, with value and limit", () => {
  const bench = ready({ mode: "scalp", scalp: { min_top_depth_usdt: 50_000, market_min_top_depth_usdt: 50_000 } });
  for (const id of ["a", "b", "c"]) bench.tries(id);
  expect(bench.scalpNotices).toEqual([
    {
      kind: "notice",
      level: "info",
      code: "[SCALP] Blocked: insufficient depth",
      symbol: first,
      fields: { name: "BTCUSDT", reason: "SCALP_INSUFFICIENT_DEPTH", measured: expect.any(Number), limit: 50_000 },
    },
  ]);
});

test("[EXE-1] once the gate has passed, the next block is told again", () => {
  const bench = ready(scalp);
  bench.tries("a", { confidence: 0.55 });
  bench.tries("b", { confidence: 0.7 });
  bench.core.desks[0]?.manager.abandon();
  bench.tries("c", { confidence: 0.55 });
  expect(bench.scalpNotices.length).toBe(2);
});

test("[EXE-6] each mode has its own longest hold", () => {
  const holds = [
    planFor({ normal: { max_hold_seconds: 40 } }),
    planFor({ mode: "scalp", scalp: { max_hold_seconds: 20 } }),
    planFor({ mode: "scalp", scalp: { max_hold_seconds: 20 } }, { holdMicrosMax: micros(5_000_000) }),
  ].map((plan) => plan?.holdMicros);
  expect(holds).toEqual([40_000_000, 20_000_000, 5_000_000]);
});

test("[EXE-2] stop and target of a scalp trade are no farther than the scalp distances", () => {
  const near = planFor({ mode: "scalp", scalp: { sl_distance_bps: 3, tp_distance_bps: 4 } });
  const far = planFor({ mode: "scalp", scalp: { sl_distance_bps: 100, tp_distance_bps: 100 } });
  expect([near, far]).toMatchObject([
    { stopLoss: 639_808, takeProfit: 640_256 },
    { stopLoss: 639_640, takeProfit: 640_480 },
  ]);
});

test("[EXE-2] without `use_risk_sl_tp` they are the scalp distances from the mid", () => {
  const plan = planFor({
    mode: "scalp",
    scalp: { use_risk_sl_tp: false, sl_distance_bps: 10, tp_distance_bps: 20 },
  });
  // 640,000.5 ∓ 640.0005 and 1,280.001, each on the tick towards the entry.
  expect(plan).toMatchObject({ stopLoss: 639_360 + 1, takeProfit: 641_280 });
});

test.each<readonly [string, Partial<Decision>, number, number | null]>([
  ["one that is farther is clamped and stays one", { takeProfits: [ticks(650_240)] }, 641_280, null],
  ["of two the farther one is none", { takeProfits: [ticks(640_600), ticks(641_281)] }, 640_600, null],
  ["two within it are two", { takeProfits: [ticks(640_600), ticks(641_280)] }, 640_600, 641_280],
  ["a short's is bounded below", { direction: "SHORT", takeProfits: [ticks(639_400), ticks(638_720)] }, 639_400, null],
])("[EXE-2] no decided target is farther than the scalp distance: %s", (_, changes, takeProfit, secondTarget) => {
  const plan = planFor({ mode: "scalp", scalp: { tp_distance_bps: 20 } }, changes);
  expect(plan).toMatchObject({ takeProfit, secondTarget });
});

test("[EXE-2] a normal trade's second target is as far as it was decided", () => {
  const plan = planFor({ mode: "normal" }, { takeProfits: [ticks(640_600), ticks(650_240)] });
  expect(plan).toMatchObject({ takeProfit: 640_600, secondTarget: 650_240 });
});

test("[EXE-2] a decision's own stop counts where it risks less than the scalp distance", () => {
  const bps: Trading = { mode: "scalp", scalp: { use_risk_sl_tp: false, sl_distance_bps: 10 } };
  expect(planFor(bps, { stopLoss: ticks(639_900) })?.stopLoss).toBe(639_900);
});

test("[EXE-2] scalp distances below the least distance of risk are blocked", () => {
  const bench = ready({ mode: "scalp", scalp: { sl_distance_bps: 0.2 } });
  bench.tries("a");
  expect(bench.blocked).toEqual(["STOP_INVALID"]);
});

test("[EXE-7] an entry is measured and stopped from where it is planned to rest", () => {
  const plan = planFor({}, { entryZone: { low: ticks(639_000), high: ticks(640_000) } });
  expect(plan).toMatchObject({ terms: { price: 639_500 }, stopLoss: 639_140 });
});

test("[EXE-7] a decision too far from its zone is blocked", () => {
  const bench = ready({});
  bench.tries("a", { entryZone: { low: ticks(638_000), high: ticks(639_000) } });
  expect(bench.blocked).toEqual(["ZONE_TOO_FAR"]);
});

test("[EXE-7] a zone that can only be had by taking is waited for", () => {
  const bench = ready({});
  bench.tries("a", { entryZone: { low: ticks(640_001), high: ticks(640_300) } });
  expect([bench.trade, bench.blocked]).toEqual([null, ["ZONE_TOO_FAR"]]);
});

test("[EXE-7] a decision for the other side ends an entry that still works", () => {
  const bench = ready({});
  bench.tries("a");
  const id = [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
  bench.tell(entryOf(id));
  const sent = bench.tries("b", { direction: "SHORT" });
  bench.tell(entryOf(id, 0, { status: "CANCELED" }));
  expect([sent, bench.trade]).toEqual([[`cancel-order ${id}`], null]);
});

test("[EXE-9] a market entry that the book would fill too much worse is blocked", () => {
  const bench = ready({ normal: { entry_order: "market", max_slippage_bps: 3 } });
  bench.quote(640_000, 5);
  bench.decide(decisionOf({ id: "a" }));
  expect(bench.blocked).toEqual(["SLIPPAGE_TOO_HIGH"]);
});

test("[EXE-7] an entry is worked until its decision is stale, or for as long as that is valid", () => {
  const until = [{}, { validUntil: after(60_000) }].map((changes) => {
    const bench = ready({ normal: { entry_max_seconds: 15 } });
    bench.decide(decisionOf({ id: "a", ...changes }));
    return bench.trade?.plan.entry?.workUntil;
  });
  expect(until).toEqual([after(15_000), after(60_000)]);
});

test("[DEC-7] a decision that says from which gain its stop trails has it in the exit rules of its trade", () => {
  const bench = ready({});
  bench.decide(decisionOf({ id: "a", trailFraction: 0.0025 }));
  expect(bench.trade?.rules.trailFromBps).toBe(25);
});

test("[DEC-7] a decision that says how long it holds is not cut to the mode's own limit", () => {
  const bench = ready({ normal: { max_hold_seconds: 30 } });
  bench.decide(decisionOf({ id: "a", holdMicrosMax: micros(2_400_000_000) }));
  expect(bench.trade?.plan.holdMicros).toBe(2_400_000_000);
});
