/** What the exchange books without a trade, as plain data that goes to the store as it is. */

import type { Micros } from "./units.ts";

export type Booking = {
  /** of the exchange's ledger; null: not seen there yet */
  readonly id: string | null;
  /** the private stream has told it */
  readonly isTold: boolean;
  /** 10⁻⁸ of the quote asset, as text */
  readonly amount: string;
  /** exchange time */
  readonly time: Micros;
};
