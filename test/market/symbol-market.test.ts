import fc from "fast-check";
import { expect, test } from "vitest";
import type { Candle } from "../../src/domain/candle.ts";
import { askSide, bidSide } from "../../src/domain/market-port.ts";
import { lots, micros, microsPerMinute, microsPerSecond, priceE8, ticks } from "../../src/domain/units.ts";
import { SymbolMarket } from "../../src/market/symbol-market.ts";
import { after, history, instrument, makeReady, message, quote, settings, start, trade } from "./support.ts";

test("[MKT-2] spread, microprice and top depth are those of the best bid and ask", () => {
  const market = fresh();
  quote(market, 1, [640_000, 1_000], [640_010, 3_000], start);
  expect(market.spreadTicks).toBe(10);
  expect(market.spreadBps).toBeCloseTo((10 / 640_005) * 1e4, 12);
  expect(market.midHalfTicks).toBe(1_280_010);
  // A quarter of the size is on the bid, so the price leans towards it.
  expect(market.micropriceTicks).toBe(640_002.5);
  expect(market.topDepthQuote(bidSide)).toBe(64_000);
  expect(market.topDepthQuote(askSide)).toBe(192_003);
});

test("[MKT-2] depth over the first levels and the number of levels come from a valid book only", () => {
  const market = fresh();
  const levels = [0, 1, 2].flatMap((i) => [
    { side: "bid" as const, price: 640_000 - i, size: 1_000 },
    { side: "ask" as const, price: 640_001 + 5 * i, size: 2_000 },
  ]);
  market.onSnapshot(message(levels), start, start);
  expect(market.depthQuote(bidSide, 2)).toBeCloseTo(64_000 + 63_999.9, 6);
  expect(market.depthQuote(askSide, 9)).toBeCloseTo(2 * (64_000.1 + 64_000.6 + 64_001.1), 6);
  expect(market.validLevels(askSide)).toBe(3);
  market.onGap();
  expect([market.depthQuote(bidSide, 2), market.validLevels(askSide)]).toEqual([0, 0]);
});

test("[MKT-5] a market that has everything is ready, and says so without a reason", () => {
  const market = fresh();
  makeReady(market);
  expect([market.isReady(start), market.readiness(start)]).toEqual([true, []]);
});

test("[MKT-5] a market of which nothing is known names every stream that is missing", () => {
  expect(reasons(fresh(), start)).toEqual([
    "NOT_READY quote",
    "NOT_READY book",
    "NOT_READY trade",
    "NOT_READY mark",
    "VOLATILITY_MISSING candles",
  ]);
});

test("[MKT-5] each stream goes stale by its own limit, with age and limit in milliseconds", () => {
  const market = fresh();
  makeReady(market);
  const later = after(11 * microsPerSecond);
  expect(market.isReady(later)).toBe(false);
  expect(market.readiness(later)).toEqual([
    { reason: "MARKET_DATA_STALE", measured: 11_000, limit: 5_000, stream: "quote" },
    { reason: "MARKET_DATA_STALE", measured: 11_000, limit: 5_000, stream: "book" },
    { reason: "MARKET_DATA_STALE", measured: 11_000, limit: 10_000, stream: "mark" },
  ]);
});

test("[MKT-5] an age at its limit is fresh, one microsecond more is stale", () => {
  const market = fresh();
  makeReady(market);
  expect(market.isReady(after(5 * microsPerSecond))).toBe(true);
  expect(market.isReady(after(5 * microsPerSecond + 1))).toBe(false);
});

test("[MKT-5] latency is exchange time to receipt on the exchange's clock", () => {
  const market = fresh();
  makeReady(market);
  // Our clock is 1.5 s behind the exchange's, as that of the recorder was: the raw difference is negative.
  const receivedAt = after(1_000_000);
  quote(market, 2, [640_000, 5], [640_001, 7], after(2_480_000), receivedAt);
  expect(market.isReady(receivedAt)).toBe(false);
  market.setClockOffset(micros(1_500_000));
  expect([market.latencyMicros, market.isReady(receivedAt)]).toEqual([20_000, true]);
});

test("[MKT-5] a feed slower than the limit is not ready", () => {
  const market = fresh();
  makeReady(market);
  const receivedAt = after(1_200_000);
  quote(market, 2, [640_000, 5], [640_001, 7], start, receivedAt);
  expect(market.readiness(receivedAt)).toEqual([
    { reason: "MARKET_DATA_STALE", measured: 1_200, limit: 1_000, stream: "latency" },
  ]);
});

test("[MKT-5] a touch with bid at or above ask is not ready", () => {
  const market = fresh();
  makeReady(market);
  quote(market, 2, [640_001, 5], [640_001, 7], start);
  expect(reasons(market, start)).toEqual(["NOT_READY quote"]);
});

