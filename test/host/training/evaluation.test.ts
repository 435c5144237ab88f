import { expect, test } from "vitest";
import { Settings } from "../../../src/config/schema.ts";
import { EnsembleSource } from "../../../src/decision/ensemble/ensemble.ts";
import { present } from "../../../src/domain/assert.ts";
import { type HorizonTraining, train } from "../../../src/host/training/train.ts";
import { warningsOf } from "../../../src/host/training/verdict.ts";
import { Features } from "../../../src/market/features.ts";
import { madeTape } from "./support.ts";

const settings = Settings.parse({
  decision: { ensemble: { warmup_labels: 100, horizons_seconds: [0.25, 1] } },
  exchange: { taker_fee: 0.0004 },
});
const clear = train([madeTape(6_000, 0.85)], settings);
const noise = train([madeTape(6_000, 0.5)], settings);

function shortest({ horizons }: { readonly horizons: readonly HorizonTraining[] }): HorizonTraining {
  return present(horizons[0], "horizon");
}

test("[DEC-3] where the touch says what follows, the fitted model beats the base rate beyond noise", () => {
  const { fitted } = shortest(clear);
  expect(fitted.logLossGain.ci95?.[0]).toBeGreaterThan(0.1);
  expect(fitted.brierGain.ci95?.[0]).toBeGreaterThan(0.05);
  expect(fitted.hitRate.mean).toBeGreaterThan(0.7);
});

test("[BT-3] on noise it says that the forecasts are within noise, and finds no advantage", () => {
  const { fitted } = shortest(noise);
  expect(Math.abs(fitted.logLossGain.mean ?? 1)).toBeLessThan(0.01);
  expect(Math.abs(fitted.always.advantage.mean ?? 1)).toBeLessThan(0.05);
  expect(warningsOf(shortest(noise)).join("\n")).toMatch(/within noise of the base rate|worse than the base rate/);
});

test("[DEC-3] what the model says comes true about as often as it says", () => {
  const { calibration, labels } = shortest(clear).fitted;
  expect(calibration.reduce((sum, { count }) => sum + count, 0)).toBe(labels);
  const full = calibration.filter(({ count }) => count > 300);
  expect(full.length).toBeGreaterThan(1);
  for (const { said, came } of full) expect(Math.abs((said ?? 0) - (came ?? 1))).toBeLessThan(0.06);
});

test("[BT-3] expectancy is net of both fees and both halves of the spread", () => {
  const { always } = shortest(clear).fitted;
  // The spread is one tick of 640,000, crossed half and half; fees are 4 bps each way.
  expect(always.costs).toBeCloseTo(8 + (1 / 640_000) * 10_000, 3);
  expect(always.net.mean).toBeCloseTo((always.gross.mean ?? 0) - (always.costs ?? 0), 9);
  expect(always.advantage.mean).toBeCloseTo((always.net.mean ?? 0) - (always.baseNet.mean ?? 0), 9);
});

test("[BT-3] a market that can be forecast by less than its costs is said to lose", () => {
  expect(warningsOf(shortest(clear))).toEqual(["horizon 0.25 s: trading on it loses after costs"]);
});

test("[BT-3] a tape too short for an interval gives none, and says that nothing can be said", () => {
  const short = train([madeTape(700, 0.85)], settings);
  const warnings = warningsOf(shortest(short));
  expect(shortest(short).fitted.logLossGain.ci95).toBeNull();
  expect(warnings[0]).toMatch(
    /^horizon 0\.25 s: \d independent stretches of time are too few for an interval: nothing/,
  );
});

test("[BT-3] a tape too short for a forecast is said to be so", () => {
  const { state, ...none } = train([madeTape(50, 0.85)], settings);
  expect(warningsOf(shortest(none))).toEqual(["horizon 0.25 s: no label was forecast: the tape is too short"]);
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
});

test("[DEC-3] the ensemble begins with what training learnt, and knows how good it was", () => {
  const features = new Features(
    settings.decision.ensemble.horizons_seconds.map((seconds) => seconds * 1e6),
    settings.market.depth_levels,
  );
  const source = new EnsembleSource(settings.decision.ensemble, features);
  source.restore(JSON.parse(JSON.stringify(clear.state)));
  const [report] = source.report();
  expect(report?.labels).toBe(shortest(clear).fitted.labels);
  expect(report?.logLoss).toBeCloseTo(shortest(clear).fitted.logLoss ?? 0, 9);
});

test("[DEC-3] the same tape gives the same training", () => {
  expect(JSON.stringify(train([madeTape(1_500, 0.7)], settings))).toBe(
    JSON.stringify(train([madeTape(1_500, 0.7)], settings)),
  );
});

test("[DEC-3] trades of one horizon never overlap", () => {
  const { fitted } = shortest(clear);
  expect(fitted.atMinEdge.trades).toBeLessThanOrEqual((6_000 * 0.25) / 0.25);
  expect(present(clear.horizons[1], "1 s").fitted.always.trades).toBeLessThanOrEqual(6_000 / 4);
});
