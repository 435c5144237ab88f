import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchJson, type Json, Market, stillServer, type TestServer, TestSocket } from "./support.ts";

let at: TestServer;
let market: Market;

beforeEach(async () => {
  at = await stillServer();
  market = new Market(at);
  market.snapshot({ last: 100, bids: [[640_000, 1_000]], asks: [[640_001, 1_000]] });
  market.mark(64_000);
});

afterEach(async () => {
  await at.server.close();
});

/** A message as captured from the exchange. */
function captured(name: string): Json {
  return JSON.parse(readFileSync(new URL(`../../fixtures/payloads/${name}.json`, import.meta.url), "utf8"));
}

/** Keys in their order, texts by their decimal places, everything else by its type: what a parser may depend on. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).map(([key, field]) => [key, shape(field)]);
  }
  if (typeof value !== "string") return typeof value;
  const decimals = /^-?\d+(?:\.(\d+))?$/.exec(value);
  return decimals === null ? "text" : `decimal with ${decimals[1]?.length ?? 0} places`;
}

function sorted(value: unknown): unknown {
  return Array.isArray(value) ? value.map(sorted).sort((a, b) => (String(a) < String(b) ? -1 : 1)) : value;
}

test.each([
  ["live.ws.bookTicker", "public", "btcusdt@bookTicker"],
  ["live.ws.depth20_100ms", "public", "btcusdt@depth20@100ms"],
  ["live.ws.aggTrade", "market", "btcusdt@aggTrade"],
  ["live.ws.markPrice_1s", "market", "btcusdt@markPrice@1s"],
  ["live.ws.kline_1m", "market", "btcusdt@kline_1m"],
])("[SIM-1] %s has the keys, types and decimal places that were captured", async (name, route, stream) => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/${route}/stream?streams=${stream}`);
  market.ticker(101, [640_000, 1_000], [640_001, 1_000]);
  market.depth({ first: 103, last: 110, previous: 100, bids: [[640_000, 5]], asks: [[640_001, 7]] });
  market.trade(7, 640_001, 10);
  at.advance(3_000);
  const message = await socket.next();
  socket.close();
  expect(sorted(shape(message))).toEqual(sorted(shape(captured(name))));
});

test("[SIM-1] differences have the documented keys", async () => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/public/ws/btcusdt@depth`);
  market.depth({ first: 103, last: 110, previous: 100, bids: [[640_000, 5]], asks: [[640_001, 7]] });
  at.advance(250);
  const message = await socket.next();
  socket.close();
  expect(Object.keys(message).sort()).toEqual(Object.keys(captured("ws.depthUpdate.diff")).sort());
});

test("[SIM-1] partial depth replaces the top of the book at its speed", async () => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/public/ws/btcusdt@depth5@500ms`);
  market.depth({
    first: 103,
    last: 110,
    previous: 100,
    bids: [[639_999, 5]],
    asks: [
      [640_001, 0],
      [640_002, 7],
    ],
  });
  at.advance(500);
  const message = await socket.next();
  socket.close();
  expect(message).toMatchObject({
    u: 110,
    b: [
      ["64000.00", "1.000"],
      ["63999.90", "0.005"],
    ],
    a: [["64000.20", "0.007"]],
  });
});

test("[SIM-1] GET aggTrades has the keys of a captured row, and continues from an id", async () => {
  market.trade(7, 640_001, 10);
  market.trade(8, 640_002, 10);
  market.trade(9, 640_003, 10);
  at.advance(1_000);
  const rows = Object.values((await fetchJson(at, "GET", "/fapi/v1/aggTrades?symbol=BTCUSDT&fromId=8")).body);
  const [row] = Object.values(captured("live.rest.aggTrades"));
  expect(shape(rows)).toEqual([shape(row)]);
  expect(rows).toMatchObject([{ a: 8 }, { a: 9 }]);
});

test("[SIM-1] a candle that closed is told as final, once", async () => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/market/ws/btcusdt@kline_1m`);
  market.trade(7, 640_001, 10);
  at.advance(1_000);
  at.advance(60_000);
  at.advance(1_000);
  market.trade(8, 640_000, 10);
  at.advance(1_000);
  await socket.settled();
  socket.close();
  expect(socket.received).toMatchObject([
    { k: { x: false, c: "64000.10", L: 7 } },
    { k: { x: true, c: "64000.10", L: 7 } },
    { k: { x: false, c: "64000.00", f: 8 } },
  ]);
});
