/** Equity as limits and sizes are measured on: the exchange's wallet, with open profit where so configured. */

import type { Account } from "../account/account.ts";
import type { Settings } from "../config/schema.ts";
import { quoteFromTickLots } from "../domain/instrument.ts";
import type { SymbolDesk } from "./symbol-desk.ts";

/**
 * Quote asset. Open profit is what the exchange's own position is worth at the mark price; its fees and funding are in the
 * wallet. Allocates nothing.
 *
 * @returns null when the wallet, or the mark price or entry of an open position, is not known
 */
export function equityOf(
  account: Account,
  desks: readonly SymbolDesk[],
  basis: Settings["risk"]["session"]["equity"],
): number | null {
  const wallet = account.equity;
  if (wallet === null || basis === "realised") return wallet;
  const open = openProfitOf(account, desks);
  return open === null ? null : wallet + open;
}

/** Quote asset, at the mark price. Null when the mark price or the entry of an open position is not known. */
export function openProfitOf(account: Account, desks: readonly SymbolDesk[]): number | null {
  let open = 0;
  for (let index = 0; index < desks.length; index += 1) {
    const desk = desks[index];
    if (desk === undefined) continue;
    const { instrument, market } = desk;
    const profit = account.openTickLots(instrument.index, market.mark / instrument.tickE8);
    open += quoteFromTickLots(instrument, profit);
  }
  return Number.isNaN(open) ? null : open;
}
