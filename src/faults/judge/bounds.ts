/** I-19: sizes depend on what is open, and not on how long the daemon has run. */

import type { Scene } from "./scene.ts";

/** Sizes of the daemon and of what it holds of others, by name. */
export type Sizes = Readonly<Record<string, number>>;

/** The most of each, at any quiet second. */
export const sizeLimits: Sizes = {
  // Each of the four kinds once; one more while a connection is renewed.
  connections: 8,
  "requests under way": 64,
  "rows that wait": 5_000,
  "orders of a trade": 200,
  "held outputs": 0,
};
/** Of the same when everything was healed and has come to rest. */
export const restLimits: Sizes = { ...sizeLimits, connections: 4, "requests under way": 16, "rows that wait": 500 };

export function judgeSizes(scene: Scene, sizes: Sizes, limits: Sizes): void {
  for (const [name, size] of Object.entries(sizes)) {
    const limit = limits[name];
    if (limit === undefined) throw new Error(`no limit is named for ${name}`);
    if (size > limit) scene.violated("I-19", `${size} ${name}, at most ${limit}`);
  }
}
