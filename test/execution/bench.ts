/** One order manager on a bench: what it asks for is collected, and the test answers as the exchange would. */

import type { Settings } from "../../src/config/schema.ts";
import { present } from "../../src/domain/assert.ts";
import type { Outcome } from "../../src/domain/event.ts";
import type { Instrument } from "../../src/domain/instrument.ts";
import type { AlgoReport, AlgoStatus, Fill, OrderReport, OrderStatus, Side } from "../../src/domain/order.ts";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import { type Command, isCommand, type Output, type PlaceAlgo, type PlaceOrder } from "../../src/domain/output.ts";
import { lots, type Micros, micros, microsFromSeconds, money, signedLots, ticks } from "../../src/domain/units.ts";
import type { Desk } from "../../src/execution/desk.ts";
import type { EntryBrief } from "../../src/execution/entry-work.ts";
import type { MarketView } from "../../src/execution/market-view.ts";
import type { Trade, TradePlan } from "../../src/execution/trade.ts";
import { TradeManager } from "../../src/execution/trade-manager.ts";
import type { SpreadVerdict } from "../../src/market/spread-statistics.ts";
import type { TradingSession } from "../../src/market/trading-sessions.ts";
import { after, instrument, settings, start, stillRules } from "../support/core.ts";

const trade = tradeIdFrom("bench");

export function idOf(role: Parameters<typeof orderId>[0]["role"], attempt = 1): string {
  return orderId({ prefix: settings.order_id_prefix, trade, role, attempt });
}

export function planOf(changes: Partial<TradePlan> = {}): TradePlan {
  const side: Side = changes.side ?? "buy";
  const away = side === "buy" ? 1 : -1;
  return {
    trade,
    decisionId: "bench",
    source: "test",
    symbol: instrument.index,
    side,
    quantity: lots(10),
    terms: { type: "LIMIT", price: ticks(640_000), timeInForce: "GTC" },
    entry: briefOf(),
    stopLoss: ticks(640_000 - 200 * away),
    takeProfit: null,
    secondTarget: null,
    exits: stillRules,
    holdUntil: micros(start + microsFromSeconds(30)),
    holdMicros: microsFromSeconds(30),
    decisionMidHalfTicks: 1_280_001,
    cooldownMicros: microsFromSeconds(2),
    ...changes,
  };
}

/** Mode normal, five basis points around the touch. */
export function briefOf(changes: Partial<EntryBrief> = {}): EntryBrief {
  return {
    mode: "normal",
    zone: { low: ticks(639_680), high: ticks(640_321) },
    approvedPrice: ticks(640_001),
    confidence: null,
    edge: null,
    workUntil: after(15_000),
    ...changes,
  };
}

/** A market whose every measure a test may set. */
export class BenchMarket implements MarketView {
  bid = ticks(640_000);
  ask = ticks(640_001);
  latencyMicros: number | null = 1_000;
  topDepth = 1e6;
  levels = 10;
  volatility: number | null = null;
  session: TradingSession = "LONDON";
  verdict: SpreadVerdict = { acceptable: true };
  /** average fill of a taking order beyond the touch, ticks; null: the book does not hold it */
  slippage: number | null = 0;

  get spreadBps(): number {
    return ((this.ask - this.bid) / (this.ask + this.bid)) * 20_000;
  }

  topDepthQuote(): number {
    return this.topDepth;
  }

  validLevels(): number {
    return this.levels;
  }

  costToFill(side: Side): number | null {
    if (this.slippage === null) return null;
    return side === "buy" ? this.ask + this.slippage : this.bid - this.slippage;
  }

  spreadVerdict(): SpreadVerdict {
    return this.verdict;
  }

  tradingSession(): TradingSession {
    return this.session;
  }

  volatilityBps(): number | null {
    return this.volatility;
  }

  quote(bid: number, ask = bid + 1): void {
    this.bid = ticks(bid);
    this.ask = ticks(ask);
  }
}

