/** I-09: within a trade the stop that is hit first only ever comes nearer, and no cancel of ours leaves a looser one. */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";

/** A stop that ended by itself is believed in for as long as the news of it takes. */
const newsTime = 5_000_000;

type Plan = { readonly away: 1 | -1; readonly stopLoss: number };

export class Stops {
  readonly #scene: Scene;
  #plans = new Map<string, Plan>();
  readonly #levels: (number | null)[];
  readonly #endedAt: number[];
  #cancelling: string | null = null;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#levels = scene.grids.map(() => null);
    this.#endedAt = scene.grids.map(() => Number.NEGATIVE_INFINITY);
  }

  onBegin({ openTrades }: Beginning): void {
    this.#plans = new Map();
    for (const { intent } of openTrades) this.#onIntent(intent.trade, intent.side, intent.stopLoss);
  }

  onRow(row: Row): void {
    if (row.kind === "intent") this.#onIntent(row.trade, row.side, row.stopLoss);
  }

  /** The exchange is about to execute it. */
  onArrived(call: Call): void {
    this.#cancelling = call.name === "cancel f" || call.name === "cancel r" ? call.clientId : null;
  }

  onAlgo(id: string): void {
    const { truth } = this.#scene;
    const algo = truth.algos.get(id);
    if (algo === undefined) return;
    const { symbol } = algo;
    const before = this.#levels[symbol] ?? null;
    const position = truth.position(symbol);
    const level = position === 0 ? null : (truth.stopsOf(symbol)[0]?.trigger ?? null);
    this.#levels[symbol] = level;
    if (algo.status === "NEW") return this.#compare(id);
    if (id !== this.#cancelling || algo.status !== "CANCELED") {
      this.#endedAt[symbol] = this.#scene.now;
      return;
    }
    this.#cancelling = null;
    const ended = Math.max(this.#endedAt[symbol] ?? 0, this.#scene.touchedAt[symbol] ?? 0);
    if (position === 0 || before === null || this.#scene.quietFor < 0 || this.#scene.now - ended < newsTime) return;
    if (level !== null && (level - before) * Math.sign(position) >= 0) return;
    this.#scene.violated("I-09", `the cancel of ${id} took the stop from ${before} to ${level}`);
  }

  #onIntent(trade: string, side: "buy" | "sell", stopLoss: number): void {
    this.#plans.set(trade, { away: side === "buy" ? 1 : -1, stopLoss });
  }

  #compare(id: string): void {
    const algo = this.#scene.truth.algos.get(id);
    const plan = algo === undefined ? undefined : this.#plans.get(algo.trade);
    if (algo === undefined || plan === undefined || (algo.role !== "f" && algo.role !== "r")) return;
    if ((algo.trigger - plan.stopLoss) * plan.away < 0) {
      this.#scene.violated("I-09", `${id} at ${algo.trigger} is looser than the planned ${plan.stopLoss}`);
    }
  }
}
