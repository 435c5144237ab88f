/** A symbol's market in small: an instrument, settings, and short ways to say what happened in it. */

import { Settings } from "../../src/config/schema.ts";
import { type Instrument, type InstrumentRules, instrumentFromRules } from "../../src/domain/instrument.ts";
import { askSide, bidSide, type DepthLevels, depthLevels } from "../../src/domain/market-port.ts";
import { lots, type Micros, micros, microsPerMinute, priceE8, symbolIndex, ticks } from "../../src/domain/units.ts";
import type { SymbolMarket } from "../../src/market/symbol-market.ts";

export const settings = Settings.parse({});

const rules: InstrumentRules = {
  symbol: "BTCUSDT",
  baseAsset: "BTC",
  quoteAsset: "USDT",
  tickSize: "0.10",
  minPrice: "0.10",
  maxPrice: "1000000",
  stepSize: "0.001",
  minQuantity: "0.001",
  maxQuantity: "1000",
  marketStepSize: "0.001",
  marketMinQuantity: "0.001",
  marketMaxQuantity: "120",
  minNotional: "100",
  multiplierUp: "1.05",
  multiplierDown: "0.95",
  maxOrders: 200,
  tradable: true,
};

export const instrument: Instrument = instrumentFromRules(rules, symbolIndex(0), "64000", "100");

export type Level = { readonly side: "bid" | "ask"; readonly price: number; readonly size: number };

export function message(levels: readonly Level[], lastId = 1): DepthLevels {
  const buffer = depthLevels(levels.length);
  buffer.firstId = lastId;
  buffer.lastId = lastId;
  buffer.previousId = lastId - 1;
  buffer.count = levels.length;
  for (const [i, level] of levels.entries()) {
    buffer.side[i] = level.side === "bid" ? bidSide : askSide;
    buffer.price[i] = level.price;
    buffer.size[i] = level.size;
  }
  return buffer;
}

/** A minute boundary; times in tests count from here. */
export const start: Micros = micros(28_000_000 * microsPerMinute);

export function after(elapsedMicros: number): Micros {
  return micros(start + elapsedMicros);
}

export function quote(
  market: SymbolMarket,
  id: number,
  bid: readonly [price: number, size: number],
  ask: readonly [price: number, size: number],
  time: Micros,
  receivedAt: Micros = time,
): boolean {
  return market.onBookTicker(id, ticks(bid[0]), lots(bid[1]), ticks(ask[0]), lots(ask[1]), time, receivedAt);
}

export function trade(market: SymbolMarket, price: number, size: number, buyerIsMaker: boolean, time: Micros): void {
  market.onTrade(1, ticks(price), lots(size), buyerIsMaker, time, time);
}

/** Candles of the minutes before `start`, as a back-fill brings them. */
export function history(count: number, price = 640_000) {
  return Array.from({ length: count }, (_, i) => ({
    openTime: micros(start - (count - i) * microsPerMinute),
    open: ticks(price),
    high: ticks(price + 100),
    low: ticks(price - 100),
    close: ticks(price),
    volume: lots(10),
    takerBuyVolume: lots(5),
  }));
}

/** Everything that a market needs to be ready at `time`, at 640,000 × 640,001. */
export function makeReady(market: SymbolMarket, time: Micros = start, id = 1): void {
  market.loadCandles(history(20));
  market.onSnapshot(
    message(
      [
        { side: "bid", price: 640_000, size: 5 },
        { side: "ask", price: 640_001, size: 7 },
      ],
      id,
    ),
    time,
    time,
  );
  quote(market, id, [640_000, 5], [640_001, 7], time);
  trade(market, 640_000, 1, true, time);
  market.onMark(priceE8(64_000 * 1e8), 0.0001, micros(0), time, time);
}
