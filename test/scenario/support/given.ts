/** How stories begin. */

import type { Decision } from "../../../src/domain/decision.ts";
import { normal } from "./settings.ts";
import { type Simulation, type Story, simulate } from "./simulate.ts";

/** An entry to buy ten lots rests at 640,000, or wherever the settings put it. */
export function restingEntry(story: Story = {}, decision: Partial<Decision> = {}): Simulation {
  const sim = simulate({ settings: normal(), ...story });
  sim.decide(decision);
  sim.advance(100);
  return sim;
}

/** A long of ten lots, bought at 640,000 by an order that rested; its stop is live. */
export function openLong(story: Story = {}, decision: Partial<Decision> = {}): Simulation {
  const sim = restingEntry(story, decision);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.advance(100);
  if (sim.truth.position !== 10) throw new Error(`the story begins with ${sim.truth.position} lots`);
  sim.sent();
  return sim;
}
