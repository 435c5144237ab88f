/** Somebody takes away what an entry has filled while the rest of it still works. */

import { expect, test } from "vitest";
import { restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import type { Simulation } from "./support/simulate.ts";
import type { ScriptedFault } from "./support/wire.ts";

/** The end of the stop is told three seconds after its position is gone. */
const stopEndLate: ScriptedFault = { on: "algo f1 EXPIRED", fault: { kind: "told-late", ms: 3_000 } };

/** One lot of ten has filled and is protected; the rest would be taken at market when its time is over. */
function filledInPart(faults: readonly ScriptedFault[]): Simulation {
  const sim = restingEntry({ settings: normal({ order_timeout_seconds: 1, on_timeout: "cross" }), faults });
  sim.traded(sim.quoted.bid - 1, 1, "sell");
  sim.advance(100);
  if (sim.truth.position !== 1) throw new Error(`the story begins with ${sim.truth.position} lots`);
  sim.sent();
  return sim;
}

test("[F-82] [I-01] auto-deleveraging takes what an entry has filled: the rest of it is cancelled, and none follows", () => {
  // given
  const sim = filledInPart([stopEndLate]);
  // when
  sim.exchange.closeOut(sim.instrument.index, "auto-deleveraging", sim.now);
  sim.advance(2_500);
  // then
  expect([sim.sent().filter((name) => /-order e/.test(name)), sim.truth.position]).toEqual([["cancel-order e1"], 0]);
});

test("[F-82] [I-01] the rest of an entry fills before its cancel arrives: it is closed as soon as the stop was asked about", () => {
  // given
  const sim = filledInPart([stopEndLate]);
  // when
  sim.exchange.closeOut(sim.instrument.index, "auto-deleveraging", sim.now);
  sim.traded(sim.quoted.bid - 1, 9, "sell");
  const open = sim.truth.position;
  sim.advance(500);
  // then
  expect([open, sim.truth.position, sim.sent().includes("place-order x1")]).toEqual([9, 0, true]);
});
