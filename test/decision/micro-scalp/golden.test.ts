/** Windows of real markets, each with the reason why it is, or is not, what the detector looks for. */

import { expect, test } from "vitest";
import { z } from "zod";
import { setUpOf } from "../../../src/decision/micro-scalp/layers.ts";
import type { Bar, Facts } from "../../../src/decision/micro-scalp/scene.ts";
import { present } from "../../../src/domain/assert.ts";
import { microsPerMinute } from "../../../src/domain/units.ts";
import fixture from "../../fixtures/micro-scalp/windows.json" with { type: "json" };
import { settings } from "../../market/support.ts";
import { rules } from "./support.ts";

const Row = z.tuple([z.int(), z.int(), z.int(), z.int(), z.int(), z.int(), z.int().nullable()]);
const Fixture = z.object({
  windows: z.record(z.string(), z.object({ symbol: z.string(), bars: z.array(Row) })),
  cases: z.array(
    z.object({
      detector: z.string(),
      window: z.string(),
      side: z.enum(["buy", "sell"]),
      passed: z.boolean(),
      measured: z.number(),
      why: z.string().min(40),
    }),
  ),
});
const { windows, cases } = Fixture.parse(fixture);

test.each(cases)(
  "[DEC-5] $detector in $window, $side: $passed, because: $why",
  ({ detector, window, side, passed, measured }) => {
    const { layers } = setUpOf(factsOf(window), [], side, rules);
    const finding = layers.flatMap(({ findings }) => findings).find(({ reason }) => reason === detector);
    expect(finding).toMatchObject({ passed });
    expect(finding?.measured).toBeCloseTo(measured, 2);
  },
);

test("[DEC-4] 20:01 in New York: five kinds of evidence make a long set-up of six points, the first above the VWAP", () => {
  // VWAP, session and day are those of all minutes of the file since 16:00 and since midnight.
  const market: Facts = {
    ...factsOf("ada-new-york"),
    vwap: 3_101.99,
    vwapBand: (3_101.99 * settings.market.vwap.band_bps) / 10_000,
    vwapHeldSeconds: 60,
    session: { high: 3_146, low: 3_070 },
    day: { high: 3_187, low: 2_987 },
  };
  const { layers, score, passed } = setUpOf(market, [], "buy", rules);
  const words = layers.flatMap(({ findings }) => findings.filter((one) => one.passed).map(({ reason }) => reason));
  expect(words).toEqual([
    "VWAP_BAND",
    "ENGULFING",
    "CHANGE_OF_CHARACTER",
    "MOMENTUM",
    "VOLUME",
    "SCORE",
    "VWAP_PERSISTENCE",
    "VOLATILITY_EXPANSION",
  ]);
  expect([score, passed]).toEqual([6, 4]);
  expect(setUpOf(market, [], "sell", rules).passed).toBe(1);
});

/** At the close of the window's last bar; the VWAP is that of the window. */
function factsOf(name: string): Facts {
  const rows = present(windows[name], `window ${name}`).bars;
  const bars = rows.map(barOf).reverse();
  const newest = present(bars[0], "newest bar");
  const ranges = bars.slice(0, -1).map((bar, index) => trueRange(bar, present(bars[index + 1], "bar before")));
  const averaged = ranges.slice(0, rules.atr_minutes);
  const volume = bars.reduce((sum, bar) => sum + bar.volume, 0);
  const worth = bars.reduce((sum, bar) => sum + (bar.volume * (bar.high + bar.low + bar.close)) / 3, 0);
  const atr = averaged.reduce((sum, range) => sum + range, 0) / averaged.length;
  return {
    bars: bars.slice(0, rules.lookback_candles),
    bid: newest.close,
    ask: newest.close + 1,
    atr,
    atr1: present(ranges[0], "true range"),
    vwap: worth / volume,
    vwapBand: atr / 2,
    vwapHeldSeconds: 0,
    session: null,
    day: null,
    sessionStart: 0,
  };
}

function barOf([minute, open, high, low, close, volume, taken]: z.infer<typeof Row>): Bar {
  return { time: minute * microsPerMinute, open, high, low, close, volume, taken: taken ?? volume / 2 };
}

function trueRange({ high, low }: Bar, before: Bar): number {
  return Math.max(high, before.close) - Math.min(low, before.close);
}
