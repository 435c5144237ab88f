/** What the exchange demands to keep a position open, by its size. @see binance-usdm.md §9 */

export type MaintenanceStep = {
  /** largest notional of the step, quote asset */
  readonly upTo: number;
  /** fraction of the notional */
  readonly rate: number;
};

/**
 * Fraction of the notional that is demanded; of one beyond every step the largest. The amount that the exchange takes off
 * in the higher steps is left out: what is demanded is never more than this says.
 *
 * @param notional absolute, quote asset
 * @returns null when no step is known
 */
export function maintenanceRate(steps: readonly MaintenanceStep[], notional: number): number | null {
  let [within, most]: [number | null, number | null] = [null, null];
  for (const { upTo, rate } of steps) {
    if (upTo >= notional && (within === null || rate < within)) within = rate;
    if (most === null || rate > most) most = rate;
  }
  return within ?? most;
}
