/**
 * Aggregate trades of one symbol, derived from single trades: neighbours of one price and one taker side within 100 ms
 * become one, with consecutive ids. @see binance-usdm.md §5.3
 */

import type { Lots, Micros, Ticks } from "../../domain/units.ts";

export type AggregateTrade = {
  readonly id: number;
  readonly price: Ticks;
  readonly lots: number;
  readonly firstTradeId: number;
  readonly lastTradeId: number;
  /** of the last trade in it */
  readonly time: Micros;
  readonly buyerIsMaker: boolean;
};

const spanMicros = 100_000;
/** How many are kept for GET aggTrades. */
const historyMax = 10_000;

export class AggregateTrades {
  private readonly emit: (trade: AggregateTrade) => void;
  private pending: (AggregateTrade & { readonly since: Micros }) | null = null;
  private history: AggregateTrade[] = [];
  private nextId = 0;

  constructor(emit: (trade: AggregateTrade) => void) {
    this.emit = emit;
  }

  add(tradeId: number, price: Ticks, quantity: Lots, buyerIsMaker: boolean, time: Micros): void {
    const open = this.pending;
    if (
      open !== null &&
      open.price === price &&
      open.buyerIsMaker === buyerIsMaker &&
      time - open.since <= spanMicros
    ) {
      this.pending = { ...open, lots: open.lots + quantity, lastTradeId: tradeId, time };
      return;
    }
    this.close();
    this.pending = {
      // Ids start at the first trade's and so stay below the trades', as on the exchange.
      id: this.nextId === 0 ? tradeId : this.nextId,
      price,
      lots: quantity,
      firstTradeId: tradeId,
      lastTradeId: tradeId,
      time,
      buyerIsMaker,
      since: time,
    };
  }

  /** Ends a trade whose 100 ms have passed. */
  advance(now: Micros): void {
    if (this.pending !== null && now - this.pending.since > spanMicros) this.close();
  }

  close(): void {
    if (this.pending === null) return;
    const { since: _, ...trade } = this.pending;
    this.pending = null;
    this.nextId = trade.id + 1;
    this.history.push(trade);
    if (this.history.length >= 2 * historyMax) this.history = this.history.slice(-historyMax);
    this.emit(trade);
  }

  /** What GET aggTrades gives, oldest first: from an id, within times (both inclusive), or the latest. */
  select(query: { fromId?: number; from?: number; to?: number; limit: number }): readonly AggregateTrade[] {
    const { fromId, from = 0, to = Number.POSITIVE_INFINITY, limit } = query;
    if (fromId !== undefined) return this.history.filter((trade) => trade.id >= fromId).slice(0, limit);
    const inside = this.history.filter((trade) => trade.time >= from && trade.time <= to);
    return query.from === undefined && query.to === undefined ? inside.slice(-limit) : inside.slice(0, limit);
  }
}
