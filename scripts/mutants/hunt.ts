/** Runs one mistake over seeds until the judge finds it. A seed that violates without the mistake too proves nothing. */

import { Mutant } from "./mutant.ts";
import type { Planting } from "./plant.ts";
import { keyOf, type Line, type Results } from "./results.ts";

export type Quarry = {
  readonly id: string;
  readonly planting: Planting;
  /** whether it can show in the world of a seed at all; those in which it cannot are counted, and not run */
  readonly mayShow?: (seed: number) => boolean;
};

export type HuntOptions = {
  readonly from: number;
  /** how many seeds at most */
  readonly seeds: number;
  readonly hours: number;
  /** words of violations that are open without any mistake, and prove nothing */
  readonly ignored: readonly string[];
  readonly results: Results;
};

export type Catch = {
  readonly id: string;
  /** how many seeds it took; null: it was not caught */
  readonly seeds: number | null;
  readonly seed: number | null;
  readonly invariant: string;
  readonly detail: string;
  /** seeds in which the simulation itself broke */
  readonly broken: number;
};

/** One thread takes the next when it is done with one. @param onEnd in the order in which they end */
export async function huntAll<T extends Quarry>(
  quarries: readonly T[],
  threads: number,
  options: HuntOptions,
  onEnd: (quarry: T, one: Catch) => Promise<void> | void,
): Promise<readonly Catch[]> {
  const catches: Catch[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const hunt = new Hunt(options);
    try {
      for (let quarry = quarries[next++]; quarry !== undefined; quarry = quarries[next++]) {
        const one = await hunt.of(quarry);
        catches.push(one);
        await onEnd(quarry, one);
      }
    } finally {
      await hunt.end();
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return catches;
}

class Hunt {
  readonly #options: HuntOptions;
  /** the daemon as it is, once it is asked for */
  #healthy: Mutant | null = null;

  constructor(options: HuntOptions) {
    this.#options = options;
  }

  async of({ id, planting, mayShow = () => true }: Quarry): Promise<Catch> {
    const { from, seeds } = this.#options;
    const key = this.#keyOf(id, planting.source);
    let mutant: Mutant | null = null;
    let broken = 0;
    try {
      for (let seed = from; seed < from + seeds; seed += 1) {
        if (!mayShow(seed)) continue;
        const known = this.#options.results.get(key, seed);
        mutant ??= known === null ? new Mutant(planting) : null;
        const line = known ?? (await this.#run(mutant, key, seed));
        if (line.broken !== null) {
          broken += 1;
          // A thread that broke may be stuck.
          await mutant?.end();
          mutant = null;
        }
        if (line.found === null || (await this.#isSick(seed))) continue;
        return { id, seeds: seed - from + 1, seed, broken, ...line.found };
      }
      return { id, seeds: null, seed: null, invariant: "", detail: "", broken };
    } finally {
      await mutant?.end();
    }
  }

  async end(): Promise<void> {
    await this.#healthy?.end();
    this.#healthy = null;
  }

  /** Whether the seed violates without any mistake. */
  async #isSick(seed: number): Promise<boolean> {
    const { results } = this.#options;
    const key = this.#keyOf("none", null);
    const known = results.get(key, seed);
    if (known === null) this.#healthy ??= new Mutant(null);
    const line = known ?? (await this.#run(this.#healthy, key, seed));
    return line.found !== null || line.broken !== null;
  }

  #keyOf(id: string, source: string | null): string {
    const { hours, ignored } = this.#options;
    return keyOf(id, source, [`${hours} h`, ...ignored].join(" "));
  }

  async #run(mutant: Mutant | null, key: string, seed: number): Promise<Line> {
    const { hours, ignored, results } = this.#options;
    const report = await mutant?.ask({ kind: "seed", seed, hours, runsMax: 1, ignored });
    const line: Line =
      report?.kind === "seed"
        ? { key, seed, found: report.found, broken: null }
        : { key, seed, found: null, broken: report?.kind === "broken" ? report.message : "no report" };
    results.add(line);
    return line;
  }
}
