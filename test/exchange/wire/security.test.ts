import { generateKeyPairSync, sign as signWith } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { micros } from "../../../src/domain/units.ts";
import { Exchange } from "../../../src/exchange/exchange.ts";
import { listedSymbols } from "../../../src/exchange/symbols.ts";
import { checkRestSignature, checkTime, ed25519Key, hmacKey } from "../../../src/exchange/wire/security.ts";
import { WireService } from "../../../src/exchange/wire/service.ts";
import { call, fetchJson, key, sign, stillServer, type TestServer, TestSocket } from "./support.ts";

const pair = generateKeyPairSync("ed25519");
const edKey = ed25519Key("test", pair.publicKey.export({ type: "spki", format: "pem" }).toString());

let at: TestServer;

beforeEach(async () => {
  at = await stillServer({ keys: [key, edKey] });
});

afterEach(async () => {
  await at.server.close();
});

test("[SIM-1] the documented signature vector is valid", () => {
  const vector = { ...hmacKey("any"), secret: "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9" };
  const query =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
  const signature = "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9";
  expect(checkRestSignature(vector, `${query}&signature=${signature}`, "")).toBeNull();
});

test("[SIM-1] query and body are signed as one text, and the signature may end either", () => {
  const query = "symbol=BTCUSDT";
  const body = "side=BUY&timestamp=1";
  const signature = sign(query + body);
  expect([
    checkRestSignature(key, `${query}&signature=${signature}`, body),
    checkRestSignature(key, query, `${body}&signature=${signature.toUpperCase()}`),
  ]).toEqual([null, null]);
});

test("[SIM-1] a signature that is not the last parameter does not count", () => {
  const signature = sign("symbol=BTCUSDT&timestamp=1");
  expect(checkRestSignature(key, `symbol=BTCUSDT&signature=${signature}&timestamp=1`, "")?.code).toBe(-1102);
});

test("[SIM-1] an Ed25519 key signs REST calls in base64", async () => {
  const query = `timestamp=${at.now()}`;
  const signature = encodeURIComponent(signWith(null, Buffer.from(query), pair.privateKey).toString("base64"));
  const reply = await fetchJson(at, "GET", `/fapi/v3/balance?${query}&signature=${signature}`, edKey.apiKey);
  expect(reply.status).toBe(200);
});

test.each([
  [{ timestamp: "999" }, null],
  [{ timestamp: "1999" }, null],
  [{ timestamp: "2000" }, -1021],
  [{ timestamp: "500", recvWindow: "500" }, null],
  [{ timestamp: "499", recvWindow: "500" }, -1021],
  [{ timestamp: "soon" }, -1102],
  [{ recvWindow: "5000" }, -1102],
  [{ timestamp: "1000", recvWindow: "60001" }, -1130],
] as const)("[SIM-1] at 1000 ms the times %j are answered with %s", (params, code) => {
  expect(checkTime(params, 1_000)?.code ?? null).toBe(code);
});

test("[SIM-1] a signed path without key, with an unknown key, without or with a wrong signature is refused by its code", async () => {
  const query = `/fapi/v3/balance?timestamp=${at.now()}`;
  const replies = [
    await fetchJson(at, "GET", query),
    await fetchJson(at, "GET", query, "unknown"),
    await fetchJson(at, "GET", query, key.apiKey),
    await fetchJson(at, "GET", `${query}&signature=${"0".repeat(64)}`, key.apiKey),
  ];
  expect(replies.map((reply) => [reply.status, reply.body["code"]])).toEqual([
    [401, -2014],
    [401, -2015],
    [400, -1102],
    [400, -1022],
  ]);
});

test("[SIM-1] a market path needs no key", async () => {
  expect((await fetchJson(at, "GET", "/fapi/v1/ping")).status).toBe(200);
});

test("[SIM-1] an unknown path is answered with 404 and a body that says so", async () => {
  expect(await fetchJson(at, "GET", "/fapi/v9/none")).toMatchObject({ status: 404, body: { code: -5000 } });
});

test("[SIM-1] a parameter given twice is refused", async () => {
  expect((await fetchJson(at, "GET", "/fapi/v1/depth?symbol=BTCUSDT&symbol=ETHUSDT")).body["code"]).toBe(-1101);
});

test("[SIM-1] the same parameter in query and body: the query wins", async () => {
  const query = `symbol=BTCUSDT&timestamp=${at.now()}`;
  const body = "symbol=NONEUSDT&leverage=5";
  const reply = await fetch(`${at.server.urls.rest}/fapi/v1/leverage?${query}&signature=${sign(query + body)}`, {
    method: "POST",
    headers: { "X-MBX-APIKEY": key.apiKey, "Content-Type": "application/x-www-form-urlencoded" },
    body,
  });
  expect(await reply.json()).toMatchObject({ symbol: "BTCUSDT", leverage: 5 });
});

