import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchJson, type Json, key, stillServer, type TestServer, TestSocket } from "./support.ts";

/** Shorter than the pong time-out, so that sockets outlive their key. */
const life = 60_000;

let at: TestServer;

beforeEach(async () => {
  at = await stillServer({ timings: { listenKeyLife: life } });
});

afterEach(async () => {
  await at.server.close();
});

async function listenKey(method: string): Promise<Json> {
  return (await fetchJson(at, method, "/fapi/v1/listenKey", key.apiKey)).body;
}

test("[SIM-1] a listen key is the account's one, has no underscore, and is extended by each start", async () => {
  const first = await listenKey("POST");
  at.advance(life - 1);
  const second = await listenKey("POST");
  at.advance(life - 1);
  const kept = await listenKey("PUT");
  expect([second, kept]).toEqual([first, first]);
  expect(String(first["listenKey"])).toMatch(/^[A-Za-z0-9]{64}$/);
});

test("[SIM-1] a key that expired cannot be kept alive, and the next start gives another", async () => {
  const first = await listenKey("POST");
  at.advance(life);
  const kept = await listenKey("PUT");
  const second = await listenKey("POST");
  expect([kept["code"], second["listenKey"] === first["listenKey"]]).toEqual([-1125, false]);
});

test("[SIM-1] expiry is told on the socket, which stays open", async () => {
  const { listenKey: name } = await listenKey("POST");
  const socket = await TestSocket.open(`${at.server.urls.streams}/private/stream?listenKey=${name}`);
  at.advance(life);
  const message = await socket.next();
  await socket.settled();
  socket.close();
  expect(message).toEqual({ stream: name, data: { e: "listenKeyExpired", E: at.now(), listenKey: name } });
});

test("[SIM-1] a closed key is gone for everyone", async () => {
  await listenKey("POST");
  expect([await listenKey("DELETE"), (await listenKey("PUT"))["code"]]).toEqual([{}, -1125]);
});

test("[SIM-1] an unknown listen key connects and stays silent", async () => {
  const socket = await TestSocket.open(`${at.server.urls.streams}/private/ws/bogus`);
  await listenKey("POST");
  at.advance(life);
  await socket.settled();
  socket.close();
  expect(socket.received).toEqual([]);
});

test("[SIM-1] listen keys need the API key header and no signature", async () => {
  expect((await fetchJson(at, "POST", "/fapi/v1/listenKey")).body["code"]).toBe(-2014);
});
