/**
 * The crash matrix of one canonical trade: the world is run once to learn where it could crash, then once more for each
 * of these places, and judged as every run of the simulation is.
 */

import type { Violation } from "../../src/faults/judge/scene.ts";
import type { Fault, Place, Plan } from "../../src/faults/plan/fault.ts";
import { run } from "../../src/faults/run.ts";
import type { CanonicalTrade } from "./trades.ts";

export type Verdict = { readonly place: string; readonly isReached: boolean; readonly violations: readonly string[] };

const second = 1_000_000;
/** How many worlds are looked at. */
const worldsMax = 40;
/** Turns of the next life after which it crashes again: from its first to where it has long recovered. */
const turnsMax = 120;
/** A step that meets each number of turns once before it meets one again. */
const turnsStep = 37;

/** A canonical trade in the first world that shows it, and every place where it could crash, in their order. */
export type Found = { readonly trade: CanonicalTrade; readonly places: readonly Place[] };

/**
 * @param worlds how many are looked at
 * @throws {Error} none of them shows what the trade is named for, or one violates something without any crash
 */
export function found(trade: CanonicalTrade, worlds = worldsMax): Found {
  let seen = "";
  for (let seed = trade.seed; seed < trade.seed + worlds; seed += 1) {
    const one = { ...trade, seed };
    const { places, exits, violations } = reference(one);
    // Without a crash there is nothing to excuse it.
    const [violation] = violations;
    if (violation !== undefined) throw new Error(`${trade.name}: world ${seed} violates ${violation.detail}`);
    const names = new Set(places.flatMap((place) => Object.values(place)));
    const missing = trade.contains.filter((name) => !names.has(name));
    const isOther = trade.exits.some((reason, index) => exits[index] !== reason);
    if (!isOther && missing.length === 0) return { trade: one, places: places.filter((place) => isFree(one, place)) };
    seen ||= `exits ${exits.join(", ")}; missing ${missing.join(", ")}`;
  }
  throw new Error(`${trade.name} is stale: no world of ${worlds} shows it; the first shows ${seen}`);
}

/** One fault strikes at a place: where the trade has its own, no crash would. */
function isFree({ faults }: CanonicalTrade, place: Place): boolean {
  const name = JSON.stringify(place);
  return faults.every((fault) => JSON.stringify(fault.place) !== name);
}

type Reference = {
  readonly places: readonly Place[];
  readonly exits: readonly string[];
  readonly violations: readonly Violation[];
};

function reference(trade: CanonicalTrade): Reference {
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
  return { places, exits, violations };
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
