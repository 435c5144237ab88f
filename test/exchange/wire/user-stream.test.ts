import { afterEach, beforeEach, expect, test } from "vitest";
import { call, fetchJson, key, Market, sign, stillServer, type TestServer, TestSocket } from "./support.ts";

let at: TestServer;
let listenKey: string;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  at = await stillServer();
  const market = new Market(at);
  market.snapshot({ last: 100, bids: [[640_000, 1_000]], asks: [[640_001, 1_000]] });
  market.mark(64_000);
  listenKey = String((await fetchJson(at, "POST", "/fapi/v1/listenKey", key.apiKey)).body["listenKey"]);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await at.server.close();
});

async function open(path: string): Promise<TestSocket> {
  const socket = await TestSocket.open(at.server.urls.streams + path);
  sockets.push(socket);
  return socket;
}

async function buy(): Promise<void> {
  await call(at, "POST", "/fapi/v1/order", { symbol: "BTCUSDT", side: "BUY", type: "MARKET", quantity: "0.010" });
}

function kinds(socket: TestSocket): readonly unknown[] {
  return socket.received.map((message) => message["e"]);
}

test("[SIM-1] a raw private connection gets the account's events bare, ids without loss", async () => {
  const socket = await open(`/private/ws/${listenKey}`);
  await buy();
  await socket.settled();
  expect(kinds(socket)).toEqual(expect.arrayContaining(["ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE", "TRADE_LITE"]));
  const lite = await socket.next((message) => message["e"] === "TRADE_LITE");
  expect(typeof lite["i"]).toBe("bigint");
});

test("[SIM-1] the events parameter filters", async () => {
  const socket = await open(`/private/ws?listenKey=${listenKey}&events=ACCOUNT_UPDATE/ALGO_UPDATE`);
  await buy();
  await socket.settled();
  expect(kinds(socket)).toEqual(["ACCOUNT_UPDATE"]);
});

test("[SIM-1] a combined private connection names the listen key as the stream", async () => {
  const socket = await open(`/private/stream?listenKey=${listenKey}&events=ACCOUNT_UPDATE`);
  await buy();
  expect(await socket.next()).toMatchObject({ stream: listenKey, data: { e: "ACCOUNT_UPDATE" } });
});

test("[SIM-1] the account's events never arrive on another route", async () => {
  const [unrouted, wrong] = [await open(`/ws/${listenKey}`), await open(`/public/stream?streams=${listenKey}`)];
  await buy();
  await unrouted.settled();
  await wrong.settled();
  expect([unrouted.received, wrong.received]).toEqual([[], []]);
});

test("[SIM-1] after the key was closed its sockets are silent", async () => {
  const socket = await open(`/private/ws/${listenKey}`);
  await fetchJson(at, "DELETE", "/fapi/v1/listenKey", key.apiKey);
  await buy();
  await socket.settled();
  expect(socket.received).toEqual([]);
});

test("[SIM-1] a fill by the market is told without any request", async () => {
  const socket = await open(`/private/ws?listenKey=${listenKey}&events=TRADE_LITE`);
  const order = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.010",
    price: "63999.0",
  };
  await call(at, "POST", "/fapi/v1/order", order);
  new Market(at).trade(7, 639_980, 100, true);
  expect(await socket.next()).toMatchObject({ e: "TRADE_LITE", s: "BTCUSDT", L: "63999.00", m: true });
});

test("[SIM-1] the WebSocket API starts, extends and ends the same key", async () => {
  const socket = await TestSocket.open(at.server.urls.api);
  sockets.push(socket);
  const ask = (id: number, method: string) => socket.ask({ id, method, params: { apiKey: key.apiKey } });
  expect([
    await ask(1, "userDataStream.start"),
    await ask(2, "userDataStream.ping"),
    await ask(3, "userDataStream.stop"),
    await ask(4, "userDataStream.ping"),
  ]).toMatchObject([
    { status: 200, result: { listenKey } },
    { status: 200, result: { listenKey } },
    { status: 200, result: {} },
    { status: 400, error: { code: -1125 } },
  ]);
});

test("[SIM-1] an order id above 2⁵³ cancels over the WebSocket API as the JSON integer it is", async () => {
  const order = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.010",
    price: "63000",
  };
  const placed = await call(at, "POST", "/fapi/v1/order", order);
  const socket = await TestSocket.open(at.server.urls.api);
  sockets.push(socket);
  const id = placed.body["orderId"];
  const signature = sign(`apiKey=${key.apiKey}&orderId=${id}&symbol=BTCUSDT&timestamp=${at.now()}`);
  socket.send(
    `{"id":1,"method":"order.cancel","params":{"apiKey":"${key.apiKey}","orderId":${id},"symbol":"BTCUSDT","timestamp":${at.now()},"signature":"${signature}"}}`,
  );
  expect(await socket.next()).toMatchObject({ status: 200, result: { orderId: id, status: "CANCELED" } });
});
