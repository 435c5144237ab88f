/**
 * I-06 while it runs: what the exchange says again and again of a position is what the books say, too; and books that have
 * the last execution are not changed by a read that is older. @see failure-catalogue F-27, F-31, F-55
 */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import type { TrueFill } from "./truth.ts";
import { Waiting } from "./waiting.ts";

/**
 * One read may be old, and an execution may be on its way: two reads that are so far apart leave no doubt. What counts is
 * time in which requests may leave.
 */
const twoReads = 45_000_000;

type Difference = {
  readonly own: number;
  /** since the first read that contradicts it; null: none has */
  since: Waiting | null;
  /** that was long enough ago */
  isDue: boolean;
};

export class Agreement {
  readonly #scene: Scene;
  /** lots by symbol, as the daemon's books have them; null while it has none */
  readonly #own: () => readonly number[] | null;
  readonly #differences: (Difference | null)[];
  /** id of the last execution of each symbol */
  readonly #newest: string[];
  /** executions that this process has booked */
  readonly #booked = new Set<string>();

  constructor(scene: Scene, own: () => readonly number[] | null) {
    this.#scene = scene;
    this.#own = own;
    this.#differences = scene.grids.map(() => null);
    this.#newest = scene.grids.map(() => "");
  }

  onBegin(): void {
    this.#differences.fill(null);
    this.#booked.clear();
  }

  onFill({ order, tradeId }: TrueFill): void {
    this.#newest[order.symbol] = tradeId;
    this.#differences[order.symbol] = null;
  }

  onBooked(tradeId: string): void {
    this.#booked.add(tradeId);
  }

  /** @param lots of a position that is taken over */
  onAdopted(symbol: number, lots: number): void {
    const { truth, readySince, now } = this.#scene;
    const newest = this.#newest[symbol] ?? "";
    if (readySince === null || readySince === now || lots === truth.position(symbol)) return;
    if (!this.#booked.has(newest)) return;
    const own = `its own books have execution ${newest}, after which there are ${truth.position(symbol)}`;
    this.#scene.violated("I-06", `${lots} lots of symbol ${symbol} are taken over, and ${own}`);
  }

  onReply(call: Call, status: number, text: string | null): void {
    if (call.name !== "GET positionRisk" || status !== 200 || text === null || this.#scene.readySince === null) return;
    const rows = rowsOf(text);
    if (rows === null) return;
    const { truth, grids } = this.#scene;
    for (const [symbol, { symbol: name, step }] of grids.entries()) {
      const difference = this.#differences[symbol] ?? null;
      const read = Math.round(Number(rows.get(name) ?? 0) / step);
      if (difference === null || read !== truth.position(symbol)) continue;
      difference.since ??= new Waiting(twoReads);
      if (!difference.isDue) continue;
      this.#differences[symbol] = null;
      const since = `more than ${twoReads} µs after the first read that says so`;
      this.#scene.violated("I-06", `symbol ${symbol}: ${difference.own} lots in the books, not ${read}, ${since}`);
    }
  }

  /** @param passed microseconds in which the daemon could ask */
  onSecond(passed: number): void {
    const { truth, readySince } = this.#scene;
    const positions = readySince === null ? null : this.#own();
    for (let symbol = 0; symbol < this.#differences.length; symbol += 1) {
      const own = positions?.[symbol] ?? null;
      const known = this.#differences[symbol] ?? null;
      if (own === null || own === truth.position(symbol)) this.#differences[symbol] = null;
      else if (known?.own !== own) this.#differences[symbol] = { own, since: null, isDue: false };
      else known.isDue ||= known.since?.isOver(passed) === true;
    }
  }
}

/** Amounts by symbol; null of an answer that is none. */
function rowsOf(text: string): ReadonlyMap<string, string> | null {
  if (!text.startsWith("[") || !text.endsWith("]")) return null;
  const rows = new Map<string, string>();
  for (const [, name = "", amount = "0"] of text.matchAll(/"symbol":"([^"]+)"[^}]*?"positionAmt":"([^"]+)"/g)) {
    rows.set(name, amount);
  }
  return rows;
}
