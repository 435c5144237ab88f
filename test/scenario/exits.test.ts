/** How a position is left: targets, the stop that follows, candles, decisions, and the rest after it. */

import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import type { Simulation } from "./support/simulate.ts";

const longHold = { max_hold_seconds: 600 };
const twoTargets = { takeProfits: [ticks(640_900), ticks(641_800)] };
const breakEven = normal(longHold, { ...plainExits, targets: "as-decided", break_even: { enabled: true } });
const trailing = normal(longHold, {
  ...plainExits,
  trailing: { enabled: true, activation_r: 0.5, distance_r: 0.5 },
  stop_moves: { min_step_r: 0.05, min_interval_ms: 500 },
});

/** The price goes there, somebody trades at it, and the daemon has time to react. */
function goTo(sim: Simulation, bid: number, milliseconds = 1_000): void {
  sim.quote({ bid });
  sim.traded(bid, 1, "sell");
  sim.advance(milliseconds);
}

test("[ORD-3] the first of two targets closes its half, and the second and the stop follow the rest", () => {
  // given
  const sim = openLong({ settings: breakEven }, twoTargets);
  // when
  goTo(sim, 640_900);
  // then
  expect([sim.truth.position, sim.truth.openAlgos.map(({ role }) => role).toSorted()]).toEqual([5, ["f", "r", "t2"]]);
});

test("[EXE-10] after the first target the stop covers the rest at break-even, the fees of both ways included", () => {
  // given
  const sim = openLong({ settings: breakEven }, twoTargets);
  // when
  goTo(sim, 640_900);
  // then: 5 bps a way, and half a basis point
  expect(sim.truth.coveringStops).toEqual([Math.ceil(640_000 * 1.00105), 639_640]);
});

test("[EXE-10] a trade that is stopped at break-even has not lost", () => {
  // given
  const sim = openLong({ settings: breakEven }, twoTargets);
  // when
  goTo(sim, 640_900);
  goTo(sim, 640_672, 5_000);
  // then
  expect([sim.truth.position, sim.truth.open, (sim.trades[0]?.netPnl ?? -1n) > 0n]).toEqual([0, [], true]);
});

test("[EXE-10] a first target that pays less than the fees does not end the whole trade", () => {
  // given: break-even lies above the first target
  const sim = openLong({ settings: breakEven }, { takeProfits: [ticks(640_300), ticks(641_800)] });
  // when
  goTo(sim, 640_300);
  // then
  expect([sim.truth.position, sim.truth.coveringStops.length > 0]).toEqual([5, true]);
});

test("[ORD-3] first target and stop in the same instant: the position ends flat and never turns around", () => {
  // given
  const sim = openLong({ settings: breakEven }, twoTargets);
  // when: both are hit before the daemon hears of either
  sim.quote({ bid: 640_900 });
  sim.traded(640_900, 1, "sell");
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(5_000);
  // then
  expect([sim.truth.fills.map(({ after }) => after), sim.truth.open, sim.running]).toEqual([[10, 5, 0], [], null]);
});

test("[EXE-10] from half an R on the stop trails half an R behind the best price", () => {
  // given: R is 360 ticks
  const sim = openLong({ settings: trailing });
  // when
  goTo(sim, 640_170);
  const before = sim.truth.coveringStops[0];
  goTo(sim, 640_200);
  // then
  expect([before, sim.truth.coveringStops[0]]).toEqual([639_640, 640_020]);
});

test("[EXE-10] trailing never goes to more risk: a falling price leaves the stop where it is", () => {
  // given
  const sim = openLong({ settings: trailing });
  goTo(sim, 640_400);
  const best = sim.truth.coveringStops[0];
  // when
  for (const bid of [640_390, 640_300, 640_250]) goTo(sim, bid);
  // then
  expect([best, sim.truth.coveringStops[0]]).toEqual([640_220, 640_220]);
});

test("[F-05] a moved stop is live before the old one goes", () => {
  // given
  const sim = openLong({ settings: trailing });
  // when
  goTo(sim, 640_300);
  goTo(sim, 640_450);
  // then
  expect(sim.sent()).toEqual(["place-algo r1", "place-algo r2", "cancel-algo r1"]);
});

