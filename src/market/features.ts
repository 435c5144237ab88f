/**
 * Microstructure features of one symbol, kept up to date event by event at a constant cost and without allocation. Each
 * horizon has its own memory; decayed sums lose 1/(1 + dt/τ) per step, which is the exponential for the short steps of a
 * live market and needs no call.
 */

import { assert } from "../domain/assert.ts";
import { askSide, bidSide } from "../domain/market-port.ts";
import { f64 } from "../domain/typed.ts";
import { type Lots, type Micros, microsPerSecond, type Ticks } from "../domain/units.ts";
import type { SymbolMarket } from "./symbol-market.ts";

/** Features that do not depend on a horizon, in the order of the vector. */
const common = ["top_imbalance", "depth_imbalance", "microprice_bps", "vwap_deviation_bps"] as const;

/** Features per horizon; they follow in this order, horizon by horizon. */
const perHorizon = ["order_flow", "trade_flow", "return_bps", "volatility_bps"] as const;

/** Mids that a horizon's return looks back over: the return is exact to 1/16 of the horizon. */
const lagSlots = 16;

export class Features {
  readonly names: readonly string[];
  private readonly values: Float64Array;
  /** events came since the values were written */
  private stale = false;
  private readonly horizons: readonly Horizon[];
  private readonly depthLevels: number;
  private readonly longest: number;

  private time = 0;
  private primed = false;
  /** when the first touch was seen */
  private primedAt = 0;
  private bid = 0;
  private bidLots = 0;
  private ask = 0;
  private askLots = 0;
  private mid = 0;

  /**
   * @param horizonsMicros memories, ascending
   * @param depthLevels levels of a side that the depth imbalance looks at
   */
  constructor(horizonsMicros: readonly number[], depthLevels: number) {
    assert(horizonsMicros.length > 0, "features need a horizon");
    this.depthLevels = depthLevels;
    this.horizons = horizonsMicros.map((tau) => new Horizon(tau));
    this.longest = Math.max(...horizonsMicros);
    this.names = [
      ...common,
      ...horizonsMicros.flatMap((tau) => perHorizon.map((name) => `${name}_${tau / microsPerSecond}s`)),
    ];
    this.values = new Float64Array(this.names.length);
  }

  /**
   * Current values; the indices are those of {@link names}. Events come far more often than anybody looks: who reads has
   * them written. To read only, and not to keep.
   */
  get vector(): Float64Array {
    if (this.stale) this.refresh();
    return this.values;
  }

  /** A touch was seen since the start or the last gap. */
  get ready(): boolean {
    return this.primed;
  }

  /** Share of the longest horizon that the memories hold, 0 to 1: below 1 flows, returns and volatility are those of less. */
  get fullness(): number {
    return this.primed ? Math.min(1, (this.time - this.primedAt) / this.longest) : 0;
  }

  /** Index of a feature in the vector. Cold. */
  index(name: string): number {
    const index = this.names.indexOf(name);
    assert(index >= 0, `no feature ${name}`);
    return index;
  }

  /** After a book ticker that moved the touch in price or size. */
  onTouch(market: SymbolMarket, now: Micros): void {
    const { bid, bidLots, ask, askLots } = market;
    const mid = (bid + ask) / 2;
    const bought = bid > this.bid ? bidLots : bid === this.bid ? bidLots - this.bidLots : -this.bidLots;
    const sold = ask < this.ask ? askLots : ask === this.ask ? askLots - this.askLots : -this.askLots;
    const flow = this.primed ? bought - sold : 0;
    const move = this.primed ? ((mid - this.mid) / mid) * 10_000 : 0;
    const elapsed = this.step(now);
    this.bid = bid;
    this.bidLots = bidLots;
    this.ask = ask;
    this.askLots = askLots;
    this.mid = mid;
    for (let i = 0; i < this.horizons.length; i++) {
      const horizon = this.horizons[i];
      if (horizon === undefined) break;
      horizon.onTouch(elapsed, flow, move);
      horizon.lag(mid, now, !this.primed);
    }
    if (!this.primed) this.primedAt = this.time;
    this.primed = true;
    this.stale = true;
  }

  /** After a depth message. Holds the last value while the book is not valid. */
  onDepth(market: SymbolMarket): void {
    if (!market.book.valid) return;
    const bids = market.book.depthLots(bidSide, this.depthLevels);
    const asks = market.book.depthLots(askSide, this.depthLevels);
    const total = bids + asks;
    this.values[1] = total === 0 ? 0 : (bids - asks) / total;
  }

  onTrade(price: Ticks, quantity: Lots, buyerIsMaker: boolean, now: Micros): void {
    const elapsed = this.step(now);
    const signed = buyerIsMaker ? -quantity : quantity;
    for (let i = 0; i < this.horizons.length; i++) this.horizons[i]?.onTrade(elapsed, price, quantity, signed);
    this.stale = true;
  }

