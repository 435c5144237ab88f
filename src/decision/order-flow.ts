/**
 * The honest source: small models of where the mid goes over several horizons, from order flow, depth and trades. They
 * learn while running, speak only after a warm-up, and trade only where enough of them agree by enough. It may well
 * never trade; then it says why, and its report says how good it was.
 */

import type { Settings } from "../config/schema.ts";
import { assert, at } from "../domain/assert.ts";
import type { Decision, Direction, Evidence, Regime } from "../domain/decision.ts";
import type { BlockReason } from "../domain/reason.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds } from "../domain/units.ts";
import type { Features } from "../market/features.ts";
import { f64 } from "../market/typed.ts";
import { HorizonLabels } from "./horizon-labels.ts";
import { OnlineLogistic, Standardiser, savedCount, savedField, savedNumbers } from "./online-logistic.ts";
import { Skill, type SkillReport } from "./skill.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "./source.ts";

const version = 1;

/** Deviations from its own mean at which a measure marks the regime. */
const unusual = 1;

type Model = {
  readonly seconds: number;
  /** name of its forecast in a decision's grounds */
  readonly evidence: string;
  readonly logistic: OnlineLogistic;
  skill: Skill;
};

/** What the models say together. One object, rewritten at each evaluation. */
type Opinion = {
  side: -1 | 0 | 1;
  /** models past their warm-up, and the share of all models that have a say and are on the majority's side */
  warm: number;
  agreement: number;
  /** some that have a say point up, some down */
  split: boolean;
  edge: number;
  confidence: number;
  /** longest horizon of those that agree, index */
  longest: number;
};

export class OrderFlowSource implements DecisionSource {
  readonly name = "order_flow";
  private settings: Settings["decision"]["order_flow"];
  private readonly featureNames: readonly string[];
  private readonly horizons: readonly Micros[];
  private readonly interval: Micros;
  private validity: Micros;
  private readonly rowSpacing: number;
  private readonly volatilityIndex: number;
  private readonly returnIndex: number;

  private readonly models: readonly Model[];
  private readonly standardiser: Standardiser;
  private readonly labels: HorizonLabels;
  private readonly scaled: Float64Array;
  /** p_up per horizon of the last evaluation, whether the model has earned a say or not */
  private readonly forecasts: Float64Array;
  private readonly opinion: Opinion = {
    side: 0,
    warm: 0,
    agreement: 0,
    split: false,
    edge: 0,
    confidence: 0.5,
    longest: 0,
  };

  private mid = 0;
  private bid = 0;
  private ask = 0;
  private nextRow = 0;
  private due: Micros = micros(0);
  private counter = 0;

  /** @param features those of the same symbol, made with {@link orderFlowHorizons} */
  constructor(settings: Settings["decision"]["order_flow"], features: Features) {
    const inputs = features.names.length;
    this.settings = settings;
    this.featureNames = features.names;
    this.horizons = orderFlowHorizons(settings);
    this.interval = microsFromMillis(settings.interval_ms);
    this.validity = microsFromMillis(settings.validity_ms);
    const longest = at(this.horizons, this.horizons.length - 1);
    this.rowSpacing = HorizonLabels.spacing(longest, this.interval);
    this.models = settings.horizons_seconds.map((seconds, h) => ({
      seconds,
      evidence: `P_UP_${seconds}S`,
      // Rows closer together than the horizon share most of their future. Were each to count in full, one move would be
      // learnt again and again, and a random walk would look like a certainty.
      logistic: new OnlineLogistic(
        inputs,
        settings.learning_rate * Math.min(1, this.rowSpacing / at(this.horizons, h)),
        settings.regularisation,
      ),
      skill: new Skill(),
    }));
    this.standardiser = new Standardiser(inputs);
    this.labels = new HorizonLabels(inputs, this.horizons, this.rowSpacing);
    this.scaled = new Float64Array(inputs);
    this.forecasts = new Float64Array(this.horizons.length);
    const last = at(settings.horizons_seconds, settings.horizons_seconds.length - 1);
    this.volatilityIndex = features.index(`volatility_bps_${last}s`);
    this.returnIndex = features.index(`return_bps_${last}s`);
  }

  /** Thresholds and validity; what the models are made of stays as it was. */
  configure({ order_flow: settings }: Settings["decision"]): void {
    this.settings = { ...settings, horizons_seconds: this.settings.horizons_seconds };
    this.validity = microsFromMillis(settings.validity_ms);
  }

