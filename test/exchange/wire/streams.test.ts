import { afterEach, beforeEach, expect, test } from "vitest";
import { epoch, Market, stillServer, type TestServer, TestSocket } from "./support.ts";

let at: TestServer;
let market: Market;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  at = await stillServer();
  market = new Market(at);
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await at.server.close();
});

async function open(path: string, options = {}): Promise<TestSocket> {
  const socket = await TestSocket.open(at.server.urls.streams + path, options);
  sockets.push(socket);
  return socket;
}

test("[SIM-1] a raw connection gets events bare, with the live keys and number texts", async () => {
  const socket = await open("/public/ws/btcusdt@bookTicker");
  market.ticker(11_757_092_630_476, [830_916, 4_215], [830_917, 3_763]);
  expect(await socket.next()).toEqual({
    e: "bookTicker",
    u: 11_757_092_630_476,
    s: "BTCUSDT",
    ps: "BTCUSDT",
    b: "83091.60",
    B: "4.215",
    a: "83091.70",
    A: "3.763",
    T: epoch,
    E: epoch,
    st: 1,
  });
});

test("[SIM-1] a combined connection wraps events with the stream's name", async () => {
  const socket = await open("/public/stream?streams=btcusdt@bookTicker/ethusdt@bookTicker");
  market.ticker(1, [830_916, 1], [830_917, 1]);
  expect(await socket.next()).toMatchObject({ stream: "btcusdt@bookTicker", data: { u: 1 } });
});

test("[SIM-1] a stream on the wrong route is acknowledged and stays silent", async () => {
  const socket = await open("/market/stream");
  const acknowledged = await socket.ask({ method: "SUBSCRIBE", params: ["btcusdt@bookTicker"], id: 1 });
  market.ticker(1, [830_916, 1], [830_917, 1]);
  await socket.settled();
  expect({ acknowledged, received: socket.received }).toEqual({ acknowledged: { result: null, id: 1 }, received: [] });
});

test("[SIM-1] a symbol in upper case is acknowledged and stays silent", async () => {
  const socket = await open("/public/ws");
  const acknowledged = await socket.ask({ method: "SUBSCRIBE", params: ["BTCUSDT@bookTicker"], id: 1 });
  market.ticker(1, [830_916, 1], [830_917, 1]);
  await socket.settled();
  expect({ acknowledged, received: socket.received }).toEqual({ acknowledged: { result: null, id: 1 }, received: [] });
});

test("[SIM-1] a legacy path without a route serves the public kinds only", async () => {
  const socket = await open("/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker");
  market.trade(7, 830_917, 1);
  market.ticker(1, [830_916, 1], [830_917, 1]);
  at.advance(1_000);
  await socket.settled();
  expect(socket.received.map((message) => message["stream"])).toEqual(["btcusdt@bookTicker"]);
});

test("[SIM-1] an unsubscribed stream falls silent and leaves the list", async () => {
  const socket = await open("/public/ws/btcusdt@bookTicker/ethusdt@bookTicker");
  await socket.ask({ method: "UNSUBSCRIBE", params: ["btcusdt@bookTicker"], id: 1 });
  market.ticker(1, [830_916, 1], [830_917, 1]);
  const listed = await socket.ask({ method: "LIST_SUBSCRIPTIONS", id: 2 });
  expect({ listed, received: socket.received }).toEqual({
    listed: { result: ["ethusdt@bookTicker"], id: 2 },
    received: [],
  });
});

test("[SIM-1] the property combined is read and changed on a connection", async () => {
  const socket = await open("/public/ws/btcusdt@bookTicker");
  const before = await socket.ask({ method: "GET_PROPERTY", params: ["combined"], id: 1 });
  await socket.ask({ method: "SET_PROPERTY", params: ["combined", true], id: 2 });
  market.ticker(1, [830_916, 1], [830_917, 1]);
  expect([before["result"], (await socket.next())["stream"]]).toEqual([false, "btcusdt@bookTicker"]);
});

test.each([
  [{ method: "SET_PROPERTY", params: ["other", true], id: 1 }, 0],
  [{ method: "SET_PROPERTY", params: ["combined", 1], id: 1 }, 1],
  [{ method: "SUBSCRIBED", params: [], id: 1 }, 2],
  [{ method: "SUBSCRIBE", params: "btcusdt@depth", id: 1 }, 2],
])("[SIM-1] the control message %j is refused with error code %i", async (message, code) => {
  const socket = await open("/public/ws");
  expect(await socket.ask(message)).toMatchObject({ error: { code }, id: 1 });
});

test("[SIM-1] text that is not JSON is refused with error code 3", async () => {
  const socket = await open("/public/ws");
  socket.send("{");
  expect(await socket.next()).toMatchObject({ error: { code: 3 } });
});

