/** Entries after a gap: the averages that they are sized by are over minutes that are known (failure-catalogue F-68, I-15). */

import { expect, test } from "vitest";
import { lots, ticks } from "../../src/domain/units.ts";
import { decisionOf } from "../risk/support.ts";
import { after, start } from "../support/core.ts";
import { CoreBench, first, snapshotOf } from "./support.ts";

/** A gap in minute 0, after which everything is told again at so many milliseconds. */
function interrupted(...toldAt: readonly number[]): CoreBench {
  const bench = CoreBench.ready();
  bench.core.onGap(first, bench.now);
  for (const milliseconds of toldAt) {
    bench.at(milliseconds);
    bench.tell(snapshotOf(0, { requestedAt: bench.now }));
    bench.quote();
  }
  return bench;
}

function decide(bench: CoreBench): readonly string[] {
  const placed = bench.decide(decisionOf({ validUntil: after(600_000_000) }));
  return placed.filter((text) => text.startsWith("place-order"));
}

/** The exchange tells minute 0: a range of 1,700 ticks, where the others have 300. */
function backfill(bench: CoreBench): void {
  const prices = { open: ticks(640_000), high: ticks(641_000), low: ticks(639_300), close: ticks(640_000) };
  const candles = [{ openTime: start, ...prices, volume: lots(10), takerBuyVolume: lots(5) }];
  bench.tell({ kind: "candle-history", symbol: first, candles });
}

test("[F-68] an entry waits while the minute that a gap took is not known", () => {
  const bench = interrupted(5_000, 61_000);
  expect([decide(bench), bench.blocked]).toEqual([[], ["NOT_READY"]]);
});

test("[F-68] an entry leaves as soon as the minute is known", () => {
  const bench = interrupted(5_000, 61_000);
  backfill(bench);
  expect(decide(bench)).toHaveLength(1);
});

test("[F-68] the average range that stops lie by is over whole minutes again", () => {
  const bench = interrupted(5_000, 61_000);
  backfill(bench);
  expect(bench.core.desks[0]?.market.atrTicks()).toBe((13 * 300 + 1_700) / 14);
});

test("[F-68] where nobody tells the minute, entries go on after two more, over those that are known", () => {
  const bench = interrupted(5_000, 61_000, 121_000, 181_000);
  expect(decide(bench)).toHaveLength(1);
});
