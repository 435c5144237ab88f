/**
 * The way from what the sources of a symbol say to an order, or to the reasons why there is none: who is heard, what
 * stands against it, and what is recorded of it.
 */

import { arbitrate, staysFlat } from "../decision/arbiter.ts";
import { decisionFileSource } from "../decision/decision-file.ts";
import type { DecisionSource } from "../decision/source.ts";
import type { Decision, Evidence } from "../domain/decision.ts";
import type { SetUp } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import { type TradeId, tradeIdFrom } from "../domain/order-id.ts";
import type { ApprovedOrder, Gate } from "../domain/output.ts";
import { type BlockReason, blockReasons } from "../domain/reason.ts";
import type { Micros } from "../domain/units.ts";
import { hasFailed } from "../execution/gate.ts";
import { openLots, type Trade } from "../execution/trade.ts";
import type { TradeManager } from "../execution/trade-manager.ts";
import type { SymbolMarket } from "../market/symbol-market.ts";
import { BegunTrades } from "./begun-trades.ts";
import type { EntryDesk } from "./entry-desk.ts";
import type { Floor } from "./floor.ts";
import type { HistoryDesk } from "./history-desk.ts";
import { NoTrades } from "./no-trades.ts";
import type { RiskDesk } from "./risk-desk.ts";

export type JudgePorts = {
  readonly instrument: Instrument;
  readonly floor: Floor;
  readonly sources: readonly DecisionSource[];
  readonly market: SymbolMarket;
  readonly manager: TradeManager;
  readonly risk: RiskDesk;
  readonly history: HistoryDesk;
  readonly entries: EntryDesk;
  readonly setUp: () => SetUp;
  /** something of the symbol is open, or may be, that no trade holds yet */
  readonly mayHoldMore: (now: Micros) => boolean;
  /** how often each reason stood against an entry, over all symbols */
  readonly blocked: Map<BlockReason, number>;
};

const notReady: Evidence<BlockReason> = { reason: "NOT_READY", measured: null, limit: null };

/** Trades whose decisions are known again; a decision is valid far shorter than it takes to make so many. */
const rememberedMax = 1_000;

export class DecisionJudge {
  readonly #ports: JudgePorts;
  /** names of those that speak for somebody outside */
  readonly #outside: ReadonlySet<string>;
  readonly #noTrades: NoTrades;
  #acted: Decision | null = null;
  readonly #entered = new BegunTrades(rememberedMax);
  #lastDecision: Decision | null = null;
  /** the newest trade that a decision began, and when its entry left */
  #opened: { readonly trade: TradeId; readonly at: Micros } | null = null;

  constructor(ports: JudgePorts) {
    this.#ports = ports;
    this.#outside = new Set(ports.sources.filter(({ tell }) => tell !== undefined).map(({ name }) => name));
    this.#noTrades = new NoTrades(ports.instrument.index);
  }

  get lastDecision(): Decision | null {
    return this.#lastDecision;
  }

  hasBegun(trade: TradeId): boolean {
    return this.#entered.has(trade);
  }

  /** When the trade's entry left; null of one that was taken over from an earlier run, or that nobody decided on. */
  openedAt(trade: TradeId): Micros | null {
    return this.#opened?.trade === trade ? this.#opened.at : null;
  }

