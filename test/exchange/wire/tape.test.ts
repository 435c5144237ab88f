import { afterEach, beforeEach, expect, test } from "vitest";
import { type Micros, micros } from "../../../src/domain/units.ts";
import { TapeFeed } from "../../../src/exchange/wire/feed.ts";
import { readTape } from "../../../src/tape/reader.ts";
import { LocalBook } from "./local-book.ts";
import { fetchJson, type Json, liveServer, type TestServer, TestSocket } from "./support.ts";

/** The bundled recordings, played twenty times as dense as recorded, so that some seconds hold some minutes. */
const speed = 20;

let at: TestServer;
let feed: TapeFeed;
const sockets: TestSocket[] = [];

beforeEach(async () => {
  const tapes = ["BTCUSDT", "ETHUSDT"].map((symbol) => readTape(`config/tapes/${symbol}-20240719.arrow`));
  at = await liveServer();
  const { server } = at;
  const clock = (): Micros => micros(Date.now() * 1_000);
  feed = new TapeFeed({ tapes, speed, market: server.market, settle: () => server.settle(), clock }, clock());
  feed.start();
});

afterEach(async () => {
  feed.stop();
  for (const socket of sockets.splice(0)) socket.close();
  await at.server.close();
});

async function open(path: string): Promise<TestSocket> {
  const socket = await TestSocket.open(at.server.urls.streams + path);
  sockets.push(socket);
  return socket;
}

async function depth(): Promise<Json> {
  return (await fetchJson(at, "GET", "/fapi/v1/depth?symbol=BTCUSDT&limit=1000")).body;
}

test("[MKT-1] a client of the bundled recording has the exchange's exact book", async () => {
  const socket = await open("/public/ws/btcusdt@depth@100ms");
  const book = new LocalBook();
  book.buffer(await socket.next());
  book.start(await depth());
  for (let messages = 0; messages < 20; messages += 1) book.buffer(await socket.next());
  feed.stop();
  const own = await depth();
  while (book.lastId < Number(own["lastUpdateId"])) book.buffer(await socket.next());
  // Deeper than the snapshot was, the two may differ: what the snapshot left out a client cannot know.
  const top = (levels: unknown): unknown => (Array.isArray(levels) ? levels.slice(0, 100) : levels);
  expect({ id: book.lastId, bids: top(book.bids()), asks: top(book.asks()) }).toEqual({
    id: own["lastUpdateId"],
    bids: top(own["bids"]),
    asks: top(own["asks"]),
  });
});

test("[SIM-1] aggregate trades of the bundled recording have consecutive ids and leave no trade out", async () => {
  const socket = await open("/market/ws/btcusdt@aggTrade");
  let before = await socket.next();
  const jumps: unknown[] = [];
  for (let messages = 0; messages < 100; messages += 1) {
    const trade = await socket.next();
    if (trade["a"] !== Number(before["a"]) + 1 || trade["f"] !== Number(before["l"]) + 1) jumps.push([before, trade]);
    before = trade;
  }
  expect(jumps).toEqual([]);
});

test("[SIM-1] the recording is told as if it happened now", async () => {
  const socket = await open("/public/ws/btcusdt@bookTicker");
  const late: number[] = [];
  for (let messages = 0; messages < 200; messages += 1) {
    const quote = await socket.next();
    late.push(Math.abs(Date.now() - Number(quote["E"])));
  }
  expect(late.toSorted((a, b) => a - b)[100]).toBeLessThan(1_000);
});
