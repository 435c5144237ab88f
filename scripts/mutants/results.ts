/** What is known of the mistakes so far, as a file of JSON lines: interrupted and begun again, a run goes on after it. */

import { createHash } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";

const Found = z.object({ invariant: z.string(), detail: z.string() });

const Line = z.object({
  /** of the changed file and of the seeds: another change is another mutant */
  key: z.string(),
  seed: z.number(),
  found: Found.nullable(),
  broken: z.string().nullable(),
});
export type Line = z.infer<typeof Line>;

export class Results {
  readonly #path: string;
  readonly #lines = new Map<string, Map<number, Line>>();

  constructor(path: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    const text = existsSync(path) ? readFileSync(path, "utf8") : "";
    // A last line that was cut short is run again.
    for (const line of text.split("\n").slice(0, -1)) this.#keep(Line.parse(JSON.parse(line)));
  }

  get(key: string, seed: number): Line | null {
    return this.#lines.get(key)?.get(seed) ?? null;
  }

  add(line: Line): void {
    this.#keep(line);
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`);
  }

  #keep(line: Line): void {
    const seeds = this.#lines.get(line.key) ?? new Map<number, Line>();
    this.#lines.set(line.key, seeds.set(line.seed, line));
  }
}

/**
 * @param source whole text of the changed file; null: nothing is changed
 * @param terms how it is run
 */
export function keyOf(id: string, source: string | null, terms: string): string {
  const digest = createHash("sha256")
    .update(source ?? "")
    .digest("hex");
  return `${id} ${digest.slice(0, 12)} ${terms}`;
}
