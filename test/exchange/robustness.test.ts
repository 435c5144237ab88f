import fc from "fast-check";
import { expect, test } from "vitest";
import { routes } from "../../src/exchange/routes.ts";
import { eventsMax } from "../../src/exchange/state.ts";
import { venue } from "./harness.ts";

const names = [
  ...["symbol", "side", "type", "quantity", "price", "timeInForce", "reduceOnly", "newClientOrderId", "closePosition"],
  ...["orderId", "origClientOrderId", "algoType", "algoId", "clientAlgoId", "triggerPrice", "workingType", "leverage"],
  ...[
    "limit",
    "startTime",
    "endTime",
    "fromId",
    "interval",
    "batchOrders",
    "orderIdList",
    "marginType",
    "positionSide",
  ],
];
const values = fc.oneof(
  fc.constantFrom("BTCUSDT", "ETHUSDT", "BUY", "SELL", "LIMIT", "MARKET", "STOP_MARKET", "GTC", "IOC", "FOK", "GTX"),
  fc.constantFrom("true", "false", "CONDITIONAL", "MARK_PRICE", "1m", "0.005", "63000.00", "65000.00", "64000.10"),
  fc.constantFrom(
    "",
    "-1",
    "1e9",
    "NaN",
    "99999999999999999999",
    "0.00000000000000000001",
    "[1]",
    '[{"side":1}]',
    "[]",
  ),
  fc.string({ maxLength: 40 }),
);
const likely = {
  symbol: "BTCUSDT",
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  quantity: "0.005",
  price: "63000.00",
};
const params = fc
  .tuple(fc.boolean(), fc.dictionary(fc.constantFrom(...names), values))
  .map(([complete, some]) => ({ ...(complete ? likely : {}), ...some }));
const calls = fc.array(fc.tuple(fc.constantFrom(...routes.keys()), params), { minLength: 1, maxLength: 25 });

test("[SIM-1] whatever is sent to whatever path is answered: a body, or a code with its text", () => {
  fc.assert(
    fc.property(calls, (sent) => {
      const sim = venue();
      for (const [route, given] of sent) {
        const reply = sim.request(route.replace("/fapi/", ""), given);
        const known = reply.status === 200 ? expect.anything() : { code: expect.any(Number), msg: expect.any(String) };
        expect(reply).toEqual({ status: expect.toBeOneOf([200, 400]), body: known });
      }
    }),
    { numRuns: 300 },
  );
});

test("events that nobody takes are bounded, the latest kept", () => {
  const sim = venue();
  for (let count = 0; count < eventsMax / 2 + 10; count += 1) {
    sim.order("BUY", "0.005", { price: "63000.00", newClientOrderId: "again" });
    sim.row("DELETE v1/order", { symbol: "BTCUSDT", origClientOrderId: "again" });
  }
  const events = sim.events();
  expect(events).toHaveLength(eventsMax);
  expect(events.at(-1)).toMatchObject({ o: { X: "CANCELED" } });
});

test("an option that is no decimal text is refused by name", () => {
  expect(() => venue({ takerFee: "5e-4" })).toThrow(/takerFee is 5e-4/);
});
