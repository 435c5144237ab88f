/** Cases of the failure catalogue about what an order looks like on the wire, told at the adapter's transport port. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { ExchangeInfo } from "../../src/venue/wire/schemas.ts";
import { entry, ok, payload, type Rig, restRig, stop } from "./support.ts";

const info = ExchangeInfo.parse(payload("live.rest.exchangeInfo.json"));
/** What the exchange takes, @see failure-catalogue I-14 */
const plainDecimal = /^\d{1,20}(\.\d{1,20})?$/;

/** An adapter on an exchange with such a grid. */
function gridded(tickSize: string, stepSize: string): Rig {
  const symbols = info.symbols.map((row) => ({
    ...row,
    filters: row.filters.map((filter) => {
      if (filter.filterType === "PRICE_FILTER") return { ...filter, tickSize, minPrice: tickSize, maxPrice: "1000" };
      const isLots = filter.filterType === "LOT_SIZE" || filter.filterType === "MARKET_LOT_SIZE";
      return isLots
        ? { ...filter, stepSize, minQty: stepSize, maxQty: (Number(stepSize) * 1_000_000).toFixed(8) }
        : filter;
    }),
  }));
  const markPrice = (Number(tickSize) * 5_000).toFixed(8);
  return restRig()
    .on("GET /fapi/v1/premiumIndex", () => ok({ symbol: "BTCUSDT", markPrice }))
    .on("GET /fapi/v1/exchangeInfo", () => ok({ ...info, symbols }))
    .on("POST /fapi/v1/order", () => "lost")
    .on("POST /fapi/v1/algoOrder", () => "lost")
    .started();
}

/** A parameter of the newest request there. */
function sentTo(rig: Rig, path: string, name: string): string {
  return new URLSearchParams(rig.http(path, "POST").at(-1)?.query).get(name) ?? "";
}

test.each([
  ["0.0000001", "1000", 9, 3, "0.0000009", "3000"],
  ["0.00000001", "1", 92, 7, "0.00000092", "7"],
  ["0.0000001", "1000", 1, 1_000_000, "0.0000001", "1000000000"],
  ["0.1", "0.0000001", 1, 1, "0.1", "0.0000001"],
] as const)(
  "[F-66] tick %s and step %s: %i ticks and %i lots go out as %s and %s",
  (tick, step, price, size, shown, quantity) => {
    // given
    const rig = gridded(tick, step);
    // when
    rig.send({
      ...entry,
      quantity: lots(size),
      terms: { type: "LIMIT", price: ticks(price), timeInForce: "GTC" },
    });
    // then
    expect([Number(sentTo(rig, "/fapi/v1/order", "price")), Number(sentTo(rig, "/fapi/v1/order", "quantity"))]).toEqual(
      [Number(shown), Number(quantity)],
    );
    expect(sentTo(rig, "/fapi/v1/order", "price")).toMatch(plainDecimal);
    expect(sentTo(rig, "/fapi/v1/order", "quantity")).toMatch(plainDecimal);
  },
);

test("[F-66] whatever the price of a stop is, it goes out in plain decimals", () => {
  const rig = gridded("0.0000001", "1000");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000_000_000 }), (trigger) => {
      rig.send({ ...stop, trigger: ticks(trigger) });
      rig.advance(60_000);
      const text = sentTo(rig, "/fapi/v1/algoOrder", "triggerPrice");
      expect([text, Math.round(Number(text) * 1e7)]).toEqual([expect.stringMatching(plainDecimal), trigger]);
    }),
    { numRuns: 50 },
  );
});