export const marketTerms = { type: "MARKET" } as const;

/** Timer turns without progress after which a deadline counts as stuck. */
const turnsMax = 100;

export class Bench {
  readonly outputs: Output[] = [];
  readonly safeModes: string[] = [];
  /** what SAFE MODE was entered for, in words */
  readonly details: string[] = [];
  readonly closed: Trade[] = [];
  readonly touch = new BenchMarket();
  readonly desk: Desk;
  readonly manager: TradeManager;
  mayEnter = true;
  /** what risk allows at the moment of sending */
  allowed = Number.MAX_SAFE_INTEGER;
  /** what risk was asked for: lots, and at which price */
  readonly rechecks: (readonly [number, number])[] = [];
  now: Micros = start;
  #answered = 0;

  constructor(withSettings: Settings = settings, withInstrument: Instrument = instrument) {
    this.desk = {
      instrument: withInstrument,
      settings: withSettings,
      touch: this.touch,
      market: this.touch,
      emit: (output) => {
        this.outputs.push(output);
      },
      enterSafeMode: (reason, detail) => {
        this.safeModes.push(reason);
        this.details.push(detail);
      },
      mayEnter: () => this.mayEnter,
      recheck: (_trade, wanted, price) => {
        this.rechecks.push([wanted, price]);
        return lots(Math.min(wanted, this.allowed));
      },
    };
    this.manager = new TradeManager(this.desk, (_row, over) => {
      this.closed.push(over);
    });
  }

  begin(plan: TradePlan = planOf()): void {
    this.manager.begin(plan, this.now);
  }

  /** Plays all deadlines up to so many milliseconds after the start. */
  at(milliseconds: number): void {
    const until = after(milliseconds);
    for (let turns = 0; this.manager.wakeAt <= until; turns += 1) {
      const before = this.now;
      this.now = micros(Math.max(this.now, this.manager.wakeAt));
      if (this.now > before) turns = 0;
      if (turns > turnsMax) throw new Error(`a deadline at ${this.manager.wakeAt} never moves`);
      this.manager.onTimer(this.now);
    }
    this.now = until;
  }

  /** The account was just read: nothing of ours rests, and so many lots are open. */
  reads(open = 0): void {
    this.manager.onPositionSeen(signedLots(open), this.now, this.now);
    this.manager.onOpenOrders(new Set(), this.now, this.now);
  }

  /** The private stream tells how much is open, as of then; `start`, as that of executions, unless said. */
  states(open: number, time: Micros = start): void {
    this.manager.onPositionStated(signedLots(open), time, this.now);
  }

  /** The trade that is under way. */
  get trade(): Trade {
    return present(this.manager.trade, "trade");
  }

  get commands(): readonly Command[] {
    return this.outputs.filter(isCommand);
  }

