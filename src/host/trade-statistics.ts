/** Figures over the net profits of closed trades. */

export type TradeStatistics = {
  /** 95 % interval of the mean net profit a trade (normal approximation); null below two trades */
  readonly ci95: readonly [number, number] | null;
  /** largest fall of cumulated net profit from its peak, ≥ 0 */
  readonly maxDrawdown: number;
  /** mean over standard deviation of the net profit a trade, not annualised; null without a spread */
  readonly sharpe: number | null;
  /** share of trades with a net profit above 0; null without trades */
  readonly hitRate: number | null;
};

/** Half-width of a two-sided 95 % interval in standard errors. */
const z95 = 1.959964;

/** @param profits net of all costs, quote asset, in the order in which the trades closed */
export function tradeStatistics(profits: readonly number[]): TradeStatistics {
  const count = profits.length;
  if (count === 0) return { ci95: null, maxDrawdown: 0, sharpe: null, hitRate: null };
  const mean = profits.reduce((sum, profit) => sum + profit, 0) / count;
  const variance = count < 2 ? 0 : profits.reduce((sum, profit) => sum + (profit - mean) ** 2, 0) / (count - 1);
  const deviation = Math.sqrt(variance);
  const half = (z95 * deviation) / Math.sqrt(count);
  return {
    ci95: count < 2 ? null : [mean - half, mean + half],
    maxDrawdown: maxDrawdown(profits),
    sharpe: deviation === 0 ? null : mean / deviation,
    hitRate: profits.filter((profit) => profit > 0).length / count,
  };
}

function maxDrawdown(profits: readonly number[]): number {
  let sum = 0;
  let peak = 0;
  let worst = 0;
  for (const profit of profits) {
    sum += profit;
    peak = Math.max(peak, sum);
    worst = Math.max(worst, peak - sum);
  }
  return worst;
}
