/** Whether nothing was lost and nothing counted twice. */

import { expect } from "vitest";
import type { Simulation } from "./simulate.ts";

/** BTCUSDT: one tick of one lot is 0.0001 USDT, in 10⁻⁸. */
const moneyPerTickLot = 10_000n;

/** The journal against the exchange, once all is closed: each execution stands in it once, and the profit is the same. */
export function expectExact({ kept, truth: { fills } }: Simulation): void {
  const booked = kept.flatMap((output) => (output.kind === "fill" ? [output.tradeId] : []));
  expect(booked.toSorted()).toEqual(fills.map(({ tradeId }) => tradeId).toSorted());
  const gross = fills.reduce((sum, { before, after, price }) => sum + BigInt((before - after) * price), 0n);
  const fees = fills.reduce((sum, { fee }) => sum + fee, 0n);
  const rows = kept.filter((output) => output.kind === "trade");
  expect(rows.reduce((sum, { grossPnl }) => sum + grossPnl, 0n)).toBe(gross * moneyPerTickLot);
  expect(rows.reduce((sum, { fees: paid }) => sum + paid, 0n)).toBe(fees);
  expect(new Set(rows.map(({ trade }) => trade)).size).toBe(rows.length);
}
