/**
 * Whether the exchange's ledger explains what a wallet came to. Either of the two may be told later than the other, so an
 * answer is believed when it adds up (failure-catalogue F-07).
 */

import type { IncomeRow } from "../domain/event.ts";
import { addMoney, type Money, noMoney, subtractMoney } from "../domain/units.ts";

/**
 * Whether an unbroken run of rows comes to exactly that. Where it begins and ends is not asked: the times of ledger and
 * account are seconds apart.
 *
 * @param rows oldest first
 * @param untold the transfers among them that are to be in it; it has no other transfers, as they are in the wallet already
 */
export function explains(rows: readonly IncomeRow[], change: Money, untold: ReadonlySet<IncomeRow>): boolean {
  const counted = rows.filter((row) => row.kind !== "transfer" || untold.has(row));
  const first = counted.findIndex((row) => untold.has(row));
  const last = counted.findLastIndex((row) => untold.has(row));
  const begins = new Set<Money>();
  let sum = noMoney;
  for (let index = 0; index <= counted.length; index += 1) {
    if (first === -1 || index <= first) begins.add(sum);
    if (index > last && begins.has(subtractMoney(sum, change))) return true;
    sum = addMoney(sum, counted[index]?.amount ?? noMoney);
  }
  return false;
}
