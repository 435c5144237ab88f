/**
 * The honest source: small models of where the mid goes over several horizons, from order flow, depth and trades. They
 * learn while running, speak only after a warm-up, and trade only where enough of them agree by enough. It may well
 * never trade; then it says why, and its report says how good it was.
 */

import type { Settings } from "../../config/schema.ts";
import { assert } from "../../domain/assert.ts";
import type { Decision, Direction, Evidence } from "../../domain/decision.ts";
import { type Micros, micros, microsFromMillis } from "../../domain/units.ts";
import type { Features } from "../../market/features.ts";
import { type DecisionSource, ModelStateError, plainDecision, type SourceContext } from "../source.ts";
import { type Forecasters, isWhole, learntState, newForecasters, opinionOf, takeLearnt } from "./forecasters.ts";
import type { HorizonLabels } from "./horizon-labels.ts";
import type { EnsembleSettings, HorizonModel } from "./horizon-model.ts";
import type { Panel } from "./panel.ts";
import { savedField } from "./saved.ts";
import type { SkillReport } from "./skill.ts";
import type { Standardiser } from "./standardiser.ts";

/** Of what is saved; another one is refused. */
const ensembleStateVersion = 2;

export class EnsembleSource implements DecisionSource {
  readonly name = "ensemble";
  readonly learns = true;
  private settings: EnsembleSettings;
  private readonly featureNames: readonly string[];
  private readonly parts: Forecasters;
  private validity: Micros;
  private readonly rowSpacing: number;
  private readonly panel: Panel;
  private readonly standardiser: Standardiser;
  private readonly labels: HorizonLabels;
  private readonly scaled: Float64Array;

  private mid = 0;
  private bid = 0;
  private ask = 0;
  private nextRow = 0;
  private due: Micros = micros(0);
  private counter = 0;

  /** @param features those of the same symbol, with the memories of `ensembleHorizons` */
  constructor(settings: EnsembleSettings, features: Features) {
    this.settings = settings;
    this.featureNames = features.names;
    this.validity = microsFromMillis(settings.validity_ms);
    this.parts = newForecasters(settings, features);
    this.rowSpacing = this.parts.rowSpacing;
    this.panel = this.parts.panel;
    this.standardiser = this.parts.standardiser;
    this.labels = this.parts.labels;
    this.scaled = new Float64Array(features.names.length);
  }

  /** Thresholds and validity; what the models are made of stays as it was. */
  configure({ ensemble: settings }: Settings["decision"]): void {
    const { horizons_seconds, calibration } = this.settings;
    this.settings = { ...settings, horizons_seconds, calibration };
    this.panel.configure(this.settings);
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
    if (now >= this.nextRow && isWhole(features.vector)) {
      this.standardiser.update(features.vector);
      this.evaluate(features);
      this.labels.add(now, this.mid, features.vector, this.panel.forecasts, this.panel.logits);
      this.nextRow = now + this.rowSpacing;
    } else if (touchMoved && !context.tradeOpen && now < this.due && this.panel.maySpeak) {
      this.evaluate(features);
    } else {
      return;
    }
    if (!context.tradeOpen && now < this.due && this.panel.wantsEntry && features.fullness === 1) this.due = now;
  }

  decide(context: SourceContext, now: Micros): Decision {
    this.due = micros(now + this.parts.interval);
    this.counter++;
    this.learn(now);
    if (!context.features.ready) {
      return this.plain(context, now, "NO_TRADE", [{ reason: "NOT_READY", measured: null, limit: null }]);
    }
    this.evaluate(context.features);
    const { gauge, horizons } = this.parts;
    return opinionOf(
      this.panel,
      horizons,
      context.features.fullness,
      () => gauge.read(context.features, this.standardiser, this.settings.regime_deviations),
      (direction, reasons) => this.plain(context, now, direction, reasons),
    );
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
    return this.panel.report();
  }

  save(): unknown {
    return ensembleState(this.featureNames, this.settings, this.counter, this.standardiser, this.panel.models);
  }

  restore(state: unknown): void {
    if (savedField(state, "version") !== ensembleStateVersion) {
      throw new ModelStateError(`not version ${ensembleStateVersion}`);
    }
    this.counter = takeLearnt(state, this.featureNames, this.settings, this.parts);
  }

  private learn(now: number): void {
    for (let h = 0; h < this.panel.models.length; h++) {
      for (let slot = this.labels.nextMatured(h, now); slot >= 0; slot = this.labels.nextMatured(h, now)) {
        this.learnRow(h, slot);
      }
    }
  }

  private learnRow(horizon: number, slot: number): void {
    const model = this.panel.models[horizon];
    assert(model !== undefined, `no model ${horizon}`);
    const then = this.labels.mid(slot);
    if (this.mid === then) return model.unchanged();
    this.standardiser.scaleRow(this.labels.features, this.labels.featureOffset(slot), this.scaled);
    const { labels } = this;
    model.learn(this.scaled, labels.prediction(slot, horizon), labels.logit(slot, horizon), this.mid > then ? 1 : 0);
  }

  private evaluate(features: Features): void {
    this.standardiser.scaleRow(features.vector, 0, this.scaled);
    const { models, logits } = this.panel;
    for (let h = 0; h < models.length; h++) logits[h] = models[h]?.logit(this.scaled) ?? 0;
    this.panel.evaluate();
  }

  private plain(context: SourceContext, now: Micros, direction: Direction, reasons: readonly Evidence[]): Decision {
    return plainDecision(this.name, context, now, this.counter, this.validity, direction, reasons);
  }
}

/** What {@link EnsembleSource.restore} takes. @param counter decisions so far */
export function ensembleState(
  features: readonly string[],
  settings: EnsembleSettings,
  counter: number,
  standardiser: Standardiser,
  models: readonly HorizonModel[],
): unknown {
  return { version: ensembleStateVersion, ...learntState(features, settings, counter, standardiser, models) };
}
