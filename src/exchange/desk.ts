/** All that belongs to one symbol: its rules, its recorded market, our resting orders and the nearest triggers. */

import { type Instrument, isCoveredBy, takeBounds } from "../domain/instrument.ts";
import { askSide, bidSide } from "../domain/market-port.ts";
import { Triggers } from "./algo.ts";
import { type BookSide, keyFromPrice, RecordedBook } from "./book.ts";
import { Candles } from "./candles.ts";
import { noKey } from "./ladder.ts";
import { restingSide, type Side } from "./orders.ts";
import { type QueueFills, RestingQueue } from "./queue.ts";
import { instrumentFromSpec, rulesFromRow, type SymbolSpec } from "./symbols.ts";
import { divideRounded, e8FromText, textFromE8 } from "./text.ts";

/** Binance's leverage of a symbol that nobody has set. */
const defaultLeverage = 20;

export class Desk {
  readonly index: number;
  /** the rules that are in force, and those that it was listed with */
  spec: SymbolSpec;
  readonly listed: SymbolSpec;
  readonly instrument: Instrument;
  /** 10⁻⁸ of the base asset in one lot */
  readonly stepE8: number;
  readonly book = new RecordedBook();
  readonly bids = new RestingQueue(bidSide);
  readonly asks = new RestingQueue(askSide);
  readonly triggers = new Triggers();
  readonly candles = new Candles();
  /** scratch space of the matching engine */
  readonly fills: QueueFills = { count: 0, orders: [], lots: [] };
  leverage = defaultLeverage;
  /** when the dead man's switch cancels the open orders, microseconds; infinite while it is not armed */
  countdownEnds = Number.POSITIVE_INFINITY;
  /** 10⁻⁸ USDT; 0 while no mark price came */
  mark = 0;
  /** 10⁻⁸ per interval */
  fundingRateE8 = 0;
  /** when funding is paid next, microseconds; infinite before the exchange knows the time */
  nextFunding = Number.POSITIVE_INFINITY;
  /** whether the feed has named that time */
  isFundingNamed = false;
  /** ticks; 0 while there was no trade */
  lastPrice = 0;
  /** exchange time of the last trade, book change and mark price, microseconds */
  lastTradeAt = 0;
  bookAt = 0;
  markAt = 0;
  /** whether a stop whose level was met waits for a book to trade against */
  awaitsBook = false;
  /** direction of a position that our fills have closed and whose leftovers are not yet cleared; 0 none */
  closedDirection = 0;
  #marketTakeBoundE8: bigint;

  constructor(spec: SymbolSpec, index: number) {
    this.index = index;
    this.spec = spec;
    this.listed = spec;
    this.instrument = instrumentFromSpec(spec, index);
    this.stepE8 = Number((this.instrument.moneyPerTickLot * 100_000_000n) / BigInt(this.instrument.tickE8));
    this.#marketTakeBoundE8 = e8FromText(spec.row.marketTakeBound) ?? 0n;
  }

  /**
   * Other rules. Ticks and lots go on counting in what the symbol was listed with.
   *
   * @throws {RangeError} the tick or the step is not a multiple of the listed one
   */
  takeRules(spec: SymbolSpec): void {
    const rules = rulesFromRow(spec.row);
    const { tickSize, stepSize } = this.instrument;
    if (!isCoveredBy(rules, this.instrument)) {
      throw new RangeError(
        `rules: tick ${rules.tickSize} and step ${rules.stepSize}; allowed: multiples of ${tickSize} and ${stepSize}`,
      );
    }
    this.spec = spec;
    takeBounds(this.instrument, rules);
    this.#marketTakeBoundE8 = e8FromText(spec.row.marketTakeBound) ?? 0n;
  }

  get symbol(): string {
    return this.spec.row.symbol;
  }

  resting(side: Side): RestingQueue {
    return side === "BUY" ? this.bids : this.asks;
  }

  /** Continuity is lost: nobody fills at its own price before the book is back. */
  forgetBook(): void {
    this.book.clear();
    this.bids.leave();
    this.asks.leave();
  }

  get openOrders(): number {
    return this.bids.orders.length + this.asks.orders.length;
  }

  /** Mark price in 10⁻⁸; before the first one the last trade, else the middle of the book, else 0. */
  markOrBest(): number {
    if (this.mark > 0) return this.mark;
    if (this.lastPrice > 0) return this.lastPrice * this.instrument.tickE8;
    const bid = this.book.bestKey(bidSide);
    const ask = this.book.bestKey(askSide);
    return bid === noKey || ask === noKey ? 0 : Math.trunc(((bid - ask) * this.instrument.tickE8) / 2);
  }

  /** Key of the furthest price at which a market order may still fill. @see binance-usdm.md §5.2, `marketTakeBound` */
  marketBoundKey(side: Side): number {
    const mark = this.markOrBest();
    if (mark === 0) return noKey;
    const taken = takenSide(side);
    const away = (BigInt(mark) * this.#marketTakeBoundE8) / 100_000_000n;
    const bound = side === "BUY" ? BigInt(mark) + away : BigInt(mark) - away;
    const ticks = Number(bound) / this.instrument.tickE8;
    return keyFromPrice(taken, side === "BUY" ? Math.floor(ticks) : Math.ceil(ticks));
  }

  /** price × quantity in 10⁻⁸ USDT */
  value(ticks: number, lots: number): bigint {
    return BigInt(ticks) * BigInt(lots) * this.instrument.moneyPerTickLot;
  }

  /** Signed lots at the mark price, 10⁻⁸ USDT. */
  valueAtMark(lots: number): bigint {
    return (BigInt(this.markOrBest()) * BigInt(lots) * BigInt(this.stepE8)) / 100_000_000n;
  }

  priceText(ticks: number): string {
    return textFromE8(product(ticks, this.instrument.tickE8), this.spec.row.pricePrecision);
  }

  quantityText(lots: number): string {
    return textFromE8(product(lots, this.stepE8), this.spec.row.quantityPrecision);
  }

  /** Quote amount of ticks × lots, with as many decimals as it can have. */
  quoteText(tickLots: bigint): string {
    const decimals = Math.min(8, this.spec.row.pricePrecision + this.spec.row.quantityPrecision);
    return textFromE8(tickLots * this.instrument.moneyPerTickLot, decimals);
  }

  /** Average price in 10⁻⁸ of what cost `value` (10⁻⁸ USDT). */
  averageE8(value: bigint, lots: bigint): bigint {
    return lots === 0n ? 0n : divideRounded(value * 100_000_000n, lots * BigInt(this.stepE8));
  }
}

/** Exact, and a number where one holds it. */
function product(a: number, b: number): bigint | number {
  return Number.isSafeInteger(a * b) ? a * b : BigInt(a) * BigInt(b);
}

/** The side of the recorded book that an order takes from. */
export function takenSide(side: Side): BookSide {
  return restingSide(side) === bidSide ? askSide : bidSide;
}
