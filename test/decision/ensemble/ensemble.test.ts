import fc from "fast-check";
import { expect, test } from "vitest";
import { EnsembleSource } from "../../../src/decision/ensemble/ensemble.ts";
import { ModelStateError } from "../../../src/decision/source.ts";
import type { Decision } from "../../../src/domain/decision.ts";
import { microsPerSecond } from "../../../src/domain/units.ts";
import { settings } from "../../market/support.ts";
import { ensembleSettings, forecastable, random, refresh, Stage, type Step } from "../support.ts";

test("[DEC-1] a decision carries who, what, when and why", () => {
  const stage = ensemble();
  stage.play(forecastable(1));
  const [decision] = stage.decisions;
  expect(decision).toMatchObject({
    id: `ensemble-BTCUSDT-${stage.now}-1`,
    symbol: 0,
    time: stage.now,
    direction: "NO_TRADE",
    action: "NO_ACTION",
    source: "ensemble",
    validUntil: stage.now + 500_000,
    reasons: [
      { reason: "WARMING_UP", measured: 0, limit: 30 },
      { reason: "WARMING_UP_1S", measured: 0, limit: 30 },
      { reason: "WARMING_UP_2S", measured: 0, limit: 30 },
    ],
  });
});

test("[DEC-1] an entry carries edge, confidence, regime and its time limit", () => {
  const entry = stageOfEntries().decisions.findLast((decision) => decision.action === "ENTER");
  expect(entry?.edge).toBeGreaterThanOrEqual(ensembleSettings.min_edge);
  expect(entry?.edge).toBeLessThan(0.5);
  expect(entry?.confidence).toBeGreaterThan(0.5);
  expect(entry?.confidence).toBeLessThan(1);
  expect(entry?.regime).not.toBe(null);
  expect([1e6, 2e6]).toContain(entry?.holdMicrosMax);
});

test("[DEC-2] the ensemble enters on the side that follows", () => {
  const stage = stageOfEntries();
  const entries = stage.decisions.filter((decision) => decision.action === "ENTER");
  expect(entries.length).toBeGreaterThan(10);
  expect(new Set(entries.map((decision) => decision.direction))).toEqual(new Set(["LONG", "SHORT"]));
});

test("[DEC-2] the ensemble says WARMING_UP until its models have their labels", () => {
  const stage = ensemble().play(forecastable(40));
  expect(stage.decisions.every(({ reasons }) => reasons[0]?.reason === "WARMING_UP")).toBe(true);
  expect(new Set(words(stage.decisions))).toEqual(new Set(["WARMING_UP", "WARMING_UP_1S", "WARMING_UP_2S"]));
});

test("[CFG-4] other thresholds hold from the next decision on, and what was learnt stays", () => {
  const sources: EnsembleSource[] = [];
  const stage = new Stage((features) => {
    const source = new EnsembleSource(ensembleSettings, features);
    sources.push(source);
    return source;
  }).play(forecastable(400));
  const learnt = sources[0]?.report().map(({ labels }) => labels);
  sources[0]?.configure({
    ...settings.decision,
    ensemble: { ...ensembleSettings, warmup_labels: 1_000_000, validity_ms: 900 },
  });
  const before = stage.decisions.length;
  stage.play(forecastable(20));
  const after = stage.decisions.slice(before);
  expect(after[0]?.reasons[0]).toMatchObject({ reason: "WARMING_UP", limit: 1_000_000 });
  expect((after[0]?.validUntil ?? 0) - (after[0]?.time ?? 0)).toBe(900_000);
  expect(sources[0]?.report().map(({ labels }) => labels)).not.toEqual([0, 0]);
  expect(learnt).not.toEqual([0, 0]);
});

test("[DEC-2] where nothing can be forecast it trades seldom, and says by what it fell short", () => {
  const stage = ensemble({ ...ensembleSettings, learning_rate: 0.005 }).play(random(3_000));
  const entries = stage.decisions.filter((decision) => decision.action === "ENTER");
  expect(entries.length / stage.decisions.length).toBeLessThan(0.2);
  const weak = stage.decisions.flatMap(({ reasons }) => reasons).filter(({ reason }) => reason === "NO_SIGNAL");
  expect(weak.length).toBeGreaterThan(100);
  expect(weak.every(({ measured, limit }) => measured !== null && limit === 0.08 && measured < limit)).toBe(true);
});

