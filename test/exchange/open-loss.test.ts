/**
 * The margin of an order beyond the mark price: what it would lose at once counts, beside its initial margin.
 *
 * @see Binance's page "How to Calculate Cost Required to Open a Position in Perpetual Futures Contracts"
 */

import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

/** 100 USDT at 20 times, with the book where the mark price, 64,000 USDT, is not: at the given price, in ticks. */
function apart(price: number): Venue {
  const sim = venue({ walletUsdt: "100" });
  sim.book([[price - 1, 500]], [[price + 1, 500]]);
  return sim;
}

function openOrderMargin(sim: Venue): unknown {
  return sim.row("GET v3/account")["totalOpenOrderInitialMargin"];
}

// 0.025 BTC take 81.25 USDT at 65,000, and lose 25.
test("[SIM-2] a buy above the mark price needs what it would lose there beside its margin, or is refused with −2019", () => {
  const sim = apart(652_000);
  expect(sim.orderCode("BUY", "0.025", { price: "65000.00" })).toBe(-2019);
});

test("[SIM-2] a sell below the mark price needs what it would lose there beside its margin, or is refused with −2019", () => {
  const sim = apart(628_000);
  expect(sim.orderCode("SELL", "0.025", { price: "63000.00" })).toBe(-2019);
});

test("[SIM-2] an order beyond the mark price uses its margin and its open loss", () => {
  const sim = apart(652_000);
  sim.order("BUY", "0.010", { price: "65000.00" });
  expect(openOrderMargin(sim)).toBe("42.50000000");
});

test("[SIM-2] an order on the near side of the mark price has no open loss", () => {
  const sim = apart(640_000);
  sim.order("BUY", "0.010", { price: "63000.00" });
  expect(openOrderMargin(sim)).toBe("31.50000000");
});

test("[SIM-2] a mark price that moves beyond a resting order gives it an open loss", () => {
  const sim = apart(640_000);
  sim.order("BUY", "0.010", { price: "63000.00" });
  sim.mark(625_000);
  expect(openOrderMargin(sim)).toBe("36.50000000");
});

test("[SIM-2] reduce-only orders have no open loss", () => {
  const sim = apart(628_000);
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010", { price: "63000.00", reduceOnly: "true" });
  expect(openOrderMargin(sim)).toBe("0.00000000");
});

test("[SIM-2] an amendment to a price beyond the mark price needs the open loss, also where its notional falls", () => {
  const sim = apart(628_000);
  sim.order("SELL", "0.029", { price: "64100.00", newClientOrderId: "mod" });
  const params = { symbol: "BTCUSDT", side: "SELL", origClientOrderId: "mod", quantity: "0.029", price: "63000.00" };
  expect(sim.code("PUT v1/order", params)).toBe(-2019);
});

test("[SIM-2] a leverage at which an order's open loss would not fit is refused with −2028", () => {
  const sim = apart(652_000);
  sim.order("BUY", "0.010", { price: "65000.00" });
  expect(sim.code("POST v1/leverage", { symbol: "BTCUSDT", leverage: "7" })).toBe(-2028);
});

test("[SIM-2] what an order would lose is not free for a transfer", () => {
  const sim = apart(652_000);
  sim.order("BUY", "0.010", { price: "65000.00" });
  expect(() => sim.exchange.transfer("-60", micros(sim.now))).toThrow(RangeError);
});

test("[SIM-2] an amendment to less than what has filled needs nothing, however far the mark price is away", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.book([[629_999, 500]], [[630_000, 10]]);
  sim.order("SELL", "0.010");
  sim.order("BUY", "0.011", { price: "63000.00", newClientOrderId: "mod" });
  sim.mark(900_000);
  const params = { symbol: "BTCUSDT", side: "BUY", origClientOrderId: "mod", quantity: "0.005", price: "63000.00" };
  expect(sim.row("PUT v1/order", params)).toMatchObject({ status: "CANCELED" });
});