  observe(context: SourceContext, now: Micros): void {
    const { market, features } = context;
    // Before the new mid is taken over: what matured did so under the mid that held until now.
    this.learn(now);
    const touchMoved = market.bid !== this.bid || market.ask !== this.ask;
    this.bid = market.bid;
    this.ask = market.ask;
    this.mid = market.midHalfTicks;
    if (!features.ready) return;
    if (now >= this.nextRow) {
      this.standardiser.update(features.vector);
      this.evaluate(features);
      this.labels.add(now, this.mid, features.vector, this.forecasts);
      this.nextRow = now + this.rowSpacing;
    } else if (touchMoved && !context.tradeOpen && now < this.due) {
      this.evaluate(features);
    } else {
      return;
    }
    if (!context.tradeOpen && now < this.due && this.wantsEntry()) this.due = now;
  }

  decide(context: SourceContext, now: Micros): Decision {
    this.due = micros(now + this.interval);
    this.counter++;
    this.learn(now);
    if (!context.features.ready)
      return this.abstain(context, now, [{ reason: "NOT_READY", measured: null, limit: null }]);
    this.evaluate(context.features);
    const { warm, side, edge, confidence, longest } = this.opinion;
    if (warm < this.speakersNeeded()) {
      const measured = Math.min(...this.models.map((model) => model.skill.labels));
      return this.abstain(context, now, [{ reason: "WARMING_UP", measured, limit: this.settings.warmup_labels }]);
    }
    const doubts = this.doubts();
    const regime = this.regime(context.features);
    if (doubts.length > 0) return { ...this.abstain(context, now, doubts), edge, confidence, regime };
    const direction = side > 0 ? "LONG" : "SHORT";
    const entry = this.plain(context, now, direction, this.grounds());
    return { ...entry, edge, confidence, regime, holdMicrosMax: micros(at(this.horizons, longest)) };
  }

  nextDecision(): Micros {
    return this.due;
  }

  /** Rows whose future lies beyond the gap are thrown away; what was learnt before it stays. */
  onGap(): void {
    this.labels.clear();
    this.nextRow = 0;
    this.mid = 0;
    this.bid = 0;
    this.ask = 0;
  }

  /** Skill on labels that were not seen before, against the base rate, per horizon. */
  report(): readonly SkillReport[] {
    return this.models.map((model) => model.skill.report(model.seconds));
  }

  save(): unknown {
    return {
      version,
      features: this.featureNames,
      horizons: this.settings.horizons_seconds,
      counter: this.counter,
      standardiser: this.standardiser.save(),
      models: this.models.map((model) => ({ weights: model.logistic.save(), skill: model.skill.save() })),
    };
  }

  restore(state: unknown): void {
    if (savedField(state, "version") !== version) throw new ModelStateError(`order_flow: not version ${version}`);
    sameList(savedField(state, "features"), this.featureNames, "features");
    sameList(savedField(state, "horizons"), this.settings.horizons_seconds, "horizons");
    const inputs = this.featureNames.length;
    const saved = savedField(state, "models");
    if (!Array.isArray(saved) || saved.length !== this.models.length) throw new ModelStateError("models: wrong number");
    // Everything is read before anything is taken over: a bad state changes nothing.
    const counter = savedCount(savedField(state, "counter"), "counter");
    const scaling = savedField(state, "standardiser");
    const standardiser = {
      count: savedCount(savedField(scaling, "count"), "standardiser count"),
      mean: savedNumbers(savedField(scaling, "mean"), inputs, "standardiser mean"),
      squares: savedNumbers(savedField(scaling, "squares"), inputs, "standardiser squares"),
    };
    const models = saved.map((model: unknown) => ({
      weights: savedNumbers(savedField(model, "weights"), inputs + 1, "weights"),
      skill: Skill.from(savedField(model, "skill")),
    }));
    this.counter = counter;
    this.standardiser.restore(standardiser);
    for (const [i, model] of this.models.entries()) {
      const from = models[i];
      assert(from !== undefined, `no saved model ${i}`);
      model.logistic.restore(from.weights);
      model.skill = from.skill;
    }
  }

  private learn(now: number): void {
    for (let h = 0; h < this.models.length; h++) {
      for (let slot = this.labels.nextMatured(h, now); slot >= 0; slot = this.labels.nextMatured(h, now)) {
        this.learnRow(h, slot);
      }
    }
  }

  private learnRow(horizon: number, slot: number): void {
    const model = this.models[horizon];
    assert(model !== undefined, `no model ${horizon}`);
    const then = this.labels.mid(slot);
    // p_up is the probability of up given that the mid moves: an unchanged mid teaches nothing about the direction.
    if (this.mid === then) {
      model.skill.addUnchanged();
      return;
    }
    const label = this.mid > then ? 1 : 0;
    model.skill.add(this.labels.prediction(slot, horizon), label);
    this.standardiser.scaleRow(this.labels.features, this.labels.featureOffset(slot), this.scaled);
    model.logistic.learn(this.scaled, label);
  }

