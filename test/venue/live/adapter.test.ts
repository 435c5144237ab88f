import { generateKeyPairSync } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { Command } from "../../../src/domain/output.ts";
import { lots, ticks } from "../../../src/domain/units.ts";
import { ed25519Key } from "../../../src/exchange/wire/security.ts";
import { signerFrom } from "../../../src/venue/live/signer.ts";
import type { Signer } from "../../../src/venue/transport.ts";
import { call, key, liveServer, Market, type TestServer } from "../../exchange/wire/support.ts";
import { entry, stop } from "../support.ts";
import { Connected } from "./connected.ts";

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

const hmac = (): Signer => signerFrom(key.apiKey, key.secret);

async function connected(signer: Signer, at: TestServer): Promise<Connected> {
  opened.push(at.server);
  const market = new Market(at);
  market.snapshot({ last: 100, bids: [[640_000, 5_000]], asks: [[640_001, 5_000]] });
  market.ticker(100, [640_000, 5_000], [640_001, 5_000]);
  market.mark(64_000);
  const venue = new Connected(at, signer);
  opened.push(venue);
  await venue.event("account-snapshot");
  return venue;
}

test("against the embedded exchange the adapter comes up and knows wallet, fees and positions", async () => {
  const venue = await connected(hmac(), await liveServer());
  expect([await venue.event("fees"), await venue.event("account-snapshot")]).toEqual([
    { kind: "fees", symbol: 0, makerE8: 20_000, takerE8: 50_000 },
    expect.objectContaining({ wallet: 1_000_000_000_000n, positions: [], orders: [], algos: [], foreign: [] }),
  ]);
});

test("[MKT-1] book, ticker and mark price arrive over the three routes", async () => {
  const at = await liveServer();
  const venue = await connected(hmac(), at);
  const market = new Market(at);
  market.depth({ first: 101, last: 110, previous: 100, bids: [[639_999, 7]] });
  market.ticker(111, [640_000, 4_000], [640_001, 5_000]);
  market.mark(64_001);
  const calls = [await venue.marketCall("snapshot 0"), await venue.marketCall("ticker 0 640000 4000")];
  expect([...calls, await venue.marketCall("mark 0 6400100000000")]).toHaveLength(3);
});

test.each(["hmac", "ed25519"])(
  "an entry, its stop and its close go over the WebSocket API with an %s key",
  async (kind) => {
    const pair = generateKeyPairSync("ed25519");
    const edKey = ed25519Key("test", pair.publicKey.export({ type: "spki", format: "pem" }).toString());
    const pem = pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const at = await liveServer({ keys: [key, edKey] });
    const venue = await connected(kind === "hmac" ? hmac() : signerFrom(edKey.apiKey, pem), at);
    await venue.notice("SESSION_READY");
    const close: Command = { ...entry, clientOrderId: "sd-3k9f2x1a-x1-00", role: "x", side: "sell", reduceOnly: true };
    venue.send(entry);
    const filled = await venue.event("order-report", ({ source, fill }) => source === "stream" && fill !== null);
    venue.send(stop);
    const live = await venue.event("algo-report", ({ source }) => source === "stream");
    venue.send(close);
    const outcomes = [await venue.outcome(entry), await venue.outcome(stop), await venue.outcome(close)];
    const orders = venue.session.filter((method) => method !== "session.logon");
    expect([filled.fill?.quantity, live.status, outcomes, orders]).toEqual([
      10,
      "NEW",
      [{ kind: "ok" }, { kind: "ok" }, { kind: "ok" }],
      ["order.place", "algoOrder.place", "order.place"],
    ]);
  },
);

test("[ORD-5] on the wire leverage is set, the stop path is proven, and nothing of the proof is left", async () => {
  const at = await liveServer();
  const venue = await connected(hmac(), at);
  const setUp = await venue.event("set-up");
  const [config, algos] = await Promise.all([
    call(at, "GET", "/fapi/v1/symbolConfig", { symbol: "BTCUSDT" }),
    call(at, "GET", "/fapi/v1/allAlgoOrders", { symbol: "BTCUSDT" }),
  ]);
  expect([setUp, config.body, algos.body]).toMatchObject([
    { state: "proven", leverage: 10 },
    { 0: { leverage: 10, marginType: "CROSSED" } },
    { 0: { algoStatus: "CANCELED", reduceOnly: true } },
  ]);
});

test("a resting entry is amended over the WebSocket API and reports its new price", async () => {
  const venue = await connected(hmac(), await liveServer());
  await venue.notice("SESSION_READY");
  const limit = { ...entry, terms: { type: "LIMIT", price: ticks(630_000), timeInForce: "GTX" } } as const;
  const { symbol, clientOrderId, side } = entry;
  const amend = {
    kind: "amend-order",
    symbol,
    clientOrderId,
    side,
    quantity: lots(12),
    price: ticks(635_000),
  } as const;
  venue.send(limit);
  await venue.outcome(limit);
  venue.send(amend);
  const [outcome, told] = [
    await venue.outcome(amend),
    await venue.event("order-report", ({ source, price }) => source === "stream" && price === 635_000),
  ];
  expect([outcome, told.quantity, told.status, venue.session.at(-1)]).toEqual([
    { kind: "ok" },
    12,
    "NEW",
    "order.modify",
  ]);
});

test("a look-up of an order that does not exist is refused with −2013", async () => {
  const venue = await connected(hmac(), await liveServer());
  const command = { kind: "query-order", symbol: entry.symbol, clientOrderId: "sd-nothing" } as const;
  venue.send(command);
  const { outcome } = await venue.event("outcome");
  expect(outcome).toMatchObject({ kind: "refused", code: -2013 });
});

test("an exchange that goes away makes the private stream not alive, and orders of certain failure", async () => {
  const at = await liveServer();
  const venue = await connected(hmac(), at);
  await at.server.close();
  await venue.event("private-stream", ({ alive }) => !alive);
  venue.send(entry);
  const { outcome } = await venue.event("outcome");
  expect(outcome).toMatchObject({ kind: "refused", message: "not sent: ECONNREFUSED" });
});
