import { connect } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchJson, key, stillServer, type TestServer, TestSocket } from "./support.ts";

let at: TestServer;
const faults: unknown[] = [];

beforeEach(async () => {
  faults.length = 0;
  at = await stillServer({ onFault: (error) => faults.push(error) });
});

afterEach(async () => {
  await at.server.close();
});

async function stillServes(): Promise<void> {
  expect([(await fetchJson(at, "GET", "/fapi/v1/ping")).status, faults]).toEqual([200, []]);
}

const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

test.each([
  "",
  "null",
  "[]",
  "{",
  "{}",
  '{"method":1,"id":1}',
  '{"method":"SUBSCRIBE","params":[1,null,{}],"id":1}',
  '{"method":"SUBSCRIBE","params":["__proto__","constructor","@","%zz"],"id":1}',
  '{"method":"SET_PROPERTY","id":1}',
  '{"method":"SUBSCRIBE","params":[],"id":-1.5}',
  deep,
])("[SIM-1] a stream connection survives %.60s", async (text) => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/public/ws`);
  socket.send(text);
  await socket.settled();
  socket.close();
  await stillServes();
});

test.each([
  "",
  "{}",
  "[1]",
  '{"id":1,"method":"order.place","params":{"price":1e999}}',
  '{"id":1,"method":"order.place","params":null}',
  '{"id":1e30,"method":"depth","params":{"symbol":{"a":[1]},"limit":null}}',
  '{"id":1,"method":"__proto__","params":{"__proto__":{"a":1}}}',
  `{"id":1,"method":"depth","params":{"symbol":${deep}}}`,
])("[SIM-1] a WebSocket API connection survives and answers %.60s", async (text) => {
  const socket = await TestSocket.open(at.server.urls.api);
  socket.send(text);
  expect(await socket.next()).toMatchObject({ status: 400 });
  socket.close();
  await stillServes();
});

test.each([
  ["GET", "/fapi/v1/%zz"],
  ["GET", "/fapi/v1/depth?symbol=%zz&limit=%"],
  ["GET", "/fapi/v1/depth?__proto__=1&symbol=constructor"],
  ["GET", "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=-1"],
  ["POST", "/fapi/v1/order?signature=%zz&timestamp=1"],
  ["PUT", "/fapi/v1/listenKey?&&&==&"],
  ["PATCH", "/fapi/v1/order"],
  ["GET", "/"],
])("[SIM-1] %s %s is refused, and the server serves on", async (method, path) => {
  const reply = await fetchJson(at, method, path, key.apiKey);
  expect(reply.status).toBeGreaterThanOrEqual(400);
  expect(reply.status).toBeLessThan(500);
  await stillServes();
});

test("[SIM-1] a message beyond a megabyte closes its connection only", async () => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/public/ws`);
  socket.send("x".repeat(1_100_000));
  await socket.closed();
  await stillServes();
});

test.each(["/none", "/public", "/public/ws2/x", "/ws-fapi/v2"])("[SIM-1] no socket opens at %s", async (path) => {
  await expect(TestSocket.open(at.server.urls.streams + path)).rejects.toThrow("404");
});

test("[SIM-1] a connection that breaks off in the middle of a handshake harms nobody", async () => {
  const socket = connect(at.server.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write("GET /none HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  socket.resetAndDestroy();
  await stillServes();
});