test("[MKT-5] a gap makes everything unready until each stream has spoken again", () => {
  const market = fresh();
  makeReady(market);
  market.onGap();
  expect(reasons(market, start)).toEqual(["NOT_READY quote", "NOT_READY book", "NOT_READY trade", "NOT_READY mark"]);
  makeReady(market, after(1), 2);
  expect(market.isReady(after(1))).toBe(true);
});

test("[MKT-5] in the minute of a gap the closed ones are whole: the market is ready (F-68)", () => {
  const market = interrupted(30);
  expect(market.isReady(after(30 * microsPerSecond))).toBe(true);
});

test("[MKT-5] in the minute after a gap the market is not ready while the lost one is not known (F-68)", () => {
  const market = interrupted(30);
  const next = after(61 * microsPerSecond);
  makeReady(market, next, 3);
  expect([market.isReady(next), market.readiness(next)]).toEqual([
    false,
    [{ reason: "NOT_READY", measured: null, limit: null, stream: "candles" }],
  ]);
});

test("[MKT-5] with the lost minute the market is ready again (F-68)", () => {
  const market = interrupted(30);
  const next = after(61 * microsPerSecond);
  makeReady(market, next, 3);
  market.loadCandles([lostMinute]);
  expect([market.isReady(next), market.readiness(next)]).toEqual([true, []]);
});

test("[MKT-5] after a gap over several minutes the market is not ready when trades come again (F-68)", () => {
  const market = interrupted(150);
  expect(reasons(market, after(150 * microsPerSecond))).toEqual(["NOT_READY candles"]);
});

test.each([
  [2, false],
  [3, true],
])(
  "[MKT-5] a lost minute is waited for as long as two others have closed: %i minutes later ready is %s (F-68)",
  (minutes, isReady) => {
    const market = interrupted(30);
    const later = after(minutes * microsPerMinute + microsPerSecond);
    makeReady(market, later, 3);
    expect(market.isReady(later)).toBe(isReady);
  },
);

test("[MKT-5] a gap in the minute after does not end the wait for a lost one (F-68)", () => {
  const market = interrupted(30);
  makeReady(market, after(61 * microsPerSecond), 3);
  market.onGap();
  const later = after(65 * microsPerSecond);
  makeReady(market, later, 4);
  expect(reasons(market, later)).toEqual(["NOT_READY candles"]);
});

test("[MKT-5] a minute before the gap that was not known either is not waited for (F-68)", () => {
  const market = fresh();
  makeReady(market, after(90 * microsPerSecond));
  market.onGap();
  const later = after(95 * microsPerSecond);
  makeReady(market, later, 2);
  expect(market.isReady(later)).toBe(true);
});

test("[MKT-5] the minute in which everything began is not waited for: no gap took it (F-68)", () => {
  const market = fresh();
  makeReady(market, after(30 * microsPerSecond));
  const next = after(61 * microsPerSecond);
  makeReady(market, next, 2);
  expect(market.isReady(next)).toBe(true);
});

test("[MKT-1] a book ticker older than the last one changes nothing", () => {
  const market = fresh();
  quote(market, 9, [640_000, 5], [640_001, 7], start);
  expect(quote(market, 8, [630_000, 5], [630_001, 7], start)).toBe(false);
  expect([market.bid, market.ask]).toEqual([640_000, 640_001]);
});

test("[MKT-1] a book that twice in a row is not what the ticker says of the same update is invalid", () => {
  // Goal: a book that drifted without crossing is found (F-47).
  // Method: the ticker before the first one newer than a depth message is the touch at that message.
  const market = fresh();
  makeReady(market, start, 10);
  quote(market, 19, [640_002, 5], [640_003, 7], start);
  market.onDepth(message([{ side: "bid", price: 639_990, size: 1 }], 20), start, start);
  quote(market, 21, [640_002, 5], [640_003, 8], start);
  expect(market.book.valid).toBe(true);
  market.onDepth(message([{ side: "bid", price: 639_990, size: 2 }], 22), start, start);
  quote(market, 23, [640_002, 5], [640_003, 9], start);
  expect([market.book.valid, market.book.needsSnapshot]).toEqual([false, true]);
});

test("[MKT-1] a ticker that ran ahead of the book contradicts nothing", () => {
  const market = fresh();
  makeReady(market, start, 10);
  for (let id = 20; id < 60; id += 10) {
    quote(market, id, [640_000 + id, 5], [640_001 + id, 7], start);
    // The book's message is older than the ticker: that they differ is no contradiction.
    market.onDepth(message([{ side: "bid", price: 639_990, size: id }], id - 1), start, start);
    quote(market, id + 1, [640_000 + id, 6], [640_001 + id, 7], start);
  }
  expect(market.book.valid).toBe(true);
});

test("[MKT-1] trades, mark and funding are kept as they came", () => {
  const market = fresh();
  trade(market, 640_007, 12, true, start);
  market.onMark(priceE8(6_400_012_345_678), -0.0001, micros(99), start, start);
  expect([market.lastTrade, market.lastTradeLots, market.lastTradeBuyerIsMaker]).toEqual([640_007, 12, true]);
  expect([market.mark, market.fundingRate, market.nextFunding]).toEqual([6_400_012_345_678, -0.0001, 99]);
});