test("[SIM-1] weight and order counts stand in the headers, order counts on order answers only", async () => {
  await fetchJson(at, "GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000");
  const read = await call(at, "GET", "/fapi/v3/balance");
  const placed = await call(at, "POST", "/fapi/v1/order", { symbol: "BTCUSDT", side: "BUY" });
  const names = ["x-mbx-used-weight-1m", "x-mbx-order-count-10s", "x-mbx-order-count-1m"];
  expect([read, placed].map(({ headers }) => names.map((name) => headers.get(name)))).toEqual([
    ["25", null, null],
    ["25", "1", "1"],
  ]);
});

test("[SIM-1] an Ed25519 session needs no signature per request, and ends with the log-out", async () => {
  const socket = await TestSocket.open(at.server.urls.api);
  const params = { apiKey: edKey.apiKey, timestamp: at.now() };
  const text = `apiKey=${params.apiKey}&timestamp=${params.timestamp}`;
  const signature = signWith(null, Buffer.from(text), pair.privateKey).toString("base64");
  const logon = await socket.ask({ id: 1, method: "session.logon", params: { ...params, signature } });
  const balance = { method: "v2/account.balance", params: { timestamp: at.now() } };
  const inside = await socket.ask({ id: 2, ...balance });
  await socket.ask({ id: 3, method: "session.logout" });
  const after = await socket.ask({ id: 4, ...balance });
  socket.close();
  expect([logon["status"], inside["status"], after["error"]]).toMatchObject([200, 200, { code: -1102 }]);
});

test("[SIM-1] an HMAC key cannot log on to a session", async () => {
  const socket = await TestSocket.open(at.server.urls.api);
  const params = { apiKey: key.apiKey, timestamp: at.now() };
  const signature = sign(`apiKey=${params.apiKey}&timestamp=${params.timestamp}`);
  const reply = await socket.ask({ id: 1, method: "session.logon", params: { ...params, signature } });
  socket.close();
  expect(reply).toMatchObject({ status: 400, error: { code: -4056 } });
});

test("[SIM-1] WebSocket API parameters are signed sorted by name", async () => {
  const socket = await TestSocket.open(at.server.urls.api);
  const signature = sign(`apiKey=${key.apiKey}&recvWindow=5000&timestamp=${at.now()}`);
  const reply = await socket.ask({
    id: "a",
    method: "v2/account.balance",
    params: { timestamp: at.now(), signature, recvWindow: 5_000, apiKey: key.apiKey },
  });
  socket.close();
  expect(reply).toMatchObject({
    id: "a",
    status: 200,
    rateLimits: [{ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 2_400, count: 10 }],
  });
});

test("[SIM-1] rate limits are left out of WebSocket API answers on request", async () => {
  const socket = await TestSocket.open(`${at.server.urls.api}?returnRateLimits=false`);
  const reply = await socket.ask({ id: 1, method: "session.status" });
  socket.close();
  expect(Object.keys(reply)).toEqual(["id", "status", "result"]);
});

test.each([
  ["{", null, -1130],
  ['{"id":1,"method":"none"}', 1, -1020],
])("[SIM-1] the WebSocket API message %s is refused", async (message, id, code) => {
  const socket = await TestSocket.open(at.server.urls.api);
  socket.send(message);
  const reply = await socket.next();
  socket.close();
  expect(reply).toMatchObject({ id, status: 400, error: { code } });
});

test("[F-26] requests are checked by the gate's clock where it has one of its own", async () => {
  // given
  const now = 1_700_000_000_000;
  const exchange = new Exchange({ symbols: listedSymbols, walletUsdt: "1000", makerFee: "0", takerFee: "0", seed: 1 });
  const service = new WireService({
    exchange,
    keys: [key],
    clock: () => micros(now * 1_000),
    gateClock: () => micros((now + 4_000) * 1_000),
  });
  const codeAt = (timestamp: number): unknown => {
    const query = `timestamp=${timestamp}&recvWindow=3000`;
    const url = `/fapi/v3/balance?${query}&signature=${sign(query)}`;
    return service.answer({ method: "GET", url, body: "", apiKey: key.apiKey }).status;
  };
  // when, then
  expect([codeAt(now), codeAt(now + 4_000)]).toEqual([400, 200]);
});
