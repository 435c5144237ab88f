import { expect, test } from "vitest";
import { seedSettingsOf, settingsOf } from "../../src/faults/settings.ts";

const seeds = Array.from({ length: 300 }, (_, index) => index + 1);

test("[I-13] of six seeds about one has each limit so small that its trades reach it", () => {
  const limits = seeds.map((seed) => {
    const { guardrails, risk } = seedSettingsOf(seed);
    const { max_trades_per_hour: trades, max_daily_loss_abs: loss } = risk.session;
    return { positions: guardrails.max_positions < 2, trades: trades < 5, loss: loss !== null };
  });
  for (const name of ["positions", "trades", "loss"] as const) {
    const share = limits.filter((one) => one[name]).length / seeds.length;
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.25);
  }
});

test("limits that are drawn shift nothing else that a seed trades with", () => {
  for (const seed of seeds) {
    const { guardrails, risk, ...drawn } = seedSettingsOf(seed);
    const { interval_seconds } = drawn.decision.demo;
    const { guardrails: _, risk: __, ...plain } = settingsOf(seed, interval_seconds);
    expect(drawn).toEqual(plain);
  }
});
