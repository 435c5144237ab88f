import { expect, test } from "vitest";
import { HorizonModel } from "../../../src/decision/ensemble/horizon-model.ts";
import { Panel } from "../../../src/decision/ensemble/panel.ts";
import { ensembleSettings } from "../support.ts";

const settings = { ...ensembleSettings, min_agreement: 0.5, min_edge: 0.05 };
const certain = Math.log(4);

/** A model that was judged on so many labels, of which so many came as it said. */
function judged(right: number, wrong: number): HorizonModel {
  const model = new HorizonModel(4, 1, 1, settings);
  for (let label = 0; label < right + wrong; label += 1) {
    const isUp = label % 2 === 0;
    const saysUp = label < right ? isUp : !isUp;
    const logit = saysUp ? certain : -certain;
    model.judge(model.probability(logit), logit, isUp ? 1 : 0);
  }
  return model;
}

function panelOf(models: readonly HorizonModel[], logits: readonly number[]): Panel {
  const panel = new Panel(models, settings);
  panel.logits.set(logits);
  panel.evaluate();
  return panel;
}

const good = (): HorizonModel => judged(170, 30);
const words = (panel: Panel) => panel.doubts().map(({ reason }) => reason);

test("[DEC-3] horizons that agree are more certain than one alone of two", () => {
  const both = panelOf([good(), good()], [certain, certain]);
  const one = panelOf([good(), judged(30, 170)], [certain, certain]);
  expect(both.side).toBe(1);
  expect(both.confidence).toBeGreaterThan(0.6);
  // The one that has no say takes half of what is above a coin.
  expect(one.confidence - 0.5).toBeCloseTo((both.confidence - 0.5) / 2, 12);
  expect(one.edge).toBeCloseTo(both.edge, 12);
});

test("[DEC-3] mirrored log-odds give the mirrored side with the same edge and confidence", () => {
  const models = [good(), good()];
  const [up, down] = [panelOf(models, [0.9, 1.1]), panelOf(models, [-0.9, -1.1])];
  expect([up.side, down.side]).toEqual([1, -1]);
  expect(down.edge).toBeCloseTo(up.edge, 1);
  expect(down.confidence).toBeCloseTo(up.confidence, 1);
});

test("[DEC-2] horizons that point against each other are a conflict, ones without a say are none", () => {
  const strict = { ...settings, min_agreement: 1 };
  const against = new Panel([good(), good()], strict);
  against.logits.set([certain, -certain]);
  against.evaluate();
  expect(against.side).toBe(0);
  expect(words(against)).toContain("CONFLICTING_SIGNALS");
  const silent = new Panel([good(), judged(30, 170)], strict);
  silent.logits.set([certain, -certain]);
  silent.evaluate();
  expect(words(silent)).toEqual(["NO_SIGNAL"]);
});

test("[DEC-3] a horizon without its labels is cold, and is named", () => {
  const panel = panelOf([good(), judged(10, 0)], [certain, certain]);
  expect(panel.isWarmedUp).toBe(true);
  expect(panel.cold()).toEqual([
    { reason: "WARMING_UP", measured: 10, limit: 30 },
    { reason: "WARMING_UP_1S", measured: 10, limit: 30 },
  ]);
  expect(panelOf([judged(10, 0), judged(0, 0)], [certain, certain]).isWarmedUp).toBe(false);
});
