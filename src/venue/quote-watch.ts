/**
 * Whether a book ticker is owed: the depth stream has shown another best price or quantity than the last ticker told, and
 * each such change is sent as a ticker. Silence alone proves nothing, for on a thin symbol the best prices may stand for
 * long.
 *
 * Whether update ids of both streams are the same numbers is not documented. Where they are not, a change counts too
 * early or never, and the next ticker mends it.
 *
 * @see binance-usdm.md §5.3, §5.4; failure-catalogue F-25
 */

import { at } from "../domain/assert.ts";
import { bidSide, type DepthLevels } from "../domain/market-port.ts";
import type { Micros, SymbolIndex } from "../domain/units.ts";

export class QuoteWatch {
  /** the best prices and quantities as last told, in ticks and lots, and the update id of that; 0: not known */
  readonly #bid: Float64Array;
  readonly #bidLots: Float64Array;
  readonly #ask: Float64Array;
  readonly #askLots: Float64Array;
  readonly #toldId: Float64Array;
  /** receipt of the first change that no ticker has followed; 0: there is none */
  readonly #owedSince: Float64Array;

  constructor(symbols: number) {
    this.#bid = new Float64Array(symbols);
    this.#bidLots = new Float64Array(symbols);
    this.#ask = new Float64Array(symbols);
    this.#askLots = new Float64Array(symbols);
    this.#toldId = new Float64Array(symbols);
    this.#owedSince = new Float64Array(symbols);
  }

  /** Another connection, on which nothing is owed yet. */
  forget(): void {
    this.#toldId.fill(0);
    this.#owedSince.fill(0);
  }

  /** Since when a ticker of the symbol is owed; null: none is. */
  owedSince(symbol: SymbolIndex): number | null {
    const since = at(this.#owedSince, symbol);
    return since === 0 ? null : since;
  }

  /** Hot. */
  onTicker(symbol: SymbolIndex, updateId: number, bid: number, bidLots: number, ask: number, askLots: number): void {
    this.#bid[symbol] = bid;
    this.#bidLots[symbol] = bidLots;
    this.#ask[symbol] = ask;
    this.#askLots[symbol] = askLots;
    this.#toldId[symbol] = updateId;
    this.#owedSince[symbol] = 0;
  }

  /** A whole book; changes follow that are younger, and may be older than what the ticker has told. */
  onSnapshot(symbol: SymbolIndex, levels: DepthLevels): void {
    if (levels.lastId <= at(this.#toldId, symbol)) return;
    this.#toldId[symbol] = levels.lastId;
    this.#bid[symbol] = 0;
    this.#ask[symbol] = Number.POSITIVE_INFINITY;
    for (let index = 0; index < levels.count; index += 1) {
      const price = at(levels.price, index);
      const isBid = levels.side[index] === bidSide;
      if (isBid && price > at(this.#bid, symbol)) {
        this.#bid[symbol] = price;
        this.#bidLots[symbol] = at(levels.size, index);
      } else if (!isBid && price < at(this.#ask, symbol)) {
        this.#ask[symbol] = price;
        this.#askLots[symbol] = at(levels.size, index);
      }
    }
  }

  /** Hot: changes of the book, in sequence. */
  onDepth(symbol: SymbolIndex, levels: DepthLevels, receivedAt: Micros): void {
    const toldId = at(this.#toldId, symbol);
    if (toldId === 0 || levels.lastId <= toldId || at(this.#owedSince, symbol) !== 0) return;
    if (this.#changesTop(symbol, levels)) this.#owedSince[symbol] = receivedAt;
  }

  #changesTop(symbol: SymbolIndex, { count, side, price, size }: DepthLevels): boolean {
    const bid = at(this.#bid, symbol);
    const bidLots = at(this.#bidLots, symbol);
    const ask = at(this.#ask, symbol);
    const askLots = at(this.#askLots, symbol);
    for (let index = 0; index < count; index += 1) {
      const level = at(price, index);
      const isBid = side[index] === bidSide;
      const best = isBid ? bid : ask;
      const isBetter = isBid ? level > best : level < best;
      if (isBetter && at(size, index) > 0) return true;
      if (level === best && at(size, index) !== (isBid ? bidLots : askLots)) return true;
    }
    return false;
  }
}
