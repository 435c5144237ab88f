import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, microsPerSecond, ticks } from "../../src/domain/units.ts";
import { Features } from "../../src/market/features.ts";
import { SymbolMarket } from "../../src/market/symbol-market.ts";
import { after, instrument, message, quote, settings, start } from "./support.ts";

const horizons = [2 * microsPerSecond, 10 * microsPerSecond];

test("order flow is positive when the bid is refilled or moves up, negative when it is taken", () => {
  const feed = begin();
  feed.touch([640_000, 9], [640_001, 5], 1_000);
  expect(feed.value("order_flow_2s")).toBe(1);
  feed.touch([639_999, 9], [640_001, 5], 2_000);
  expect(feed.value("order_flow_2s")).toBeLessThan(0);
  feed.touch([640_005, 20], [640_006, 5], 3_000);
  expect(feed.value("order_flow_2s")).toBeGreaterThan(0);
});

test("the newer flow outweighs the older one, sooner at the short horizon", () => {
  const feed = begin();
  feed.touch([640_000, 105], [640_001, 5], 1_000);
  feed.touch([640_000, 45], [640_001, 5], 4 * microsPerSecond);
  expect(feed.value("order_flow_2s")).toBeLessThan(0);
  expect(feed.value("order_flow_10s")).toBeGreaterThan(0);
});

test("imbalance and microprice lean to the side with more size", () => {
  const feed = begin();
  feed.touch([640_000, 30], [640_010, 10], 1_000);
  expect(feed.value("top_imbalance")).toBe(0.5);
  const mid = 640_005;
  expect(feed.value("microprice_bps")).toBeCloseTo(((feed.market.micropriceTicks - mid) / mid) * 1e4, 9);
});

test("depth imbalance is over the first levels and holds while the book is not valid", () => {
  const feed = begin();
  feed.market.onSnapshot(
    message([
      { side: "bid", price: 640_000, size: 6 },
      { side: "bid", price: 639_000, size: 3 },
      { side: "ask", price: 640_001, size: 3 },
    ]),
    start,
    start,
  );
  feed.features.onDepth(feed.market);
  expect(feed.value("depth_imbalance")).toBe(0.5);
  feed.market.book.invalidate();
  feed.features.onDepth(feed.market);
  expect(feed.value("depth_imbalance")).toBe(0.5);
});

test("trade flow is signed by the taker, and the price is set against the traded average", () => {
  const feed = begin();
  feed.features.onTrade(ticks(640_000), lots(10), true, after(1_000));
  expect(feed.value("trade_flow_2s")).toBe(-1);
  feed.features.onTrade(ticks(640_020), lots(30), false, after(1_000));
  expect(feed.value("trade_flow_2s")).toBe(0.5);
  expect(feed.value("vwap_deviation_bps")).toBeCloseTo(((640_000.5 - 640_015) / 640_015) * 1e4, 9);
});

test("the return of a horizon is that over the horizon, to a sixteenth of it", () => {
  const feed = begin();
  for (let i = 1; i <= 400; i++) feed.touch([640_000 + i, 5], [640_001 + i, 5], i * 25_000);
  // 80 steps of a tick in two seconds, up to five more for the part of a slot.
  const steps = (feed.value("return_bps_2s") * (640_400.5 - 80)) / 1e4;
  expect(steps).toBeGreaterThan(70);
  expect(steps).toBeLessThan(86);
});

test("a return after a long pause counts from the mid that held through the pause", () => {
  const feed = begin();
  feed.touch([650_000, 5], [650_001, 5], microsPerSecond);
  feed.touch([650_010, 5], [650_011, 5], 60 * microsPerSecond);
  expect(feed.value("return_bps_2s")).toBeCloseTo((10 / 650_000.5) * 1e4, 6);
});

test("volatility grows with the moves and fades when there are none", () => {
  const feed = begin();
  for (let i = 1; i <= 20; i++) feed.touch([640_000 + 50 * (i % 2), 5], [640_001 + 50 * (i % 2), 5], i * 10_000);
  const moving = feed.value("volatility_bps_2s");
  feed.touch([640_000, 6], [640_001, 5], 10 * microsPerSecond);
  expect(moving).toBeGreaterThan(0);
  expect(feed.value("volatility_bps_2s")).toBeLessThan(moving / 2);
});

test("[MKT-1] nothing is carried across a gap", () => {
  // Goal: after a gap the features are those of a newly started instance, bit for bit.
  const touches = fc.array(
    fc.record({ bid: fc.integer({ min: -50, max: 50 }), size: fc.integer({ min: 1, max: 99 }), wait: fc.nat(500_000) }),
    { minLength: 1, maxLength: 30 },
  );
  fc.assert(
    fc.property(touches, touches, (before, afterwards) => {
      const used = begin();
      let time = 0;
      const play = (feed: Feed, list: typeof before, from: number): number => {
        let now = from;
        for (const { bid, size, wait } of list) {
          now += wait;
          feed.touch([640_000 + bid, size], [640_001 + bid, 50], now);
          feed.features.onTrade(ticks(640_000 + bid), lots(size), size % 2 === 0, after(now));
        }
        return now;
      };
      time = play(used, before, time);
      used.features.onGap();
      expect(used.features.ready).toBe(false);
      const fresh = new Feed();
      play(used, afterwards, time);
      play(fresh, afterwards, time);
      expect([...used.features.vector]).toEqual([...fresh.features.vector]);
    }),
    { numRuns: 50 },
  );
});

test("every feature is finite, and flows stay within −1 and 1, whatever comes", () => {
  const event = fc.record({
    bid: fc.integer({ min: 1, max: 1_000_000 }),
    spread: fc.integer({ min: 1, max: 1_000 }),
    sizes: fc.tuple(fc.nat(1_000_000), fc.nat(1_000_000)),
    wait: fc.integer({ min: -1_000, max: 10_000_000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      const feed = begin();
      let now = 1_000;
      for (const { bid, spread, sizes, wait } of events) {
        now = Math.max(0, now + wait);
        feed.touch([bid, sizes[0]], [bid + spread, sizes[1]], now);
        feed.features.onTrade(ticks(bid), lots(sizes[0]), sizes[1] % 2 === 0, after(now));
      }
      expect(feed.features.vector.every(Number.isFinite)).toBe(true);
      for (const name of ["order_flow_2s", "trade_flow_10s", "top_imbalance"]) {
        expect(Math.abs(feed.value(name))).toBeLessThanOrEqual(1 + 1e-9);
      }
    }),
  );
});

class Feed {
  readonly market = new SymbolMarket(instrument, settings.market);
  readonly features = new Features(horizons, settings.market.depth_levels);
  private id = 0;

  touch(bid: readonly [number, number], ask: readonly [number, number], elapsed: number): void {
    this.id++;
    quote(this.market, this.id, bid, ask, after(elapsed));
    this.features.onTouch(this.market, after(elapsed));
  }

  value(name: string): number {
    return this.features.vector[this.features.index(name)] ?? Number.NaN;
  }
}

/** A feed whose first touch was 5 lots at 640,000 against 5 at 640,001. */
function begin(): Feed {
  const feed = new Feed();
  feed.touch([640_000, 5], [640_001, 5], 0);
  return feed;
}
