import { expect, test } from "vitest";
import { micros, microsPerMinute, microsPerSecond, plus } from "../../src/domain/units.ts";
import { EngineClock } from "../../src/venue/engine-clock.ts";

const start = micros(1_700_000_000_000_000);
const seconds = (count: number) => micros(count * microsPerSecond);

/** The engine is ahead of us by a minute, and what it tells takes so long, each a second after the one before. */
function heard(ways: readonly number[]): EngineClock {
  const clock = new EngineClock();
  for (const [index, way] of ways.entries()) {
    const receivedAt = plus(start, seconds(index));
    clock.onTold(plus(receivedAt, seconds(60 - way)), receivedAt);
  }
  return clock;
}

test.each([
  ["is believed where nothing was heard of the engine", [], 60, 60],
  ["is believed where it agrees with the engine", [0.05], 60, 60],
  ["that runs ahead of the engine is believed as far as a message may be late", [0.05], 65, 60.95],
  ["that runs behind the engine is not: nothing is heard before it happens", [0.05], 55, 59.95],
  ["is believed while some messages are late", [0.05, 5, 5], 60, 60],
  ["is believed where the engine would be further off than clocks of one exchange are", [30], 60, 60],
])("[F-26] the gate's clock %s", (_what, ways, gate, found) => {
  expect(heard(ways).offset(seconds(gate))).toBe(seconds(found));
});

test("[F-26] what was heard long ago says nothing of a clock that drifts", () => {
  const clock = heard([0.05]);
  for (const minutes of [1, 2]) {
    const receivedAt = plus(start, micros(minutes * microsPerMinute));
    clock.onTold(plus(receivedAt, seconds(57)), receivedAt);
  }
  expect(clock.offset(seconds(57))).toBe(seconds(57));
});
