/** One symbol inside the core: its market, its sources, its trade, and the way from a decision to an order. */

import type { Settings } from "../config/schema.ts";
import { arbitrate, staysFlat } from "../decision/arbiter.ts";
import { decisionFileSource } from "../decision/decision-file.ts";
import type { DecisionSource, SourceContext } from "../decision/source.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import type { SetUp } from "../domain/event.ts";
import { type Instrument, numberFromMoney, quoteFromTickLots } from "../domain/instrument.ts";
import type { DepthLevels } from "../domain/market-port.ts";
import { type Side, sign } from "../domain/order.ts";
import { type TradeId, tradeIdFrom } from "../domain/order-id.ts";
import type { ApprovedOrder, Gate, TradeRow } from "../domain/output.ts";
import type { OutsideWord } from "../domain/outside.ts";
import { type BlockReason, blockReasons, type SafeModeReason } from "../domain/reason.ts";
import {
  type Lots,
  type Micros,
  micros,
  microsFromSeconds,
  type PriceE8,
  signedLots,
  type Ticks,
} from "../domain/units.ts";
import { cooldownAfter } from "../execution/exit-rules.ts";
import { hasFailed } from "../execution/gate.ts";
import { openLots, type Trade } from "../execution/trade.ts";
import { TradeManager } from "../execution/trade-manager.ts";
import { Features } from "../market/features.ts";
import { SymbolMarket } from "../market/symbol-market.ts";
import { ClosedMinutes } from "./closed-minutes.ts";
import { EntryDesk } from "./entry-desk.ts";
import { HistoryDesk } from "./history-desk.ts";
import { ModelKeeper } from "./model-keeper.ts";
import { NoTrades } from "./no-trades.ts";
import { RiskDesk, type RiskFloor } from "./risk-desk.ts";
import { settingsFor } from "./settings.ts";

/** What the desks of a core have in common. */
export type Floor = RiskFloor & {
  readonly enterSafeMode: (reason: SafeModeReason, detail: string) => void;
  /** why no entry may leave at all, whatever the symbol; null when entries may */
  readonly entriesOff: () => BlockReason | null;
  /** has books kept once what was asked for until now is on its way: nothing that anybody asks before may need them */
  readonly afterwards: (bookkeeping: () => void) => void;
  readonly catchUp: () => void;
  /** the account is wanted again, no later than `at` */
  readonly readAgainBy: (at: number, now: Micros) => void;
};

const flat = signedLots(0);

/** Trades whose decisions are known again; a decision is valid far shorter than it takes to make so many. */
const rememberedMax = 1_000;

export class SymbolDesk {
  readonly instrument: Instrument;
  readonly market: SymbolMarket;
  readonly manager: TradeManager;
  readonly risk: RiskDesk;
  readonly history: HistoryDesk;
  readonly #entries: EntryDesk;
  readonly #minutes: ClosedMinutes;
  #setUp: SetUp = { state: "pending", cause: "not told yet" };
  readonly #floor: Floor;
  #settings: Settings;
  readonly #noTrades: NoTrades;
  readonly #sources: readonly DecisionSource[];
  /** names of those that speak for somebody outside */
  readonly #outside: ReadonlySet<string>;
  readonly models: ModelKeeper;
  readonly #features: Features;
  /** one object, updated in place: sources look at it on every market event */
  readonly #context: { -readonly [Key in keyof SourceContext]: SourceContext[Key] };
  readonly #blocked: Map<BlockReason, number>;
  /** the last word of each source, in their order */
  readonly #latest: (Decision | null)[];
  #acted: Decision | null = null;
  /** trades that were begun, the newest */
  readonly #entered = new Set<TradeId>();
  #resyncAsked = false;
  #decisions = 0;
  #lastDecision: Decision | null = null;
  #lastTradeEnd: Micros = micros(0);
  /** when the running trade's entry left; null when it was adopted */
  #openedAt: Micros | null = null;

