/** A core without sockets: what the exchange would say is said by the test. */

import type { Settings } from "../../src/config/schema.ts";
import type { DecisionSource } from "../../src/decision/source.ts";
import type { Decision } from "../../src/domain/decision.ts";
import type { AccountSnapshot, HistoryReport, IncomeRow } from "../../src/domain/event.ts";
import { type Instrument, moneyFromText } from "../../src/domain/instrument.ts";
import type { Journal, OpenTrade } from "../../src/domain/journal.ts";
import { askSide, bidSide, depthLevels } from "../../src/domain/market-port.ts";
import type { AlgoReport, Fill, OrderReport, Role, Side } from "../../src/domain/order.ts";
import { orderId, type TradeId, tradeIdFrom } from "../../src/domain/order-id.ts";
import { type Command, isCommand, type Output } from "../../src/domain/output.ts";
import {
  lots,
  type Micros,
  micros,
  microsPerMinute,
  priceE8,
  signedLots,
  symbolIndex,
  ticks,
} from "../../src/domain/units.ts";
import { Core } from "../../src/engine/core.ts";
import { after, instrument, settings, start } from "../support/core.ts";

export const first = symbolIndex(0);

export const tradeA = tradeIdFrom("trade-a");
export const tradeB = tradeIdFrom("trade-b");

export function idOf(trade: TradeId, role: Role, attempt = 1): string {
  return orderId({ prefix: settings.order_id_prefix, trade, role, attempt });
}

export function snapshotOf(position: number, changes: Partial<AccountSnapshot> = {}): AccountSnapshot {
  return {
    kind: "account-snapshot",
    wallet: moneyFromText("10000"),
    available: moneyFromText("10000"),
    positions: position === 0 ? [] : [{ symbol: first, lots: signedLots(position), entryTicks: 640_000 }],
    orders: [],
    algos: [],
    foreign: [],
    requestedAt: after(0),
    // The two clocks are the same.
    asOf: changes.requestedAt ?? after(0),
    ...changes,
  };
}

export function stopOf(clientAlgoId: string, side: Side = "sell", trigger = 639_700): AlgoReport {
  return {
    kind: "algo-report",
    symbol: first,
    clientAlgoId,
    algoId: "5",
    status: "NEW",
    side,
    type: "STOP_MARKET",
    trigger: ticks(trigger),
    closePosition: true,
    quantity: null,
    childOrderId: null,
    failure: null,
    time: after(-20_000),
    source: "query",
  };
}

export function entryOf(clientOrderId: string, filled = 0, changes: Partial<OrderReport> = {}): OrderReport {
  return {
    kind: "order-report",
    symbol: first,
    clientOrderId,
    orderId: "9",
    status: filled === 0 ? "NEW" : "PARTIALLY_FILLED",
    side: "buy",
    type: "LIMIT",
    price: ticks(640_000),
    quantity: lots(10),
    filled: lots(filled),
    reduceOnly: false,
    fill: null,
    time: after(-20_000),
    source: "query",
    ...changes,
  };
}

/** What the exchange knows of orders and executions; each execution belongs to the order beside it. */
export function historyOf(
  orders: readonly OrderReport[],
  executions: readonly (readonly [string, Side, Fill])[],
): HistoryReport {
  return {
    kind: "history-report",
    symbol: first,
    orders,
    executions: executions.map(([clientOrderId, side, fill]) => ({ clientOrderId, side, fill })),
  };
}

export function openTradeOf(trade: TradeId, sentAt: Micros, fills: readonly Fill[] = []): OpenTrade {
  const clientOrderId = idOf(trade, "e");
  return {
    intent: {
      kind: "intent",
      trade,
      decisionId: "d",
      source: "test",
      symbol: first,
      clientOrderId,
      side: "buy",
      quantity: lots(10),
      stopLoss: ticks(639_600),
      takeProfit: null,
      secondTarget: null,
      exits: null,
      decisionMidHalfTicks: 1_280_001,
      holdUntil: micros(sentAt + 30_000_000),
      cooldownMicros: null,
      time: sentAt,
    },
    fills: fills.map((fill) => ({ clientOrderId, side: "buy", fill })),
    stopLevel: null,
  };
}

/** Kind and id of each command, as short text; reads of the history, which explain and change nothing, are left out. */
export function texts(outputs: readonly Output[]): readonly string[] {
  return outputs.filter(isCommand).flatMap((command: Command) => {
    if (command.kind === "query-history" || command.kind === "query-income") return [];
    if (command.kind === "query-account") return command.kind;
    const id = "clientOrderId" in command ? command.clientOrderId : command.clientAlgoId;
    return `${command.kind} ${id}`;
  });
}

/** A source that says what the test puts into its mouth, once. */
class Scripted implements DecisionSource {
  readonly name = "test";
  next: Decision | null = null;
  observe(): void {
    // It only says what it is told to.
  }
  decide(): Decision | null {
    const decision = this.next;
    this.next = null;
    return decision;
  }
  nextDecision(): Micros {
    return micros(this.next === null ? Number.MAX_SAFE_INTEGER : 0);
  }
  onGap(): void {
    // It learns nothing.
  }
  save(): unknown {
    return null;
  }
  restore(): void {
    // Nothing is saved.
  }
}

