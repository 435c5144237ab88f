/**
 * Candle set-ups at an edge of the price: filters, location, signals and a score, in this order (requirements DEC-4). It
 * is asked when a minute has closed and at an interval, and says which layer stopped it, or score and evidence. Its
 * confidence is the share of the score that was reached, which is a grade and no probability; it claims no edge.
 */

import type { Settings } from "../../config/schema.ts";
import type { Decision, Evidence } from "../../domain/decision.ts";
import { numberFromTicks } from "../../domain/instrument.ts";
import { sign } from "../../domain/order.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds, ticks } from "../../domain/units.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "../source.ts";
import { factsOf, filtersOf } from "./facts.ts";
import { evidenceOf } from "./finding.ts";
import { decidingLayer, type SetUp, scoreMax, setUpOf } from "./layers.ts";
import { distancesOf } from "./levels.ts";
import type { Rules, SymbolRules } from "./rules.ts";
import { VwapSide } from "./vwap-side.ts";

const version = 1;

export class MicroScalpSource implements DecisionSource {
  readonly name = "micro_scalp";
  private readonly symbol: string;
  private rules: Rules;
  private own: SymbolRules;
  private interval: Micros;
  private readonly vwapSide = new VwapSide();
  /** the minute that is forming; its beginning is the close of the one before */
  private minute = -1;
  /** of the candles when that was looked at */
  private candlesVersion = -1;
  /** minute after the candles of the last entry that was decided, and of the last that became a trade */
  private proposedAt = -1;
  private tradedAt = -1;
  private due: Micros = micros(0);
  private counter = 0;

  /** @param own rules of the symbol */
  constructor(rules: Rules, symbol: string, own: SymbolRules) {
    this.symbol = symbol;
    this.rules = rules;
    this.own = own;
    this.interval = microsFromSeconds(rules.check_interval_seconds);
  }

  configure({ micro_scalp: rules }: Settings["decision"]): void {
    this.rules = rules;
    this.own = rules.symbols[this.symbol] ?? this.own;
    this.interval = microsFromSeconds(rules.check_interval_seconds);
  }

  observe({ market, tradeOpen }: SourceContext, now: Micros): void {
    this.vwapSide.update(market.indicators.session.sideOfVwap(market.midHalfTicks / 2), now);
    if (tradeOpen) this.tradedAt = this.proposedAt;
    const { candles } = market;
    if (candles.version === this.candlesVersion) return;
    this.candlesVersion = candles.version;
    const { currentMinute } = candles;
    if (currentMinute === this.minute) return;
    this.minute = currentMinute;
    if (now < this.due) this.due = now;
  }

  decide(context: SourceContext, now: Micros): Decision {
    const { market } = context;
    this.due = micros(now + this.interval);
    this.counter++;
    if (context.tradeOpen) {
      return this.abstain(context, now, [{ reason: "POSITION_OPEN", measured: context.position, limit: 0 }]);
    }
    if (!market.isReady(now)) return this.abstain(context, now, market.readiness(now));
    const facts = factsOf(market, this.vwapSide.heldSeconds(now), this.rules);
    if ("missing" in facts) return this.abstain(context, now, facts.missing);
    const filters = filtersOf(market, facts, this.own, this.rules, now);
    const long = setUpOf(facts, filters, "buy", this.rules);
    const short = setUpOf(facts, filters, "sell", this.rules);
    const isShort = short.passed > long.passed || (short.passed === long.passed && short.score > long.score);
    return isShort ? this.conclude(context, short, long, now) : this.conclude(context, long, short, now);
  }

  nextDecision(): Micros {
    return this.due;
  }

  /** What the price did meanwhile is not known. Candles end at the gap by themselves. */
  onGap(): void {
    this.vwapSide.reset();
  }

  save(): unknown {
    return { version, proposedAt: this.proposedAt, tradedAt: this.tradedAt, counter: this.counter };
  }

