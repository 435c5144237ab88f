/** Whether a stop is reached before the exchange liquidates (failure-catalogue F-42). @see binance-usdm.md §9 */

import { type Instrument, quoteFromTickLots } from "../domain/instrument.ts";
import { type MaintenanceStep, maintenanceRate } from "../domain/maintenance.ts";
import { type Side, sign } from "../domain/order.ts";
import type { Ticks } from "../domain/units.ts";

export type LiquidationInput = {
  readonly instrument: Instrument;
  readonly side: Side;
  readonly reference: Ticks;
  readonly stopLoss: Ticks;
  /** lots of the symbol once the entry has filled, with what is committed already */
  readonly quantity: number;
  /** worth of what is open or may still open in other symbols, quote asset */
  readonly elsewhere: number;
  /** quote asset, with open profit: that is what the exchange compares; null when not known */
  readonly equity: number | null;
  readonly maintenance: readonly MaintenanceStep[];
  /** leverage of the position when its margin is its own; null: it shares the account's */
  readonly isolatedLeverage: number | null;
  /** fraction of the price that the market may run past the stop */
  readonly buffer: number;
};

/**
 * What would be left above the maintenance margin, in the quote asset, with the price past the stop by the buffer. At 0 the
 * exchange liquidates. Of other symbols the brackets are not looked at: they are taken at this one's rate for their worth.
 *
 * @returns null when what the exchange demands is not known, or the equity that it is demanded of
 */
export function marginLeft(input: LiquidationInput): number | null {
  const { instrument, quantity, reference, stopLoss, elsewhere, equity, isolatedLeverage } = input;
  const direction = sign(input.side);
  const worst = stopLoss * (1 - direction * input.buffer);
  const loss = quoteFromTickLots(instrument, quantity * (reference - worst) * direction);
  const worth = quoteFromTickLots(instrument, quantity * worst);
  const rate = maintenanceRate(input.maintenance, worth);
  if (rate === null) return null;
  if (isolatedLeverage !== null) {
    return quoteFromTickLots(instrument, quantity * reference) / isolatedLeverage - loss - worth * rate;
  }
  if (equity === null) return null;
  const others = maintenanceRate(input.maintenance, elsewhere) ?? rate;
  return equity - loss - worth * rate - elsewhere * others;
}
