/** I-13: limits of the settings hold on what is so on the exchange, and the exchange's own are never run into. */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import type { TrueFill } from "./truth.ts";

export type LimitTerms = {
  readonly leverageMax: number;
  readonly positionsMax: number;
  readonly tradesAnHourMax: number;
};

const hour = 3_600_000_000;

export class Limits {
  readonly #scene: Scene;
  readonly #terms: LimitTerms;
  /** trade that opened what is open, by symbol; null: nothing is, or somebody else did */
  readonly #open: (string | null)[];
  /** when each trade of the last hour first filled */
  readonly #begun = new Map<string, number>();

  constructor(scene: Scene, terms: LimitTerms) {
    this.#scene = scene;
    this.#terms = terms;
    this.#open = scene.grids.map(() => null);
  }

  onSent(call: Call): void {
    const leverage = Number(call.params.get("leverage") ?? 0);
    if (call.name !== "POST leverage" || leverage <= this.#terms.leverageMax) return;
    this.#scene.violated("I-13", `leverage ${leverage} is asked for, at most ${this.#terms.leverageMax}`);
  }

  /** What the exchange answers by itself; what the plan has it answer does not come here. */
  onAnswered(call: Call, status: number): void {
    if (status === 429 || status === 418) this.#scene.violated("I-13", `${call.name} ran into the exchange's limits`);
  }

  onFill({ order, after }: TrueFill): void {
    const { symbol, role, trade } = order;
    if (after === 0) this.#open[symbol] = null;
    if (role !== "e") return;
    if (after !== 0) this.#open[symbol] ??= trade;
    const positions = this.#open.filter((one) => one !== null).length;
    if (positions > this.#terms.positionsMax) {
      this.#scene.violated("I-13", `${positions} positions are open, at most ${this.#terms.positionsMax}`);
    }
    this.#countTrade(trade);
  }

  #countTrade(trade: string): void {
    if (this.#begun.has(trade)) return;
    const { now } = this.#scene;
    this.#begun.set(trade, now);
    for (const [one, at] of this.#begun) if (at <= now - hour) this.#begun.delete(one);
    if (this.#begun.size > this.#terms.tradesAnHourMax) {
      this.#scene.violated("I-13", `${this.#begun.size} trades in an hour, at most ${this.#terms.tradesAnHourMax}`);
    }
  }
}
