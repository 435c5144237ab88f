/**
 * Order manager and protection in random legal and hostile orders of events, on the embedded exchange. After each step the
 * invariants of the failure catalogue hold that the judge knows.
 *
 * MODEL_RUNS says how many runs and MODEL_SEED which. A failure prints its seed, its path and its replayPath; with
 * MODEL_RUNS=1 and these as MODEL_SEED, MODEL_PATH and MODEL_REPLAY it is played alone.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Expected, happenings } from "./commands.ts";
import { conditions } from "./conditions.ts";
import { World } from "./world.ts";

const { MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_REPLAY } = process.env;
const runs = Number(MODEL_RUNS ?? 200);
const seed = Number(MODEL_SEED ?? 19_072_024);

/** A part of the runs in one test: a long search shows how far it is, and fails as soon as one part does. */
const runsAPart = 500;

const replay = MODEL_REPLAY === undefined ? {} : { replayPath: MODEL_REPLAY };
const stories = fc.commands(happenings, { maxCommands: 60, size: "max", ...replay });

const parts = Array.from({ length: Math.ceil(runs / runsAPart) }, (_, part) => part);

test.each(parts)(
  `[ORD-1] whatever happens, the invariants of orders and protection hold (seed ${seed} + %i)`,
  (part) => {
    const numRuns = Math.min(runsAPart, runs - part * runsAPart);
    const path = MODEL_PATH === undefined ? {} : { path: MODEL_PATH };
    let played = 0;
    fc.assert(
      fc.property(conditions, stories, (given, story) => {
        played += 1;
        const world = new World(given);
        const expected: Expected = { connected: true };
        fc.modelRun(() => ({ model: expected, real: world }), story);
        world.conclude();
      }),
      { numRuns, seed: seed + part, endOnFailure: false, ...path },
    );
    expect(played).toBeGreaterThanOrEqual(path.path === undefined ? numRuns : 1);
  },
);
