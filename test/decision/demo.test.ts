import { expect, test } from "vitest";
import { DemoSource } from "../../src/decision/demo.ts";
import { ModelStateError } from "../../src/decision/source.ts";
import { microsPerSecond } from "../../src/domain/units.ts";
import { settings } from "../market/support.ts";
import { refresh, Stage, type Step } from "./support.ts";

const { demo } = settings.decision;

test("[DEC-2] demo enters long and short in turn, an interval apart, and says that it is a demo", () => {
  const stage = play(create(), 30);
  const entries = stage.decisions.filter((decision) => decision.action === "ENTER");
  expect(entries.map(({ direction }) => direction)).toEqual(["LONG", "SHORT", "LONG", "SHORT"]);
  expect(entries.map(({ time }) => (time - (entries[0]?.time ?? 0)) / microsPerSecond)).toEqual([0, 8, 16, 24]);
  expect(entries[0]).toMatchObject({
    source: "demo",
    edge: null,
    confidence: null,
    holdMicrosMax: 6 * microsPerSecond,
    reasons: [{ reason: "DEMO", measured: null, limit: null }],
  });
});

test("[DEC-2] demo brings its own cooldown, so that the one of real sources does not stop it", () => {
  const stage = play(new Stage(() => new DemoSource({ ...demo, cooldown_seconds: 3 })), 1);
  expect(stage.decisions.map(({ cooldownMicros }) => cooldownMicros)).toEqual([3 * microsPerSecond]);
});

test("[CFG-4] demo takes over other intervals while it runs", () => {
  const source = new DemoSource(demo);
  const stage = play(new Stage(() => source), 1);
  source.configure({
    ...settings.decision,
    demo: { ...demo, interval_seconds: 2, hold_seconds: 1, cooldown_seconds: 0 },
  });
  const entries = play(stage, 8).decisions.filter(({ action }) => action === "ENTER");
  expect(entries.length).toBeGreaterThanOrEqual(3);
  expect(entries.at(-1)).toMatchObject({ holdMicrosMax: microsPerSecond, cooldownMicros: 0 });
});

test("[DEC-2] demo waits for a ready market and says DEMO_IDLE meanwhile", () => {
  const stage = create();
  stage.market.onGap();
  stage.play([touch(1)]);
  expect(stage.decisions.map(({ direction, reasons }) => [direction, reasons[0]?.reason])).toEqual([
    ["NO_TRADE", "DEMO_IDLE"],
  ]);
  refresh(stage);
  stage.play([touch(0.1)]);
  expect(stage.decisions.at(-1)?.direction).toBe("LONG");
});

test("[DEC-2] demo does not enter while a trade is open", () => {
  const stage = create();
  stage.tradeOpen = true;
  play(stage, 20);
  expect(stage.decisions.every(({ direction }) => direction === "NO_TRADE")).toBe(true);
  expect(stage.decisions.length).toBeGreaterThan(1);
});

test("[DEC-2] demo goes on with the other side after a restart", () => {
  const first = new DemoSource(demo);
  play(new Stage(() => first), 1);
  const second = new DemoSource(demo);
  second.restore(JSON.parse(JSON.stringify(first.save())));
  expect(play(new Stage(() => second), 12).decisions.find(({ action }) => action === "ENTER")?.direction).toBe("SHORT");
});

test("[DEC-2] a demo state that does not fit is refused", () => {
  for (const state of [null, 7, {}, { version: 1, lastEntry: "x", long: true, counter: 1 }]) {
    expect(() => new DemoSource(demo).restore(state)).toThrow(ModelStateError);
  }
});

function create(): Stage {
  return new Stage(() => new DemoSource(demo));
}

function touch(seconds: number): Step {
  return { kind: "touch", bid: 640_000, bidLots: 5, askLots: 5, wait: seconds * microsPerSecond };
}

function play(stage: Stage, seconds: number): Stage {
  for (let i = 0; i < seconds; i++) {
    refresh(stage);
    stage.play([touch(1)]);
  }
  return stage;
}
