/** How stories of the catalogue end, judged by the exchange. */

import { expect } from "vitest";
import { expectExact } from "./exact.ts";
import type { Simulation } from "./simulate.ts";

/** Flat, nothing rests, no trade runs, and the journal has what the exchange has. */
export function expectSettled(sim: Simulation): void {
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
  expectExact(sim);
}

/** Lots that entries have filled. */
export function entryLots(sim: Simulation): number {
  return sim.truth.fills.filter(({ order }) => order.role === "e").reduce((sum, { lots }) => sum + lots, 0);
}

/** Names of the requests that reached the exchange and begin so, whatever it answered. */
export function reached(sim: Simulation, start: string): readonly string[] {
  return sim.adapterWire.arrivals.map(({ name }) => name).filter((name) => name.startsWith(start));
}