  restore(state: unknown): void {
    if (!isMicroScalpState(state)) throw new ModelStateError(`micro_scalp: state is not of version ${version}`);
    this.proposedAt = state.proposedAt;
    this.tradedAt = state.tradedAt;
    this.counter = state.counter;
  }

  /** @param better the set-up that came further, and of two that came as far the one with the higher score */
  private conclude(context: SourceContext, better: SetUp, other: SetUp, now: Micros): Decision {
    const { layers, passed } = better;
    if (passed < layers.length) {
      const failed = decidingLayer(better).findings.filter((finding) => !finding.passed);
      const reasons = [...noSignal(passed, layers.length), ...failed.map(evidenceOf)];
      return this.abstain(context, now, reasons);
    }
    if (other.primaries > 0) {
      return this.abstain(context, now, [
        { reason: "CONFLICTING_SIGNALS", measured: other.primaries, limit: 0 },
        { reason: "SCORE", measured: better.score, limit: other.score },
      ]);
    }
    // A candle is traded once: its set-up still stands when the trade that it led to has ended within the minute.
    if (this.tradedAt === context.market.candles.currentMinute) {
      const traded: Evidence = { reason: "CANDLE_TRADED", measured: null, limit: null };
      return this.abstain(context, now, [...noSignal(passed, layers.length), traded]);
    }
    return this.enter(context, better, now);
  }

  private enter(context: SourceContext, { side, scene, layers, score }: SetUp, now: Micros): Decision {
    const { instrument, bid, ask } = context.market;
    const distances = distancesOf(scene, numberFromTicks(instrument, 1), this.own, this.rules);
    const reference = side === "buy" ? bid : ask;
    if (distances === null || reference <= Math.max(distances.stop, distances.target)) {
      return this.abstain(context, now, [{ reason: "STOP_INVALID", measured: distances?.stop ?? null, limit: null }]);
    }
    this.proposedAt = context.market.candles.currentMinute;
    const grade: Evidence = { reason: "A_PLUS", measured: score, limit: this.rules.a_plus_score };
    // The filters only ever speak against an entry.
    const evidence = layers.slice(1).flatMap(({ findings }) => findings.filter(({ passed }) => passed).map(evidenceOf));
    const direction = side === "buy" ? "LONG" : "SHORT";
    const reasons = score >= this.rules.a_plus_score ? [grade, ...evidence] : evidence;
    return {
      ...this.plain(context, now, direction, reasons),
      confidence: score / scoreMax,
      stopLoss: ticks(reference - sign(side) * distances.stop),
      takeProfits: [ticks(reference + sign(side) * distances.target)],
      holdMicrosMax: microsFromSeconds(this.rules.hold_seconds),
      cooldownMicros: microsFromSeconds(this.rules.cooldown_seconds),
    };
  }

  private abstain(context: SourceContext, now: Micros, reasons: readonly Evidence[]): Decision {
    return this.plain(context, now, "NO_TRADE", reasons);
  }

  private plain(
    context: SourceContext,
    now: Micros,
    direction: "LONG" | "SHORT" | "NO_TRADE",
    reasons: readonly Evidence[],
  ): Decision {
    const validity = microsFromMillis(this.rules.validity_ms);
    return plainDecision(this.name, context, now, this.counter, validity, direction, reasons);
  }
}

/** How many of the layers hold. The common word comes without numbers: other sources mean others by it. */
function noSignal(passed: number, layers: number): readonly Evidence[] {
  return [
    { reason: "NO_SIGNAL", measured: null, limit: null },
    { reason: "LAYERS", measured: passed, limit: layers },
  ];
}

type MicroScalpState = {
  readonly version: 1;
  readonly proposedAt: number;
  readonly tradedAt: number;
  readonly counter: number;
};

function isMicroScalpState(state: unknown): state is MicroScalpState {
  if (typeof state !== "object" || state === null) return false;
  if (!("version" in state && "proposedAt" in state && "tradedAt" in state && "counter" in state)) return false;
  const { proposedAt, tradedAt, counter } = state;
  return state.version === version && [proposedAt, tradedAt, counter].every(Number.isSafeInteger);
}
