import { expect, test } from "vitest";
import { instrumentsByName } from "../../../src/venue/wire/reports.ts";
import { decodeUserMessage, type UserMessage } from "../../../src/venue/wire/user-events.ts";
import { btc, eth } from "../support.ts";

const byName = instrumentsByName([btc, eth]);
const decode = (message: unknown): UserMessage => decodeUserMessage(message, "USDT", byName);

const order = {
  s: "BTCUSDT",
  c: "sd-3k9f2x1a-e1-7q",
  S: "BUY",
  o: "LIMIT",
  q: "0.010",
  p: "64000.00",
  x: "TRADE",
  X: "PARTIALLY_FILLED",
  i: 8_389_765_000_000_000_123n,
  l: "0.004",
  z: "0.006",
  L: "63999.90",
  N: "USDT",
  n: "0.05119992",
  T: 1_791_382_990_123,
  t: 9_007_199_254_740_993n,
  m: true,
  R: false,
  ps: "BOTH",
};
const update = (overrides: object = {}): unknown => ({
  e: "ORDER_TRADE_UPDATE",
  E: 1_791_382_990_124,
  T: 1_791_382_990_123,
  o: { ...order, ...overrides },
});

test("a fill is told with its identity, exact fee and cumulative amount", () => {
  expect(decode(update())).toEqual({
    kind: "told",
    foreign: [],
    events: [
      {
        kind: "order-report",
        symbol: 0,
        clientOrderId: order.c,
        orderId: "8389765000000000123",
        status: "PARTIALLY_FILLED",
        side: "buy",
        type: "LIMIT",
        price: 640_000,
        quantity: 10,
        filled: 6,
        reduceOnly: false,
        fill: {
          tradeId: "9007199254740993",
          price: 639_999,
          quantity: 4,
          commission: 5_119_992n,
          commissionAsset: "USDT",
          maker: true,
          time: 1_791_382_990_123_000,
        },
        time: 1_791_382_990_123_000,
        source: "stream",
      },
    ],
  });
});

function only(message: UserMessage): unknown {
  return message.kind === "told" ? message.events[0] : message;
}

test("a report without an execution has no fill", () => {
  expect(only(decode(update({ x: "CANCELED", X: "CANCELED", l: "0", t: 0 })))).toMatchObject({
    status: "CANCELED",
    fill: null,
  });
});

test("a fill without a fee has an unknown fee, not a fee of zero", () => {
  expect(only(decode(update({ n: undefined, N: undefined })))).toMatchObject({
    fill: { commission: null, commissionAsset: null },
  });
});

test("a liquidation is a fill too, whatever its order type", () => {
  const message = decode(update({ c: "autoclose-1", o: "LIQUIDATION", x: "CALCULATED", X: "FILLED", S: "SELL" }));
  expect(only(message)).toMatchObject({ clientOrderId: "autoclose-1", status: "FILLED", fill: { quantity: 4 } });
});

test("the child of a stop is told under the stop's own client id", () => {
  const message = decode(update({ c: "sd-3k9f2x1a-f1-zz", o: "MARKET", ot: "STOP_MARKET", p: "0", X: "FILLED" }));
  expect(only(message)).toMatchObject({ clientOrderId: "sd-3k9f2x1a-f1-zz", type: "MARKET", price: null });
});

test.each([
  ["an unknown status", update({ X: "HALTED" })],
  ["a hedge side", update({ ps: "LONG" })],
  ["a missing cumulative amount", update({ z: undefined })],
])("%s on the order path is told as unknown (F-63)", (_, message) => {
  expect(only(decode(message))).toMatchObject({ kind: "venue-unknown", what: "status" });
});

test("an order of a symbol that is not configured is named as foreign", () => {
  expect(decode(update({ s: "BNBUSDT" }))).toEqual({
    kind: "told",
    events: [],
    foreign: [expect.stringContaining("BNBUSDT")],
  });
});

const algo = {
  caid: "sd-3k9f2x1a-f1-zz",
  aid: 2_148_719,
  o: "STOP_MARKET",
  s: "BTCUSDT",
  S: "SELL",
  q: "0.000",
  X: "TRIGGERED",
  ai: "88937381063",
  tp: "63900",
  cp: true,
};