test("[MKT-4] ATR is there once the back-fill has brought its candles", () => {
  const market = fresh();
  expect(market.atrTicks()).toBe(null);
  market.loadCandles(history(14));
  expect(market.atrTicks()).toBe(200);
});

test("[MKT-4] the return over five minutes is that of the mid now, also inside a minute", () => {
  const market = fresh();
  market.loadCandles(history(20));
  quote(market, 1, [643_199, 1], [643_201, 1], after(1));
  expect(market.returnBps(5)).toBeCloseTo(50, 9);
  expect(market.returnBps(20)).toBe(null);
});

test("[MKT-4] a minute that was lost does not make the return unknown: an older one stands in", () => {
  const market = fresh();
  market.loadCandles(history(20).filter((_, i) => i !== 14));
  quote(market, 1, [643_199, 1], [643_201, 1], after(1));
  expect(market.returnBps(5)).toBeCloseTo(50, 9);
});

test("[MKT-4] after a gap the return is not known until the next quote", () => {
  const market = fresh();
  makeReady(market);
  market.onGap();
  expect(market.returnBps(5)).toBe(null);
});

test("[RSK-10] the cost to fill walks the book: the average price of the levels that an order would take", () => {
  const market = withBook();
  expect(market.costToFill("buy", lots(2))).toBe(640_001);
  expect(market.costToFill("buy", lots(5))).toBeCloseTo((2 * 640_001 + 3 * 640_006) / 5, 9);
  expect(market.costToFill("sell", lots(3))).toBeCloseTo((640_000 + 2 * 639_999) / 3, 9);
});

test("[RSK-10] the cost is unknown when the book does not hold as much, within the levels that count, or is not valid", () => {
  const market = withBook();
  expect([market.costToFill("buy", lots(6)), market.costToFill("buy", lots(7))]).toEqual([expect.any(Number), null]);
  market.configure({ ...settings.market, slippage_levels: 2 });
  expect([market.costToFill("buy", lots(5)), market.costToFill("buy", lots(6))]).toEqual([expect.any(Number), null]);
  expect(market.costToFill("buy", lots(0))).toBe(null);
  market.onGap();
  expect(market.costToFill("buy", lots(1))).toBe(null);
});

test("[RSK-10] whatever the book, the cost is that of taking one lot after the other", () => {
  const level = fc.record({ step: fc.integer({ min: 1, max: 50 }), size: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 60 }), (steps, size) => {
      let price = 640_000;
      const asks = steps.map((step) => {
        price += step.step;
        return { side: "ask" as const, price, size: step.size };
      });
      const market = fresh();
      market.onSnapshot(message([{ side: "bid", price: 640_000, size: 1 }, ...asks]), start, start);
      const each = asks.flatMap((ask) => Array.from({ length: ask.size }, () => ask.price)).slice(0, size);
      const expected = each.length < size ? null : each.reduce((sum, one) => sum + one, 0) / size;
      const actual = market.costToFill("buy", lots(size));
      if (expected === null || actual === null) expect(actual).toBe(expected);
      else expect(actual).toBeCloseTo(expected, 6);
    }),
  );
});

test("[CFG-4] other settings hold from the next question on, and what is known stays", () => {
  const market = fresh();
  makeReady(market);
  const later = after(4 * microsPerSecond);
  expect(market.isReady(later)).toBe(true);
  market.configure({ ...settings.market, quote_stale_ms: 3_000 });
  expect([market.isReady(later), market.atrTicks()]).toEqual([false, 200]);
});

function withBook(): SymbolMarket {
  const market = fresh();
  const levels = [
    { side: "ask" as const, price: 640_001, size: 2 },
    { side: "ask" as const, price: 640_006, size: 3 },
    { side: "ask" as const, price: 640_020, size: 1 },
    { side: "bid" as const, price: 640_000, size: 1 },
    { side: "bid" as const, price: 639_999, size: 9 },
  ];
  market.onSnapshot(message(levels), start, start);
  return market;
}

/** Everything was known, then trades were missed, and they come again after so many seconds. */
function interrupted(seconds: number): SymbolMarket {
  const market = fresh();
  makeReady(market);
  market.onGap();
  makeReady(market, after(seconds * microsPerSecond), 2);
  return market;
}

const lostMinute: Candle = {
  openTime: start,
  open: ticks(640_000),
  high: ticks(640_000),
  low: ticks(640_000),
  close: ticks(640_000),
  volume: lots(2),
  takerBuyVolume: lots(0),
};

function fresh(): SymbolMarket {
  return new SymbolMarket(instrument, settings.market);
}

function reasons(market: SymbolMarket, now: typeof start): string[] {
  return market.readiness(now).map(({ reason, stream }) => `${reason} ${stream}`);
}