  private evaluate(features: Features): void {
    this.standardiser.scaleRow(features.vector, 0, this.scaled);
    let warm = 0;
    let ups = 0;
    let downs = 0;
    for (let h = 0; h < this.models.length; h++) {
      const model = this.models[h];
      if (model === undefined) break;
      const forecast = model.logistic.predict(this.scaled);
      this.forecasts[h] = forecast;
      if (!this.isWarm(model)) continue;
      warm++;
      if (!hasSay(model)) continue;
      if (forecast > 0.5) ups++;
      else if (forecast < 0.5) downs++;
    }
    const opinion = this.opinion;
    opinion.side = ups > downs ? 1 : downs > ups ? -1 : 0;
    opinion.warm = warm;
    opinion.split = ups > 0 && downs > 0;
    opinion.agreement = Math.max(ups, downs) / this.models.length;
    this.weigh(opinion);
  }

  /** Edge and confidence: means over the horizons on the majority's side. */
  private weigh(opinion: Opinion): void {
    let sum = 0;
    let confidence = 0;
    let agreeing = 0;
    for (let h = 0; h < this.models.length; h++) {
      const model = this.models[h];
      const lean = f64(this.forecasts, h) - 0.5;
      if (model === undefined || lean * opinion.side <= 0 || !this.isWarm(model) || !hasSay(model)) continue;
      sum += lean;
      confidence += model.skill.confidence(f64(this.forecasts, h));
      agreeing++;
      opinion.longest = h;
    }
    opinion.edge = agreeing === 0 ? 0 : Math.abs(sum / agreeing);
    opinion.confidence = agreeing === 0 ? 0.5 : confidence / agreeing;
  }

  private isWarm(model: Model): boolean {
    return model.skill.labels >= this.settings.warmup_labels;
  }

  private wantsEntry(): boolean {
    return this.opinion.warm >= this.speakersNeeded() && this.agrees() && this.opinion.edge >= this.settings.min_edge;
  }

  /** With fewer warm models than this no agreement could be reached. */
  private speakersNeeded(): number {
    return Math.max(1, Math.ceil(this.settings.min_agreement * this.models.length));
  }

  /** Models without a say lower the edge or the agreement; only those that contradict each other are a conflict. */
  private doubts(): Evidence<BlockReason>[] {
    const { split, agreement, edge } = this.opinion;
    const { min_agreement, min_edge } = this.settings;
    const found: Evidence<BlockReason>[] = [];
    if (edge < min_edge) found.push({ reason: "NO_SIGNAL", measured: edge, limit: min_edge });
    if (this.agrees()) return found;
    if (split) found.push({ reason: "CONFLICTING_SIGNALS", measured: agreement, limit: min_agreement });
    else if (found.length === 0) found.push({ reason: "NO_SIGNAL", measured: agreement, limit: min_agreement });
    return found;
  }

  private agrees(): boolean {
    return this.opinion.side !== 0 && this.opinion.agreement >= this.settings.min_agreement;
  }

  private grounds(): Evidence[] {
    return [
      { reason: "EDGE", measured: this.opinion.edge, limit: this.settings.min_edge },
      { reason: "AGREEMENT", measured: this.opinion.agreement, limit: this.settings.min_agreement },
      ...this.models.map((model, h) => ({
        reason: model.evidence,
        measured: f64(this.forecasts, h),
        limit: null,
      })),
    ];
  }

  /** Trend and volatility of the longest horizon, each against its own history. */
  private regime(features: Features): Regime {
    const trend = this.standardiser.scale(this.returnIndex, f64(features.vector, this.returnIndex));
    const volatility = this.standardiser.scale(this.volatilityIndex, f64(features.vector, this.volatilityIndex));
    if (Math.abs(trend) > unusual) return "TREND";
    if (volatility > unusual) return "VOLATILE";
    return volatility < -unusual ? "QUIET" : "RANGE";
  }

  private abstain(context: SourceContext, now: Micros, reasons: readonly Evidence<BlockReason>[]): Decision {
    return this.plain(context, now, "NO_TRADE", reasons);
  }

  private plain(context: SourceContext, now: Micros, direction: Direction, reasons: readonly Evidence[]): Decision {
    return plainDecision(this.name, context, now, this.counter, this.validity, direction, reasons);
  }
}

/** A model that did no better than the base rate on what it had not seen is not listened to. */
function hasSay(model: Model): boolean {
  return model.skill.gain > 0;
}

/** The memories that the features of this source must have. */
export function orderFlowHorizons(settings: Settings["decision"]["order_flow"]): readonly Micros[] {
  return settings.horizons_seconds.map(microsFromSeconds);
}

/** @throws {ModelStateError} */
function sameList(saved: unknown, wanted: readonly (string | number)[], what: string): void {
  const same = Array.isArray(saved) && saved.length === wanted.length && saved.every((item, i) => item === wanted[i]);
  if (!same) throw new ModelStateError(`order_flow: saved with other ${what}`);
}
