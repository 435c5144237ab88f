/** What was put in or taken out is neither profit nor loss. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { SessionState } from "../../src/domain/session.ts";
import { limitsOf, newSession, onTransfer } from "../../src/risk/session.ts";
import { start } from "../support/core.ts";
import { sessionOf, usual } from "./support.ts";

const transfers = fc.double({ min: -5_000, max: 50_000, noNaN: true });

test("[RSK-4] a transfer changes neither the day's loss nor the fall from the peak, whatever its size", () => {
  fc.assert(
    fc.property(transfers, fc.double({ min: 6_000, max: 15_000, noNaN: true }), (amount, equity) => {
      const before = sessionOf({
        dayStartEquity: 10_000,
        limitEquity: 9_900,
        dayPeakEquity: 15_000,
        peakEquity: 16_000,
      });
      const state = onTransfer(before, amount, equity);
      const measured = (of: SessionState, at: number) =>
        limitsOf(of, at, usual.session).map((one) => Math.round((one.measured ?? 0) * 1e6));
      expect(measured(state, equity + amount)).toEqual(measured(before, equity));
    }),
  );
});

test("[RSK-4] losses in percent count from what the day began with and what was transferred since", () => {
  const state = onTransfer(sessionOf({ dayStartEquity: 10_000 }), -4_000, 10_000);
  const [loss] = limitsOf(state, 5_900, { ...usual.session, max_daily_loss_abs: null, max_daily_loss_pct: 0.02 });
  expect(loss).toMatchObject({ measured: 100, limit: 120 });
});

test("[RSK-4] a transfer before any equity is known moves nothing that is not there", () => {
  expect(onTransfer(newSession(start), 500, null)).toEqual(newSession(start));
});

test("[RSK-4] a withdrawal of more than the equity leaves no peak that is no number", () => {
  const { dayPeakEquity, peakEquity } = onTransfer(sessionOf(), -20_000, 10_000);
  expect([dayPeakEquity, peakEquity]).toEqual([-10_000, -10_000]);
});
