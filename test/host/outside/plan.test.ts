import fc from "fast-check";
import { expect, test } from "vitest";
import { PlanBody, planDocument, planFrom } from "../../../src/host/outside/plan.ts";
import { Refusal } from "../../../src/host/outside/refusal.ts";
import { instrument, settings, start } from "../../support/core.ts";

const good = {
  plan_id: "p",
  symbol: "BTCUSDT",
  direction: "SELL",
  entry_price: 64_000,
  stop_loss: 64_500,
  take_profit: 63_000,
  volume: 0.01,
  conditions: { price_below: 64_100, spread_bps_max: 2, sessions: ["ASIA"] },
  expires_in_seconds: 60,
};

/** The good plan with some of its values replaced by anything at all. */
const plans = fc
  .tuple(fc.dictionary(fc.constantFrom(...Object.keys(good), "expiry", "x"), fc.jsonValue(), { maxKeys: 3 }), fc.nat(2))
  .map(([changes, inside]) => (inside === 0 ? { ...good, conditions: changes } : { ...good, ...changes }));

test("[DEC-8] whatever a plan says, it is a plan within its ranges or refused", () => {
  const checked = fc.check(
    fc.property(plans, (document) => {
      const parsed = PlanBody.safeParse(document);
      if (!parsed.success) return true;
      try {
        const plan = planFrom(planDocument(parsed.data, "p", settings.plans, start), instrument);
        const isLong = plan.direction === "LONG";
        const entry = plan.entryPrice ?? 0;
        const isOrdered = isLong ? plan.stopLoss <= entry : plan.stopLoss >= entry;
        return isOrdered && plan.volume >= instrument.minLots && plan.expiresAt > start;
      } catch (error) {
        return error instanceof Refusal;
      }
    }),
    { numRuns: 3_000 },
  );
  expect(checked.failed, fc.defaultReportMessage(checked) ?? "").toBe(false);
});

test("[DEC-8] the plan that fuzzing begins with is one", () => {
  const plan = planFrom(planDocument(PlanBody.parse(good), "p", settings.plans, start), instrument);
  expect(plan).toMatchObject({ direction: "SHORT", entryPrice: 640_000, stopLoss: 645_000, volume: 10 });
});
