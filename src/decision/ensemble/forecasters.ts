/**
 * What the sources with a forecast per horizon have in common, whether the models are built in or the user's own: what
 * they are made of, how their panel speaks, and what of it is kept across restarts.
 */

import { at, present } from "../../domain/assert.ts";
import type { Decision, Direction, Evidence, Regime } from "../../domain/decision.ts";
import { type Micros, micros, microsFromMillis, microsFromSeconds } from "../../domain/units.ts";
import type { Features } from "../../market/features.ts";
import { HorizonLabels } from "./horizon-labels.ts";
import { type EnsembleSettings, HorizonModel } from "./horizon-model.ts";
import { Panel } from "./panel.ts";
import { RegimeGauge } from "./regime.ts";
import { sameList, savedCount, savedField, savedList } from "./saved.ts";
import { Standardiser } from "./standardiser.ts";

export type Forecasters = {
  readonly horizons: readonly Micros[];
  readonly interval: Micros;
  readonly rowSpacing: number;
  readonly panel: Panel;
  readonly gauge: RegimeGauge;
  readonly standardiser: Standardiser;
  readonly labels: HorizonLabels;
};

/** @param features those of the same symbol, made with {@link ensembleHorizons} */
export function newForecasters(settings: EnsembleSettings, features: Features): Forecasters {
  const inputs = features.names.length;
  const horizons = ensembleHorizons(settings);
  const interval = microsFromMillis(settings.interval_ms);
  const last = horizons.length - 1;
  const rowSpacing = HorizonLabels.spacing(at(horizons, last), interval);
  const models = settings.horizons_seconds.map((seconds, h) => {
    const news = Math.min(1, rowSpacing / at(horizons, h));
    return new HorizonModel(inputs, seconds, news, settings);
  });
  return {
    horizons,
    interval,
    rowSpacing,
    panel: new Panel(models, settings),
    gauge: new RegimeGauge(features, at(settings.horizons_seconds, last)),
    standardiser: new Standardiser(inputs, settings.memory_rows),
    labels: new HorizonLabels(inputs, horizons, rowSpacing),
  };
}

/**
 * What a panel that was just evaluated says: nothing while too few of its models are warm, or while the features remember
 * less than the models were taught with, as after a gap (failure-catalogue F-68); an entry where enough agree by enough, else
 * what stands against one.
 *
 * @param fullness of the features that were evaluated
 * @param say makes the decision, once
 * @param regime asked only when it is told
 */
export function opinionOf(
  panel: Panel,
  horizons: readonly Micros[],
  fullness: number,
  regime: () => Regime | null,
  say: (direction: Direction, reasons: readonly Evidence[]) => Decision,
): Decision {
  if (!panel.isWarmedUp) return say("NO_TRADE", panel.cold());
  if (fullness < 1) return say("NO_TRADE", [{ reason: "NOT_READY", measured: fullness, limit: 1 }]);
  const { side, edge, confidence, longest } = panel;
  const doubts = panel.doubts();
  if (doubts.length > 0) return { ...say("NO_TRADE", doubts), edge, confidence, regime: regime() };
  const entry = say(side > 0 ? "LONG" : "SHORT", panel.grounds());
  return { ...entry, edge, confidence, regime: regime(), holdMicrosMax: micros(at(horizons, longest)) };
}

/** What was learnt, as plain data. @param counter decisions so far */
export function learntState(
  features: readonly string[],
  { horizons_seconds }: EnsembleSettings,
  counter: number,
  standardiser: Standardiser,
  models: readonly HorizonModel[],
) {
  return {
    features,
    horizons: horizons_seconds,
    counter,
    standardiser: standardiser.save(),
    models: models.map((model) => model.save()),
  };
}

/**
 * Takes over what {@link learntState} gave. Everything is read before anything is taken over: a bad state changes nothing.
 *
 * @returns the decisions that had been made
 * @throws {ModelStateError} the state does not fit
 */
export function takeLearnt(
  state: unknown,
  features: readonly string[],
  settings: EnsembleSettings,
  { standardiser, panel: { models } }: Forecasters,
): number {
  sameList(savedField(state, "features"), features, "features");
  sameList(savedField(state, "horizons"), settings.horizons_seconds, "horizons");
  const saved = savedList(savedField(state, "models"), models.length, "models");
  const counter = savedCount(savedField(state, "counter"), "counter");
  const scale = Standardiser.read(savedField(state, "standardiser"), features.length);
  const read = models.map((model, i) => model.read(saved[i], features.length, settings));
  standardiser.restore(scale);
  for (const [i, model] of models.entries()) model.restore(present(read[i], "saved model"));
  return counter;
}

/** The memories that the features of these sources must have. */
export function ensembleHorizons(settings: EnsembleSettings): readonly Micros[] {
  return settings.horizons_seconds.map(microsFromSeconds);
}

/** Nothing is learnt from a row with a number that is none. */
export function isWhole(row: Float64Array): boolean {
  for (let i = 0; i < row.length; i++) if (!Number.isFinite(row[i])) return false;
  return true;
}
