/** Cases of the failure catalogue about restarts, judged by what the exchange has. */

import { expect, test } from "vitest";
import { ticks } from "../../../src/domain/units.ts";
import { openLong } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal, plainExits } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { entryLots, expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const settings = normal(
  { max_hold_seconds: 14_400 },
  { ...plainExits, targets: "as-decided", break_even: { enabled: true } },
);
const targets = { takeProfits: [ticks(640_900), ticks(641_800)] };

/** From the decision over the fill in parts and the first target to the close: every few of these milliseconds a crash. */
function lived(sim: Simulation, milliseconds: number): void {
  let left = milliseconds;
  const pass = (duration: number): void => {
    sim.advance(Math.min(duration, Math.max(0, left)));
    left -= duration;
  };
  const happens = (what: () => void): void => {
    if (left > 0) what();
  };
  happens(() => sim.decide(targets));
  pass(100);
  happens(() => sim.traded(639_999, 4, "sell"));
  pass(100);
  happens(() => sim.traded(639_999, 6, "sell"));
  pass(200);
  happens(() => {
    sim.quote({ bid: 640_900 });
    sim.traded(640_900, 1, "sell");
  });
  pass(300);
  happens(() => sim.decide({ direction: "FLAT", action: "EXIT" }));
  pass(200);
}

const instants = Array.from({ length: 30 }, (_, index) => 1 + index * 30);

test.each([0, 1_000, 7_200_000])(
  "[F-08] killed at 30 points of a trade's life and back after %i ms: wired up, nothing doubled",
  (down) => {
    for (const instant of instants) {
      // given
      const measures = measured();
      const sim = simulate({ ...rest, settings, watch: measures.watch });
      lived(sim, instant);
      // when
      sim.kill();
      sim.advance(down);
      sim.restart();
      sim.advance(20_000);
      // then
      const roles = sim.truth.openAlgos.map(({ role }) => role);
      const where = `killed after ${instant} ms`;
      expect(new Set(roles).size, where).toBe(roles.length);
      expect(sim.truth.position === 0 || sim.truth.coveringStops.length > 0, where).toBe(true);
      expect([reached(sim, "place-order e").length <= 1, entryLots(sim) <= 10, sim.core.safeMode], where).toEqual([
        true,
        true,
        null,
      ]);
      expect(measures.of().levels.length === 0 || measures.of().isTightening, where).toBe(true);
      sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
      sim.advance(60_000);
      expectSettled(sim);
    }
  },
);

test.each([1, 5, 20])("[F-37] %i restarts with the same history: each execution is booked once", (restarts) => {
  // given
  const sim = openLong({ ...rest, settings });
  // when
  for (let turn = 0; turn < restarts; turn += 1) {
    sim.kill();
    sim.advance(500);
    sim.restart({ lostMs: turn % 2 === 0 ? 5_000 : 0 });
    sim.advance(3_000);
  }
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(60_000);
  // then
  expectSettled(sim);
});