test("[DEC-2] models that disagree give CONFLICTING_SIGNALS with the share that agreed", () => {
  // Calibration would silence both on noise: here it may not move from where it begins.
  const calibration = { ...ensembleSettings.calibration, prior_deviation: 0.001 };
  const stage = ensemble({ ...ensembleSettings, calibration, min_agreement: 1, min_edge: 0 }).play(random(1_500));
  const conflict = stage.decisions
    .flatMap(({ reasons }) => reasons)
    .find(({ reason }) => reason === "CONFLICTING_SIGNALS");
  expect(conflict).toEqual({ reason: "CONFLICTING_SIGNALS", measured: 0.5, limit: 1 });
});

test("[DEC-2] without a touch since the start or a gap it is not ready, and says so", () => {
  const stage = ensemble().play([...forecastable(20), { kind: "gap", wait: 1_000 }]);
  stage.play([{ kind: "trade", size: 1, sell: true, wait: microsPerSecond }]);
  expect(words(stage.decisions).at(-1)).toBe("NOT_READY");
});

test("[DEC-3] its skill is measured on labels not seen before, against the base rate", () => {
  const good = source();
  new Stage(() => good).play(forecastable(2_000));
  const [first] = good.report();
  expect(first?.labels).toBeGreaterThan(300);
  expect(first?.hitRate).toBeGreaterThan(0.6);
  expect(first?.brier).toBeLessThan(first?.baseBrier ?? 0);
  expect(first?.logLoss).toBeLessThan(first?.baseLogLoss ?? 0);
});

test("[DEC-3] on noise it claims no skill", () => {
  const noise = source();
  new Stage(() => noise).play(random(3_000));
  for (const { logLoss, baseLogLoss, hitRate } of noise.report()) {
    expect(logLoss).toBeGreaterThan((baseLogLoss ?? 0) - 0.02);
    expect(hitRate).toBeLessThan(0.6);
  }
});

test("[DEC-3] models that did worse than the base rate on what they had not seen are not listened to", () => {
  // Goal: certainty that was never right does not trade. Method: steps far too large, on noise.
  const model = source({ ...ensembleSettings, learning_rate: 1 });
  const { decisions } = new Stage(() => model).play(random(3_000));
  for (const { logLoss, baseLogLoss } of model.report()) expect(logLoss).toBeGreaterThan(baseLogLoss ?? 0);
  const late = decisions.slice(-500);
  expect(late.filter(({ action }) => action === "ENTER")).toEqual([]);
  expect(new Set(words(late))).toEqual(new Set(["NO_SIGNAL"]));
});

test("[DEC-3] a label is the mid that held at the horizon's end, not a later one", () => {
  // Goal: no look-ahead and no look-too-late. Method: up within the horizon, down right after it, then silence.
  const model = source({ ...ensembleSettings, horizons_seconds: [1], interval_ms: 10_000 });
  const touch = (bid: number, wait: number): Step => ({ kind: "touch", bid, bidLots: 5, askLots: 5, wait });
  new Stage(() => model).play([touch(640_000, 0), touch(640_010, 999_999), touch(639_900, 2), touch(639_900, 1)]);
  expect(model.save()).toMatchObject({ models: [{ skill: { labels: 1, ups: 1 } }] });
});

test("[DEC-3] a horizon that ends within a microsecond of events counts the last of them", () => {
  const model = source({ ...ensembleSettings, horizons_seconds: [1], interval_ms: 10_000 });
  const touch = (bid: number, wait: number): Step => ({ kind: "touch", bid, bidLots: 5, askLots: 5, wait });
  new Stage(() => model).play([touch(640_000, 0), touch(639_900, 1_000_000), touch(640_010, 0), touch(640_010, 1)]);
  expect(model.save()).toMatchObject({ models: [{ skill: { labels: 1, ups: 1 } }] });
});

