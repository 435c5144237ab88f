/**
 * The yardstick of replay speed: what any event-driven backtest does at least, over typed columns: a switch, the top of
 * the book, microprice, two moving averages, a variance, trade flow, a threshold and a position. It has no orders, no
 * queue, no risk check and no model.
 */

import { generator } from "./measure.ts";

const tickerBid = 0;
const tickerAsk = 1;
const trade = 2;

/** 17 bytes an event. */
export type Columns = {
  readonly kind: Uint8Array;
  readonly price: Float64Array;
  readonly size: Int32Array;
  readonly elapsed: Int32Array;
};

export function randomColumns(events: number): Columns {
  const random = generator(11);
  const columns: Columns = {
    kind: new Uint8Array(events),
    price: new Float64Array(events),
    size: new Int32Array(events),
    elapsed: new Int32Array(events),
  };
  let mid = 640_000;
  for (let i = 0; i < events; i += 1) {
    const draw = random();
    const kind = draw < 0.4 ? tickerBid : draw < 0.8 ? tickerAsk : trade;
    if (random() < 0.2) mid += random() < 0.5 ? 1 : -1;
    columns.kind[i] = kind;
    columns.price[i] = kind === tickerBid ? mid : mid + 1;
    columns.size[i] = (random() < 0.5 ? -1 : 1) * (1 + Math.floor(random() * 1_000));
    columns.elapsed[i] = Math.floor(random() * 10_000);
  }
  return columns;
}

export class Pipeline {
  bid = 0;
  ask = 0;
  bidSize = 0;
  askSize = 0;
  fast = 0;
  slow = 0;
  mean = 0;
  variance = 0;
  flow = 0;
  position = 0;
  cash = 0;

  /** @returns a checksum, so that no work can be left out */
  run(columns: Columns): number {
    const { kind, price, size, elapsed } = columns;
    for (let i = 0; i < kind.length; i += 1) {
      this.event(kind[i] ?? 0, price[i] ?? 0, size[i] ?? 0, elapsed[i] ?? 0);
    }
    return this.cash + this.position + this.flow;
  }

  event(kind: number, price: number, size: number, elapsed: number): void {
    switch (kind) {
      case tickerBid:
        this.bid = price;
        this.bidSize = size < 0 ? -size : size;
        this.onTouch();
        return;
      case tickerAsk:
        this.ask = price;
        this.askSize = size < 0 ? -size : size;
        this.onTouch();
        return;
      default:
        this.flow = this.flow / (1 + elapsed * 1e-5) + size;
    }
  }

  onTouch(): void {
    const total = this.bidSize + this.askSize;
    const micro = total === 0 ? 0 : (this.bid * this.askSize + this.ask * this.bidSize) / total;
    this.fast += 0.1 * (micro - this.fast);
    this.slow += 0.01 * (micro - this.slow);
    const move = micro - this.mean;
    this.mean += 0.01 * move;
    this.variance += 0.01 * (move * move - this.variance);
    const gap = this.fast - this.slow;
    if (gap * gap > 4 * this.variance && this.flow * gap > 0) {
      const wanted = gap > 0 ? 1 : -1;
      this.cash -= (wanted - this.position) * (wanted > this.position ? this.ask : this.bid);
      this.position = wanted;
    }
  }
}
