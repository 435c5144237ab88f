import { stripTypeScriptTypes } from "node:module";
import { expect, test } from "vitest";
import { Mutant } from "../../scripts/mutants/mutant.ts";
import { plantingOf } from "../../scripts/mutants/planting-of.ts";
import { classes } from "../../src/faults/plan/classes.ts";
import { bugs } from "./bugs/bugs.ts";
import { unseenBugs } from "./bugs/unseen.ts";

test("there are mistakes of at least forty causes, and each is named once", () => {
  expect(bugs.length).toBeGreaterThanOrEqual(40);
  expect(new Set(bugs.map(({ id }) => id)).size).toBe(bugs.length);
  expect(new Set(bugs.map(({ cause }) => cause)).size).toBeGreaterThanOrEqual(40);
});

test.each([...bugs, ...unseenBugs])(
  "$id still finds its place in $file, and what it makes of it is a program",
  (bug) => {
    expect(stripTypeScriptTypes(plantingOf(bug).source)).not.toBe("");
  },
);

test("what a mistake needs is a class of faults", () => {
  const known = new Set(classes.map(({ name }) => name));
  const needed = [...bugs, ...unseenBugs].flatMap(({ needs }) => needs ?? []);
  expect(needed.length).toBeGreaterThan(0);
  expect(needed.filter((name) => !known.has(name))).toEqual([]);
});

/** Found by looking for a seed whose world shows them soon. */
const pinned = [
  { id: "silence-is-refusal", seed: 1, invariant: "I-05" },
  { id: "fees-are-forgotten", seed: 1, invariant: "I-08" },
] as const;

test.each(pinned)("the judge finds $id in seed $seed, as $invariant", async ({ id, seed, invariant }) => {
  const bug = bugs.find((one) => one.id === id);
  if (bug === undefined) throw new RangeError(id);
  const mutant = new Mutant(plantingOf(bug));
  try {
    const report = await mutant.ask({ kind: "seed", seed, hours: 1, runsMax: 1, ignored: [] });
    expect(report).toMatchObject({ kind: "seed", found: { invariant } });
  } finally {
    await mutant.end();
  }
});

/** Up to forty runs of a world, on a machine that may have other things to do. */
const shrinkTimeout = 180_000;

test(
  "the plan in which a mistake was found shrinks to five faults at most",
  async () => {
    const bug = bugs.find(({ id }) => id === "silence-is-refusal");
    if (bug === undefined) throw new RangeError("silence-is-refusal");
    const mutant = new Mutant(plantingOf(bug));
    try {
      const report = await mutant.ask({ kind: "shrink", seed: 1, hours: 1, runsMax: 40, ignored: [] });
      expect(report.kind === "shrink" && (report.plan?.faults.length ?? 99)).toBeLessThanOrEqual(5);
    } finally {
      await mutant.end();
    }
  },
  shrinkTimeout,
);

test("without a mistake the judge has nothing to say of the same seed", async () => {
  const mutant = new Mutant(null);
  try {
    const report = await mutant.ask({ kind: "seed", seed: 1, hours: 0.4, runsMax: 1, ignored: [] });
    expect(report).toMatchObject({ kind: "seed", found: null });
  } finally {
    await mutant.end();
  }
});
