/** SAFE MODE as plain data: it goes to the store as it is and comes back at the start (requirements SAF-3). */

import type { SafeModeReason } from "./reason.ts";
import type { Micros } from "./units.ts";

export type SafeModeCause = {
  readonly reason: SafeModeReason;
  /** of the first time */
  readonly detail: string;
  /** when it was last seen */
  readonly seenAt: Micros;
  /** something has proven that it is gone; it may still take an operator or a clean reconciliation to leave */
  readonly isGone: boolean;
};

export type SafeModeState =
  | { readonly version: 1; readonly mode: "normal" /** how often it was entered */; readonly episode: number }
  | {
      readonly version: 1;
      readonly mode: "safe";
      /** counts from 1 */
      readonly episode: number;
      readonly since: Micros;
      /** in the order in which they came, each reason once; never empty */
      readonly causes: readonly [SafeModeCause, ...SafeModeCause[]];
    };

export const normalMode: SafeModeState = { version: 1, mode: "normal", episode: 0 };
