/**
 * From a decision that risk looks at to the plan of a trade: how its entry would be sent, the gates that stand before
 * that, and what is told of both (requirements EXE-1, EXE-3, EXE-7, EXE-9).
 */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import { InvariantError } from "../domain/assert.ts";
import type { Decision } from "../domain/decision.ts";
import type { ExitRules } from "../domain/exit-rules.ts";
import { type Instrument, numberFromTicks, textFromLots } from "../domain/instrument.ts";
import type { Side } from "../domain/order.ts";
import type { TradeId } from "../domain/order-id.ts";
import type { Gate, Output } from "../domain/output.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Lots, type Micros, micros, microsFromSeconds, type Ticks } from "../domain/units.ts";
import { takingOf, termsOf } from "../execution/entry-plan.ts";
import type { EntryBrief } from "../execution/entry-work.ts";
import { exitRules, targetLevels } from "../execution/exit-rules.ts";
import { entryGates } from "../execution/gate.ts";
import { latencyMillis, thinnerDepth } from "../execution/market-view.ts";
import { bandAround } from "../execution/policy/normal.ts";
import { planEntry } from "../execution/policy/plan.ts";
import { type EntryPlan, type PolicyInput, zoneDistanceBps } from "../execution/policy/policy.ts";
import type { EntryTerms, TradePlan } from "../execution/trade.ts";
import type { SymbolMarket } from "../market/symbol-market.ts";
import { modeOf } from "../risk/mode.ts";
import type { SizedOrder } from "../risk/result.ts";
import { targetsWithin } from "../risk/scalp-levels.ts";

export type EntryFloor = { readonly account: Account; readonly emit: (output: Output) => void };

/** How the entry of a decision would be sent now. */
export type IntendedEntry = {
  readonly brief: EntryBrief;
  readonly input: PolicyInput;
  readonly plan: EntryPlan;
  /** where it is expected to fill */
  readonly price: Ticks;
};

export class EntryDesk {
  readonly #instrument: Instrument;
  readonly #market: SymbolMarket;
  readonly #settings: () => Settings;
  readonly #floor: EntryFloor;
  /** reasons of the scalp gate that hold on since they were told */
  readonly #told = new Set<BlockReason>();

  constructor(instrument: Instrument, market: SymbolMarket, settings: () => Settings, floor: EntryFloor) {
    this.#instrument = instrument;
    this.#market = market;
    this.#settings = settings;
    this.#floor = floor;
  }

