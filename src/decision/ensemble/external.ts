/**
 * The user's own model in the place of the built-in ones. It is asked at the interval and answers from outside of the core;
 * its forecasts are judged, calibrated and weighed like those that are learnt here, and until they have proven themselves,
 * or when they are late or none, nothing is traded.
 */

import type { Settings } from "../../config/schema.ts";
import type { Decision, Direction, Evidence } from "../../domain/decision.ts";
import type { ModelInput, ModelOutput } from "../../domain/model.ts";
import { type Micros, micros, microsFromMillis, microsPerMillisecond } from "../../domain/units.ts";
import type { Features } from "../../market/features.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "../source.ts";
import { type Forecasters, isWhole, learntState, newForecasters, opinionOf, takeLearnt } from "./forecasters.ts";
import type { HorizonLabels } from "./horizon-labels.ts";
import type { EnsembleSettings } from "./horizon-model.ts";
import type { Panel } from "./panel.ts";
import { savedField } from "./saved.ts";
import type { SkillReport } from "./skill.ts";

const stateVersion = "external-1";

/** Certainty that a model may claim, as log-odds: a probability of 0 or 1 has none. */
const logitMax = 10;

type Stage = "idle" | "asked" | "answered" | "slow" | "failed";

export class ExternalSource implements DecisionSource {
  readonly name = "ensemble";
  readonly learns = true;
  private settings: EnsembleSettings;
  private readonly featureNames: readonly string[];
  private readonly parts: Forecasters;
  private readonly panel: Panel;
  private readonly labels: HorizonLabels;
  private stage: Stage = "idle";
  private untold: ModelInput | null = null;
  private request = 0;
  private counter = 0;
  private mid = 0;
  private due: Micros = micros(0);
  private nextRow = 0;
  /** what the model was asked about */
  private readonly asked: Float64Array;
  private askedAt: Micros = micros(0);
  private askedMid = 0;
  private askedFullness = 0;

  /** @param features those of the same symbol, with the memories of `ensembleHorizons` */
  constructor(settings: EnsembleSettings, features: Features) {
    this.settings = settings;
    this.featureNames = features.names;
    this.parts = newForecasters(settings, features);
    this.panel = this.parts.panel;
    this.labels = this.parts.labels;
    this.asked = new Float64Array(features.names.length);
  }

  /** Thresholds and validity; the model, and what judges it, stay as they were. */
  configure({ ensemble: settings }: Settings["decision"]): void {
    const { horizons_seconds, calibration, onnx } = this.settings;
    this.settings = { ...settings, horizons_seconds, calibration, onnx };
    this.panel.configure(this.settings);
  }

  observe({ market }: SourceContext, now: Micros): void {
    // Before the new mid is taken over: what matured did so under the mid that held until now.
    this.judge(now);
    this.mid = market.midHalfTicks;
  }

  decide(context: SourceContext, now: Micros): Decision | null {
    this.judge(now);
    const { stage } = this;
    switch (stage) {
      case "idle":
        return this.ask(context, now);
      case "asked":
        if (now < this.due) return null;
        this.stage = "slow";
        return this.decide(context, now);
      case "slow":
        return this.speak(now, this.noTrade(context, now, [{ ...this.lateness(now), reason: "MODEL_SLOW" }]));
      case "failed":
        return this.speak(now, this.noTrade(context, now, [{ reason: "MODEL_FAILED", measured: null, limit: null }]));
      case "answered":
        return this.speak(now, this.opinion(context, now));
      default:
        throw new TypeError(`unhandled stage ${stage satisfies never}`);
    }
  }

  nextDecision(): Micros {
    return this.due;
  }

  takeModelInput(): ModelInput | null {
    const input = this.untold;
    this.untold = null;
    return input;
  }

