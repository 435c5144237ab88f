import { expect, test } from "vitest";
import { micros, symbolIndex } from "../../../src/domain/units.ts";
import { decodeAccount, decodeReply, replyEvents } from "../../../src/venue/wire/decode.ts";
import { instrumentsByName } from "../../../src/venue/wire/reports.ts";
import { algoBody, btc, entry, eth, orderBody, stop } from "../support.ts";

const byName = instrumentsByName([btc, eth]);
const reply = (body: unknown): { status: number; body: unknown } => ({ status: 200, body });

test("the reply to an order is a report with whole numbers and the id as text (F-21)", () => {
  expect(replyEvents(entry, reply(orderBody()), byName)[0]).toEqual({
    kind: "order-report",
    symbol: 0,
    clientOrderId: entry.clientOrderId,
    orderId: "8389765000000000123",
    status: "FILLED",
    side: "buy",
    type: "MARKET",
    price: null,
    quantity: 10,
    filled: 10,
    reduceOnly: false,
    fill: null,
    time: 1_791_382_990_000_000,
    source: "reply",
  });
});

test("the reply to a stop is a report of the conditional order", () => {
  expect(replyEvents(stop, reply(algoBody()), byName)[0]).toEqual({
    kind: "algo-report",
    symbol: 0,
    clientAlgoId: stop.clientAlgoId,
    algoId: "3000000000003505",
    status: "NEW",
    side: "sell",
    type: "STOP_MARKET",
    trigger: 639_000,
    closePosition: true,
    quantity: null,
    childOrderId: null,
    failure: null,
    time: 1_791_382_990_000_000,
    source: "reply",
  });
});

test.each(["8389765000000000123", 8_389_765_000_000_000_123n, 77])("an order id may come as %s", (orderId) => {
  expect(replyEvents(entry, reply(orderBody({ orderId })), byName)[0]).toMatchObject({ orderId: String(orderId) });
});

test("a status that we do not know is said so and never mapped to another (F-63)", () => {
  expect(replyEvents(entry, reply(orderBody({ status: "HALTED" })), byName)).toEqual([
    { kind: "venue-unknown", what: "status", detail: expect.stringContaining("HALTED") },
    { kind: "outcome", command: entry, outcome: { kind: "ok" } },
  ]);
});

test.each([
  ["lacks its amount", orderBody({ executedQty: undefined })],
  ["speaks of another order", orderBody({ clientOrderId: "sd-other" })],
  ["is empty", {}],
])("[SAF-2] a success that %s leaves the order's fate unknown", (_, body) => {
  expect(decodeReply(entry, reply(body), byName).verdict.outcome.kind).toBe("unknown");
});

test("an amount off our grid is said so: our rules are stale", () => {
  expect(replyEvents(entry, reply(orderBody({ origQty: "0.0105" })), byName)[0]).toMatchObject({
    kind: "venue-unknown",
    detail: expect.stringContaining("0.0105"),
  });
});

test("lost authority is said beside the refusal", () => {
  const events = replyEvents(entry, { status: 401, body: { code: -2015, msg: "Invalid API-key." } }, byName);
  expect(events.map((event) => (event.kind === "venue-unknown" ? event.what : event.kind))).toEqual([
    "authority",
    "outcome",
  ]);
});

const balance = [{ asset: "USDT", balance: "10000.00000000", crossUnPnl: "0.00000000", availableBalance: "9000.5" }];
const position = { symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "-0.010", entryPrice: "64000.05" };
const account = { balance, positions: [], orders: [], algos: [] };
const read = (bodies: Partial<typeof account> | object): ReturnType<typeof decodeAccount> =>
  decodeAccount({ ...account, ...bodies }, "USDT", byName, { requestedAt: micros(5), asOf: micros(7) });

test("an account snapshot holds wallet, signed positions and both kinds of orders", () => {
  const bodies = { positions: [position], orders: [orderBody({ status: "NEW" })], algos: [algoBody()] };
  expect(read(bodies)).toMatchObject({
    kind: "snapshot",
    snapshot: {
      wallet: 1_000_000_000_000n,
      available: 900_050_000_000n,
      positions: [{ symbol: symbolIndex(0), lots: -10, entryTicks: 640_000.5 }],
      orders: [{ status: "NEW", source: "query" }],
      algos: [{ status: "NEW", source: "query" }],
      foreign: [],
      requestedAt: 5,
      asOf: 7,
    },
  });
});

test.each([
  ["0.0105", 11],
  ["-0.0105", -11],
  ["0.0001", 1],
  ["-0.00000001", -1],
])(
  "[F-60] [F-77] a position of %s, which is off the lot grid, counts as %i lots, and the others as they are",
  (positionAmt, held) => {
    const decoded = read({
      positions: [
        { ...position, positionAmt },
        { ...position, symbol: "ETHUSDT" },
      ],
    });
    expect(decoded).toMatchObject({
      kind: "snapshot",
      snapshot: {
        positions: [
          { symbol: 0, lots: held },
          { symbol: 1, lots: -10 },
        ],
      },
      offGrid: [{ symbol: 0, amount: positionAmt }],
    });
  },
);

test("what is not in the configured symbols is named, not dropped", () => {
  const bodies = {
    positions: [{ ...position, symbol: "BNBUSDT" }],
    orders: [orderBody({ symbol: "BNBUSDT" })],
    algos: [algoBody({ symbol: "BNBUSDT" }), algoBody({ orderType: "TRAILING_STOP_MARKET" })],
  };
  const decoded = read(bodies);
  expect(decoded.kind === "snapshot" ? decoded.snapshot.foreign : []).toEqual([
    "position BNBUSDT -0.010",
    expect.stringContaining("order BNBUSDT"),
    expect.stringContaining("conditional order BNBUSDT"),
    expect.stringContaining("TRAILING_STOP_MARKET"),
  ]);
});

test("somebody's trailing stop, which has no trigger price, does not make the account unreadable", () => {
  const decoded = read({ algos: [algoBody({ orderType: "TRAILING_STOP_MARKET", triggerPrice: "" }), algoBody()] });
  expect(decoded.kind === "snapshot" ? decoded.snapshot.algos.length : decoded).toBe(1);
});

test("[ORD-2] a full page of fills may be a part only, so nothing is concluded from it", () => {
  const command = { kind: "query-fills", symbol: symbolIndex(0), clientOrderId: "a", orderId: "7" } as const;
  const fill = {
    symbol: "BTCUSDT",
    orderId: 7,
    price: "64000.00",
    qty: "0.001",
    commission: "0",
    commissionAsset: "USDT",
    maker: true,
    time: 1,
  };
  const page = (length: number): unknown => Array.from({ length }, (_, id) => ({ ...fill, id }));
  const kinds = [999, 1_000].map((length) => decodeReply(command, reply(page(length)), byName).verdict.outcome.kind);
  expect(kinds).toEqual(["ok", "unknown"]);
});

test.each([
  ["positions cannot be read", { positions: [{ ...position, positionAmt: 0 }] }],
  ["a position has a hedge side", { positions: [{ ...position, positionSide: "SHORT" }] }],
  ["a symbol has two rows", { positions: [position, position] }],
  ["the wallet's row is missing", { balance: [] }],
  ["there is a profit without a position", { balance: [{ ...balance[0], crossUnPnl: "1.0" }] }],
  ["open orders are an error", { orders: { code: -1003, msg: "Too many requests." } }],
  ["open conditional orders are missing", { algos: undefined }],
])("flat is proven, never defaulted: nothing is concluded when %s (F-44)", (_, bodies) => {
  expect(read(bodies).kind).toBe("unproven");
});