test("[SIM-1] the 1025th name is answered with error code 4 and a close with 1008", async () => {
  const socket = await open("/public/ws");
  const names = Array.from({ length: 1_025 }, (_, index) => `none${index}@depth`);
  socket.send({ method: "SUBSCRIBE", params: names, id: 1 });
  expect([await socket.next(), await socket.closed()]).toEqual([
    { error: { code: 4, msg: "Too many subscriptions" } },
    { code: 1008, reason: "Invalid request" },
  ]);
});

test("[SIM-1] more than ten messages in a second close the connection with 1008", async () => {
  const socket = await open("/public/ws");
  for (let id = 1; id <= 11; id += 1) socket.send({ method: "LIST_SUBSCRIPTIONS", id });
  expect([await socket.closed(), socket.received.length]).toEqual([{ code: 1008, reason: "Too many requests" }, 10]);
});

test("[SIM-1] the server pings with its time in milliseconds", async () => {
  const socket = await open("/public/ws");
  at.advance(180_000);
  expect(await socket.ping()).toBe(String(epoch + 180_000));
});

test("[SIM-1] a client that never answers pings is cut off after ten minutes", async () => {
  const socket = await open("/public/ws", { autoPong: false });
  for (let minute = 0; minute < 10; minute += 1) at.advance(60_000);
  expect((await socket.closed()).code).toBe(1006);
});

test("[SIM-1] a connection ends with its life time", async () => {
  await at.server.close();
  at = await stillServer({ timings: { connectionLife: 5_000 } });
  const socket = await open("/public/ws");
  at.advance(5_000);
  expect((await socket.closed()).code).toBe(1001);
});

test("[SIM-1] trades of one price and side within 100 ms become one aggregate trade, with consecutive ids", async () => {
  const socket = await open("/market/ws/btcusdt@aggTrade");
  market.trade(8_153_634_393, 830_917, 10);
  at.advance(50);
  market.trade(8_153_634_394, 830_917, 12);
  market.trade(8_153_634_395, 830_918, 5);
  at.advance(101);
  const [first, second] = [await socket.next(), await socket.next()];
  expect(first).toEqual({
    e: "aggTrade",
    E: epoch + 50,
    s: "BTCUSDT",
    a: 8_153_634_393,
    p: "83091.70",
    q: "0.022",
    nq: "0.022",
    f: 8_153_634_393,
    l: 8_153_634_394,
    T: epoch + 50,
    m: false,
    st: 1,
  });
  expect(second).toMatchObject({ a: 8_153_634_394, q: "0.005", f: 8_153_634_395, l: 8_153_634_395 });
});

test("[SIM-1] depth differences are gathered over the speed, each speed with its own chain of ids", async () => {
  const fast = await open("/public/ws/btcusdt@depth@100ms");
  const slow = await open("/public/ws/btcusdt@depth@500ms");
  market.snapshot({ last: 100, bids: [[830_916, 1]], asks: [[830_917, 1]] });
  market.depth({ first: 103, last: 110, previous: 100, bids: [[830_916, 5]] });
  market.depth({
    first: 112,
    last: 120,
    previous: 110,
    bids: [
      [830_916, 7],
      [830_915, 2],
    ],
    asks: [[830_917, 0]],
  });
  at.advance(100);
  market.depth({ first: 125, last: 130, previous: 120, asks: [[830_918, 3]] });
  at.advance(400);
  expect([await fast.next(), await fast.next()]).toEqual([
    depthMessage({
      E: epoch + 100,
      T: epoch,
      U: 103,
      u: 120,
      pu: 100,
      b: [
        ["83091.60", "0.007"],
        ["83091.50", "0.002"],
      ],
      a: [["83091.70", "0.000"]],
    }),
    depthMessage({ E: epoch + 500, T: epoch + 100, U: 125, u: 130, pu: 120, b: [], a: [["83091.80", "0.003"]] }),
  ]);
  expect(await slow.next()).toMatchObject({ U: 103, u: 130, pu: 100 });
});

test("[SIM-1] a gap breaks the chain of ids, so that books are fetched anew", async () => {
  const socket = await open("/public/ws/btcusdt@depth@100ms");
  market.snapshot({ last: 100, bids: [[830_916, 1]] });
  market.depth({ first: 103, last: 110, previous: 100, bids: [[830_916, 5]] });
  at.advance(100);
  market.gap();
  market.snapshot({ last: 200, bids: [[830_916, 1]] });
  market.depth({ first: 203, last: 210, previous: 200, bids: [[830_916, 5]] });
  at.advance(100);
  const [before, after] = [await socket.next(), await socket.next()];
  expect([before["u"], after["pu"]]).toEqual([110, 200]);
});

function depthMessage(fields: object): object {
  return { e: "depthUpdate", s: "BTCUSDT", ps: "BTCUSDT", st: 1, ...fields };
}
