/** Stop and target of scalp trades. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { sign } from "../../src/domain/order.ts";
import { ticks } from "../../src/domain/units.ts";
import { scalpLevels } from "../../src/risk/scalp-levels.ts";
import { settings, settingsWith } from "../support/core.ts";

const inputs = fc
  .record({
    side: fc.constantFrom("buy" as const, "sell" as const),
    bid: fc.integer({ min: 100_000, max: 1_000_000 }),
    spread: fc.integer({ min: 1, max: 50 }),
    stop: fc.integer({ min: 20, max: 5_000 }),
    target: fc.integer({ min: 20, max: 5_000 }),
    stopBps: fc.double({ min: 1, max: 100, noNaN: true }),
    targetBps: fc.double({ min: 1, max: 100, noNaN: true }),
  })
  .map(({ side, bid, spread, stop, target, stopBps, targetBps }) => {
    const reference = side === "buy" ? bid : bid + spread;
    const levels = {
      stopLoss: ticks(reference - stop * sign(side)),
      takeProfit: ticks(reference + target * sign(side)),
    };
    return {
      input: { side, bid: ticks(bid), ask: ticks(bid + spread), reference: ticks(reference), levels },
      mid: bid + spread / 2,
      stopBps,
      targetBps,
    };
  });

function levelsFor({ input, stopBps, targetBps }: Given, fromRisk: boolean) {
  const { scalp } = settingsWith({
    trading: { scalp: { use_risk_sl_tp: fromRisk, sl_distance_bps: stopBps, tp_distance_bps: targetBps } },
  }).trading;
  return scalpLevels(input, scalp);
}

type Given = typeof inputs extends fc.Arbitrary<infer Value> ? Value : never;

test("[EXE-2] clamped levels are never farther than the risk engine's, nor than the scalp distances", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const { input, mid } = given;
      const { stopLoss, takeProfit } = levelsFor(given, true);
      const away = sign(input.side);
      const risk = (input.reference - stopLoss) * away;
      const reward = (takeProfit - input.reference) * away;
      expect(risk).toBeLessThanOrEqual(
        Math.min((input.reference - input.levels.stopLoss) * away, (mid * given.stopBps) / 1e4),
      );
      expect(reward).toBeLessThanOrEqual(
        Math.min((input.levels.takeProfit - input.reference) * away, (mid * given.targetBps) / 1e4),
      );
    }),
  );
});

test("[EXE-2] levels from the mid are on the tick, and rounding never adds risk", () => {
  fc.assert(
    fc.property(inputs, (given) => {
      const { input, mid, stopBps, targetBps } = given;
      const { stopLoss, takeProfit } = levelsFor(given, false);
      const away = sign(input.side);
      const risk = (mid - stopLoss) * away;
      const reward = (takeProfit - mid) * away;
      expect([Number.isSafeInteger(stopLoss), Number.isSafeInteger(takeProfit)]).toEqual([true, true]);
      expect(risk).toBeLessThanOrEqual((mid * stopBps) / 1e4 + 1e-6);
      expect(risk).toBeGreaterThan((mid * stopBps) / 1e4 - 1);
      expect(reward).toBeLessThanOrEqual((mid * targetBps) / 1e4 + 1e-6);
    }),
  );
});

test("[EXE-2] a short's levels are on the other sides", () => {
  const input = {
    side: "sell",
    bid: ticks(640_000),
    ask: ticks(640_002),
    reference: ticks(640_002),
    levels: { stopLoss: ticks(645_000), takeProfit: ticks(630_000) },
  } as const;
  expect(scalpLevels(input, settings.trading.scalp)).toEqual({ stopLoss: 640_642, takeProfit: 638_722 });
});
