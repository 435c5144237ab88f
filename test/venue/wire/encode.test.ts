import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../../src/domain/assert.ts";
import { instrumentFromRules } from "../../../src/domain/instrument.ts";
import { lots, symbolIndex, ticks } from "../../../src/domain/units.ts";
import { encodeCommand, historyRequests } from "../../../src/venue/wire/encode.ts";
import { btc, btcRules, entry, eth, stop } from "../support.ts";

const instruments = [btc, eth];
const options = { recvWindow: 2_000 };

test("a market entry carries its receive window, so that a late one dies on the way", () => {
  expect(encodeCommand(entry, instruments, options)).toEqual({
    method: "POST",
    path: "/fapi/v1/order",
    params: {
      symbol: "BTCUSDT",
      side: "BUY",
      type: "MARKET",
      quantity: "0.010",
      newClientOrderId: entry.clientOrderId,
      newOrderRespType: "RESULT",
      recvWindow: 2_000,
    },
    wsMethod: "order.place",
    access: "signed",
    weight: 0,
    orders: 1,
    priority: "entry",
  });
});

test("a limit entry carries price and time in force", () => {
  const command = { ...entry, terms: { type: "LIMIT", price: ticks(640_001), timeInForce: "GTX" } } as const;
  expect(encodeCommand(command, instruments, options).params).toMatchObject({ price: "64000.1", timeInForce: "GTX" });
});

const amend = {
  kind: "amend-order",
  symbol: symbolIndex(0),
  clientOrderId: entry.clientOrderId,
  side: "buy",
  quantity: lots(12),
  price: ticks(639_999),
} as const;

test("an amendment names the order by our id, sends price and quantity both, and dies on the way when late", () => {
  expect(encodeCommand(amend, instruments, options)).toEqual({
    method: "PUT",
    path: "/fapi/v1/order",
    params: {
      symbol: "BTCUSDT",
      origClientOrderId: entry.clientOrderId,
      side: "BUY",
      quantity: "0.012",
      price: "63999.9",
      recvWindow: "2000",
    },
    wsMethod: "order.modify",
    access: "signed",
    weight: 0,
    orders: 1,
    priority: "entry",
  });
});

test("a close is reduce-only, goes first, and keeps the exchange's own window", () => {
  const request = encodeCommand({ ...entry, role: "x", side: "sell", reduceOnly: true }, instruments, options);
  expect([request.priority, request.params]).toEqual([
    "protection",
    expect.not.objectContaining({ recvWindow: expect.anything() }),
  ]);
  expect(request.params).toMatchObject({ reduceOnly: "true", side: "SELL" });
});

test("the floor stop closes the position whatever its size, and sends neither quantity nor reduceOnly", () => {
  expect(encodeCommand(stop, instruments, options).params).toEqual({
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: "63900.0",
    workingType: "CONTRACT_PRICE",
    closePosition: "true",
    clientAlgoId: stop.clientAlgoId,
  });
});

test("a quantity stop is reduce-only", () => {
  const command = { ...stop, extent: { kind: "quantity", quantity: lots(3) } } as const;
  expect(encodeCommand(command, instruments, options).params).toMatchObject({ quantity: "0.003", reduceOnly: "true" });
});

test.each([
  [{ kind: "cancel-order", symbol: symbolIndex(1), clientOrderId: "a" }, "DELETE /fapi/v1/order", "order.cancel"],
  [{ kind: "query-order", symbol: symbolIndex(1), clientOrderId: "a" }, "GET /fapi/v1/order", "order.status"],
  [{ kind: "cancel-algo", symbol: symbolIndex(1), clientAlgoId: "a" }, "DELETE /fapi/v1/algoOrder", "algoOrder.cancel"],
  [{ kind: "query-algo", symbol: symbolIndex(1), clientAlgoId: "a" }, "GET /fapi/v1/algoOrder", null],
  [{ kind: "query-fills", symbol: symbolIndex(1), clientOrderId: "a", orderId: "1" }, "GET /fapi/v1/userTrades", null],
] as const)("%o asks for the order by the right call", (command, call, wsMethod) => {
  const request = encodeCommand(command, instruments, options);
  expect([`${request.method} ${request.path}`, request.wsMethod]).toEqual([call, wsMethod]);
});

test("a history leaves protection its share of the budget, and asks for as much as one answer holds", () => {
  const { orders, trades } = historyRequests({ kind: "query-history", symbol: symbolIndex(1) }, instruments);
  expect(
    [orders, trades].map(({ path, priority, weight, params }) => [path, priority, weight, params["limit"]]),
  ).toEqual([
    ["/fapi/v1/allOrders", "query", 5, 1_000],
    ["/fapi/v1/userTrades", "query", 5, 1_000],
  ]);
});

test("every number is positive plain decimal text on the grid, whatever tick and step (F-66, I-14)", () => {
  const size = fc.constantFrom("0.00000001", "0.0000001", "0.001", "0.05", "0.1", "0.10", "1", "10", "1000");
  const count = fc.integer({ min: 1, max: 1_000_000 });
  fc.assert(
    fc.property(size, size, count, count, (tickSize, stepSize, price, quantity) => {
      fc.pre(Number(tickSize) * Number(stepSize) >= 0.99e-8);
      const rules = { ...btcRules, tickSize, stepSize, minPrice: tickSize, maxPrice: "0", maxQuantity: "1000000000" };
      const odd = instrumentFromRules(rules, symbolIndex(0), "1", "1");
      const command = {
        ...entry,
        quantity: lots(quantity),
        terms: { type: "LIMIT", price: ticks(price), timeInForce: "GTC" },
      } as const;
      const { params } = encodeCommand(command, [odd], options);
      expect([params["price"], params["quantity"]]).toEqual([
        expect.stringMatching(/^\d{1,20}(\.\d{1,20})?$/),
        expect.stringMatching(/^\d{1,20}(\.\d{1,20})?$/),
      ]);
      const shown = [Number(params["price"]) / Number(tickSize), Number(params["quantity"]) / Number(stepSize)];
      expect(shown.map(Math.round)).toEqual([price, quantity]);
    }),
  );
});

test.each([
  ["no quantity", { ...entry, quantity: lots(0) }],
  ["a client id that the exchange refuses", { ...entry, clientOrderId: "a b" }],
  ["a symbol that is not configured", { ...entry, symbol: symbolIndex(9) }],
])("a command with %s never leaves", (_, command) => {
  expect(() => encodeCommand(command, instruments, options)).toThrow(InvariantError);
});

test("a client id leaves with exactly the characters that the exchange takes, and at most 36 of them", () => {
  const taken = /^[.A-Z:/a-z0-9_-]{1,36}$/;
  const ids = Array.from({ length: 256 }, (_, code) => `sc-${String.fromCharCode(code)}`);
  for (const clientOrderId of [...ids, "", "a".repeat(36), "a".repeat(37), "sc-\u{1f642}"]) {
    const encode = (): unknown =>
      encodeCommand({ ...entry, clientOrderId }, instruments, options).params["newClientOrderId"];
    if (taken.test(clientOrderId)) expect(encode()).toBe(clientOrderId);
    else expect(encode, clientOrderId).toThrow(InvariantError);
  }
});
