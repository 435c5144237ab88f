/** How one pass over a tape differs from the recording. */

/**
 * A recorded number becomes the played one by: price × `sign` + `ticks`, mark × `sign` + `markE8`, the others by
 * addition. With `sign` −1 the market is seen in a mirror: bids are asks, buyers are sellers.
 */
export type Passage = {
  readonly sign: 1 | -1;
  readonly ticks: number;
  readonly markE8: number;
  readonly updateId: number;
  readonly tradeId: number;
  /** microseconds, before re-timing */
  readonly time: number;
};

export const asRecorded: Passage = { sign: 1, ticks: 0, markE8: 0, updateId: 0, tradeId: 0, time: 0 };
