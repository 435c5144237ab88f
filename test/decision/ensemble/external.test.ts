import fc from "fast-check";
import { expect, test } from "vitest";
import { ExternalSource } from "../../../src/decision/ensemble/external.ts";
import { type DecisionSource, ModelStateError, type SourceContext } from "../../../src/decision/source.ts";
import type { Decision } from "../../../src/domain/decision.ts";
import type { ModelInput, ModelOutput } from "../../../src/domain/model.ts";
import { type Micros, microsPerSecond } from "../../../src/domain/units.ts";
import { ensembleSettings, forecastable, random, Stage, type Step } from "../support.ts";

const settings = {
  ...ensembleSettings,
  onnx: { ...ensembleSettings.onnx, file: "model.onnx", sha256: "a".repeat(64), time_limit_ms: 150 },
};

type Answer = ModelOutput["answer"] | null;

/** The source with its model beside it, which answers at the next event, or as the test says. */
class Asked implements DecisionSource {
  readonly name = "ensemble";
  readonly inner: ExternalSource;
  readonly inputs: ModelInput[] = [];
  readonly #answer: (input: ModelInput) => Answer;
  #waiting: ModelInput | null = null;

  constructor(inner: ExternalSource, answer: (input: ModelInput) => Answer) {
    this.inner = inner;
    this.#answer = answer;
  }

  observe(context: SourceContext, now: Micros): void {
    this.inner.observe(context, now);
    const input = this.#waiting;
    const answer = input === null ? null : this.#answer(input);
    if (input === null || answer === null) return;
    this.#waiting = null;
    this.inner.onModelOutput({ kind: "model-output", symbol: input.symbol, request: input.request, answer }, now);
  }

  decide(context: SourceContext, now: Micros): Decision | null {
    const decision = this.inner.decide(context, now);
    const input = this.inner.takeModelInput();
    if (input !== null) {
      this.inputs.push(input);
      this.#waiting = input;
    }
    return decision;
  }

  nextDecision = (): Micros => this.inner.nextDecision();
  onGap = (): void => this.inner.onGap();
  save = (): unknown => this.inner.save();
  restore = (state: unknown): void => this.inner.restore(state);
}

function played(answer: (input: ModelInput) => Answer, steps: readonly Step[]) {
  const made: Asked[] = [];
  const stage = new Stage((features) => {
    const asked = new Asked(new ExternalSource(settings, features), answer);
    made.push(asked);
    return asked;
  }).play(steps);
  const [asked] = made;
  if (asked === undefined) throw new Error("no source");
  return { stage, asked, entries: stage.decisions.filter(({ action }) => action === "ENTER") };
}

/** Reads the touch's imbalance, which is the first feature. */
const knows = ({ features }: ModelInput): Answer => {
  const p = (features[0] ?? 0) > 0 ? 0.7 : 0.3;
  return { kind: "forecast", probabilities: [p, p] };
};

const words = (decisions: readonly Decision[]) =>
  new Set(decisions.flatMap(({ reasons }) => reasons.map(({ reason }) => reason)));

test("[DEC-3] a user's model that knows what follows is traded on, once it has proven itself", () => {
  const { entries, stage } = played(knows, forecastable(3_000, 60));
  expect(entries.length).toBeGreaterThan(10);
  expect(stage.decisions[0]?.reasons[0]?.reason).toBe("WARMING_UP");
  expect(new Set(entries.map(({ direction }) => direction))).toEqual(new Set(["LONG", "SHORT"]));
  expect(entries.every(({ edge }) => (edge ?? 0) >= settings.min_edge)).toBe(true);
  expect(entries.at(-1)?.confidence).toBeGreaterThan(0.5);
});

test("[DEC-3] a user's model that is always sure and never right is not listened to", () => {
  const wrong = (input: ModelInput): Answer => {
    const answer = knows(input);
    return answer?.kind === "forecast" ? { ...answer, probabilities: answer.probabilities.map((p) => 1 - p) } : answer;
  };
  expect(played(wrong, forecastable(1_500)).entries).toEqual([]);
  const sure = (): Answer => ({ kind: "forecast", probabilities: [1, 1] });
  expect(played(sure, random(2_000)).entries.length).toBeLessThan(100);
});

test("[DEC-3] it is asked at the interval, about the features of that moment, under rising numbers", () => {
  const { asked, stage } = played(knows, forecastable(100));
  const times = asked.inputs.map(({ time }) => time);
  expect(asked.inputs.map(({ request }) => request)).toEqual(times.map((_, index) => index + 1));
  for (const [index, time] of times.slice(1).entries()) {
    expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(settings.interval_ms * 1_000);
  }
  expect(asked.inputs.every(({ features }) => features.length === stage.features.names.length)).toBe(true);
});