  constructor(
    instrument: Instrument,
    sourcesFor: (instrument: Instrument, features: Features) => readonly DecisionSource[],
    settings: Settings,
    floor: Floor,
    blocked: Map<BlockReason, number>,
  ) {
    this.instrument = instrument;
    this.#floor = floor;
    this.#settings = settingsFor(settings, instrument.symbol);
    this.#blocked = blocked;
    this.#noTrades = new NoTrades(instrument.index);
    const { market, decision } = this.#settings;
    this.market = new SymbolMarket(instrument, market);
    this.risk = new RiskDesk(instrument, this.market, () => this.#settings, floor);
    this.#minutes = new ClosedMinutes(this.market.candles);
    this.#entries = new EntryDesk(instrument, this.market, () => this.#settings, floor);
    this.#features = new Features(decision.ensemble.horizons_seconds.map(microsFromSeconds), market.depth_levels);
    this.#sources = sourcesFor(instrument, this.#features);
    this.#outside = new Set(this.#sources.filter(({ tell }) => tell !== undefined).map(({ name }) => name));
    this.#latest = this.#sources.map(() => null);
    this.models = new ModelKeeper({ symbol: instrument.index, sources: this.#sources, emit: floor.emit });
    this.#context = {
      market: this.market,
      features: this.#features,
      position: flat,
      tradeOpen: false,
      latest: this.#latest,
    };
    const current = (): Settings => this.#settings;
    this.manager = new TradeManager(
      {
        instrument,
        get settings() {
          return current();
        },
        touch: this.market,
        market: this.market,
        emit: floor.emit,
        enterSafeMode: floor.enterSafeMode,
        mayEnter: () =>
          floor.entriesOff() === null &&
          !floor.session.isHeld &&
          floor.account.privateAlive &&
          this.#setUp.state === "proven",
        recheck: (trade, wanted, price, now) =>
          this.risk.recheck(trade, wanted, price, this.manager.committedLots, now),
      },
      (row, trade, now) => this.#onTradeClosed(row, trade, now),
    );
    const { account, emit, readAgainBy } = floor;
    const { index: symbol } = instrument;
    this.history = new HistoryDesk({ symbol, settings: current, account, manager: this.manager, emit, readAgainBy });
  }

  get decisions(): number {
    return this.#decisions;
  }

  get lastDecision(): Decision | null {
    return this.#lastDecision;
  }

  /** When the last trade ended; account reads older than this say nothing about the symbol (failure-catalogue F-31). */
  get lastTradeEnd(): Micros {
    return this.#lastTradeEnd;
  }

  get sources(): readonly DecisionSource[] {
    return this.#sources;
  }

  /** With what the symbol overrides. */
  get settings(): Settings {
    return this.#settings;
  }

  /** Worth of what is open or may still open, at the dearer side of the touch; quote asset. */
  get exposure(): number {
    return quoteFromTickLots(this.instrument, this.manager.committedLots * this.market.ask);
  }

  /** Somebody outside has said something: the source that listens to it has its say at once. */
  tell(word: OutsideWord, now: Micros): void {
    for (const source of this.#sources) source.tell?.(word, now);
    if (now >= this.#decisionDue()) this.#decide(now);
  }

  /** These have been executed, whoever says them again (requirements IDM-1). */
  rememberBegun(trades: readonly TradeId[]): void {
    for (const trade of trades) this.#remember(trade);
  }

  /** Other settings from now on. An open trade keeps its exit rules but where the new ones tighten (requirements CFG-4). */
  reconfigure(settings: Settings, now: Micros): void {
    const before = this.#settings.trading;
    this.#settings = settingsFor(settings, this.instrument.symbol);
    this.market.configure(this.#settings.market);
    for (const source of this.#sources) source.configure?.(this.#settings.decision);
    const { trading, risk } = this.#settings;
    const mode = this.manager.trade?.plan.entry?.mode ?? trading.mode;
    const { max_hold_seconds } = trading[mode];
    // A hold that a decision brought is longer than the configured one for a reason: only a change shortens it.
    const isShorter = max_hold_seconds < before[mode].max_hold_seconds;
    const hold = isShorter ? microsFromSeconds(max_hold_seconds) : null;
    this.manager.tightenRules(this.#entries.exitRules(risk.max_leverage), hold, now);
  }

  /** Whether the account is ready for entries of this symbol. */
  onSetUp(setUp: SetUp): void {
    this.#setUp = setUp;
  }

  /** What was counted of decisions not to trade and not yet told. */
  flushNoTrades(now: Micros): void {
    for (const row of this.#noTrades.flush(now)) this.#floor.emit(row);
  }

  /** Earliest time at which {@link onTimer} must be called. */
  get wakeAt(): number {
    return Math.min(this.manager.wakeAt, this.history.wakeAt, this.#decisionDue());
  }

  onBookTicker(
    updateId: number,
    bid: Ticks,
    bidLots: Lots,
    ask: Ticks,
    askLots: Lots,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    if (this.market.onBookTicker(updateId, bid, bidLots, ask, askLots, exchangeTime, receivedAt)) {
      this.#features.onTouch(this.market, receivedAt);
      this.#observe(receivedAt);
      this.manager.onQuote(receivedAt);
    }
    this.#wake(receivedAt);
  }

  onSnapshot(levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.#resyncAsked = false;
    this.market.onSnapshot(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.market);
  }

  onDepth(levels: DepthLevels, exchangeTime: Micros, receivedAt: Micros): void {
    this.market.onDepth(levels, exchangeTime, receivedAt);
    this.#features.onDepth(this.market);
    if (this.market.book.needsSnapshot) this.#askForBook();
    this.#wake(receivedAt);
  }

  onTrade(
    tradeId: number,
    price: Ticks,
    quantity: Lots,
    buyerIsMaker: boolean,
    exchangeTime: Micros,
    receivedAt: Micros,
  ): void {
    this.market.onTrade(tradeId, price, quantity, buyerIsMaker, exchangeTime, receivedAt);
    this.#features.onTrade(price, quantity, buyerIsMaker, receivedAt);
    this.#observe(receivedAt);
    this.#wake(receivedAt);
  }

  onMark(mark: PriceE8, fundingRate: number, nextFunding: Micros, exchangeTime: Micros, receivedAt: Micros): void {
    this.market.onMark(mark, fundingRate, nextFunding, exchangeTime, receivedAt);
  }

  onGap(): void {
    // Whoever lost continuity brings the snapshot that restores it.
    this.#resyncAsked = true;
    this.market.onGap();
    this.#features.onGap();
    for (const source of this.#sources) source.onGap();
  }

  onTimer(now: Micros): void {
    this.manager.onTimer(now);
    this.history.onTimer(now);
    if (now >= this.#decisionDue()) this.#decide(now);
  }

  /** Indexed loops: an iterator would be the only object that a market event allocates. */
  #observe(now: Micros): void {
    const { trade } = this.manager;
    this.#context.tradeOpen = trade !== null;
    this.#context.position = trade === null ? flat : trade.ledger.position;
    for (let index = 0; index < this.#sources.length; index += 1) this.#sources[index]?.observe(this.#context, now);
  }

  #wake(now: Micros): void {
    const candle = this.#minutes.next();
    if (candle !== null) this.manager.onCandle(candle, this.market.atrTicks(), now);
    if (now >= this.wakeAt) this.onTimer(now);
  }

  /** Asked each time: a source may bring its next decision forward while it observes. */
  #decisionDue(): number {
    let due = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#sources.length; index += 1) {
      const next = this.#sources[index]?.nextDecision() ?? Number.POSITIVE_INFINITY;
      if (next < due) due = next;
    }
    return due;
  }

  /** Once a loss: the answer is a snapshot, or a gap and then a snapshot. */
  #askForBook(): void {
    if (this.#resyncAsked) return;
    this.#resyncAsked = true;
    this.#floor.emit({ kind: "resync-book", symbol: this.instrument.index });
  }

  #decide(now: Micros): void {
    const { trade } = this.manager;
    this.#context.tradeOpen = trade !== null;
    this.#context.position = trade === null ? flat : trade.ledger.position;
    const fresh: Decision[] = [];
    for (let index = 0; index < this.#sources.length; index += 1) {
      const source = this.#sources[index];
      if (source === undefined || now < source.nextDecision()) continue;
      const decision = source.decide(this.#context, now);
      if (decision === null) continue;
      fresh.push(decision);
      this.#latest[index] = decision;
    }
    this.#decisions += fresh.length;
    if (fresh.length > 0) this.#choose(fresh, now);
    for (const [index, { saysOnce }] of this.#sources.entries()) if (saysOnce === true) this.#latest[index] = null;
    this.models.onDecided(this.#settings.decision.ensemble.save_seconds, now);
  }

  /** Sources speak at different times, so the latest word of each counts for as long as it is valid (DEC-2). */
  #choose(fresh: readonly Decision[], now: Micros): void {
    const chosen = arbitrate(this.#latest, now);
    if (chosen !== null) this.#act(chosen, fresh, now);
    for (const decision of fresh) {
      const isAnswered = decision === chosen && !(decision.action === "HOLD" && !staysFlat(decision));
      if (!isAnswered) this.#judgeOther(decision, chosen, now);
    }
  }

  #act(chosen: Decision, fresh: readonly Decision[], now: Micros): void {
    this.#lastDecision = chosen;
    const isNew = chosen.id !== this.#acted?.id || chosen.time !== this.#acted.time;
    const direction = chosen.direction;
    if (chosen.action === "ENTER" && (direction === "LONG" || direction === "SHORT") && isNew) {
      this.#acted = chosen;
      return this.#enterOrBlock(chosen, direction === "LONG" ? "buy" : "sell", now);
    }
    if ((chosen.action === "EXIT" || direction === "FLAT") && isNew) {
      this.#acted = chosen;
      if (staysFlat(chosen)) this.manager.cancelEntry(now);
      else this.manager.leave(now);
      return this.#record(chosen, [], null, now);
    }
    if (chosen.action === "HOLD") this.#tighten(chosen, now);
    if (chosen.reasons[0]?.reason === "CONFLICTING_SIGNALS") return this.#countReasons(chosen, now);
    for (const decision of fresh) this.#countReasons(decision, now);
  }

  /**
   * What somebody outside decided is judged even when it was not chosen, because somebody waits for the answer: it agrees
   * and is checked like the chosen one, or what was chosen stands against it.
   */
  #judgeOther(decision: Decision, chosen: Decision | null, now: Micros): void {
    if (!this.#outside.has(decision.source) || decision.action === "NO_ACTION") return;
    if (now > decision.validUntil) {
      const expired = { reason: "DECISION_EXPIRED", measured: now, limit: decision.validUntil } as const;
      return this.#block(decision, [expired], [failed(expired)], now);
    }
    if (decision.action !== "ENTER") return this.#record(decision, [], null, now);
    const agrees = chosen === null || chosen.action === "ENTER";
    if (agrees) return this.#enterOrBlock(decision, decision.direction === "LONG" ? "buy" : "sell", now);
    const word = chosen.reasons.map(({ reason }) => reason).find(isBlockReason) ?? "CONFLICTING_SIGNALS";
    const reason = { reason: word, measured: 1, limit: 0 };
    this.#block(decision, [reason], [failed(reason)], now);
  }

  #enterOrBlock(decision: Decision, side: Side, now: Micros): void {
    this.#floor.catchUp();
    const trade = tradeIdFrom(decision.id);
    // A standing decision that was executed may be said again for as long as it is valid.
    if (decision.source === decisionFileSource) this.#tighten(decision, now);
    if (this.#outside.has(decision.source) && this.#entered.has(trade)) return this.#tellSource(decision, [], now);
    const gate = this.#gate(decision, trade, side, now);
    if (gate.length > 0) return this.#block(decision, gate, gate.map(failed), now);
    const intended = this.#entries.intended(decision, side, now);
    const result = this.risk.check(decision, side, intended.price, this.manager.committedLots, now);
    if (!result.approved) return this.#block(decision, result.reasons, result.gates, now);
    this.risk.tellMissing([]);
    const gates = this.#entries.gates(intended, result.order.quantity, now);
    const all = [...result.gates, ...gates];
    if (hasFailed(gates)) return this.#block(decision, reasonsOf(gates), all, now);
    const { order } = result;
    const plan = this.#entries.plan(decision, trade, order, intended, now);
    this.#openedAt = now;
    this.manager.begin(plan, now);
    this.#floor.afterwards(() => {
      const { reference: _, ...approved } = order;
      this.#record(decision, all, approved, now);
      this.#remember(trade);
      this.#floor.session.onOpened(now);
      this.#entries.tellEntering(plan, order, intended);
    });
  }

  /** What stands before any check of risk: the first of these says it all. */
  #gate(decision: Decision, id: TradeId, side: Side, now: Micros): readonly Evidence<BlockReason>[] {
    const off = this.#floor.entriesOff() ?? (this.history.isPending ? "NOT_READY" : null);
    if (off !== null) return [{ reason: off, measured: null, limit: null }];
    if (this.#setUp.state !== "proven") return [{ reason: "ACCOUNT_NOT_SET_UP", measured: null, limit: null }];
    if (now > decision.validUntil) return [{ reason: "DECISION_EXPIRED", measured: now, limit: decision.validUntil }];
    if (this.#entered.has(id)) return [{ reason: "DECISION_EXPIRED", measured: 1, limit: 0 }];
    const { trade, inDoubt } = this.manager;
    if (trade !== null) {
      const isOpposite = trade.plan.side !== side;
      // An entry that still works was for a decision that holds no more (requirements EXE-7).
      if (isOpposite || isReplaced(trade, decision)) this.manager.cancelEntry(now);
      if (!isOpposite) this.#tighten(decision, now);
      const reason = inDoubt ? "ORDER_IN_DOUBT" : isOpposite ? "OPPOSITE_POSITION" : "POSITION_OPEN";
      return [{ reason, measured: openLots(trade), limit: 0 }];
    }
    const held = this.#floor.account.reportedLots(this.instrument.index);
    if (held !== 0) {
      return [{ reason: held * sign(side) > 0 ? "POSITION_OPEN" : "OPPOSITE_POSITION", measured: held, limit: 0 }];
    }
    const { privateAlive, wasAlive } = this.#floor.account;
    if (!privateAlive) return [{ reason: wasAlive ? "ACCOUNT_STALE" : "NOT_READY", measured: null, limit: null }];
    return this.market.readiness(now);
  }

  /**
   * A newer decision for the open side may bring a nearer stop (requirements EXE-11), and one of the decision file other
   * targets for what the file has opened (requirements DEC-6).
   */
  #tighten({ direction, stopLoss, takeProfits, source }: Decision, now: Micros): void {
    const plan = this.manager.trade?.plan;
    if (plan === undefined || direction !== (plan.side === "buy" ? "LONG" : "SHORT")) return;
    if (stopLoss !== null) this.manager.tighten(stopLoss, "decision", now);
    if (source === decisionFileSource && plan.source === source) this.manager.retarget(takeProfits, now);
  }

  /** A decision is executed once, also when it is said again after its trade has ended (requirements IDM-1). */
  #remember(trade: TradeId): void {
    this.#entered.add(trade);
    if (this.#entered.size <= rememberedMax) return;
    const [oldest] = this.#entered;
    if (oldest !== undefined) this.#entered.delete(oldest);
  }

  #block(decision: Decision, reasons: readonly Evidence<BlockReason>[], gates: readonly Gate[], now: Micros): void {
    for (const { reason } of reasons) this.#count(reason);
    this.risk.tellMissing(reasons);
    this.#record(decision, gates, null, now);
  }

  /** Why nothing was entered, in the words of the sources; only words of the common list are counted. */
  #countReasons(decision: Decision, now: Micros): void {
    for (const row of this.#noTrades.add(decision, now)) this.#floor.emit(row);
    for (const { reason } of decision.reasons) if (isBlockReason(reason)) this.#count(reason);
  }

  #count(reason: BlockReason): void {
    this.#blocked.set(reason, (this.#blocked.get(reason) ?? 0) + 1);
  }

  #record(decision: Decision, gates: readonly Gate[], order: ApprovedOrder | null, now: Micros): void {
    const { id: decisionId, source, symbol, direction, action, confidence, edge } = decision;
    const blocked = reasonsOf(gates);
    this.#floor.emit({
      kind: "decision",
      decisionId,
      source,
      symbol,
      direction,
      action,
      confidence,
      edge,
      approved: blocked.length === 0,
      blocked,
      gates,
      order,
      time: now,
    });
    if (this.#outside.has(source)) this.#tellSource(decision, blocked, now);
  }

  #tellSource(decision: Decision, blocked: readonly Evidence[], now: Micros): void {
    this.#sources.find(({ name }) => name === decision.source)?.judged?.(decision, blocked, now);
  }

  #tellVoided({ plan }: Trade, now: Micros): void {
    this.#sources.find(({ name }) => name === plan.source)?.voided?.(plan.decisionId, now);
  }

  #onTradeClosed(row: TradeRow | null, trade: Trade, now: Micros): void {
    // A trade of which nothing filled ends with its last order, so that an older read does not bring that one back.
    const orderTimes = [...trade.orders.values()].map(({ cancelAt }) => cancelAt);
    this.#lastTradeEnd = micros(Math.max(trade.lastFillTime, ...orderTimes));
    const { symbol, side } = trade.plan;
    if (row === null) {
      if (this.#openedAt !== null) this.#floor.session.onVoided(this.#openedAt, now);
      if (!trade.adopted && !wasRefused(trade)) this.#tellVoided(trade, now);
      const fields = { trade: trade.plan.trade };
      this.#floor.emit({ kind: "notice", level: "info", code: "ENTRY_NOT_FILLED", symbol, fields });
      return;
    }
    const until = micros(row.exitTime + cooldownAfter(trade, row.exitReason));
    this.#floor.session.onClosed(numberFromMoney(row.netPnl), this.instrument.symbol, side, until, now);
  }
}

function reasonsOf(gates: readonly Gate[]): readonly Evidence<BlockReason>[] {
  return gates
    .filter(({ verdict }) => verdict === "failed")
    .map(({ gate, measured, limit }) => ({ reason: gate, measured, limit }));
}

function failed({ reason, measured, limit }: Evidence<BlockReason>): Gate {
  return { gate: reason, verdict: "failed", measured, limit };
}

/** The file holds one decision at a time: a newer one takes the place of that for which an entry works. */
function isReplaced({ plan }: Trade, { source, id }: Decision): boolean {
  return source === decisionFileSource && plan.source === source && plan.decisionId !== id;
}

/** What the exchange refuses it would refuse again. */
function wasRefused({ orders }: Trade): boolean {
  return [...orders.values()].some(({ refusal }) => refusal !== null);
}

function isBlockReason(word: string): word is BlockReason {
  return blockReasons.some((reason) => reason === word);
}
