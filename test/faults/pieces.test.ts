import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { main } from "../../scripts/faults-in-pieces.ts";
import { sourceDigest } from "../../scripts/mutants/source-digest.ts";
import { classes } from "../../src/faults/plan/classes.ts";
import { demandedProbes } from "../../src/faults/plan/demanded.ts";
import { campaignLines, type Piece, piecesIn } from "../../src/faults/session/campaign.ts";
import { blindSpots } from "../../src/faults/session/coverage.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));

const piece: Piece = {
  from: 1,
  source: sourceDigest(join(import.meta.dirname, "../..")),
  seeds: 1_000,
  simulated_hours: 6_000,
  trades: 9,
  crashes: 2,
  violations: 1,
  faults: { "reply lost": 60 },
  probes: { "reply lost × open": 60 },
  safe_modes: { UNKNOWN_CODE: 1 },
  empty_seeds: [5],
  naked_ms: { episodes: 4, counts: { 110: 98, 900: 1 }, max: 812 },
  long_naked: [{ seed: 4, at: "02:03:04.500", ms: 1_100 }],
  unknown_ms: { counts: { 0: 3, 7000: 1 }, max: 6_900 },
  wrong_verdicts: 0,
  violations_by_invariant: { "I-07": 1 },
  first_violations: [{ seed: 3, invariant: "I-07", minute: 12, detail: "booked twice" }],
  seconds: 10,
  cpu_seconds: 20,
};
const later: Piece = { ...piece, from: 1_001 };
const line = `${JSON.stringify(piece)}\n`;

test("a piece whose line was cut short does not count", () => {
  expect(piecesIn(`${line}${line}{"seeds":100,"viol`)).toHaveLength(2);
});

test("a long run goes on after the pieces that it has, and the line that was cut short is gone", async () => {
  const file = join(folder, "pieces");
  writeFileSync(file, `${line}{"seeds":100,"viol`);
  expect(await main([file, "1000"], () => undefined)).toBe(3);
  expect(readFileSync(file, "utf8")).toBe(line);
});

test("a piece that was violated in another state of the source is run again, and its last line counts", async () => {
  // given
  const file = join(folder, "mended");
  const former = { ...piece, seeds: 1, source: "former" };
  writeFileSync(file, `${JSON.stringify(former)}\n`);
  const printed: string[] = [];
  // when
  const code = await main([file, "1", "1", "0.01"], (text) => printed.push(text));
  // then
  const told = printed.join("");
  expect([code, piecesIn(readFileSync(file, "utf8")).map(({ violations }) => violations)]).toEqual([0, [1, 0]]);
  expect(told).toContain(
    "violations: 0 (none)\nviolated in an earlier state: 1\n  seed 3, minute 12: I-07 booked twice",
  );
}, 60_000);

test("a run that is given a first seed begins there", async () => {
  // given
  const file = join(folder, "shared-out");
  // when
  await main([file, "2", "1", "0.01", "41"], () => undefined);
  // then
  expect(piecesIn(readFileSync(file, "utf8")).map(({ from, seeds }) => [from, seeds])).toEqual([
    [41, 1],
    [42, 1],
  ]);
}, 60_000);

test("pieces add up: strikes by kind and state, durations, and each failing seed", () => {
  const lines = campaignLines([piece, later]);
  expect(lines.find((one) => one.startsWith("reply lost"))).toMatch(/ 120 .* 120 /);
  expect(lines.find((one) => one.startsWith("naked"))).toBe(
    "naked time of ours, of 8 episodes: 198, p50 110 ms, p99 900 ms, most 812 ms",
  );
  expect(lines.find((one) => one.startsWith("unknown orders"))).toMatch(/: 8, p50 0 ms, p99 7000 ms, most 6900 ms$/);
  expect(lines.filter((one) => one.includes("seed 3, minute 12: I-07 booked twice"))).toHaveLength(2);
});

test("an episode of more than a second without a stop is told with its seed and its moment", () => {
  const lines = campaignLines([piece]);
  expect(lines).toContain("  seed 4, at 02:03:04.500: 1100 ms naked, chargeable to us");
});

test("a long run in which something was never reached fails, although nothing was violated", async () => {
  // given
  const file = join(folder, "blind");
  const peaceful = { ...piece, seeds: 2_000, violations: 0, violations_by_invariant: {}, first_violations: [] };
  writeFileSync(file, `${JSON.stringify(peaceful)}\n`);
  // when
  const printed: string[] = [];
  const code = await main([file, "2000"], (text) => printed.push(text));
  // then
  expect([code, printed.join("").includes("not reached: crash in recovery\n")]).toEqual([1, true]);
});

test("every kind often enough and every probe once: nothing is missing, and many more seeds need more of each", () => {
  // given
  const faults = Object.fromEntries(classes.map(({ name }) => [name, 150]));
  const probes = Object.fromEntries(demandedProbes().map((name) => [name, 1]));
  // when
  const missing = [2_000, 4_000].map((seeds) => blindSpots({ seeds, faults, probes }).length);
  // then
  expect(missing).toEqual([0, classes.length]);
});

test("a kind of fault that struck too rarely in 2,000 seeds says so, also when it never did", () => {
  const few = (lines: readonly string[], name: string): boolean =>
    lines.some((one) => one.startsWith(name) && one.endsWith("fewer than 100"));
  const lines = campaignLines([piece, later]);
  expect(["reply lost", "half-open"].map((name) => few(lines, name))).toEqual([false, true]);
  expect(few(campaignLines([piece]), "half-open")).toBe(false);
});
