import { expect, test } from "vitest";
import type { Outcome } from "../../src/domain/event.ts";
import { micros } from "../../src/domain/units.ts";
import { Patience } from "../../src/engine/patience.ts";

const interval = micros(500_000);
const refused = (code: number): Outcome => ({ kind: "refused", code, message: "words" });

/** Waits of so many questions that end so, in seconds, until it is over. */
function waits(outcome: Outcome | null, questions: number): readonly number[] {
  const patience = new Patience();
  const seconds: number[] = [];
  for (let question = 0; question < questions && !patience.isOver; question += 1) {
    patience.onAsked();
    seconds.push(patience.waitAfter(outcome, interval) / 1_000_000);
  }
  return seconds;
}

test.each<readonly [string, Outcome | null]>([
  ["an answer that explains nothing", null],
  ["no answer", { kind: "unknown", cause: "no reply in time" }],
  ["a refusal", refused(-1121)],
])("[I-21] %s: six questions, each after twice the wait", (_, outcome) => {
  expect(waits(outcome, 100)).toEqual([0.5, 1, 2, 4, 8, 16]);
});

test.each([-1003, -1015])(
  "[F-18] what a limit holds back with %i is put again for three days, five minutes apart at most",
  (code) => {
    const all = waits(refused(code), 5_000);
    const days = all.slice(0, 1_000).reduce((sum, wait) => sum + wait, 0) / 86_400;
    expect([all.slice(0, 4), Math.max(...all), all.length, days > 3]).toEqual([[0.5, 1, 2, 4], 300, 1_006, true]);
  },
);

test("[F-18] a limit between two questions takes none of the six", () => {
  const patience = new Patience();
  for (const outcome of [null, refused(-1003), null, null, null, null, refused(-1003)]) {
    patience.onAsked();
    patience.waitAfter(outcome, interval);
  }
  const before = patience.isOver;
  patience.onAsked();
  patience.waitAfter(null, interval);
  expect([before, patience.isOver]).toEqual([false, true]);
});