test("[F-05] a move of the stop that is refused leaves the old one, and is tried again", () => {
  // given
  const sim = openLong({
    settings: trailing,
    faults: [{ on: "place-algo r2", fault: { kind: "refused", code: -1008 } }],
  });
  goTo(sim, 640_300);
  // when
  goTo(sim, 640_450, 100);
  const meanwhile = sim.truth.coveringStops[0];
  sim.advance(2_000);
  // then
  expect([meanwhile, sim.truth.coveringStops[0]]).toEqual([640_120, 640_270]);
});

test("[F-04] a move of the stop that would trigger at once means that it is hit: closed at market", () => {
  // given
  const sim = openLong({
    settings: trailing,
    faults: [{ on: "place-algo r1", fault: { kind: "refused", code: -2021 } }],
  });
  // when
  goTo(sim, 640_300, 3_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.trades[0]?.exitReason]).toEqual([0, [], "TRAILING_STOP"]);
});

test("[ORD-3] a trailed stop that somebody cancels comes back at its level, not at the first one", () => {
  // given
  const sim = openLong({ settings: trailing });
  goTo(sim, 640_400);
  const ratchet = sim.truth.openAlgos.find(({ role }) => role === "r");
  // when
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: ratchet?.id ?? "" });
  sim.advance(1_000);
  // then
  expect(sim.truth.coveringStops[0]).toBe(640_220);
});

test("[EXE-10] a stop that trailed closes the trade under its own name", () => {
  // given
  const sim = openLong({ settings: trailing });
  goTo(sim, 640_400);
  // when
  goTo(sim, 640_220, 3_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.trades[0]?.exitReason]).toEqual([0, [], "TRAILING_STOP"]);
});

test("[EXE-10] a large candle against the position closes it at once", () => {
  // given: a stop far away; a minute moves 300 ticks as a rule
  const settings = {
    ...normal(longHold, { ...plainExits, adverse_candle: { enabled: true, atr_multiple: 2 } }),
    risk: { sltp: { mode: "percent", percent: { sl_percent_medium_vol: 1, sl_percent_low_vol: 1 } } } as const,
  };
  const sim = openLong({ settings });
  // when: a whole minute falls by 800 ticks, and the next one begins
  goTo(sim, 640_000);
  goTo(sim, 640_000);
  goTo(sim, 639_200, 58_500);
  const before = sim.truth.position;
  goTo(sim, 639_200, 2_000);
  // then
  expect([before, sim.truth.position, sim.trades[0]?.exitReason]).toEqual([10, 0, "ADVERSE_CANDLE"]);
});

test("[EXE-10] a source's word to leave closes the position", () => {
  // given
  const sim = openLong({ settings: normal(longHold, { ...plainExits, on_decision: "on" }) });
  // when
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.trades[0]?.exitReason]).toEqual([0, "DECISION_EXIT"]);
});

test("[EXE-10] with `exits.on_decision: off` a source's word to leave is not followed", () => {
  // given
  const sim = openLong({ settings: normal(longHold, { ...plainExits, on_decision: "off" }) });
  // when
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops]).toEqual([10, [639_640]]);
});

test("[EXE-10] after an exit the symbol and direction rest", () => {
  // given
  const sim = openLong({ settings: { ...normal({ max_hold_seconds: 2 }), guardrails: { cooldown_seconds: 60 } } });
  sim.advance(3_000);
  // when
  sim.quote(sim.quoted);
  sim.decide();
  sim.advance(100);
  // then
  expect([sim.truth.position, sim.truth.open, Object.keys(sim.core.summary().blocked)]).toEqual([0, [], ["COOLDOWN"]]);
});

test("[EXE-10] after a stop the symbol and direction rest longer, where that is configured", () => {
  // given
  const settings = normal(longHold, { ...plainExits, stop_loss_cooldown_seconds: 60 });
  const sim = openLong({ settings });
  goTo(sim, 639_630, 3_000);
  // when
  sim.decide();
  const long = Object.keys(sim.core.summary().blocked);
  sim.decide({ direction: "SHORT" });
  // then
  expect([long, sim.sent().at(-1)?.startsWith("place-order e1")]).toEqual([["COOLDOWN"], true]);
});