test("a triggered stop names its child", () => {
  expect(only(decode({ e: "ALGO_UPDATE", T: 1, E: 1, o: algo }))).toMatchObject({
    kind: "algo-report",
    status: "TRIGGERED",
    childOrderId: "88937381063",
    closePosition: true,
    quantity: null,
  });
});

test("a stop that failed says why, in the exchange's words", () => {
  const message = { e: "ALGO_UPDATE", T: 1, E: 1, o: { ...algo, X: "REJECTED", ai: "", rm: "Reduce Only reject" } };
  expect(only(decode(message))).toMatchObject({
    status: "REJECTED",
    failure: "Reduce Only reject",
    childOrderId: null,
  });
});

test("an account update tells the wallet and the positions", () => {
  const a = {
    m: "ORDER",
    B: [
      { a: "USDT", wb: "9999.5" },
      { a: "BNB", wb: "1" },
    ],
    P: [{ s: "ETHUSDT", pa: "-1.000", ep: "3400.01", ps: "BOTH" }],
  };
  expect(decode({ e: "ACCOUNT_UPDATE", T: 2, E: 2, a })).toEqual({
    kind: "told",
    events: [
      { kind: "wallet", wallet: 999_950_000_000n, transfer: 0n, time: 2_000 },
      { kind: "position-report", symbol: 1, lots: -1_000, entryTicks: 340_001, time: 2_000 },
    ],
    foreign: ["wallet BNB 1"],
  });
});

test.each([
  ["DEPOSIT", "250.5", 25_050_000_000n],
  ["WITHDRAW", "-100", -10_000_000_000n],
  ["ASSET_TRANSFER", "-0.00000001", -1n],
  ["ORDER", "0", 0n],
  ["ADJUSTMENT", "-1", 0n],
  ["INSURANCE_CLEAR", "7", 0n],
])("[RSK-4] a change of the wallet by %s has its own amount of transfer", (m, bc, transfer) => {
  const a = { m, B: [{ a: "USDT", wb: "1000", bc }], P: [] };
  expect(decode({ e: "ACCOUNT_UPDATE", T: 2, E: 2, a })).toMatchObject({ events: [{ kind: "wallet", transfer }] });
});

test.each([
  ["of cross margin names its symbol apart", { S: "ETHUSDT", P: [] }],
  ["of isolated margin names it in the position", { P: [{ s: "ETHUSDT", pa: "1.000", ep: "3400", ps: "BOTH" }] }],
])("[ORD-4] a funding fee %s", (_, rest) => {
  const a = { m: "FUNDING_FEE", B: [{ a: "USDT", wb: "1000", bc: "-0.25" }], ...rest };
  const decoded = decode({ e: "ACCOUNT_UPDATE", T: 2, E: 2, a });
  expect(decoded.kind === "told" ? decoded.events : []).toContainEqual({
    kind: "funding",
    symbol: 1,
    amount: -25_000_000n,
    time: 2_000,
  });
});

test("[F-60] [F-77] a position off the lot grid counts as the next larger one, as in reads", () => {
  const P = [{ s: "BTCUSDT", pa: "-0.0105", ep: "64000", ps: "BOTH" }];
  const decoded = decode({ e: "ACCOUNT_UPDATE", T: 2, E: 2, a: { m: "ORDER", B: [], P } });
  expect(decoded).toMatchObject({ events: [{ kind: "position-report", lots: -11 }] });
});

test("the wrapper of a combined stream is taken off", () => {
  expect(decode({ stream: "listenkey", data: { e: "listenKeyExpired", E: 1 } })).toEqual({
    kind: "listen-key-expired",
  });
});

test.each([
  [{ e: "TRADE_LITE" }, { kind: "ignored", type: "TRADE_LITE" }],
  [
    { e: "ACCOUNT_CONFIG_UPDATE", ac: { s: "BTCUSDT", l: 25 } },
    { kind: "configuration-changed", symbol: "BTCUSDT" },
  ],
  [
    { e: "ACCOUNT_CONFIG_UPDATE", ai: { j: true } },
    { kind: "configuration-changed", symbol: null },
  ],
  [{ e: "MARGIN_CALL" }, { kind: "margin-call" }],
  [{ e: "GRID_UPDATE" }, { kind: "unknown", type: "GRID_UPDATE" }],
  [null, { kind: "unknown", type: "no event type" }],
])("%j is %j", (message, expected) => {
  expect(decode(message)).toEqual(expected);
});
