/** What independent clients see of the exchange: the same claims for the official connector and for the `binance` SDK. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connector, type Inbox, refusalOf, sdk, type VenueClient } from "./clients.ts";
import { LocalBook } from "./local-book.ts";
import { call, type Json, liveServer, Market, type TestServer } from "./support.ts";

/** Ids under the SDK's own prefix, for which it prints no warning. */
let ids = 0;
function newId(): string {
  ids += 1;
  return `x-15PC4ZJy-${ids}`;
}

/** A market of one tick: 64 000.0 / 64 000.1, one coin a level, ten levels a side. */
function openMarket(market: Market): void {
  const levels = Array.from({ length: 10 }, (_, index) => index);
  market.snapshot({
    last: 1_000,
    bids: levels.map((level) => [640_000 - level, 1_000]),
    asks: levels.map((level) => [640_001 + level, 1_000]),
  });
  market.ticker(1_001, [640_000, 1_000], [640_001, 1_000]);
  market.mark(64_000);
  market.trade(1, 640_001, 10);
}

let at: TestServer;
let market: Market;

beforeEach(async () => {
  at = await liveServer();
  market = new Market(at);
  openMarket(market);
});

afterEach(async () => {
  await at.server.close();
});

describe.each([
  ["the official connector", connector],
  ["the binance SDK", sdk],
])("%s", (_name, connect) => {
  let client: VenueClient;

  beforeEach(async () => {
    client = await connect(at);
  });

  afterEach(async () => {
    await client.close();
  });

  test("[SIM-1] reads exchangeInfo with the limits and filters of the listed symbols", async () => {
    const info = await client.exchangeInfo();
    expect(info).toMatchObject({
      futuresType: "U_MARGINED",
      rateLimits: expect.arrayContaining([expect.objectContaining({ rateLimitType: "REQUEST_WEIGHT", limit: 2_400 })]),
      symbols: [
        {
          symbol: "BTCUSDT",
          filters: expect.arrayContaining([expect.objectContaining({ filterType: "PRICE_FILTER", tickSize: "0.10" })]),
        },
        { symbol: "ETHUSDT" },
      ],
    });
  });

  test("[MKT-1] rebuilds the exact book from the snapshot and the differences", async () => {
    const inbox = await client.watch("public", ["btcusdt@depth@100ms"]);
    const book = new LocalBook();
    const random = randomFrom(7);
    let id = 1_000;
    const push = (): void => {
      const first = id + 3;
      const last = first + 5;
      const price = 640_000 + Math.floor(random() * 20) - 10;
      const size = Math.floor(random() * 3) * 100;
      market.depth({
        first,
        last,
        previous: id,
        ...(price <= 640_000 ? { bids: [[price, size]] } : { asks: [[price, size]] }),
      });
      id = last;
    };
    push();
    book.buffer(await inbox.event("depthUpdate"));
    push();
    book.start(await client.depth(1_000));
    for (let round = 0; round < 6; round += 1) {
      for (let update = 0; update < 20; update += 1) push();
      const last = id;
      await untilApplied(inbox, book, last);
    }
    const own = await client.depth(1_000);
    expect({ lastUpdateId: book.lastId, bids: book.bids(), asks: book.asks() }).toEqual({
      lastUpdateId: own["lastUpdateId"],
      bids: own["bids"],
      asks: own["asks"],
    });
  });

  test("[SIM-1] hears best bid and ask, aggregate trades, candles and the mark price", async () => {
    const quotes = await client.watch("public", ["btcusdt@bookTicker"]);
    market.ticker(1_002, [640_000, 900], [640_001, 800]);
    expect(await quotes.event("bookTicker")).toMatchObject({ s: "BTCUSDT", u: 1_002, b: "64000.00", B: "0.900" });
    const trades = await client.watch("market", ["btcusdt@aggTrade"]);
    market.trade(2, 640_000, 5, true);
    const trade = await trades.event("aggTrade", (message) => message["p"] === "64000.00");
    expect(trade).toMatchObject({ q: "0.005", f: 2, l: 2, m: true });
    expect(await client.aggregateTrades(Number(trade["a"]))).toMatchObject([
      { a: trade["a"], p: "64000.00", q: "0.005" },
    ]);
    const candles = await client.watch("market", ["btcusdt@kline_1m"]);
    market.trade(3, 640_001, 5);
    // The candle as it was before the trade may be told first.
    const candle = await candles.event("kline", (message) => JSON.stringify(message["k"]).includes('"L":3'));
    expect(candle).toMatchObject({ k: { i: "1m", c: "64000.10", L: 3 } });
    const marks = await client.watch("market", ["btcusdt@markPrice@1s"]);
    expect(await marks.event("markPriceUpdate")).toMatchObject({ s: "BTCUSDT", p: "64000.00000000" });
  });

  test("[SIM-1] lives through an order: acknowledged, resting, listed, filled by the market, told on the user stream", async () => {
    const user = await client.userStream();
    const id = newId();
    const placed = await client.placeLimit({ side: "BUY", quantity: 0.01, price: 63_999, timeInForce: "GTC", id });
    expect(placed).toMatchObject({ clientOrderId: id, status: "NEW", price: "63999.00", origQty: "0.010" });
    expect(placed).not.toHaveProperty("avgPrice");
    expect(await client.openOrders()).toMatchObject([{ clientOrderId: id }]);
    expect(await user.event("ORDER_TRADE_UPDATE")).toMatchObject({ o: { c: id, x: "NEW", X: "NEW" } });
    market.trade(2, 639_980, 100, true);
    expect(await user.event("ORDER_TRADE_UPDATE")).toMatchObject({
      o: { c: id, x: "TRADE", X: "FILLED", l: "0.010", L: "63999.00", m: true, N: "USDT" },
    });
    expect(await user.event("ACCOUNT_UPDATE")).toMatchObject({ a: { m: "ORDER", P: [{ s: "BTCUSDT", pa: "0.010" }] } });
    expect(await client.order(id)).toMatchObject({ status: "FILLED", executedQty: "0.010", avgPrice: "63999.00000" });
    expect(await client.fills()).toMatchObject([{ qty: "0.010", maker: true, price: "63999.00" }]);
    expect(await client.positions()).toMatchObject([{ symbol: "BTCUSDT", positionAmt: "0.010" }]);
  });

  test("[SIM-1] modifies an order in place, over REST and over the WebSocket API", async () => {
    const user = await client.userStream();
    const id = newId();
    await client.placeLimit({ side: "BUY", quantity: 0.01, price: 63_000, timeInForce: "GTC", id });
    const amendment = { side: "BUY", quantity: 0.02, price: 63_500, id } as const;
    expect(await client.modify(amendment)).toMatchObject({ clientOrderId: id, price: "63500.00", origQty: "0.020" });
    const told = await user.event("ORDER_TRADE_UPDATE", (message) => asObject(message["o"])["x"] === "AMENDMENT");
    expect(told).toMatchObject({ o: { c: id, X: "NEW", p: "63500.00", q: "0.020" } });
    expect(await client.socket.modify({ ...amendment, price: 63_600 })).toMatchObject({ price: "63600.00" });
    expect(await client.openOrders()).toMatchObject([{ clientOrderId: id, price: "63600.00", origQty: "0.020" }]);
    expect(await refusalOf(client.modify({ ...amendment, price: 63_600 }))).toBe(-5027);
    await client.cancel(id);
    expect(await refusalOf(client.modify(amendment))).toBe(-2013);
  });

  test("[SIM-1] cancels an order, once", async () => {
    const id = newId();
    await client.placeLimit({ side: "BUY", quantity: 0.01, price: 63_000, timeInForce: "GTC", id });
    expect(await client.cancel(id)).toMatchObject({ clientOrderId: id, status: "CANCELED" });
    expect(await refusalOf(client.cancel(id))).toBe(-2011);
    expect(await client.openOrders()).toEqual([]);
  });

  test("[SIM-1] lives through a conditional order that fires: the child carries its id", async () => {
    const user = await client.userStream();
    await client.placeMarket("BUY", 0.01, newId());
    const id = newId();
    expect(await client.placeStop({ side: "SELL", trigger: 63_900, id })).toMatchObject({
      clientAlgoId: id,
      algoStatus: "NEW",
      orderType: "STOP_MARKET",
      closePosition: true,
    });
    expect(await client.openAlgos()).toMatchObject([{ clientAlgoId: id }]);
    expect(await client.openOrders()).toEqual([]);
    market.trade(2, 638_990, 1, true);
    const finished = await user.event("ALGO_UPDATE", (message) => asObject(message["o"])["X"] === "FINISHED");
    const child = await user.event("ORDER_TRADE_UPDATE", (message) => {
      const order = asObject(message["o"]);
      return order["c"] === id && order["X"] === "FILLED";
    });
    expect(finished).toMatchObject({ o: { caid: id } });
    expect(child).toMatchObject({ o: { S: "SELL", z: "0.010" } });
    expect(await client.algo(id)).toMatchObject({ algoStatus: "FINISHED" });
    expect(await client.order(id)).toMatchObject({ status: "FILLED" });
    expect(await client.openAlgos()).toEqual([]);
  });

  test("[SIM-1] cancels a conditional order", async () => {
    await client.placeMarket("BUY", 0.01, newId());
    const id = newId();
    await client.placeStop({ side: "SELL", trigger: 63_900, id });
    expect(await client.cancelAlgo(id)).toMatchObject({ clientAlgoId: id, code: "200", msg: "success" });
    expect(await client.algo(id)).toMatchObject({ algoStatus: "CANCELED" });
  });

  test("[SIM-1] does the same over the WebSocket API", async () => {
    const id = newId();
    const order = { side: "BUY", quantity: 0.01, price: 63_000, timeInForce: "GTC", id } as const;
    expect(await client.socket.placeLimit(order)).toMatchObject({ clientOrderId: id, status: "NEW" });
    expect(await client.socket.order(id)).toMatchObject({ clientOrderId: id, status: "NEW" });
    expect(await client.socket.cancel(id)).toMatchObject({ status: "CANCELED" });
    expect(await client.socket.balance()).toMatchObject({ asset: "USDT", balance: "10000.00000000" });
    await client.placeMarket("BUY", 0.01, newId());
    const stop = newId();
    expect(await client.socket.placeStop({ side: "SELL", trigger: 63_900, id: stop })).toMatchObject({
      clientAlgoId: stop,
    });
    expect(await client.socket.cancelAlgo(stop)).toMatchObject({ msg: "success" });
  });

  test("[SIM-1] is refused with the documented codes", async () => {
    const id = newId();
    const order = { side: "BUY", quantity: 0.01, price: 63_000, timeInForce: "GTC", id } as const;
    await client.placeLimit(order);
    const codes = {
      duplicate: await refusalOf(client.placeLimit(order)),
      offTick: await refusalOf(client.placeLimit({ ...order, price: 63_000.05, id: newId() })),
      offStep: await refusalOf(client.placeLimit({ ...order, quantity: 0.0105, id: newId() })),
      tooSmall: await refusalOf(client.placeLimit({ ...order, quantity: 0.0001, id: newId() })),
      belowNotional: await refusalOf(client.placeLimit({ ...order, quantity: 0.0001 * 7, id: newId() })),
      postOnly: await refusalOf(client.placeLimit({ ...order, price: 64_001, timeInForce: "GTX", id: newId() })),
      unknownOrder: await refusalOf(client.order("x-15PC4ZJy-none")),
      conditional: await refusalOf(client.placeStopOnOldEndpoint({ side: "SELL", trigger: 63_900, id: newId() })),
      triggersAtOnce: await refusalOf(client.placeStop({ side: "SELL", trigger: 64_100, id: newId() })),
      overSocket: await refusalOf(client.socket.placeLimit(order)),
    };
    expect(codes).toEqual({
      duplicate: -4116,
      offTick: expect.toBeOneOf([-4014, -1111]),
      offStep: expect.toBeOneOf([-4023, -1111]),
      tooSmall: expect.toBeOneOf([-4003, -4004, -1111]),
      belowNotional: expect.toBeOneOf([-4003, -4004, -1111]),
      postOnly: -5022,
      unknownOrder: -2013,
      conditional: -4120,
      triggersAtOnce: -2021,
      overSocket: -4116,
    });
  });
});

test("[SIM-1] ids on the wire are plain integers above 2⁵³, which a client that rounds them gets wrong", async () => {
  const reply = await call(at, "POST", "/fapi/v1/order", {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.010",
    price: "63000",
  });
  const id = reply.body["orderId"];
  expect(typeof id === "bigint" && id > BigInt(Number.MAX_SAFE_INTEGER) && BigInt(Number(id)) !== id).toBe(true);
});

async function untilApplied(inbox: Inbox, book: LocalBook, lastId: number): Promise<void> {
  while (book.lastId < lastId) book.buffer(await inbox.event("depthUpdate"));
}

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
