import { afterEach, expect, test, vi } from "vitest";
import { type Micros, micros } from "../../src/domain/units.ts";
import { WallWatch } from "../../src/host/wall-watch.ts";
import { settingsWith, start } from "../support/core.ts";

const { safe_mode: settings } = settingsWith({ safe_mode: { clock_jump_ms: 1_000, clock_check_seconds: 0.1 } });

let watch: WallWatch | null = null;
afterEach(() => watch?.close());

/** Two clocks that the test moves; tells after how many looks, and what was told. */
class Clocks {
  steady = 0;
  wall = 0;
  looks = 0;
  readonly jumps: Micros[] = [];

  constructor() {
    watch = new WallWatch({
      clock: () => micros(start + this.steady),
      wallClock: () => {
        this.looks += 1;
        return start + this.wall;
      },
      settings: () => settings,
      onJump: (by) => this.jumps.push(by),
    });
  }

  async nextLook(): Promise<void> {
    const { looks } = this;
    await vi.waitUntil(() => this.looks > looks, { interval: 5, timeout: 5_000 });
  }
}

test.each([
  ["set back by an hour", -3_600_000_000],
  ["ahead after the machine has slept", 90_000_000],
])("[I-17] a wall clock that is %s has jumped", async (_, by) => {
  const clocks = new Clocks();
  clocks.wall += by;
  await clocks.nextLook();
  await clocks.nextLook();
  expect(clocks.jumps).toEqual([by]);
});

test("[I-17] a wall clock that is corrected slowly, or moves with the steady one, has not jumped", async () => {
  const clocks = new Clocks();
  for (let look = 0; look < 4; look += 1) {
    clocks.steady += 60_000_000;
    clocks.wall += 60_400_000;
    await clocks.nextLook();
  }
  expect(clocks.jumps).toEqual([]);
});
