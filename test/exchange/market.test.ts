import { expect, test } from "vitest";
import { z } from "zod";
import { lots, micros, symbolIndex, ticks } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

const symbol = { symbol: "BTCUSDT" };

function klines(sim: Venue, more: Readonly<Record<string, string>> = {}): readonly (readonly unknown[])[] {
  return z.array(z.array(z.unknown())).parse(sim.request("GET v1/klines", { ...symbol, interval: "1m", ...more }).body);
}

test("[SIM-1] the depth snapshot is what snapshot and differences make, best first", () => {
  const sim = venue();
  sim.depth(
    [
      [639_999, 0],
      [639_990, 7],
    ],
    [[640_001, 11]],
  );
  expect(sim.row("GET v1/depth", symbol)).toMatchObject({
    bids: [
      ["63999.80", "0.020"],
      ["63999.70", "0.030"],
      ["63999.00", "0.007"],
    ],
    asks: [
      ["64000.10", "0.011"],
      ["64000.20", "0.020"],
      ["64000.30", "0.030"],
    ],
  });
});

test("[SIM-1] a newer best price moves the book ticker and leaves the depth snapshot to the depth messages", () => {
  const sim = venue();
  sim.ticker(640_000, 3, 640_001, 9);
  expect(sim.row("GET v1/ticker/bookTicker", symbol)).toMatchObject({
    bidPrice: "64000.00",
    bidQty: "0.003",
    askPrice: "64000.10",
    askQty: "0.009",
  });
  expect(sim.row("GET v1/depth", { ...symbol, limit: "5" })["bids"]).toContainEqual(["63999.90", "0.010"]);
});

test("[SIM-1] without a limit the depth snapshot has 500 levels", () => {
  const sim = venue();
  const levels = Array.from({ length: 600 }, (_, index) => [639_000 - index, 1] as const);
  sim.book(levels, [[640_001, 10]]);
  expect(sim.row("GET v1/depth", symbol)["bids"]).toHaveLength(500);
});

test("[SIM-1] klines continue the loaded candles with the trades, quiet minutes being flat", () => {
  const sim = venue();
  const minute = Math.floor(sim.now / 60_000_000) * 60_000_000;
  const candle = { open: ticks(1), high: ticks(4), low: ticks(1), close: ticks(3) };
  const volume = { volume: lots(9), takerBuyVolume: lots(4) };
  sim.exchange.loadCandles(symbolIndex(0), [{ openTime: micros(minute - 60_000_000), ...candle, ...volume }]);
  sim.trade(640_010, 2, "BUY");
  sim.trade(639_990, 1, "SELL");
  sim.now += 120_000_000;
  sim.trade(640_000, 1, "SELL");
  const rows = klines(sim);
  expect(rows.map((row) => [row[1], row[2], row[3], row[4], row[5]])).toEqual([
    ["0.10", "0.40", "0.10", "0.30", "0.009"],
    ["64001.00", "64001.00", "63999.00", "63999.00", "0.003"],
    ["63999.00", "63999.00", "63999.00", "63999.00", "0.000"],
    ["64000.00", "64000.00", "64000.00", "64000.00", "0.001"],
  ]);
  expect(rows[1]?.[9]).toBe("0.002");
  expect(klines(sim, { limit: "1" })).toEqual(rows.slice(-1));
});

test("[SIM-1] klines from a time on are those of its minute and of as many after it, as a gap is filled (F-68)", () => {
  const sim = venue();
  const minute = Math.floor(sim.now / 60_000_000) * 60_000_000;
  for (const price of [640_000, 640_010, 640_020, 640_030]) {
    sim.trade(price, 1, "BUY");
    sim.now += 60_000_000;
  }
  const rows = klines(sim, { startTime: String(minute / 1_000 + 60_000), limit: "2" });
  expect(rows.map((row) => row[4])).toEqual(["64001.00", "64002.00"]);
});

test("[SIM-1] candles of other lengths are refused with −1120", () => {
  expect(venue().code("GET v1/klines", { ...symbol, interval: "5m" })).toBe(-1120);
});

test("[SIM-1] the mark price and its funding rate are shown", () => {
  const sim = venue();
  sim.mark(640_123, -0.000_012_34);
  expect(sim.row("GET v1/premiumIndex", symbol)).toMatchObject({
    markPrice: "64012.30000000",
    lastFundingRate: "-0.00001234",
  });
});

test("[SIM-1] ETHUSDT has its own grid", () => {
  const sim = venue();
  sim.mark(340_000, 0, 1, 1_000_000);
  sim.book([[339_999, 100]], [[340_001, 100]], 1);
  sim.order("BUY", "0.010", { symbol: "ETHUSDT" });
  expect(sim.rows("GET v1/userTrades", { symbol: "ETHUSDT" })[0]).toMatchObject({
    price: "3400.01",
    qty: "0.010",
    quoteQty: "34.00010",
  });
});
