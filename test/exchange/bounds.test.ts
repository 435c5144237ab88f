import { expect, test } from "vitest";
import { micros, microsPerMinute } from "../../src/domain/units.ts";
import { Account, incomeRowsMax } from "../../src/exchange/account.ts";
import { type AlgoOrder, AlgoTable, closedAlgosMax } from "../../src/exchange/algo.ts";
import { Candles, candlesMax } from "../../src/exchange/candles.ts";
import { closedOrdersMax, type Order, OrderTable, type Trade, tradesMax } from "../../src/exchange/orders.ts";

const order: Order = {
  id: 0n,
  clientId: "",
  symbol: 0,
  side: "BUY",
  type: "LIMIT",
  timeInForce: "GTC",
  reduceOnly: false,
  closePosition: false,
  createdAt: 0,
  price: 1,
  lots: 1,
  status: "CANCELED",
  filledLots: 0,
  filledCost: 0n,
  updatedAt: 0,
  modifications: 0,
  queueAhead: 0,
};

test("the oldest closed orders are forgotten, open ones never", () => {
  const table = new OrderTable();
  table.add({ ...order, id: 1n, clientId: "open", status: "NEW" });
  for (let id = 2; id < 3 * closedOrdersMax; id += 1) table.add({ ...order, id: BigInt(id), clientId: `c${id}` });
  expect([...table.all()].length).toBeLessThanOrEqual(2 * closedOrdersMax);
  expect(table.byId(0, 1n)?.clientId).toBe("open");
  expect(table.byClientId(0, "c2")).toBeNull();
  expect(table.byClientId(0, `c${3 * closedOrdersMax - 1}`)).not.toBeNull();
});

test("the oldest trades are forgotten", () => {
  const table = new OrderTable();
  const trade: Trade = {
    id: 0n,
    orderId: 0n,
    symbol: 0,
    side: "BUY",
    price: 1,
    lots: 1,
    maker: false,
    realised: 0n,
    fee: 0n,
    feeAsset: "USDT",
    time: 0,
  };
  for (let id = 0; id < 3 * tradesMax; id += 1) table.addTrade({ ...trade, id: BigInt(id) });
  expect(table.trades.length).toBeLessThan(2 * tradesMax);
  expect(table.trades.at(-1)?.id).toBe(BigInt(3 * tradesMax - 1));
});

test("the oldest finished conditional orders are forgotten", () => {
  const table = new AlgoTable();
  const algo: AlgoOrder = {
    id: 0n,
    clientId: "",
    symbol: 0,
    side: "SELL",
    type: "STOP_MARKET",
    timeInForce: "GTC",
    lots: 1,
    trigger: 1,
    workingType: "MARK_PRICE",
    closePosition: false,
    reduceOnly: true,
    priceProtect: false,
    createdAt: 0,
    status: "CANCELED",
    updatedAt: 0,
    triggeredAt: 0,
    isMet: false,
    childId: null,
    reason: "",
  };
  for (let id = 0; id < 3 * closedAlgosMax; id += 1) table.add({ ...algo, id: BigInt(id), clientId: `a${id}` });
  expect([...table.all()].length).toBeLessThan(2 * closedAlgosMax);
  expect(table.byClientId("a0")).toBeNull();
});

test("the oldest ledger rows are forgotten, the wallet keeps their sum", () => {
  const account = new Account(0n, 1, 0n);
  for (let count = 0; count < 3 * incomeRowsMax; count += 1) account.book(0, "COMMISSION", 1n, 0, null);
  expect(account.income.length).toBeLessThan(2 * incomeRowsMax);
  expect(account.wallet).toBe(BigInt(3 * incomeRowsMax));
});

test("the oldest candles are forgotten, and a long silence fills no more than is kept", () => {
  const candles = new Candles();
  const from = 1_000 * microsPerMinute;
  for (let minute = 0; minute < 3 * candlesMax; minute += 1)
    candles.trade(micros(from + minute * microsPerMinute), 1, 1, true);
  expect(candles.list().length).toBeLessThanOrEqual(2 * candlesMax + 1);
  candles.trade(micros(from + 1e6 * microsPerMinute), 2, 1, true);
  expect(candles.list().length).toBeLessThanOrEqual(2 * candlesMax + 1);
  expect(candles.list().at(-1)?.close).toBe(2);
});
