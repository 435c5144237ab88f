/**
 * I-06 while it runs: what the exchange says again and again of a position is what the books say, too; and books that have
 * the last execution are not changed by a read that is older. @see failure-catalogue F-27, F-31, F-55
 */

import type { Call } from "../call.ts";
import { AccountRounds } from "./account-rounds.ts";
import type { Scene } from "./scene.ts";
import type { TrueFill } from "./truth.ts";
import { Waiting } from "./waiting.ts";

/** An execution may be on its way, and requests may not leave: only time in which they may counts. */
const twoReads = 45_000_000;
/** A read may tell of before the last execution: until so long after it none is believed (F-19, F-31). */
const readLag = 15_000_000;
/** One that is believed may be wrong, still: the second one is acted on. */
const readsNeeded = 2;

type Difference = {
  readonly own: number;
  /** since the first read that contradicts it; null: none has */
  since: Waiting | null;
  /** that was long enough ago */
  isDue: boolean;
  /** reads that contradict it and can be believed */
  reads: number;
};

export class Agreement {
  readonly #scene: Scene;
  /** lots by symbol, as the daemon's books have them; null while it has none */
  readonly #own: () => readonly number[] | null;
  readonly #differences: (Difference | null)[];
  /** id of the last execution of each symbol */
  readonly #newest: string[];
  /** when that was */
  readonly #filledAt: number[];
  readonly #rounds = new AccountRounds();
  /** executions that this process has booked */
  readonly #booked = new Set<string>();

  constructor(scene: Scene, own: () => readonly number[] | null) {
    this.#scene = scene;
    this.#own = own;
    this.#differences = scene.grids.map(() => null);
    this.#newest = scene.grids.map(() => "");
    this.#filledAt = scene.grids.map(() => Number.NEGATIVE_INFINITY);
  }

  onBegin(): void {
    this.#differences.fill(null);
    this.#booked.clear();
  }

  onFill({ order, tradeId }: TrueFill): void {
    this.#newest[order.symbol] = tradeId;
    this.#filledAt[order.symbol] = this.#scene.now;
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

  onSent(call: Call): void {
    this.#rounds.onSent(call, this.#scene.now);
  }

  onReply(call: Call, status: number, text: string | null): void {
    const round = this.#rounds.onReply(call, status, text, this.#scene.now);
    if (round === null || this.#scene.readySince === null) return;
    const rows = rowsOf(round.positions);
    const { truth, grids } = this.#scene;
    for (const [symbol, { symbol: name, step }] of grids.entries()) {
      const difference = this.#differences[symbol] ?? null;
      const read = Math.round(Number(rows.get(name) ?? 0) / step);
      if (difference === null || read !== truth.position(symbol)) continue;
      difference.since ??= new Waiting(twoReads);
      if (round.askedAt > (this.#filledAt[symbol] ?? 0) + readLag) difference.reads += 1;
    }
  }

  /** @param passed microseconds in which the daemon could ask */
  onSecond(passed: number): void {
    const { truth, readySince, isLeftAlone } = this.#scene;
    const positions = readySince === null ? null : this.#own();
    for (let symbol = 0; symbol < this.#differences.length; symbol += 1) {
      const own = positions?.[symbol] ?? null;
      const known = this.#differences[symbol] ?? null;
      const isAlike = own === null || own === truth.position(symbol);
      if (isAlike || isLeftAlone[symbol] === true) this.#differences[symbol] = null;
      else if (known?.own !== own) this.#differences[symbol] = { own, since: null, isDue: false, reads: 0 };
      else this.#judge(symbol, known, passed);
    }
  }

  #judge(symbol: number, difference: Difference, passed: number): void {
    difference.isDue ||= difference.since?.isOver(passed) === true;
    if (!difference.isDue || difference.reads < readsNeeded) return;
    this.#differences[symbol] = null;
    const { truth } = this.#scene;
    const since = `more than ${twoReads} µs after the first read that says so`;
    const not = `not ${truth.position(symbol)}`;
    this.#scene.violated("I-06", `symbol ${symbol}: ${difference.own} lots in the books, ${not}, ${since}`);
  }
}

/** Amounts by symbol. */
function rowsOf(text: string): ReadonlyMap<string, string> {
  const rows = new Map<string, string>();
  for (const [, name = "", amount = "0"] of text.matchAll(/"symbol":"([^"]+)"[^}]*?"positionAmt":"([^"]+)"/g)) {
    rows.set(name, amount);
  }
  return rows;
}
