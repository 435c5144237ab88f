/** Rows for the tests of the store. */

import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { DecisionRow, FillRow, IntentRow, OrderRow, PositionRow, TradeRow } from "../../src/domain/output.ts";
import { lots, micros, money, signedLots, symbolIndex, ticks } from "../../src/domain/units.ts";
import { shownFields } from "../../src/ops/log.ts";
import type { StoredInstrument, StoreOptions } from "../../src/store/store.ts";
import { stillRules } from "../support/core.ts";

export const instruments: readonly StoredInstrument[] = [
  { symbol: "BTCUSDT", tickSize: "0.10", stepSize: "0.001" },
  { symbol: "ETHUSDT", tickSize: "0.01", stepSize: "0.001" },
];

export const btc = symbolIndex(0);
export const eth = symbolIndex(1);
const start = 1_721_390_400_000_000;

export function optionsIn(directory: string, more: Partial<StoreOptions> = {}): StoreOptions {
  return {
    directory,
    venue: "paper",
    instance: "t1",
    instruments,
    commitIntervalMs: 1,
    startedAt: micros(start),
    retention: {
      events: { age: 86_400_000_000, rows: 1_000_000 },
      books: { age: 86_400_000_000, rows: 1_000_000 },
    },
    intentTtl: 21_600_000_000,
    stateIntervalMs: 1,
    onNote: (note) => {
      throw new Error(note);
    },
    episode: 600_000_000,
    shownFields,
    onFailure: (failure) => {
      throw new Error(`${failure.where}: ${failure.message}`);
    },
    ...more,
  };
}

export function intentRow(name: string, more: Partial<IntentRow> = {}): IntentRow {
  const trade = tradeIdFrom(name);
  return {
    kind: "intent",
    trade,
    decisionId: name,
    source: "demo",
    symbol: btc,
    clientOrderId: orderId({ prefix: "sd", trade, role: "e", attempt: 1 }),
    side: "buy",
    quantity: lots(10),
    stopLoss: ticks(639_000),
    takeProfit: ticks(641_000),
    secondTarget: ticks(641_500),
    exits: { ...stillRules, breakEvenBps: 10.5, trailFromR: 0.5, trailByR: 0.25 },
    decisionMidHalfTicks: 1_280_001,
    holdUntil: micros(start + 30_000_000),
    cooldownMicros: micros(60_000_000),
    time: micros(start),
    ...more,
  };
}

export function orderRow(name: string, more: Partial<OrderRow> = {}): OrderRow {
  const trade = tradeIdFrom(name);
  return {
    kind: "order",
    trade,
    symbol: btc,
    clientOrderId: orderId({ prefix: "sd", trade, role: "f", attempt: 1 }),
    service: "algo",
    role: "f",
    side: "sell",
    quantity: null,
    price: ticks(639_000),
    state: "live",
    filled: lots(0),
    venueId: "9223372036854775807",
    time: micros(start),
    ...more,
  };
}

export function fillRow(tradeId: string, more: Partial<FillRow> = {}): FillRow {
  return {
    kind: "fill",
    trade: tradeIdFrom("d1"),
    symbol: btc,
    tradeId,
    clientOrderId: "sd-x",
    side: "buy",
    price: ticks(640_000),
    quantity: lots(10),
    commission: money(32_000_000n),
    commissionAsset: "USDT",
    maker: false,
    time: micros(start),
    ...more,
  };
}

export function positionRow(more: Partial<PositionRow> = {}): PositionRow {
  return {
    kind: "position",
    symbol: btc,
    trade: tradeIdFrom("d1"),
    lots: signedLots(10),
    cost: 6_400_000,
    entryTicks: 640_000,
    stopLoss: ticks(639_000),
    time: micros(start),
    ...more,
  };
}

export function tradeRow(name: string, more: Partial<TradeRow> = {}): TradeRow {
  return {
    kind: "trade",
    trade: tradeIdFrom(name),
    source: "demo",
    symbol: btc,
    side: "buy",
    quantity: lots(10),
    entryTime: micros(start),
    exitTime: micros(start + 6_000_000),
    entryPrice: 640_000.5,
    exitPrice: 640_100,
    grossPnl: money(9_950_000n),
    fees: money(64_000_000n),
    funding: money(-1_000_000n),
    netPnl: money(-55_050_000n),
    otherFees: null,
    r: -0.25,
    adverseTicks: 12,
    favourableTicks: 150,
    slippageTicks: 1.5,
    arrivalSlippageTicks: 2.5,
    makerShare: 0,
    exitReason: "MAX_HOLD",
    ...more,
  };
}

export function decisionRow(id: string, more: Partial<DecisionRow> = {}): DecisionRow {
  return {
    kind: "decision",
    decisionId: id,
    source: "ensemble",
    symbol: eth,
    direction: "LONG",
    action: "ENTER",
    confidence: 0.7,
    edge: null,
    approved: false,
    blocked: [{ reason: "COOLDOWN", measured: 1.5, limit: 2 }],
    gates: [{ gate: "COOLDOWN", verdict: "failed", measured: 1.5, limit: 2 }],
    order: null,
    time: micros(start),
    ...more,
  };
}