test("[DEC-3] rows whose horizon reaches across a gap are thrown away", () => {
  const model = source();
  const stage = new Stage(() => model).play(forecastable(5));
  stage.play([{ kind: "gap", wait: 1_000 }, ...forecastable(1), { ...touchLater(), wait: 10 * microsPerSecond }]);
  // Only the one row after the gap can have matured.
  expect(model.report().map(({ labels, unchanged }) => labels + unchanged)).toEqual([1, 1]);
});

test("[DEC-3] after a gap nothing is entered before the longest memory of the features is full again (F-68)", () => {
  const stage = stageOfEntries();
  const before = stage.decisions.length;
  stage.play([{ kind: "gap", wait: 0 }, ...forecastable(20)]);
  expect(stage.decisions.slice(before).filter(({ action }) => action === "ENTER")).toEqual([]);
  stage.play(forecastable(60));
  expect(stage.decisions.at(-1)?.reasons).not.toContainEqual(expect.objectContaining({ reason: "NOT_READY" }));
});

test("[DEC-3] a wish to enter while that memory fills is not told sooner than at the next interval", () => {
  const stage = stageOfEntries();
  const before = stage.decisions.length;
  stage.play([{ kind: "gap", wait: 0 }, ...forecastable(20)]);
  const times = stage.decisions.slice(before).map(({ time }) => time);
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(ensembleSettings.interval_ms * 1_000);
});

test("[DEC-3] what comes later never changes an earlier decision", () => {
  // Goal: no look-ahead anywhere. Method: cut the events at any point and go on with others; what was decided is the same.
  fc.assert(
    fc.property(stepsArbitrary, stepsArbitrary, fc.nat(), (steps, others, cut) => {
      const eager = { ...ensembleSettings, warmup_labels: 10, min_edge: 0.001, learning_rate: 0.2 };
      const point = cut % (steps.length + 1);
      const whole = ensemble(eager).play(steps).decisions;
      const head = ensemble(eager).play(steps.slice(0, point));
      const decided = [...head.decisions];
      expect(whole.slice(0, decided.length)).toEqual(decided);
      expect(head.play(others).decisions.slice(0, decided.length)).toEqual(decided);
    }),
    { numRuns: 60 },
  );
});

test("[DEC-3] the same events give the same decisions and the same model", () => {
  const steps = [...forecastable(300), ...random(300)];
  const first = source();
  const second = source();
  const a = new Stage(() => first).play(steps).decisions;
  const b = new Stage(() => second).play(steps).decisions;
  expect(a).toEqual(b);
  expect(JSON.stringify(first.save())).toBe(JSON.stringify(second.save()));
});

test("[DEC-3] a saved model goes on where it stopped", () => {
  // A restart is a gap of the market data, so the one that ran through has a gap there too.
  const learnt = source();
  const through = new Stage(() => learnt).play([...forecastable(1_000), { kind: "gap", wait: microsPerSecond }]);
  const restored = source();
  restored.restore(JSON.parse(JSON.stringify(learnt.save())));
  expect(restored.report()).toEqual(learnt.report());
  const restarted = new Stage(() => restored);
  restarted.elapsed = through.elapsed;
  const before = through.decisions.length;
  const steps = forecastable(200);
  expect(restarted.play(steps).decisions).toEqual(through.play(steps).decisions.slice(before));
});

test("[DEC-3] a state that does not fit is refused and changes nothing", () => {
  const model = source();
  new Stage(() => model).play(forecastable(500));
  const before = JSON.stringify(model.save());
  const state: unknown = JSON.parse(before);
  const bad = [
    null,
    [],
    { ...asRecord(state), version: 1 },
    { ...asRecord(state), features: ["x"] },
    { ...asRecord(state), horizons: [1, 3] },
    { ...asRecord(state), models: [] },
    { ...asRecord(state), models: [{ weights: [1], skill: {} }, {}] },
    { ...asRecord(state), standardiser: { count: -1, mean: [], squares: [] } },
    { ...asRecord(state), counter: 1.5 },
  ];
  for (const saved of bad) expect(() => model.restore(saved)).toThrow(ModelStateError);
  expect(JSON.stringify(model.save())).toBe(before);
});