  /** An answer to anything but the last question comes too late for everything. */
  onModelOutput({ request, answer }: ModelOutput, now: Micros): void {
    if (this.stage !== "asked" || request !== this.request) return;
    this.due = now;
    if (answer.kind !== "forecast") {
      this.stage = answer.kind;
      return;
    }
    const { probabilities } = answer;
    const { logits } = this.panel;
    if (probabilities.length !== logits.length || !probabilities.every(isProbability)) {
      this.stage = "failed";
      return;
    }
    for (const [h, p] of probabilities.entries()) {
      logits[h] = Math.max(-logitMax, Math.min(logitMax, Math.log(p / (1 - p))));
    }
    this.panel.evaluate();
    this.stage = "answered";
    if (this.askedAt < this.nextRow) return;
    this.parts.standardiser.update(this.asked);
    this.labels.add(this.askedAt, this.askedMid, this.asked, this.panel.forecasts, logits);
    this.nextRow = this.askedAt + this.parts.rowSpacing;
  }

  /** What was asked before is not answered for the market after. */
  onGap(): void {
    this.labels.clear();
    this.stage = "idle";
    this.nextRow = 0;
    this.mid = 0;
  }

  report(): readonly SkillReport[] {
    return this.panel.report();
  }

  save(): unknown {
    const { featureNames, settings, counter, panel, parts } = this;
    const learnt = learntState(featureNames, settings, counter, parts.standardiser, panel.models);
    return { version: stateVersion, model: settings.onnx.sha256, ...learnt };
  }

  restore(state: unknown): void {
    if (savedField(state, "version") !== stateVersion) throw new ModelStateError(`not version ${stateVersion}`);
    if (savedField(state, "model") !== this.settings.onnx.sha256) throw new ModelStateError("of another model file");
    this.counter = takeLearnt(state, this.featureNames, this.settings, this.parts);
  }

  private judge(now: number): void {
    const { models } = this.panel;
    for (let h = 0; h < models.length; h++) {
      for (let slot = this.labels.nextMatured(h, now); slot >= 0; slot = this.labels.nextMatured(h, now)) {
        const model = models[h];
        const then = this.labels.mid(slot);
        if (this.mid === then) model?.unchanged();
        else model?.judge(this.labels.prediction(slot, h), this.labels.logit(slot, h), this.mid > then ? 1 : 0);
      }
    }
  }

  private ask(context: SourceContext, now: Micros): Decision | null {
    const { features, market } = context;
    if (!features.ready || !isWhole(features.vector)) {
      return this.speak(now, this.noTrade(context, now, [{ reason: "NOT_READY", measured: null, limit: null }]));
    }
    this.request++;
    this.asked.set(features.vector);
    this.askedAt = now;
    this.askedMid = market.midHalfTicks;
    this.askedFullness = features.fullness;
    this.untold = {
      kind: "model-input",
      symbol: market.instrument.index,
      request: this.request,
      features: [...features.vector],
      time: now,
    };
    this.stage = "asked";
    this.due = micros(now + microsFromMillis(this.settings.onnx.time_limit_ms));
    return null;
  }

  private opinion(context: SourceContext, now: Micros): Decision {
    const { gauge, horizons, standardiser } = this.parts;
    return opinionOf(
      this.panel,
      horizons,
      this.askedFullness,
      () => gauge.read(context.features, standardiser, this.settings.regime_deviations),
      (direction, reasons) => this.plain(context, now, direction, reasons),
    );
  }

  /** Said once; the next question follows at the interval. */
  private speak(now: Micros, decision: Decision): Decision {
    this.stage = "idle";
    this.due = micros(now + this.parts.interval);
    return decision;
  }

  private lateness(now: Micros) {
    return { measured: (now - this.askedAt) / microsPerMillisecond, limit: this.settings.onnx.time_limit_ms };
  }

  private noTrade(context: SourceContext, now: Micros, reasons: readonly Evidence[]): Decision {
    return this.plain(context, now, "NO_TRADE", reasons);
  }

  private plain(context: SourceContext, now: Micros, direction: Direction, reasons: readonly Evidence[]): Decision {
    this.counter++;
    const validity = microsFromMillis(this.settings.validity_ms);
    return plainDecision(this.name, context, now, this.counter, validity, direction, reasons);
  }
}

function isProbability(value: number): boolean {
  return value >= 0 && value <= 1;
}