  /** What was counted of decisions not to trade and not yet told. */
  flushNoTrades(now: Micros): void {
    for (const row of this.#noTrades.flush(now)) this.#ports.floor.emit(row);
  }

  /** Sources speak at different times, so the latest word of each counts for as long as it is valid (DEC-2). */
  choose(fresh: readonly Decision[], latest: readonly (Decision | null)[], now: Micros): void {
    const chosen = arbitrate(latest, now);
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
    if ((chosen.action === "EXIT" || direction === "FLAT") && isNew) return this.#leave(chosen, now);
    if (chosen.action === "HOLD") this.#tighten(chosen, now);
    if (chosen.reasons[0]?.reason === "CONFLICTING_SIGNALS") return this.#countReasons(chosen, now);
    for (const decision of fresh) this.#countReasons(decision, now);
  }

  #leave(chosen: Decision, now: Micros): void {
    if (!staysFlat(chosen) && this.#ports.mayHoldMore(now)) {
      // Nothing is there to close yet, and "executed" would not be true of what reads are about to show. A standing word is
      // still to be followed then: it is as new the next time that it is said (F-44).
      return this.#block(chosen, [notReady], [failed(notReady)], now);
    }
    this.#acted = chosen;
    if (staysFlat(chosen)) this.#ports.manager.cancelEntry(now);
    else this.#ports.manager.leave(now);
    this.#record(chosen, [], null, now);
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
    this.#ports.floor.catchUp();
    const trade = tradeIdFrom(decision.id);
    // A standing decision that was executed may be said again for as long as it is valid.
    if (decision.source === decisionFileSource) this.#tighten(decision, now);
    if (this.#outside.has(decision.source) && this.#entered.has(trade)) return this.#tellSource(decision, [], now);
    const gate = this.#gate(decision, trade, side, now);
    if (gate.length > 0) return this.#block(decision, gate, gate.map(failed), now);
    const intended = this.#ports.entries.intended(decision, side, now);
    const result = this.#ports.risk.check(decision, side, intended.price, this.#ports.manager.committedLots, now);
    if (!result.approved) return this.#block(decision, result.reasons, result.gates, now);
    this.#ports.risk.tellMissing([]);
    const gates = this.#ports.entries.gates(intended, result.order.quantity, now);
    if (hasFailed(gates)) return this.#block(decision, reasonsOf(gates), [...result.gates, ...gates], now);
    const { order } = result;
    const plan = this.#ports.entries.plan(decision, trade, order, intended, now);
    this.#opened = { trade, at: now };
    this.#ports.manager.begin(plan, now);
    this.#ports.floor.afterwards(() => {
      const { reference: _, ...approved } = order;
      this.#record(decision, [...result.gates, ...gates], approved, now);
      this.remember(trade);
      this.#ports.floor.session.onOpened(now);
      this.#ports.entries.tellEntering(plan, order, intended);
    });
  }

  /** What stands before any check of risk: the first of these says it all. */
  #gate(decision: Decision, id: TradeId, side: Side, now: Micros): readonly Evidence<BlockReason>[] {
    const off = this.#ports.floor.entriesOff() ?? (this.#ports.history.isPending ? "NOT_READY" : null);
    if (off !== null) return [{ reason: off, measured: null, limit: null }];
    if (this.#ports.setUp().state !== "proven") return [{ reason: "ACCOUNT_NOT_SET_UP", measured: null, limit: null }];
    const held = this.#ports.floor.heldBack(this.#ports.instrument.index, now);
    if (held !== null) return [held];
    if (now > decision.validUntil) return [{ reason: "DECISION_EXPIRED", measured: now, limit: decision.validUntil }];
    if (this.#entered.has(id)) return [{ reason: "DECISION_EXPIRED", measured: 1, limit: 0 }];
    const { trade, inDoubt } = this.#ports.manager;
    if (trade !== null) {
      const isOpposite = trade.plan.side !== side;
      // An entry that still works was for a decision that holds no more (requirements EXE-7).
      if (isOpposite || isReplaced(trade, decision)) this.#ports.manager.cancelEntry(now);
      if (!isOpposite) this.#tighten(decision, now);
      const reason = inDoubt ? "ORDER_IN_DOUBT" : isOpposite ? "OPPOSITE_POSITION" : "POSITION_OPEN";
      return [{ reason, measured: openLots(trade), limit: 0 }];
    }
    const open = this.#ports.floor.account.reportedLots(this.#ports.instrument.index);
    if (open !== 0) {
      return [{ reason: open * sign(side) > 0 ? "POSITION_OPEN" : "OPPOSITE_POSITION", measured: open, limit: 0 }];
    }
    const { privateAlive, wasAlive } = this.#ports.floor.account;
    if (!privateAlive) return [{ reason: wasAlive ? "ACCOUNT_STALE" : "NOT_READY", measured: null, limit: null }];
    return this.#ports.market.readiness(now);
  }

  /**
   * A newer decision for the open side may bring a nearer stop (requirements EXE-11), and one of the decision file other
   * targets for what the file has opened (requirements DEC-6).
   */
  #tighten({ direction, stopLoss, takeProfits, source }: Decision, now: Micros): void {
    const { manager } = this.#ports;
    const plan = manager.trade?.plan;
    if (plan === undefined || direction !== (plan.side === "buy" ? "LONG" : "SHORT")) return;
    if (stopLoss !== null) manager.tighten(stopLoss, "decision", now);
    if (source === decisionFileSource && plan.source === source) manager.retarget(takeProfits, now);
  }

  /** A decision is executed once, also when it is said again after its trade has ended (requirements IDM-1). */
  remember(trade: TradeId): void {
    this.#entered.add(trade);
  }

  #block(decision: Decision, reasons: readonly Evidence<BlockReason>[], gates: readonly Gate[], now: Micros): void {
    for (const { reason } of reasons) this.#count(reason);
    this.#ports.risk.tellMissing(reasons);
    this.#record(decision, gates, null, now);
  }

  /** Why nothing was entered, in the words of the sources; only words of the common list are counted. */
  #countReasons(decision: Decision, now: Micros): void {
    for (const row of this.#noTrades.add(decision, now)) this.#ports.floor.emit(row);
    for (const { reason } of decision.reasons) if (isBlockReason(reason)) this.#count(reason);
  }

  #count(reason: BlockReason): void {
    this.#ports.blocked.set(reason, (this.#ports.blocked.get(reason) ?? 0) + 1);
  }

  #record(decision: Decision, gates: readonly Gate[], order: ApprovedOrder | null, now: Micros): void {
    const { id: decisionId, source, symbol, direction, action, confidence, edge } = decision;
    const blocked = reasonsOf(gates);
    this.#ports.floor.emit({
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
    this.#ports.sources.find(({ name }) => name === decision.source)?.judged?.(decision, blocked, now);
  }

  /** The source of a trade learns that its entry ended without a fill. */
  tellVoided({ plan }: Trade, now: Micros): void {
    this.#ports.sources.find(({ name }) => name === plan.source)?.voided?.(plan.decisionId, now);
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

const knownReasons: ReadonlySet<string> = new Set(blockReasons);

function isBlockReason(word: string): word is BlockReason {
  return knownReasons.has(word);
}
