/** What tests of the judge begin with: an intent to buy ten lots of the first symbol, and what becomes of its orders. */

import { orderId, type TradeId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import type { IntentRow, OrderRow } from "../../../src/domain/output.ts";
import { lots, micros, noLots, symbolIndex, ticks } from "../../../src/domain/units.ts";
import type { JudgeParts } from "../../../src/faults/judge/judge.ts";

/** Held for a minute. */
export function intentOf(decisionId = "d1", trade: TradeId = tradeIdFrom(decisionId)): IntentRow {
  return {
    kind: "intent",
    trade,
    decisionId,
    source: "demo",
    symbol: symbolIndex(0),
    clientOrderId: orderId({ prefix: "sd", trade, role: "e", attempt: 1 }),
    side: "buy",
    quantity: lots(10),
    stopLoss: ticks(639_000),
    takeProfit: null,
    secondTarget: null,
    exits: null,
    decisionMidHalfTicks: null,
    holdUntil: micros(60_000_000),
    cooldownMicros: null,
    time: micros(0),
  };
}

/** The daemon's word on an order of that trade. */
export function orderRowOf(clientOrderId: string, state: string, trade: TradeId = tradeIdFrom("d1")): OrderRow {
  const isEntry = /-e\d+-/.test(clientOrderId);
  return {
    kind: "order",
    trade,
    symbol: symbolIndex(0),
    clientOrderId,
    service: isEntry ? "order" : "algo",
    role: isEntry ? "e" : "f",
    side: isEntry ? "buy" : "sell",
    quantity: lots(10),
    price: ticks(640_000),
    state,
    filled: noLots,
    venueId: null,
    time: micros(0),
  };
}

/** Without a limit. */
const noDayLoss = { dayLossMax: Number.POSITIVE_INFINITY, wallet: 0, accountAge: 0 } as const;

const second = 1_000_000;

/** Settings that a run might have, and a daemon without books; a test names what it is about. */
export function partsWith(changes: Partial<JudgeParts> = {}): JudgeParts {
  return {
    fresh: { quote: second, trade: second, mark: second, account: second, latency: second },
    canaries: [],
    notionalMax: () => 2_000,
    leverageMax: 10,
    positionsMax: 2,
    tradesAnHourMax: 100,
    dayLoss: noDayLoss,
    isSafeModeOperators: true,
    leavesOrphans: false,
    cancelsForeign: false,
    ownBook: () => null,
    ownPositions: () => null,
    firstMessage: 10 * second,
    replyTimeout: Number.POSITIVE_INFINITY,
    readableWeight: Number.POSITIVE_INFINITY,
    foundStopDistance: () => Number.POSITIVE_INFINITY,
    sizes: () => ({}),
    ...changes,
  };
}
