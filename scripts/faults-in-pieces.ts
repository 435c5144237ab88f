/**
 * Many seeds of the fault simulation in pieces: each piece is one line of JSON in a file. Interrupted and begun again, it
 * goes on after the last whole piece.
 *
 * Usage: node scripts/faults-in-pieces.ts FILE [SEEDS [PIECE [HOURS]]]
 */

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { faultsCommand } from "../src/cli/faults.ts";

const Piece = z.object({ seeds: z.number(), violations: z.number(), simulated_hours: z.number() });

/** Seeds that the file has; a last line that was cut short is left out, and its piece run again. */
export function doneIn(text: string): number {
  const lines = text.split("\n").slice(0, -1);
  return lines.reduce((sum, line) => sum + Piece.parse(JSON.parse(line)).seeds, 0);
}

/** @returns the gravest exit code of the pieces that were run */
async function main([file, seeds = "20000", piece = "100", hours = "6"]: readonly string[]): Promise<number> {
  if (file === undefined) {
    process.stderr.write("usage: node scripts/faults-in-pieces.ts FILE [SEEDS [PIECE [HOURS]]]\n");
    return 2;
  }
  let gravest = 0;
  let done = existsSync(file) ? doneIn(readFileSync(file, "utf8")) : 0;
  while (done < Number(seeds)) {
    const size = Math.min(Number(piece), Number(seeds) - done);
    const code = await faultsCommand({
      seeds: size,
      from: 1 + done,
      hours: Number(hours),
      json: true,
      trace: false,
      shrink: false,
      config: null,
      out: resolve(`${file}.failures`),
      threads: null,
      print: (line) => appendFileSync(file, `${line}\n`),
      progress: null,
    });
    done += size;
    gravest = Math.max(gravest, code);
    process.stdout.write(`${done} of ${seeds} seeds, exit code of the last piece ${code}\n`);
  }
  return gravest;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
