/** What of the account as a whole stands against entries, in words that say how to mend it (requirement ORD-5). */

import type { z } from "zod";
import type { AccountConfig } from "./wire/schemas.ts";

/** Null: nothing. */
export function againstEntries(account: z.infer<typeof AccountConfig>): string | null {
  if (!account.canTrade) return "the account may not trade";
  if (account.dualSidePosition) {
    return "the account is in hedge mode: set position mode to one-way (no open orders or positions)";
  }
  return account.multiAssetsMargin ? "the account is in multi-assets mode: set asset mode to single-asset" : null;
}
