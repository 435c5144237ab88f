import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { main } from "../../scripts/faults-in-pieces.ts";
import { campaignLines, type Piece, piecesIn } from "../../src/faults/session/campaign.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-pieces-"));
afterAll(() => rmSync(folder, { recursive: true }));

const piece: Piece = {
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
  unknown_ms: { counts: { 0: 3, 7000: 1 }, max: 6_900 },
  wrong_verdicts: 0,
  violations_by_invariant: { "I-07": 1 },
  first_violations: [{ seed: 3, invariant: "I-07", minute: 12, detail: "booked twice" }],
  seconds: 10,
  cpu_seconds: 20,
};
const line = `${JSON.stringify(piece)}\n`;

test("a piece whose line was cut short does not count", () => {
  expect(piecesIn(`${line}${line}{"seeds":100,"viol`)).toHaveLength(2);
});

test("a long run goes on after the pieces that it has, and the line that was cut short is gone", async () => {
  const file = join(folder, "pieces");
  writeFileSync(file, `${line}{"seeds":100,"viol`);
  expect(await main([file, "1000"])).toBe(3);
  expect(readFileSync(file, "utf8")).toBe(line);
});

test("pieces add up: strikes by kind and state, durations, and each failing seed", () => {
  const lines = campaignLines([piece, piece]);
  expect(lines.find((one) => one.startsWith("reply lost"))).toMatch(/ 120 .* 120 /);
  expect(lines.find((one) => one.startsWith("naked"))).toBe(
    "naked time of ours, of 8 episodes: 198, p50 110 ms, p99 900 ms, most 812 ms",
  );
  expect(lines.find((one) => one.startsWith("unknown orders"))).toMatch(/: 8, p50 0 ms, p99 7000 ms, most 6900 ms$/);
  expect(lines.filter((one) => one.includes("seed 3, minute 12: I-07 booked twice"))).toHaveLength(2);
});

test("a kind of fault that struck too rarely in 2,000 seeds says so, also when it never did", () => {
  const few = (lines: readonly string[], name: string): boolean =>
    lines.some((one) => one.startsWith(name) && one.endsWith("fewer than 100"));
  const lines = campaignLines([piece, piece]);
  expect(["reply lost", "half-open"].map((name) => few(lines, name))).toEqual([false, true]);
  expect(few(campaignLines([piece]), "half-open")).toBe(false);
});