test("[DEC-3] numbers that are none reach neither a decision nor what is saved", () => {
  const bad = fc.constantFrom(Number.NaN, Infinity, -Infinity);
  const spoils = fc.array(fc.tuple(fc.nat({ max: 11 }), bad, fc.nat({ max: 299 })), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(spoils, (list) => {
      const model = source();
      const stage = new Stage(() => model).play(forecastable(300));
      for (const [place, value, steps] of list) {
        stage.features.vector[place % stage.features.names.length] = value;
        const observed = { ...stage.context, features: stage.features };
        model.observe(observed, stage.now);
        const decision = model.decide(observed, stage.now);
        for (const number of [decision.edge, decision.confidence]) expect(number ?? 0).not.toBeNaN();
        stage.play(forecastable(steps % 20));
      }
      const state = model.save();
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      for (const { measured } of stage.decisions.flatMap(({ reasons }) => reasons)) expect(measured).not.toBeNaN();
    }),
    { numRuns: 30 },
  );
});

test("[DEC-3] confidence is drawn towards a coin by the horizons that do not agree", () => {
  const stage = stageOfEntries();
  const byAgreement = new Map<number, number[]>();
  for (const { action, confidence, reasons } of stage.decisions) {
    const agreement = reasons.find(({ reason }) => reason === "AGREEMENT")?.measured;
    if (action !== "ENTER" || confidence === null || agreement === undefined || agreement === null) continue;
    byAgreement.set(agreement, [...(byAgreement.get(agreement) ?? []), confidence]);
  }
  for (const [agreement, confidences] of byAgreement) {
    for (const confidence of confidences) expect(confidence).toBeLessThanOrEqual(0.5 + agreement / 2);
  }
  expect(byAgreement.size).toBeGreaterThan(0);
});

test("[DEC-3] the regime is told by return and volatility of the longest horizon against their own past", () => {
  const regimes = new Set(stageOfEntries().decisions.map(({ regime }) => regime));
  expect(regimes.has("TREND")).toBe(true);
  const always = ensemble({ ...ensembleSettings, regime_deviations: 5 }).play(forecastable(1_000)).decisions;
  const calm = new Set(always.map(({ regime }) => regime).filter((regime) => regime !== null));
  expect(calm).toEqual(new Set(["RANGE"]));
});

test("[DEC-2] while a trade is open it is asked at its interval only", () => {
  const model = source();
  const stage = new Stage(() => model).play(forecastable(600));
  stage.tradeOpen = true;
  const before = stage.decisions.length;
  stage.play(forecastable(50));
  // 50 steps of 100 ms are 5 s; at 250 ms a decision falls on every third step.
  expect(stage.decisions.length - before).toBeLessThanOrEqual(17);
});

test("[DEC-2] decision ids are unique", () => {
  const stage = stageOfEntries();
  refresh(stage);
  const ids = stage.decisions.map((decision) => decision.id);
  expect(new Set(ids).size).toBe(ids.length);
});

const stepsArbitrary: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 20,
      arbitrary: fc.record({
        kind: fc.constant("touch" as const),
        bid: fc.integer({ min: 640_000, max: 640_020 }),
        bidLots: fc.integer({ min: 1, max: 100 }),
        askLots: fc.integer({ min: 1, max: 100 }),
        wait: fc.integer({ min: 0, max: 400_000 }),
      }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant("trade" as const),
        size: fc.integer({ min: 1, max: 50 }),
        sell: fc.boolean(),
        wait: fc.integer({ min: 0, max: 400_000 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("gap" as const), wait: fc.integer({ min: 0, max: 400_000 }) }),
    },
  ),
  { minLength: 50, maxLength: 250 },
);

function source(settings = ensembleSettings): EnsembleSource {
  return new EnsembleSource(settings, new Stage((features) => new EnsembleSource(settings, features)).features);
}

function ensemble(settings = ensembleSettings): Stage {
  return new Stage((features) => new EnsembleSource(settings, features));
}

function stageOfEntries(): Stage {
  return ensemble().play(forecastable(1_000));
}

function words(decisions: readonly Decision[]): string[] {
  return decisions.flatMap(({ reasons }) => reasons.map(({ reason }) => reason));
}

function touchLater(): Step {
  return { kind: "touch", bid: 640_500, bidLots: 5, askLots: 5, wait: 0 };
}

function asRecord(state: unknown): object {
  return typeof state === "object" && state !== null ? state : {};
}
