/** Reads from a symbol's market what the detectors look at. Called when a decision is due, not on every event. */

import { present } from "../../domain/assert.ts";
import type { Evidence } from "../../domain/decision.ts";
import { numberFromTicks } from "../../domain/instrument.ts";
import type { BlockReason } from "../../domain/reason.ts";
import { type Micros, microsPerMinute } from "../../domain/units.ts";
import type { CandleSeries } from "../../market/candle-series.ts";
import type { PriceWindow } from "../../market/price-window.ts";
import type { SymbolMarket } from "../../market/symbol-market.ts";
import type { Finding } from "./finding.ts";
import type { Rules, SymbolRules } from "./rules.ts";
import type { Bar, Extremes, Facts } from "./scene.ts";
import { spreadFilter, spreadVerdictFilter, targetFilter } from "./spread-filter.ts";
import { averageRangeFilter, sessionFilter, trueRangeFilter } from "./volatility-filter.ts";

/** Nothing can be said yet, and why. */
export type Unknown = { readonly missing: readonly Evidence[] };

/** The market is ready. @param heldSeconds how long the price has been above the VWAP, or below it (negative) */
export function factsOf(market: SymbolMarket, heldSeconds: number, rules: Rules): Facts | Unknown {
  const { candles, indicators } = market;
  const ones = candles.series(1);
  const bars = newestBars(ones, candles.currentMinute, rules.lookback_candles);
  if (bars.length < rules.candles_min) {
    return missing("WARMING_UP", { reason: "CANDLES", measured: bars.length, limit: rules.candles_min });
  }
  const atr = candles.atr(rules.atr_minutes);
  if (atr === null || atr <= 0) return missing("VOLATILITY_MISSING", { reason: "ATR", measured: atr, limit: 0 });
  const session = isKnown(indicators.session, candles.currentMinute, rules) ? indicators.session : null;
  const day = isKnown(indicators.day, candles.currentMinute, rules) ? indicators.day : null;
  return {
    bars,
    bid: market.bid,
    ask: market.ask,
    atr,
    atr1: present(candles.atr(1), "true range of the newest candle"),
    vwap: session?.vwap ?? null,
    vwapBand: session === null ? null : bandOf(market, rules.location.vwap_band),
    vwapHeldSeconds: heldSeconds,
    session: session === null ? null : extremesOf(session),
    day: day === null ? null : extremesOf(day),
    sessionStart: indicators.session.begin,
  };
}

/** Layer 1. It has no side. */
export function filtersOf(
  market: SymbolMarket,
  facts: Facts,
  own: SymbolRules,
  rules: Rules,
  now: Micros,
): readonly Finding[] {
  const { instrument, candles } = market;
  const { filters } = rules;
  const tickSize = numberFromTicks(instrument, 1);
  const unusual = spreadVerdictFilter(market.spreadVerdict(now));
  return [
    targetFilter(facts.ask * tickSize, own, filters),
    trueRangeFilter(facts, tickSize, own, filters),
    averageRangeFilter(candles.averageRange(filters.range_minutes), tickSize, own),
    spreadFilter(market.spreadTicks * tickSize, own),
    ...(unusual === null ? [] : [unusual]),
    sessionFilter(market.tradingSession(now), filters),
  ];
}

/** The common word comes without numbers: other sources mean others by it. */
function missing(reason: BlockReason, what: Evidence): Unknown {
  return { missing: [{ reason, measured: null, limit: null }, what] };
}

/** The closed minutes up to the one that is forming, as far back as none is missing. */
function newestBars(ones: CandleSeries, currentMinute: number, most: number): readonly Bar[] {
  const bars: Bar[] = [];
  for (let back = 0; back < Math.min(ones.count, most); back++) {
    const { openTime, open, high, low, close, volume, takerBuyVolume } = ones.candle(back);
    if (openTime !== currentMinute - (back + 1) * microsPerMinute) break;
    bars.push({ time: openTime, open, high, low, close, volume, taken: takerBuyVolume });
  }
  return bars;
}

/** Old enough to have an extreme worth the name, and seen for most of its time. */
function isKnown(window: PriceWindow, currentMinute: number, { location }: Rules): boolean {
  const minutes = (currentMinute - window.begin) / microsPerMinute;
  return minutes >= location.minutes_min && window.coverage >= location.coverage_min;
}

function extremesOf({ high, low }: PriceWindow): Extremes | null {
  return high === null || low === null ? null : { high, low };
}

function bandOf({ indicators }: SymbolMarket, which: Rules["location"]["vwap_band"]): number | null {
  const fixed = indicators.vwapBandTicks();
  const byAtr = indicators.vwapAtrBandTicks();
  switch (which) {
    case "fixed":
      return fixed;
    case "atr":
      return byAtr;
    case "wider":
      return fixed === null || byAtr === null ? null : Math.max(fixed, byAtr);
    default:
      throw new TypeError(`no band ${which satisfies never}`);
  }
}