export class CoreBench {
  readonly source = new Scripted();
  readonly core: Core;
  now: Micros = start;
  outputs: readonly Output[] = [];
  /** from the beginning */
  readonly all: Output[] = [];

  /** @param others sources of a higher priority than the scripted one, which decides on the first symbol */
  constructor(
    withSettings: Settings = settings,
    others: readonly DecisionSource[] = [],
    instruments: readonly Instrument[] = [instrument],
  ) {
    const sourcesFor = ({ index }: Instrument) => (index === first ? [...others, this.source] : []);
    this.core = new Core({ settings: withSettings, instruments, sourcesFor });
    this.core.handle(
      { kind: "set-up", symbol: first, state: "proven", leverage: 10, maintenance: [{ upTo: 300_000, rate: 0.004 }] },
      this.now,
    );
  }

  /** Recovered from an empty account, with a market that is ready. */
  static ready(
    withSettings: Settings = settings,
    others: readonly DecisionSource[] = [],
    instruments: readonly Instrument[] = [instrument],
  ): CoreBench {
    const bench = new CoreBench(withSettings, others, instruments);
    bench.tell({ kind: "private-stream", alive: true });
    bench.at(1);
    bench.tell(snapshotOf(0, { requestedAt: after(1) }));
    bench.quote();
    return bench;
  }

  get trade() {
    return this.core.desks[0]?.manager.trade ?? null;
  }

  /** The history is answered so whenever it is asked for; left alone while null. */
  history: HistoryReport | null = null;

  /** What the exchange's ledger has: nothing, unless a test says so. */
  income: readonly IncomeRow[] = [];

  #heard = 0;

  /** What was put out and not taken here before, also what follows while it is gone through. */
  *unheard(): Generator<Output> {
    for (let output = this.all[this.#heard]; output !== undefined; output = this.all[this.#heard]) {
      this.#heard += 1;
      yield output;
    }
  }

  get blocked(): readonly string[] {
    return Object.keys(this.core.summary().blocked);
  }

  tell(event: Parameters<Core["handle"]>[0]): readonly string[] {
    this.core.handle(event, this.now);
    return this.take();
  }

  /** What was asked for since the last call. */
  take(): readonly string[] {
    const outputs: Output[] = [];
    while (this.core.hasOutputs) {
      const fresh = this.core.takeOutputs();
      outputs.push(...fresh);
      if (fresh.some(({ kind }) => kind === "query-income")) {
        this.core.handle({ kind: "income-report", rows: this.income }, this.now);
      }
      if (this.history === null || !fresh.some(({ kind }) => kind === "query-history")) continue;
      this.core.handle(this.history, this.now);
    }
    this.outputs = outputs;
    this.all.push(...outputs);
    return texts(this.outputs);
  }

  /** Plays all deadlines up to so many milliseconds after the start; tells what was asked for. */
  at(milliseconds: number): readonly string[] {
    const until = after(milliseconds);
    const all: string[] = [];
    let turns = 0;
    while (this.core.nextDeadline() <= until) {
      const before = this.now;
      this.now = micros(Math.max(this.now, this.core.nextDeadline()));
      turns = this.now > before ? 0 : turns + 1;
      if (turns > 100) throw new Error("a deadline never moves");
      all.push(...this.tell({ kind: "timer" }));
    }
    this.now = until;
    return all;
  }

  /** Fresh data on every market stream; so many lots on either side. */
  quote(bid = 640_000, size = 100): void {
    const { core, now } = this;
    if (core.desks[0]?.market.atrTicks() === null) core.handle(history(), now);
    const levels = depthLevels(2);
    levels.count = 2;
    levels.firstId = levels.lastId = now;
    levels.side[0] = bidSide;
    levels.side[1] = askSide;
    levels.price[0] = bid;
    levels.price[1] = bid + 1;
    levels.size[0] = levels.size[1] = size;
    core.onSnapshot(first, levels, now, now);
    core.onBookTicker(first, now, ticks(bid), lots(size), ticks(bid + 1), lots(size), now, now);
    core.onTrade(first, 1, ticks(bid), lots(1), true, now, now);
    core.onMark(first, priceE8(bid * 1e7), 0.0001, micros(0), now, now);
    this.take();
  }

  /** Has the source decide now. */
  decide(decision: Decision): readonly string[] {
    this.source.next = decision;
    return this.tell({ kind: "timer" });
  }
}

function history() {
  const candles = Array.from({ length: 20 }, (_, index) => ({
    openTime: micros(start - (20 - index) * microsPerMinute),
    open: ticks(640_000),
    high: ticks(640_150),
    low: ticks(639_850),
    close: ticks(640_000),
    volume: lots(10),
    takerBuyVolume: lots(5),
  }));
  return { kind: "candle-history", symbol: first, candles } as const;
}

export function journalled(openTrades: Journal["openTrades"]): { readonly kind: "journal" } & Journal {
  return { kind: "journal", openTrades, session: null };
}