test("[DEC-3] a model that does not answer in time gives NO_TRADE with how late it is", () => {
  const { stage } = played(() => null, forecastable(300));
  expect(words(stage.decisions)).toEqual(new Set(["MODEL_SLOW"]));
  const [reason] = stage.decisions[0]?.reasons ?? [];
  expect(reason?.limit).toBe(150);
  expect(reason?.measured).toBeGreaterThanOrEqual(150);
  expect(stage.decisions.every(({ direction }) => direction === "NO_TRADE")).toBe(true);
});

test.each<[string, Answer]>([
  ["fails", { kind: "failed" }],
  ["gives no number", { kind: "forecast", probabilities: [Number.NaN, 0.5] }],
  ["gives more than a probability", { kind: "forecast", probabilities: [0.5, 1.1] }],
  ["gives too few", { kind: "forecast", probabilities: [0.9] }],
  ["gives nothing", { kind: "forecast", probabilities: [] }],
])("[DEC-3] a model that %s gives NO_TRADE with MODEL_FAILED", (_what, answer) => {
  const { stage } = played(() => answer, forecastable(300));
  expect(words(stage.decisions)).toEqual(new Set(["MODEL_FAILED"]));
});

test("[DEC-3] a model that stops answering is not traded on any more", () => {
  let questions = 0;
  const { stage } = played((input) => (questions++ < 800 ? knows(input) : { kind: "failed" }), forecastable(6_000, 60));
  const broken = stage.decisions.findIndex(({ reasons }) => reasons[0]?.reason === "MODEL_FAILED");
  expect(stage.decisions.slice(0, broken).some(({ action }) => action === "ENTER")).toBe(true);
  expect(stage.decisions.slice(broken).some(({ action }) => action === "ENTER")).toBe(false);
});

/** Played until it has just asked for the third time, with no answer to any. */
function waiting() {
  const { asked, stage } = played(() => null, []);
  const steps = forecastable(60);
  for (const step of steps) {
    if (asked.inputs.length === 3) break;
    stage.play([step]);
  }
  const answer = { kind: "forecast", probabilities: [0.9, 0.9] } as const;
  const symbol = stage.context.market.instrument.index;
  const answers = (request: number) =>
    asked.inner.onModelOutput({ kind: "model-output", symbol, request, answer }, stage.now);
  return { asked, stage, answers };
}

test("[DEC-3] only the answer to the last question counts", () => {
  const { asked, answers } = waiting();
  const before = JSON.stringify(asked.save());
  answers(2);
  expect(JSON.stringify(asked.save())).toBe(before);
  answers(3);
  expect(JSON.stringify(asked.save())).not.toBe(before);
});

test("[DEC-3] what was asked before a gap is not answered after it", () => {
  const { asked, answers } = waiting();
  const before = JSON.stringify(asked.save());
  asked.onGap();
  answers(3);
  expect(JSON.stringify(asked.save())).toBe(before);
});

test("[DEC-3] a user's model is not traded on after a gap before the longest memory of the features is full again (F-68)", () => {
  const { stage } = played(knows, forecastable(3_000, 60));
  const [before, gapAt] = [stage.decisions.length, stage.now];
  stage.play([{ kind: "gap", wait: 0 }, ...forecastable(60, 60)]);
  const entries = stage.decisions.slice(before).filter(({ action }) => action === "ENTER");
  expect(entries.length).toBeGreaterThan(0);
  expect((entries[0]?.time ?? 0) - gapAt).toBeGreaterThanOrEqual(2 * microsPerSecond);
});

test("[DEC-3] whatever a model answers, decisions hold numbers, and what is saved can be restored", () => {
  const answer: fc.Arbitrary<Answer> = fc.oneof(
    fc.constant(null),
    fc.constant({ kind: "failed" as const }),
    fc.constant({ kind: "slow" as const }),
    fc.array(fc.double({ min: -0.2, max: 1.2 }), { maxLength: 3 }).map((probabilities) => ({
      kind: "forecast" as const,
      probabilities,
    })),
    fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })).map((both) => ({
      kind: "forecast" as const,
      probabilities: both,
    })),
  );
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 40 }), (answers) => {
      let next = 0;
      const { stage, asked } = played(() => answers[next++ % answers.length] ?? null, forecastable(400));
      for (const { edge, confidence } of stage.decisions)
        expect([edge ?? 0, confidence ?? 0]).not.toContain(Number.NaN);
      const state = asked.save();
      expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    }),
    { numRuns: 30 },
  );
});

test("[DEC-3] what is known of a model comes back after a restart, and not for another model", () => {
  const { asked } = played(knows, forecastable(1_000));
  const state: unknown = JSON.parse(JSON.stringify(asked.save()));
  const { asked: same } = played(knows, []);
  same.restore(state);
  expect(same.inner.report()).toEqual(asked.inner.report());
  const { stage } = played(knows, []);
  const other = new ExternalSource({ ...settings, onnx: { ...settings.onnx, sha256: "b".repeat(64) } }, stage.features);
  expect(() => other.restore(state)).toThrow(ModelStateError);
  expect(() => other.restore({ version: 2 })).toThrow(ModelStateError);
});
