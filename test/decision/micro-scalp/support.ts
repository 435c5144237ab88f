/** Bars, facts and rules in small, for the detectors; and a market that stands where a history of candles has led it. */

import { MicroScalpSource } from "../../../src/decision/micro-scalp/micro-scalp.ts";
import { type Bar, type Facts, type Scene, sceneOf } from "../../../src/decision/micro-scalp/scene.ts";
import type { SourceContext } from "../../../src/decision/source.ts";
import type { Candle } from "../../../src/domain/candle.ts";
import { lots, type Micros, micros, microsPerMinute, priceE8, signedLots, ticks } from "../../../src/domain/units.ts";
import { Features } from "../../../src/market/features.ts";
import { SymbolMarket } from "../../../src/market/symbol-market.ts";
import { instrument, message, quote, settings, start, trade } from "../../market/support.ts";

export const rules = settings.decision.micro_scalp;
export type Rules = typeof rules;
export const own = rules.symbols.BTCUSDT;

/** A bar that opens and closes at the given prices; without more it has no wicks, 10 lots, half of them bought. */
export function bar(open: number, close: number, more: Partial<Bar> = {}): Bar {
  const high = Math.max(open, close);
  const low = Math.min(open, close);
  const volume = more.volume ?? 10;
  return { time: 0, open, high, low, close, volume, taken: volume / 2, ...more };
}

/** Bars that rest at a price. */
export function flat(count: number, price: number): Bar[] {
  return Array.from({ length: count }, () => bar(price, price));
}

export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    bars: flat(10, 1_000),
    bid: 999,
    ask: 1_001,
    atr: 10,
    atr1: 10,
    vwap: null,
    vwapBand: null,
    vwapHeldSeconds: 0,
    session: null,
    day: null,
    sessionStart: 0,
    ...changes,
  };
}

/** As a long sees it. */
export function scene(changes: Partial<Facts> = {}): Scene {
  return sceneOf(facts(changes), "buy");
}

/** The same market with up and down exchanged around `axis`, which must not make prices negative. */
export function mirrored(original: Facts, axis: number): Facts {
  const flip = ({ high, low }: { readonly high: number; readonly low: number }) => ({
    high: 2 * axis - low,
    low: 2 * axis - high,
  });
  return {
    ...original,
    bars: original.bars.map((bar) => ({
      ...bar,
      open: 2 * axis - bar.open,
      close: 2 * axis - bar.close,
      ...flip(bar),
      taken: bar.volume - bar.taken,
    })),
    bid: 2 * axis - original.ask,
    ask: 2 * axis - original.bid,
    vwap: original.vwap === null ? null : 2 * axis - original.vwap,
    vwapHeldSeconds: -original.vwapHeldSeconds,
    session: original.session === null ? null : flip(original.session),
    day: original.day === null ? null : flip(original.day),
  };
}

export const mid = 640_000;

/**
 * Eight hours of quiet minutes, and as the last one the newest given, by which the session's low is taken and given back.
 * Prices in ticks of 0.1.
 *
 * @param up 1 as described; −1 mirrored around {@link mid}
 */
export function sweepHistory(up: 1 | -1 = 1, count = 500): Candle[] {
  const candles: Candle[] = [];
  for (let back = count; back > 1; back--) candles.push(candle(back, [0, 200, -200, 0], 10, 5, up));
  candles.push(candle(1, [-150, -110, -310, -180], 40, up > 0 ? 36 : 4, up));
  return candles;
}

/** @param offsets open, high, low and close from {@link mid} */
export function candle(
  minutesBack: number,
  [open, high, low, close]: readonly [number, number, number, number],
  volume: number,
  takerBuy: number,
  up: 1 | -1 = 1,
): Candle {
  return {
    openTime: micros(start - minutesBack * microsPerMinute),
    open: ticks(mid + up * open),
    high: ticks(mid + (up > 0 ? high : -low)),
    low: ticks(mid + (up > 0 ? low : -high)),
    close: ticks(mid + up * close),
    volume: lots(volume),
    takerBuyVolume: lots(takerBuy),
  };
}

/** In which the candle of {@link sweepHistory} is a set-up, and its target pays its fees. */
export const tradingRules: Rules = {
  ...rules,
  location: { ...rules.location, tolerance_atr: 0.5, day_range_share: 0.3 },
  filters: { ...rules.filters, target_bps_min: 2 },
};

/** A market after a history, with everything that makes it ready, and a source that is asked about it. */
export class Desk {
  readonly market = new SymbolMarket(instrument, settings.market);
  readonly source: MicroScalpSource;
  tradeOpen = false;
  private readonly features = new Features([1_000_000], settings.market.depth_levels);
  private id = 0;

  constructor(candles: readonly Candle[], settingsOfSource: Rules = tradingRules, ownRules = own) {
    this.source = new MicroScalpSource(settingsOfSource, "BTCUSDT", ownRules);
    this.market.loadCandles(candles);
  }

  get context(): SourceContext {
    const { market, features, tradeOpen } = this;
    return { market, features, position: signedLots(tradeOpen ? 3 : 0), tradeOpen };
  }

  /** Every stream says something at `now`, and the source sees it. */
  refresh(now: Micros, bid: number, ask = bid + 1): this {
    this.id++;
    const levels = [
      { side: "bid", price: bid, size: 5 },
      { side: "ask", price: ask, size: 5 },
    ] as const;
    this.market.onSnapshot(message(levels, this.id), now, now);
    quote(this.market, this.id, [bid, 5], [ask, 5], now);
    this.market.onMark(priceE8(64_000 * 1e8), 0.0001, micros(0), now, now);
    this.source.observe(this.context, now);
    return this;
  }

  trade(now: Micros, price: number, size = 1): this {
    trade(this.market, price, size, false, now);
    this.source.observe(this.context, now);
    return this;
  }

  /** A quote that stood long enough for the spread to be known, one trade, and everything fresh at the end. */
  prepare(bid: number, ask = bid + 1): this {
    return this.refresh(before(60), bid, ask).refresh(start, bid, ask).trade(start, bid);
  }

  decide(now: Micros = start) {
    return this.source.decide(this.context, now);
  }
}

export function before(seconds: number): Micros {
  return micros(start - seconds * 1_000_000);
}
