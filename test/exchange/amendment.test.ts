/** What an amendment may not ask for, as a new order may not. @see binance-usdm.md §3.4, §8 */

import { expect, test } from "vitest";
import { symbolIndex } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

/** The code of a refusal; null: done. */
function amend(sim: Venue, side: "BUY" | "SELL", name: string, quantity: string, price: string): unknown {
  return sim.code("PUT v1/order", { symbol: "BTCUSDT", side, origClientOrderId: name, quantity, price });
}

function names(sim: Venue): readonly unknown[] {
  return sim.rows("GET v1/openOrders").map((row) => [row["clientOrderId"], row["origQty"]]);
}

test("[SIM-1] an amendment beyond the bracket of the leverage is refused with −2027, and the order stays as it was", () => {
  const sim = venue({ walletUsdt: "10000000" });
  sim.row("POST v1/leverage", { symbol: "BTCUSDT", leverage: "125" });
  sim.order("BUY", "0.005", { price: "63999.00", newClientOrderId: "mod" });
  expect([amend(sim, "BUY", "mod", "5.000", "63999.00"), names(sim)]).toEqual([-2027, [["mod", "0.005"]]]);
});

test.each([
  ["more", "0.011", -2027],
  ["less", "0.009", null],
])(
  "[SIM-1] where the brackets no longer allow what is open, an amendment to %s, %s, is answered with %s",
  (_, quantity, code) => {
    const sim = venue();
    sim.order("BUY", "0.010", { price: "63999.00", newClientOrderId: "mod" });
    sim.exchange.changeRules(symbolIndex(0), { maxLeverage: 2 });
    expect(amend(sim, "BUY", "mod", quantity, "63999.00")).toBe(code);
  },
);

test("[SIM-1] an amendment that the free margin does not carry is refused with −2019", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.order("BUY", "0.005", { price: "63999.00", newClientOrderId: "mod" });
  expect(amend(sim, "BUY", "mod", "0.032", "63999.00")).toBe(-2019);
});

/** A long position of 0.010 BTC with two targets of 0.004. */
function twoTargets(): Venue {
  const sim = venue();
  sim.order("BUY", "0.010");
  for (const [price, newClientOrderId] of [
    ["65000.00", "near"],
    ["65100.00", "far"],
  ] as const) {
    sim.order("SELL", "0.004", { price, newClientOrderId, reduceOnly: "true" });
  }
  return sim;
}

test("[SIM-1] reduce-only orders amended beyond the position together are refused with −4118", () => {
  const sim = twoTargets();
  expect([amend(sim, "SELL", "far", "0.007", "65100.00"), names(sim)]).toEqual([
    -4118,
    [
      ["near", "0.004"],
      ["far", "0.004"],
    ],
  ]);
});

test("[SIM-1] a reduce-only order is amended up to what the others leave of the position", () => {
  expect(amend(twoTargets(), "SELL", "far", "0.006", "65100.00")).toBeNull();
});

test("[SIM-1] a reduce-only order of which a part has filled counts with the rest of it", () => {
  const sim = twoTargets();
  sim.trade(650_000, 1, "BUY");
  expect([amend(sim, "SELL", "near", "0.007", "65000.00"), sim.position()]).toEqual([-4118, "0.009"]);
});
