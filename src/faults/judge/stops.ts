/**
 * I-09: within a trade the stop that is hit first only ever comes nearer, and no cancel of ours leaves a looser one. One of
 * a trade without a plan, whose position was found, lies about where the settings want it.
 */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import type { TrueAlgo } from "./truth.ts";

/** A stop that ended by itself is believed in for as long as the news of it takes. */
const newsTime = 5_000_000;

/** The average may be of a little before or after; a stop at a multiple of its distance is a mistake. */
const distancesMax = 3;
/** So long ago the average may be that the daemon has read. */
const averageTime = 60_000_000;
/** A grid may become so much coarser while the daemon runs. */
const roundingTicks = 10;

type Plan = { readonly away: 1 | -1; readonly stopLoss: number };

export class Stops {
  readonly #scene: Scene;
  #plans = new Map<string, Plan>();
  readonly #levels: (number | null)[];
  readonly #endedAt: number[];
  #cancelling: string | null = null;
  /** trades that ever had an intent, and those that the daemon says it has taken over: what proves the stop path is neither */
  readonly #planned = new Set<string>();
  readonly #adopted = new Set<string>();
  /** first stop of each trade that never had one */
  readonly #found = new Map<string, number>();
  /** average entries of the last minute, by symbol */
  readonly #averages: { readonly at: number; readonly ticks: number }[][];
  /** ticks from the average entry to the stop of a position whose own is not known */
  readonly #distance: (averageTicks: number) => number;

  constructor(scene: Scene, distance: (averageTicks: number) => number) {
    this.#scene = scene;
    this.#distance = distance;
    this.#averages = scene.grids.map(() => []);
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

  onAdopted(trade: string): void {
    this.#adopted.add(trade);
  }

  /** The exchange is about to execute it. */
  onArrived(call: Call): void {
    this.#cancelling = call.name === "cancel f" || call.name === "cancel r" ? call.clientId : null;
  }

  /** The account was changed. */
  onAccount(): void {
    const { now, truth } = this.#scene;
    for (const [symbol, known] of this.#averages.entries()) {
      const ticks = truth.averages[symbol] ?? 0;
      if (!(ticks > 0) || known.at(-1)?.ticks === ticks) continue;
      known.push({ at: now, ticks });
      // The one before the oldest of the last minute held at its beginning.
      while ((known[1]?.at ?? now) < now - averageTime) known.shift();
    }
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
    this.#planned.add(trade);
    this.#plans.set(trade, { away: side === "buy" ? 1 : -1, stopLoss });
  }

  #compare(id: string): void {
    const algo = this.#scene.truth.algos.get(id);
    if (algo === undefined || (algo.role !== "f" && algo.role !== "r")) return;
    const plan = this.#plans.get(algo.trade);
    if (plan === undefined) return this.#judgeFound(algo);
    if ((algo.trigger - plan.stopLoss) * plan.away < 0) {
      this.#scene.violated("I-09", `${id} at ${algo.trigger} is looser than the planned ${plan.stopLoss}`);
    }
  }

  /** Of a trade whose intent was lost the level is not known to everybody any more. */
  #judgeFound({ id, trade, symbol, side, trigger }: TrueAlgo): void {
    const away = side === "SELL" ? 1 : -1;
    if (this.#planned.has(trade) || !this.#adopted.has(trade)) return;
    if (this.#scene.truth.position(symbol) * away <= 0) return;
    const first = this.#found.get(trade);
    if (first === undefined) this.#found.set(trade, trigger);
    else if ((first - trigger) * away > roundingTicks) {
      this.#scene.violated("I-09", `${id} at ${trigger} is looser than its trade's first stop at ${first}`);
    }
    const averages = (this.#averages[symbol] ?? []).map(({ ticks }) => ticks);
    const isFar = averages.every((ticks) => (ticks - trigger) * away > distancesMax * this.#distance(ticks));
    if (averages.length === 0 || !isFar) return;
    this.#scene.violated("I-09", `${id} at ${trigger} is far from an average entry of ${averages.at(-1)}`);
  }
}
