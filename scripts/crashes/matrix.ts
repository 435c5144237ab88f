/**
 * The crash matrix of one canonical trade: the world is run once to learn where it could crash, then once more for each
 * of these places, and judged as every run of the simulation is.
 */

import type { Fault, Place, Plan } from "../../src/faults/plan/fault.ts";
import { run } from "../../src/faults/run.ts";
import type { CanonicalTrade } from "./trades.ts";

export type Verdict = { readonly place: string; readonly isReached: boolean; readonly violations: readonly string[] };

const second = 1_000_000;
/** Turns of the next life after which it crashes again: from its first to where it has long recovered. */
const turnsMax = 120;
/** A step that meets each number of turns once before it meets one again. */
const turnsStep = 37;

/** @returns every place where the trade could crash, in their order, each of them once. @throws {Error} it shows something else */
export function placesOf(trade: CanonicalTrade): readonly Place[] {
  const places: Place[] = [];
  const exits: string[] = [];
  const { violations } = run({
    plan: planOf(trade, []),
    settings: trade.settings,
    onPlace: (place) => places.push(place),
    onRow: (row) => {
      if (places.length > 0 && row.kind === "trade") exits.push(row.exitReason);
    },
  });
  const requests = new Set(places.map((place) => ("request" in place ? place.request : "")));
  const missing = trade.requests.filter((name) => !requests.has(name));
  const isOther = trade.exits.some((reason, index) => exits[index] !== reason);
  if (isOther || missing.length > 0 || violations.length > 0) {
    const [first] = violations;
    throw new Error(
      `${trade.name} is stale: exits ${exits.join(", ")}; missing ${missing.join(", ")}; ${first?.detail ?? ""}`,
    );
  }
  return places;
}

/** At each place a crash, with every third of them a power loss; and once more with a second crash inside recovery. */
export function crashesAt(places: readonly Place[]): readonly Fault[] {
  return places.flatMap((place, index) => {
    const loss = index % 3 === 2 ? "power" : "kill";
    const again = 1 + ((index * turnsStep) % turnsMax);
    return [null, again].map((turns) => ({
      class: "crash",
      place,
      effect: { do: "crash", loss, down: 2 * second, again: turns },
    }));
  });
}

export function judge(trade: CanonicalTrade, crash: Fault): Verdict {
  const plan = planOf(trade, [crash]);
  const { violations, reached } = run({ plan, settings: trade.settings, until: () => true });
  return {
    place: JSON.stringify([crash.place, crash.effect]),
    isReached: reached.includes(plan.faults.length - 1),
    violations: violations.map(({ invariant, detail }) => `${invariant} ${detail}`),
  };
}

function planOf({ seed, minutes, faults }: CanonicalTrade, more: readonly Fault[]): Plan {
  return { seed, hours: minutes / 60, faults: [...faults, ...more] };
}