test("[EXE-10] trailing may begin at a gain over the margin, and follow at a distance in basis points", () => {
  // given: with leverage 10 a return of 0.4 % on the margin is a gain of 4 bps, 256 ticks
  const sim = openLong({
    settings: normal(longHold, {
      ...plainExits,
      trailing: { enabled: true, trail_activation_roi: 0.004, distance_bps: 1 },
    }),
  });
  // when
  goTo(sim, 640_250);
  const before = sim.truth.coveringStops[0];
  goTo(sim, 640_260);
  // then
  expect([before, sim.truth.coveringStops[0]]).toEqual([639_640, 640_196]);
});

test("[ORD-2] two targets of which one would be below the minimum are one", () => {
  // given: at 40,000 USDT a lot is worth less than the least order, and two lots are bought
  const settings = normal(longHold, { ...plainExits, targets: "as-decided" });
  const sim = restingEntry({ bid: 400_000, settings }, { takeProfits: [ticks(400_900), ticks(401_800)] });
  // when
  sim.traded(399_999, 2, "sell");
  sim.advance(1_000);
  // then
  const targets = sim.truth.openAlgos.filter(({ type }) => type === "TAKE_PROFIT_MARKET");
  expect(targets.map(({ quantity }) => quantity)).toEqual([null]);
});

test("[ORD-3] a target that somebody cancels is put back", () => {
  // given
  const sim = openLong({ settings: breakEven }, twoTargets);
  const first = sim.truth.openAlgos.find(({ role }) => role === "t1");
  // when
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: first?.id ?? "" });
  sim.advance(1_000);
  // then
  const targets = sim.truth.openAlgos.filter(({ role }) => role === "t1");
  expect(targets.map(({ trigger, quantity }) => [trigger, quantity])).toEqual([[640_900, 5]]);
});

test("[ORD-3] what fills after the first target was placed is covered, and the targets grow with it", () => {
  // given
  const sim = restingEntry({ settings: breakEven }, twoTargets);
  sim.traded(639_999, 4, "sell");
  sim.advance(200);
  // when
  sim.traded(639_999, 6, "sell");
  sim.advance(3_000);
  // then
  const first = sim.truth.openAlgos.filter(({ role }) => role === "t1");
  expect([sim.truth.position, first.map(({ quantity }) => quantity), sim.truth.coveringStops]).toEqual([
    10,
    [5],
    [639_640],
  ]);
});

test("[EXE-10] a stop never moves to more risk, whatever the price does", () => {
  // given
  const sim = openLong({ settings: trailing });
  const levels: number[] = [];
  // when
  for (const bid of [640_200, 640_100, 640_350, 640_300, 640_450, 640_400]) {
    goTo(sim, bid);
    levels.push(sim.truth.coveringStops[0] ?? 0);
  }
  // then
  expect(levels).toEqual(levels.toSorted((a, b) => a - b));
});

test("[EXE-11] a newer decision with a nearer stop tightens the stop", () => {
  // given
  const sim = openLong({ settings: normal(longHold) });
  // when
  sim.quote(sim.quoted);
  sim.decide({ stopLoss: ticks(639_800), size: { kind: "lots", quantity: lots(10) } });
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops]).toEqual([10, [639_800, 639_640]]);
});

test("[EXE-11] a nearer stop that comes right after another one rests when the interval of moves is over", () => {
  // given
  const sim = openLong({ settings: normal(longHold) });
  // when
  sim.quote(sim.quoted);
  sim.decide({ stopLoss: ticks(639_800), size: { kind: "lots", quantity: lots(10) } });
  sim.advance(100);
  sim.decide({ stopLoss: ticks(639_900), size: { kind: "lots", quantity: lots(10) } });
  sim.advance(100);
  const early = sim.truth.coveringStops;
  sim.advance(2_000);
  // then
  expect([early, sim.truth.position, sim.truth.coveringStops]).toEqual([[639_800, 639_640], 10, [639_900, 639_640]]);
});

test("[EXE-11] a newer decision with a wider stop changes nothing", () => {
  // given
  const sim = openLong({ settings: normal(longHold) });
  // when
  sim.quote(sim.quoted);
  sim.decide({ stopLoss: ticks(639_000) });
  sim.advance(1_000);
  // then
  expect([sim.sent(), sim.truth.coveringStops]).toEqual([[], [639_640]]);
});
