/** Off-line training of the ensemble on tapes: walk-forward evaluation first, then a fit to everything. */

import type { Settings } from "../../config/schema.ts";
import { Calibration } from "../../decision/ensemble/calibration.ts";
import { ensembleState } from "../../decision/ensemble/ensemble.ts";
import { HorizonModel } from "../../decision/ensemble/horizon-model.ts";
import { Skill } from "../../decision/ensemble/skill.ts";
import { Standardiser } from "../../decision/ensemble/standardiser.ts";
import { at } from "../../domain/assert.ts";
import type { Tape } from "../../tape/format.ts";
import { type Evaluation, evaluate } from "./evaluation.ts";
import { type TrainingRows, trainingRows } from "./rows.ts";
import { allMatured, type Forecasts, fitRows, labelsOf, learnOnline, overlapOf, walkForward } from "./walk-forward.ts";

export type HorizonTraining = {
  readonly seconds: number;
  /** how often the model was fitted anew on the way */
  readonly fits: number;
  readonly fitted: Evaluation;
  /** the same rows with a model that learns while running, as the daemon's does from nothing */
  readonly online: Evaluation;
};

export type Training = {
  readonly symbol: string;
  readonly rows: number;
  readonly horizons: readonly HorizonTraining[];
  /** what the ensemble begins with */
  readonly state: unknown;
};

export type TrainingStep = { readonly symbol: string; readonly step: string; readonly share: number };

/**
 * @param tapes of one symbol, in the order of time
 * @param settings with the symbol's overrides
 */
export function train(
  tapes: readonly Tape[],
  settings: Settings,
  onProgress: (step: TrainingStep) => void = () => undefined,
): Training {
  const symbol = tapes[0]?.metadata.symbol ?? "";
  const { ensemble } = settings.decision;
  const progress = (step: string) => (share: number) => onProgress({ symbol, step, share });
  const rows = trainingRows(tapes, settings, progress("reading"));
  const costs = { minEdge: ensemble.min_edge, takerFee: settings.exchange.taker_fee };
  const walked = rows.horizons.map((_, h) => {
    const seconds = at(ensemble.horizons_seconds, h);
    return walkForward(rows, h, ensemble, progress(`walking forward, horizon ${seconds} s`));
  });
  const horizons = walked.map((forecasts, h) => ({
    seconds: at(ensemble.horizons_seconds, h),
    fits: forecasts.fits,
    fitted: evaluate(rows, h, forecasts, costs),
    online: evaluate(rows, h, learnOnline(rows, h, ensemble), costs),
  }));
  onProgress({ symbol, step: "fitting to everything", share: 1 });
  return { symbol, rows: rows.count, horizons, state: stateOf(rows, walked, ensemble) };
}

/** Weights from all labels; calibration and skill only from forecasts of what had not been seen. */
function stateOf(
  rows: TrainingRows,
  walked: readonly Forecasts[],
  settings: Settings["decision"]["ensemble"],
): unknown {
  const inputs = rows.featureNames.length;
  const standardiser = new Standardiser(inputs, settings.memory_rows);
  for (let row = 0; row < rows.count; row += 1) {
    standardiser.update(rows.features.subarray(row * inputs, (row + 1) * inputs));
  }
  const models = walked.map((forecasts, h) => {
    const labels = labelsOf(rows, h);
    const overlap = overlapOf(rows, h);
    const calibration = new Calibration(settings.calibration);
    const skill = new Skill(settings.calibration.memory_labels, overlap);
    const matured = allMatured(rows, labels);
    for (const row of matured) {
      const said = at(forecasts.said, row);
      if (Number.isNaN(said)) continue;
      const label = at(labels, row) === 1 ? 1 : 0;
      skill.add(said, label);
      calibration.add(at(forecasts.logits, row), label, overlap);
    }
    const { weights } = fitRows(rows, rows.count, matured, labels, overlap, settings);
    const model = new HorizonModel(inputs, at(settings.horizons_seconds, h), overlap, settings);
    model.restore({ weights: [...weights], calibration, skill });
    return model;
  });
  return ensembleState(rows.featureNames, settings, 0, standardiser, models);
}
