/**
 * Many seeds of the fault simulation in pieces: each piece is one line of JSON in a file. Interrupted and begun again, it
 * goes on after the last whole piece; a piece in which something was violated is run again first when the source is another
 * by then. It ends with what all pieces come to: a table by fault and by what the daemon was
 * in the middle of, naked time, unknown orders, violations. Once there are 2,000 seeds it fails, too, where a kind of
 * fault struck too seldom, or a probe that is demanded was not reached. With FIRST a file begins at that seed, so that one
 * long run can be shared out; files put one behind the other are one run.
 *
 * Usage: node scripts/faults-in-pieces.ts FILE [SEEDS [PIECE [HOURS [FIRST]]]]
 */

import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { faultsCommand } from "../src/cli/faults.ts";
import {
  campaignLines,
  countedIn,
  type Piece,
  piecesIn,
  standing,
  toRunAgain,
} from "../src/faults/session/campaign.ts";
import { blindSpots } from "../src/faults/session/coverage.ts";
import { exitCodeOf } from "../src/faults/session/summary.ts";
import { sourceDigest } from "./mutants/source-digest.ts";

const root = join(import.meta.dirname, "..");

/** Nothing was violated, and too little was tried for that to mean anything. */
const blind = 1;

/** @returns the gravest exit code of all pieces, those of earlier runs included; 1 when only too little was reached */
export async function main(
  [file, seeds = "20000", piece = "100", hours = "6", first = "1"]: readonly string[],
  print: (text: string) => void = (text) => process.stdout.write(text),
): Promise<number> {
  if (file === undefined) {
    process.stderr.write("usage: node scripts/faults-in-pieces.ts FILE [SEEDS [PIECE [HOURS [FIRST]]]]\n");
    return 2;
  }
  const source = sourceDigest(root);
  const wanted = { first: Number(first), seeds: Number(seeds), piece: Number(piece) };
  let pieces = piecesOf(file);
  for (let next = nextOf(pieces, source, wanted); next !== null; ) {
    const { from } = next;
    const code = await faultsCommand({
      ...next,
      hours: Number(hours),
      json: true,
      trace: false,
      shrink: false,
      config: null,
      tapes: [],
      out: resolve(`${file}.failures`),
      threads: null,
      print: (line) => appendFileSync(file, `${JSON.stringify({ from, source, ...JSON.parse(line) })}\n`),
      progress: null,
    });
    pieces = piecesOf(file);
    print(`from ${from}: exit code ${code}; ${seedsIn(pieces)} of ${seeds} seeds\n`);
    next = nextOf(pieces, source, wanted);
  }
  print(`${campaignLines(pieces).join("\n")}\n`);
  const counting = standing(pieces);
  const gravest = Math.max(0, ...counting.map(exitCodeOf));
  return gravest > 0 || blindSpots(countedIn(counting)).length === 0 ? gravest : blind;
}

/** What is run next; null: all is done. */
function nextOf(
  pieces: readonly Piece[],
  source: string,
  { first, seeds, piece }: { readonly first: number; readonly seeds: number; readonly piece: number },
): { readonly from: number; readonly seeds: number } | null {
  const again = toRunAgain(pieces, source);
  if (again !== null) return { from: again.from, seeds: again.seeds };
  const done = seedsIn(pieces);
  return done < seeds ? { from: first + done, seeds: Math.min(piece, seeds - done) } : null;
}

/** A last line that was cut short is taken away, and its piece run again. */
function piecesOf(file: string): readonly Piece[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, "utf8");
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  if (whole !== text) writeFileSync(file, whole);
  return piecesIn(whole);
}

function seedsIn(pieces: readonly Piece[]): number {
  return standing(pieces).reduce((sum, { seeds }) => sum + seeds, 0);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
