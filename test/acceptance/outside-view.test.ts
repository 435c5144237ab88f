/** The daemon's claims, checked by somebody else: what the exchange says of the account, read by the official connector. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { journalOf } from "./journal.ts";
import {
  type AlgoRow,
  exposures,
  nakedSpans,
  type OrderRow,
  Outsider,
  ofAll,
  ourId,
  type PositionRow,
  sum,
  symbols,
  type TradeRow,
  textOf,
} from "./outsider.ts";
import { nakedMillisMax, Scalpd, type Summary, startExchange, summaryOf, temporaryDirectory } from "./processes.ts";

const startingWallet = 10_000_00000000n;
/** The daemon shares the request weight with us; four calls of weight 12 leave it most of it. */
const lookEveryMillis = 500;

/** Two readings of a position with the open conditional orders between them. */
type Look = {
  readonly before: PositionRow | null;
  readonly algos: readonly AlgoRow[];
  readonly after: PositionRow | null;
  readonly time: number;
};

let summary: Summary;
let outsider: Outsider;
let data: string;
let trades: readonly TradeRow[];
let orders: readonly OrderRow[];
let algos: readonly AlgoRow[];
const looks: Look[] = [];

beforeAll(async () => {
  data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(config, "stop: { policy: flatten }\n");
  const exchange = await startExchange();
  outsider = new Outsider(exchange.announcement);
  const daemon = new Scalpd([
    "run",
    ...["--config", config],
    ...["--exchange", exchange.line],
    ...["--for", "22s"],
    ...["--data", data],
    "--json",
  ]);
  await lookUntilEnded(daemon);
  expect(await daemon.exit, daemon.errorLines.join("\n")).toEqual({ code: 0, signal: null });
  summary = summaryOf(daemon);
  trades = await ofAll((symbol) => outsider.trades(symbol));
  orders = await ofAll((symbol) => outsider.orders(symbol));
  algos = await ofAll((symbol) => outsider.algos(symbol));
}, 70_000);

async function lookUntilEnded(daemon: Scalpd): Promise<void> {
  await vi.waitUntil(
    async () => {
      for (const symbol of symbols) {
        const before = await outsider.position(symbol);
        const time = Date.now();
        const open = await outsider.openAlgos(symbol);
        looks.push({ before, algos: open, after: await outsider.position(symbol), time });
      }
      return daemon.hasEnded;
    },
    { interval: lookEveryMillis, timeout: 60_000 },
  );
}

test("[ORD-2] the number of fills in the daemon's JSON is the number of the exchange's trades", () => {
  expect(trades.length).toBeGreaterThanOrEqual(4);
  expect(summary.fills).toBe(trades.length);
});

test("[ORD-2] the journal's fills are the exchange's trades, one by one and to the last unit", () => {
  const { fills } = journalOf(data);
  expect(
    fills
      .map(({ symbol, trade_id, side, price, quantity, commission }) => ({
        symbol,
        id: trade_id,
        side,
        price,
        quantity,
        commission,
      }))
      .sort(byId),
  ).toEqual(
    trades
      .map(({ symbol, id, side, price, qty, commission }) => ({
        symbol,
        id,
        side: side.toLowerCase(),
        price,
        quantity: qty,
        commission,
      }))
      .sort(byId),
  );
});

test("[IDM-2] every trade belongs to an order whose id names our prefix, its trade and its role", () => {
  const named = new Map(orders.map((order) => [`${order.symbol} ${order.orderId}`, ourId(order.clientOrderId)]));
  const foreign = trades.filter((trade) => (named.get(`${trade.symbol} ${trade.orderId}`) ?? null) === null);
  expect(foreign).toEqual([]);
});

test("[IDM-2] no client id was used for two orders of one service", () => {
  const ids = orders.map((order) => order.clientOrderId);
  const algoIds = algos.map((algo) => algo.clientAlgoId);
  expect([new Set(ids).size, new Set(algoIds).size]).toEqual([ids.length, algoIds.length]);
});

test("[SIM-1] the wallet is the start plus realised profit minus fees plus funding, to the last unit", async () => {
  const realised = sum(trades.map((trade) => trade.realizedPnl));
  const fees = sum(trades.map((trade) => trade.commission));
  expect(textOf(await outsider.wallet())).toBe(textOf(startingWallet + realised - fees + (await outsider.funding())));
});

test("[ORD-4] the daemon's net profit is the exchange's realised profit minus its fees, to the last unit", () => {
  const realised = sum(trades.map((trade) => trade.realizedPnl));
  const fees = sum(trades.map((trade) => trade.commission));
  expect(summary.pnl_net).toBe(textOf(realised - fees));
});

test("[ORD-4] each closed trade is a time in which the exchange's position was not flat", () => {
  expect(summary.trades).toBe(allExposures().length);
});

test("[ORD-3] whenever there was a position there was a live stop, but for the bounded time after its first fill", () => {
  const naked = allExposures().flatMap((exposure) => nakedSpans(exposure, algos));
  expect(Math.max(...naked)).toBeLessThanOrEqual(nakedMillisMax(summary));
});

test("[ORD-3] each position was without a stop at most once: at its beginning", () => {
  const repeated = allExposures().filter((exposure) => nakedSpans(exposure, algos).length > 1);
  expect(repeated).toEqual([]);
});

test("[ORD-3] whoever looks while the daemon trades finds a stop beside each position that is not brand-new", () => {
  const settled = looks.filter(
    ({ before, after, time }) =>
      before !== null &&
      after !== null &&
      before.updateTime === after.updateTime &&
      time - before.updateTime > nakedMillisMax(summary),
  );
  expect(settled.length).toBeGreaterThanOrEqual(1);
  const bare = settled.filter(({ algos: open }) => !open.some((algo) => algo.orderType === "STOP_MARKET"));
  expect(bare).toEqual([]);
});

test("[SAF-5] a stop with the policy flatten leaves no position", async () => {
  expect(await Promise.all(symbols.map((symbol) => outsider.position(symbol)))).toEqual([null, null]);
});

test("[ORD-3] once the position is closed no order and no conditional order is left", async () => {
  expect(await ofAll((symbol) => outsider.openOrders(symbol))).toEqual([]);
  expect(await ofAll((symbol) => outsider.openAlgos(symbol))).toEqual([]);
});

function allExposures() {
  return symbols.flatMap((symbol) => exposures(trades.filter((trade) => trade.symbol === symbol)));
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
