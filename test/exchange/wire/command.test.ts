import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exchangeCommand } from "../../../src/cli/exchange.ts";
import { micros } from "../../../src/domain/units.ts";
import { writeTape } from "../../../src/tape/writer.ts";
import { metadata, type TapeEvent, tapeOf } from "../../tape/support.ts";
import { sign } from "./support.ts";

let directory: string;
let tape: string;
const running: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "scalpd-exchange-"));
  tape = join(directory, "BTCUSDT.arrow");
  writeTape(tape, tapeOf(minute()));
});

afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** A minute of a quiet market. */
function minute(): TapeEvent[] {
  const from = 1_721_347_200_000_000;
  const level = { side: 0, price: 640_000, size: 1_000 };
  const book: TapeEvent = {
    kind: "snapshot",
    symbol: 0,
    firstId: 1,
    lastId: 1,
    previousId: 1,
    levels: [level, { ...level, side: 1, price: 640_001 }],
    exchangeTime: from,
    receivedAt: from,
  };
  const tickers = Array.from({ length: 600 }, (_, index): TapeEvent => {
    const time = micros(from + index * 100_000);
    const id = 2 + index;
    return {
      kind: "book_ticker",
      symbol: 0,
      id,
      bid: 640_000,
      bidLots: 1_000,
      ask: 640_001,
      askLots: 1_000,
      exchangeTime: time,
      receivedAt: time,
    };
  });
  return [book, ...tickers];
}

const commandFile = new URL("../../../src/cli/exchange.ts", import.meta.url).href;
const script = `import { exchangeCommand } from ${JSON.stringify(commandFile)};
process.exitCode = await exchangeCommand(JSON.parse(process.argv[1]));`;

type Running = {
  readonly child: ChildProcess;
  readonly line: Readonly<Record<string, string>>;
  readonly exit: Promise<number | null>;
};

async function start(options: Readonly<Record<string, unknown>>): Promise<Running> {
  const given = { tape: [tape], data: directory, ...options };
  const args = ["--input-type=module", "-e", script, JSON.stringify(given)];
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const exit = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  for await (const line of createInterface({ input: child.stdout })) return { child, line: JSON.parse(line), exit };
  throw new Error(`the exchange said nothing and ended with ${await exit}`);
}

test("[SIM-1] the exchange says in one line of JSON where it listens, and ends in good order when told", async () => {
  const { child, line, exit } = await start({});
  expect(line).toEqual({
    rest: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    market_ws: expect.stringMatching(/^ws:\/\/127\.0\.0\.1:\d+$/),
    user_ws: line["market_ws"],
    ws_api: `${line["market_ws"]}/ws-fapi/v1`,
    api_key: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
    api_secret: expect.stringMatching(/^[A-Za-z0-9]{64}$/),
    instance: expect.stringMatching(/^paper-/),
    symbols: ["BTCUSDT"],
    feed: "tape",
    speed: 1,
  });
  expect((await fetch(`${line["rest"]}/fapi/v1/ticker/bookTicker?symbol=BTCUSDT`)).status).toBe(200);
  child.kill("SIGTERM");
  expect(await exit).toBe(0);
});

test("[SIM-1] alone, Ctrl-C ends it", async () => {
  const { child, exit } = await start({});
  child.kill("SIGINT");
  expect(await exit).toBe(0);
});

test("[SIM-1] as a child it is deaf to Ctrl-C and ends when its parent is gone", async () => {
  const { child, line, exit } = await start({ child: true });
  child.kill("SIGINT");
  const reply = await fetch(`${line["rest"]}/fapi/v1/ping`);
  child.stdin?.end();
  expect([reply.status, await exit]).toEqual([200, 0]);
});

test("[SIM-1] an order, the instance and the key survive a kill and a restart", async () => {
  const first = await start({});
  const call = async ({ line }: Running, method: string, path: string, params: Record<string, string>) => {
    const query = new URLSearchParams({ ...params, timestamp: String(Date.now()) }).toString();
    const url = `${line["rest"]}${path}?${query}&signature=${sign(query, line["api_secret"])}`;
    const reply = await fetch(url, { method, headers: { "X-MBX-APIKEY": line["api_key"] ?? "" } });
    return JSON.parse(await reply.text());
  };
  const order = {
    symbol: "BTCUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "0.010",
    price: "63000",
    newClientOrderId: "kept",
  };
  await call(first, "POST", "/fapi/v1/order", order);
  await expect.poll(() => savedOrders(directory)).toBe(1);
  first.child.kill("SIGKILL");
  await first.exit;
  const second = await start({});
  const open = await call(second, "GET", "/fapi/v1/openOrders", {});
  expect([second.line["instance"], second.line["api_key"], open.length, open[0].clientOrderId]).toEqual([
    first.line["instance"],
    first.line["api_key"],
    1,
    "kept",
  ]);
});

test("[SIM-1] a second exchange on the same data is refused", async () => {
  await start({});
  expect(await refused({ tape: [tape], data: directory })).toEqual({
    code: 1,
    text: `scalpd exchange: ${directory} is in use by another exchange\n`,
  });
});

test("[SIM-1] a public key makes a second API key, for clients that log on with Ed25519", async () => {
  const file = join(directory, "key.pem");
  const { publicKey } = generateKeyPairSync("ed25519");
  writeFileSync(file, publicKey.export({ type: "spki", format: "pem" }));
  const { line } = await start({ ed25519: file });
  expect(line["ed25519_api_key"]).toMatch(/^[A-Za-z0-9]{64}$/);
});

test("[SIM-1] a port that is taken is one clear error, exit code 1", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const said = await refused({ port, tape: [tape], data: directory });
  taken.close();
  expect(said).toEqual({
    code: 1,
    text: `scalpd exchange: port ${port} is in use; choose another with --port, or 0 for a free one\n`,
  });
});

test.each([
  [{ feed: "generator" }, 2, 'scalpd exchange: --feed "generator": must be tape: no other feed is built in\n'],
  [{ speed: "fast" }, 2, expect.stringContaining('--speed "fast"')],
  [{ ed25519: "none.pem" }, 2, expect.stringContaining("--ed25519 none.pem")],
  [{ tape: ["none.arrow"] }, 1, expect.stringContaining("none.arrow")],
])("[SIM-1] %j ends with code %i and one line that says why", async (options, code, text) => {
  expect(await refused({ tape: [tape], data: directory, ...options })).toEqual({ code, text });
});

test("[SIM-1] a tape of a symbol that is not listed is refused", async () => {
  const other = join(directory, "other.arrow");
  writeTape(other, tapeOf(minute(), { ...metadata, symbol: "NONEUSDT" }));
  expect(await refused({ tape: [other], data: directory })).toEqual({
    code: 1,
    text: "scalpd exchange: tape of NONEUSDT: the exchange lists BTCUSDT, ETHUSDT\n",
  });
});

/** Runs the command in this process and keeps what it writes to standard error. */
async function refused(
  options: Readonly<Record<string, unknown>>,
): Promise<{ readonly code: number; readonly text: string }> {
  const { write } = process.stderr;
  let text = "";
  process.stderr.write = (chunk: string | Uint8Array) => {
    text += String(chunk);
    return true;
  };
  try {
    return { code: await exchangeCommand(options), text };
  } finally {
    process.stderr.write = write;
  }
}

async function savedOrders(from: string): Promise<number> {
  const { readStateFile } = await import("../../../src/exchange/wire/state-file.ts");
  const saved = readStateFile(from)?.saved;
  return typeof saved === "object" && saved !== null && "orders" in saved && Array.isArray(saved.orders)
    ? saved.orders.length
    : 0;
}