  /** Nothing is carried across a gap: every memory starts anew. */
  onGap(): void {
    this.primed = false;
    this.time = 0;
    this.stale = false;
    this.values.fill(0);
    for (const horizon of this.horizons) horizon.reset();
  }

  /** What looks at the touch stays 0 until there is one. */
  private refresh(): void {
    this.stale = false;
    const { values, bid, ask, bidLots, askLots, mid, primed } = this;
    if (primed) {
      const total = bidLots + askLots;
      const imbalance = total === 0 ? 0 : (bidLots - askLots) / total;
      values[0] = imbalance;
      // Microprice − mid = spread / 2 × imbalance.
      values[2] = (((ask - bid) * imbalance) / mid) * 5_000;
    }
    values[3] = this.vwapDeviation();
    let slot = common.length;
    for (let i = 0; i < this.horizons.length; i++) {
      const horizon = this.horizons[i];
      if (horizon === undefined) break;
      values[slot] = horizon.orderFlow();
      values[slot + 1] = horizon.tradeFlow();
      if (primed) values[slot + 2] = horizon.returnBps(mid);
      values[slot + 3] = horizon.volatility();
      slot += perHorizon.length;
    }
  }

  private step(now: number): number {
    // Receipt times of several streams may step back by a little; time does not run backwards here.
    const elapsed = this.time === 0 ? 0 : Math.max(0, now - this.time);
    if (now > this.time) this.time = now;
    return elapsed;
  }

  private vwapDeviation(): number {
    const longest = this.horizons[this.horizons.length - 1];
    const vwap = longest === undefined ? 0 : longest.vwap();
    return vwap === 0 || !this.primed ? 0 : ((this.mid - vwap) / vwap) * 10_000;
  }
}

/** Decayed sums with one time constant, and the mids of one look-back. */
class Horizon {
  private readonly tau: number;
  private readonly rate: number;
  private readonly lagStep: number;
  private readonly lagMids = new Float64Array(lagSlots);
  private flow = 0;
  private flowSize = 0;
  private traded = 0;
  private tradedSize = 0;
  private tradedWorth = 0;
  private squares = 0;
  private lagHead = 0;
  private lagNext = 0;

  constructor(tau: number) {
    assert(tau > 0, `memory of ${tau} microseconds`);
    this.tau = tau;
    this.rate = 1 / tau;
    this.lagStep = tau / lagSlots;
  }

  onTouch(elapsed: number, flow: number, move: number): void {
    this.decay(elapsed);
    this.flow += flow;
    this.flowSize += Math.abs(flow);
    this.squares += move * move;
  }

  onTrade(elapsed: number, price: number, quantity: number, signed: number): void {
    this.decay(elapsed);
    this.traded += signed;
    this.tradedSize += quantity;
    this.tradedWorth += price * quantity;
  }

  /** Remembers the mid once per slot; a pause fills the slots that passed with the mid that held through it. */
  lag(mid: number, now: number, first: boolean): void {
    if (first) {
      this.lagMids.fill(mid);
      this.lagHead = 0;
      this.lagNext = now + this.lagStep;
      return;
    }
    if (now < this.lagNext) return;
    const passed = Math.floor((now - this.lagNext) / this.lagStep) + 1;
    const held = f64(this.lagMids, this.lagHead);
    for (let i = Math.min(passed, lagSlots); i > 1; i--) this.pushLag(held);
    this.pushLag(mid);
    this.lagNext += passed * this.lagStep;
  }

  /** Signed order flow over all order flow, −1 to 1. */
  orderFlow(): number {
    return this.flowSize === 0 ? 0 : this.flow / this.flowSize;
  }

  /** Signed traded volume over all of it, −1 to 1. */
  tradeFlow(): number {
    return this.tradedSize === 0 ? 0 : this.traded / this.tradedSize;
  }

  returnBps(mid: number): number {
    const then = f64(this.lagMids, this.lagHead + 1 === lagSlots ? 0 : this.lagHead + 1);
    return then === 0 ? 0 : (mid / then - 1) * 10_000;
  }

  /** Realised volatility of the mid, bps per √second. */
  volatility(): number {
    return Math.sqrt((this.squares / this.tau) * microsPerSecond);
  }

  /** Decayed average price of trades in ticks, 0 when there are none. */
  vwap(): number {
    return this.tradedSize === 0 ? 0 : this.tradedWorth / this.tradedSize;
  }

  reset(): void {
    this.flow = 0;
    this.flowSize = 0;
    this.traded = 0;
    this.tradedSize = 0;
    this.tradedWorth = 0;
    this.squares = 0;
  }

  private pushLag(mid: number): void {
    this.lagHead = this.lagHead + 1 === lagSlots ? 0 : this.lagHead + 1;
    this.lagMids[this.lagHead] = mid;
  }

  private decay(elapsed: number): void {
    if (elapsed === 0) return;
    const keep = 1 / (1 + elapsed * this.rate);
    this.flow *= keep;
    this.flowSize *= keep;
    this.traded *= keep;
    this.tradedSize *= keep;
    this.tradedWorth *= keep;
    this.squares *= keep;
  }
}