  intended(decision: Decision, side: Side, now: Micros): IntendedEntry {
    const { trading } = this.#settings();
    const { bid, ask, spreadBps } = this.#market;
    const mode = modeOf(trading, decision.style);
    const zone = decision.entryZone ?? (mode === "normal" ? bandAround(bid, ask, trading.normal) : null);
    const input: PolicyInput = {
      side,
      bid,
      ask,
      zone,
      spreadBps,
      topDepth: thinnerDepth(this.#market),
      latencyMs: latencyMillis(this.#market),
      stepBack: 0,
    };
    const plan = planEntry(mode, input, trading, this.#instrument);
    const taken = side === "buy" ? ask : bid;
    const workUntil = decision.time + microsFromSeconds(trading[mode].entry_max_seconds);
    const { confidence, edge, validUntil } = decision;
    const brief: EntryBrief = {
      mode,
      zone,
      // That an order joins or waits does not make it dearer than taking: what it is approved for bounds what follows.
      approvedPrice: taken,
      confidence,
      edge,
      workUntil: micros(Math.max(validUntil, workUntil, now)),
    };
    return { brief, input, plan, price: expectedPrice(plan, input) };
  }

  /** What stands before sending so much of it; a gate that has just begun to block in scalp mode is told. */
  gates({ brief, input, plan }: IntendedEntry, quantity: Lots, now: Micros): readonly Gate[] {
    const { mode, confidence, edge } = brief;
    const { side, bid, ask } = input;
    const taking = plan.kind === "wait" ? null : takingOf(side, termsOf(plan), quantity, bid, ask);
    const gates = entryGates(
      { mode, side, confidence, edge, zoneDistanceBps: zoneDistanceBps(input), taking },
      this.#market,
      this.#settings().trading,
      now,
    );
    if (mode === "scalp") this.#tell(gates);
    if (plan.kind !== "wait") return gates;
    const { reason: gate, measured, limit } = plan;
    return [...gates, { gate, verdict: "failed", measured, limit }];
  }

  /** @param order what risk approved */
  plan(decision: Decision, trade: TradeId, order: SizedOrder, intended: IntendedEntry, now: Micros): TradePlan {
    const settings = this.#settings();
    const { brief, input } = intended;
    const holdMax = microsFromSeconds(settings.trading[brief.mode].max_hold_seconds);
    const hold = decision.holdMicrosMax ?? holdMax;
    const { side, reference } = order;
    const { bid, ask } = input;
    // What risk made of the first one was clamped: the same level is not found again as a second one (requirements EXE-2).
    const decided =
      brief.mode === "scalp"
        ? targetsWithin(decision.takeProfits, { side, bid, ask, reference }, settings.trading.scalp)
        : decision.takeProfits;
    const { takeProfit, secondTarget } = targetLevels(settings, side, reference, order.takeProfit, decided);
    return {
      trade,
      decisionId: decision.id,
      source: decision.source,
      symbol: decision.symbol,
      side,
      quantity: order.quantity,
      terms: termsNow(intended.plan),
      entry: brief,
      stopLoss: order.stopLoss,
      takeProfit,
      secondTarget,
      exits: this.#ownExits(decision, order.leverage),
      holdUntil: micros(now + hold),
      holdMicros: micros(hold),
      decisionMidHalfTicks: this.#market.bid + this.#market.ask,
      cooldownMicros: decision.cooldownMicros ?? microsFromSeconds(settings.guardrails.cooldown_seconds),
    };
  }

  /** A decision may say from which gain on its stop trails (requirements DEC-7, EXE-10); how far behind is configured. */
  #ownExits({ trailFraction }: Decision, leverage: number): ExitRules {
    const rules = this.exitRules(leverage);
    return trailFraction === undefined ? rules : { ...rules, trailFromBps: trailFraction * 1e4 };
  }

  /** As configured now. An exit always takes, and the entry may: what covers both fees covers any. */
  exitRules(leverage: number): ExitRules {
    const takerFee = this.#floor.account.takerFee(this.#instrument.index);
    const feesBps = takerFee === null ? null : 2 * takerFee * 1e4;
    return exitRules(this.#settings(), { feesBps, leverage, atrTicks: this.#market.atrTicks() });
  }

  tellEntering(plan: TradePlan, order: SizedOrder, { brief, plan: how }: IntendedEntry): void {
    this.#floor.emit({
      kind: "notice",
      level: "info",
      code: "ENTERING",
      symbol: this.#instrument.index,
      fields: {
        trade: plan.trade,
        source: plan.source,
        side: plan.side,
        quantity: Number(textFromLots(this.#instrument, plan.quantity)),
        notional: Math.round(order.notional * 100) / 100,
        mode: brief.mode,
        how: how.reason,
        stop: numberFromTicks(this.#instrument, order.stopLoss),
        target: numberFromTicks(this.#instrument, order.takeProfit),
      },
    });
  }

  /** Once an episode: sources ask again many times a second. */
  #tell(gates: readonly Gate[]): void {
    for (const { gate, verdict, measured, limit } of gates) {
      if (verdict !== "failed") {
        this.#told.delete(gate);
        continue;
      }
      if (this.#told.has(gate)) continue;
      this.#told.add(gate);
      const { index, symbol } = this.#instrument;
      const code = `[SCALP] Blocked: ${scalpWords.get(gate) ?? gate}`;
      const fields = { name: symbol, reason: gate, measured, limit };
      this.#floor.emit({ kind: "notice", level: "info", code, symbol: index, fields });
    }
  }
}

/** As an operator reads them. */
const scalpWords: ReadonlyMap<BlockReason, string> = new Map([
  ["SCALP_SPREAD_TOO_WIDE", "spread too wide"],
  ["SCALP_INSUFFICIENT_DEPTH", "insufficient depth"],
  ["SCALP_TOO_FEW_LEVELS", "too few levels"],
  ["SCALP_LOW_CONFIDENCE", "low confidence"],
  ["SCALP_LOW_EDGE", "low edge"],
  ["SCALP_LATENCY", "latency too high"],
  ["SLIPPAGE_TOO_HIGH", "slippage too high"],
]);

function expectedPrice(plan: EntryPlan, { side, bid, ask }: PolicyInput): Ticks {
  switch (plan.kind) {
    case "limit":
      return plan.price;
    case "market":
      return side === "buy" ? ask : bid;
    case "wait":
      return side === "buy" ? bid : ask;
    default:
      throw new TypeError(`unhandled plan ${plan satisfies never}`);
  }
}

function termsNow(plan: EntryPlan): EntryTerms {
  if (plan.kind === "wait") throw new InvariantError(`nothing is sent while the policy waits: ${plan.reason}`);
  return termsOf(plan);
}