  /** Kinds and ids of the commands since the last call, as short text. */
  sent(): readonly string[] {
    const all = this.commands;
    const fresh = all.slice(this.#answered);
    this.#answered = all.length;
    return fresh.map((command) => {
      const id = idIn(command);
      return id === null ? command.kind : `${command.kind} ${id.split("-").at(2) ?? id}`;
    });
  }

  count(kind: Command["kind"], id: string): number {
    return this.commands.filter((command) => command.kind === kind && idIn(command) === id).length;
  }

  order(id: string): PlaceOrder {
    const placed = this.commands.filter((command) => command.kind === "place-order");
    return present(
      placed.find(({ clientOrderId }) => clientOrderId === id),
      `order ${id}`,
    );
  }

  algo(id: string): PlaceAlgo {
    const placed = this.commands.filter((command) => command.kind === "place-algo");
    return present(
      placed.find(({ clientAlgoId }) => clientAlgoId === id),
      `conditional order ${id}`,
    );
  }

  /** Answers the last command of a kind about an order. */
  outcome(kind: Answered, id: string, outcome: Outcome): void {
    const command = this.commands.findLast((one) => one.kind === kind && idIn(one) === id);
    this.manager.onOutcome(present(command, `${kind} ${id}`), outcome, this.now);
  }

  ok(kind: Answered, id: string): void {
    this.outcome(kind, id, { kind: "ok" });
  }

  refuse(kind: Answered, id: string, code: number): void {
    this.outcome(kind, id, { kind: "refused", code, message: "refused" });
  }

  lose(kind: Answered, id: string): void {
    this.outcome(kind, id, { kind: "unknown", cause: "lost" });
  }

  report(
    id: string,
    status: OrderStatus,
    filled: number,
    fill: Fill | null = null,
    source: OrderReport["source"] = "stream",
  ): void {
    this.manager.onOrderReport(this.#reportOf(id, status, filled, fill, source), this.now);
  }

  /** What a look-up finds: an order that works at this price. */
  found(id: string, status: OrderStatus, filled: number, price: number): void {
    this.manager.onOrderReport({ ...this.#reportOf(id, status, filled, null, "query"), price: ticks(price) }, this.now);
  }

  /** An execution as the stream tells it. */
  fill(id: string, status: OrderStatus, filled: number, fill: Fill): void {
    this.report(id, status, filled, fill);
  }

  fills(id: string, fills: readonly Fill[]): void {
    this.manager.onFills(
      { kind: "fills-report", symbol: instrument.index, clientOrderId: id, orderId: `venue-${id}`, fills },
      this.now,
    );
  }

  algoReport(
    id: string,
    status: AlgoStatus,
    childOrderId: string | null = null,
    source: AlgoReport["source"] = "stream",
    algoId = "1",
  ): void {
    const place = this.algo(id);
    this.manager.onAlgoReport(
      {
        kind: "algo-report",
        symbol: instrument.index,
        clientAlgoId: id,
        algoId,
        status,
        side: place.side,
        type: place.type,
        trigger: place.trigger,
        closePosition: place.extent.kind === "close-position",
        quantity: place.extent.kind === "quantity" ? place.extent.quantity : null,
        childOrderId,
        failure: null,
        time: this.now,
        source,
      },
      this.now,
    );
  }

  /** A long of ten lots at 640,000 with its floor live. */
  enterProtected(plan: TradePlan = planOf()): void {
    this.begin(plan);
    this.ok("place-order", idOf("e"));
    this.fill(idOf("e"), "FILLED", plan.quantity, fillOf("entry", plan.quantity, 640_000));
    this.ok("place-algo", idOf("f"));
  }

  #reportOf(
    id: string,
    status: OrderStatus,
    filled: number,
    fill: Fill | null,
    source: OrderReport["source"],
  ): OrderReport {
    const order = this.manager.trade?.orders.get(id);
    return {
      kind: "order-report",
      symbol: instrument.index,
      clientOrderId: id,
      orderId: `venue-${id}`,
      status,
      side: order?.side ?? "buy",
      type: "LIMIT",
      price: order?.price ?? ticks(640_000),
      quantity: order?.quantity ?? lots(10),
      filled: lots(filled),
      reduceOnly: order?.role !== "e",
      fill,
      time: this.now,
      source,
    };
  }
}

type Answered = Exclude<Command["kind"], "query-account" | "query-history" | "query-income">;

function idIn(command: Command): string | null {
  if (command.kind === "query-account" || command.kind === "query-history") return null;
  if (command.kind === "query-income") return null;
  return "clientOrderId" in command ? command.clientOrderId : command.clientAlgoId;
}

export function fillOf(tradeId: string, quantity: number, price = 640_000, time: Micros = start): Fill {
  return {
    tradeId,
    price: ticks(price),
    quantity: lots(quantity),
    commission: money(1_000n),
    commissionAsset: "USDT",
    maker: true,
    time,
  };
}
