/**
 * What many pieces of a long run come to, each the summary of its seeds as one line of JSON. A piece in which something was
 * violated is run again once that is mended: its last line counts.
 */

import { z } from "zod";
import { classes } from "../plan/classes.ts";
import { inState, states } from "../plan/demanded.ts";
import { added, type Counts } from "./counts.ts";
import { blindSpots, type Counted, probesLine, rarity } from "./coverage.ts";
import { type Durations, merged } from "./durations.ts";

const counts = z.record(z.string(), z.number());
const durations = z.object({ counts, max: z.number() });

const Piece = z.object({
  /** the first seed */
  from: z.number(),
  /** digest of the files that ran */
  source: z.string(),
  seeds: z.number(),
  simulated_hours: z.number(),
  trades: z.number(),
  crashes: z.number(),
  violations: z.number(),
  faults: counts,
  probes: counts,
  safe_modes: counts,
  empty_seeds: z.array(z.number()),
  naked_ms: durations.extend({ episodes: z.number() }),
  long_naked: z.array(z.object({ seed: z.number(), at: z.string(), ms: z.number() })).default([]),
  unknown_ms: durations,
  wrong_verdicts: z.number(),
  violations_by_invariant: counts,
  first_violations: z.array(
    z.object({ seed: z.number(), invariant: z.string(), minute: z.number(), detail: z.string() }),
  ),
  seconds: z.number(),
  cpu_seconds: z.number(),
});
export type Piece = z.infer<typeof Piece>;

/** Whole lines only: one that was cut short is run again. @throws {Error} a line is no piece */
export function piecesIn(text: string): readonly Piece[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => Piece.parse(JSON.parse(line)));
}

/** Of each first seed the last piece. */
export function standing(pieces: readonly Piece[]): readonly Piece[] {
  return [...new Map(pieces.map((piece) => [piece.from, piece])).values()];
}

/** A piece that was violated in another state of the source; null: there is none. */
export function toRunAgain(pieces: readonly Piece[], source: string): Piece | null {
  return standing(pieces).find((piece) => piece.violations > 0 && piece.source !== source) ?? null;
}

/** @param run all that were run, also those that were run again */
export function campaignLines(run: readonly Piece[]): readonly string[] {
  const pieces = standing(run);
  const sum = (of: (piece: Piece) => number): number => pieces.reduce((total, piece) => total + of(piece), 0);
  const seeds = sum((piece) => piece.seeds);
  const hours = sum((piece) => piece.simulated_hours);
  const speed = Math.round(
    (hours * 3_600) /
      Math.max(
        0.001,
        sum((piece) => piece.cpu_seconds),
      ),
  );
  const empty = pieces.flatMap((piece) => piece.empty_seeds);
  const failing = pieces.flatMap((piece) => piece.first_violations);
  const former = run.filter((piece) => !pieces.includes(piece)).flatMap((piece) => piece.first_violations);
  return [
    `${seeds} seeds, ${Math.round(hours)} simulated hours (${speed} times as fast a core), ${sum((piece) => piece.trades)} trades, ${sum((piece) => piece.crashes)} crashes`,
    "",
    ...faultTable(countedIn(pieces)),
    probesLine(countedIn(pieces).probes),
    ...blindSpots(countedIn(pieces)).map((spot) => `  ${spot}`),
    "",
    durationLine(
      `naked time of ours, of ${sum(({ naked_ms }) => naked_ms.episodes)} episodes`,
      merged(pieces.map(({ naked_ms }) => naked_ms)),
    ),
    ...pieces
      .flatMap(({ long_naked }) => long_naked)
      .map(({ seed, at, ms }) => `  seed ${seed}, at ${at}: ${ms} ms naked, chargeable to us`),
    durationLine("unknown orders settled, reachable time", merged(pieces.map(({ unknown_ms }) => unknown_ms))),
    `wrong verdicts: ${sum((piece) => piece.wrong_verdicts)}`,
    `SAFE MODE: ${named(added(pieces.map(({ safe_modes }) => safe_modes)))}`,
    `seeds in which too little happened: ${empty.length === 0 ? "none" : empty.join(" ")}`,
    `states of the source: ${named(added(pieces.map((piece) => ({ [piece.source]: piece.seeds }))))} seeds`,
    `violations: ${sum((piece) => piece.violations)} (${named(added(pieces.map((piece) => piece.violations_by_invariant)))})`,
    ...failing.map(violationLine),
    `violated in an earlier state: ${former.length === 0 ? "none" : former.length}`,
    ...former.map(violationLine),
  ];
}

function violationLine({ seed, minute, invariant, detail }: Piece["first_violations"][number]): string {
  return `  seed ${seed}, minute ${minute}: ${invariant} ${detail}`;
}

/** What all pieces have counted. */
export function countedIn(pieces: readonly Piece[]): Counted {
  return {
    seeds: pieces.reduce((sum, { seeds }) => sum + seeds, 0),
    faults: added(pieces.map(({ faults }) => faults)),
    probes: added(pieces.map(({ probes }) => probes)),
  };
}

/** A row for each kind of fault, also for those that never struck. */
function faultTable({ seeds, faults, probes }: Counted): readonly string[] {
  const names = [...new Set([...classes.map(({ name }) => name), ...Object.keys(faults)])].sort();
  const width = Math.max(...names.map((name) => name.length));
  const head = `${"fault".padEnd(width)} ${"struck".padStart(8)} ${states.map((state) => state.padStart(16)).join("")}`;
  const rows = names.map((name) => {
    const struck = faults[name] ?? 0;
    const reached = states.map((state) => String(probes[inState(name, state)] ?? "·").padStart(16)).join("");
    const few = rarity(seeds, struck);
    return `${name.padEnd(width)} ${String(struck).padStart(8)} ${reached}${few === null ? "" : `  ${few}`}`;
  });
  return [head, ...rows];
}

function durationLine(what: string, { count, p50, p99, max }: Durations): string {
  return `${what}: ${count}, p50 ${p50} ms, p99 ${p99} ms, most ${max} ms`;
}

function named(all: Counts): string {
  const rows = Object.entries(all).map(([name, count]) => `${name} ${count}`);
  return rows.length === 0 ? "none" : rows.join(", ");
}
