/**
 * Exact books of one position: cash flow and lots are whole numbers, so gross profit is exact the moment the position is
 * flat, and no average is ever rounded (requirements ORD-2, failure-catalogue I-08).
 */

import { type Side, sign } from "../domain/order.ts";
import { type Lots, lots, type SignedLots, signedLots, type TickLots, type Ticks, tickLots } from "../domain/units.ts";

export type Ledger = {
  readonly position: SignedLots;
  /** received minus paid, ticks × lots; the gross profit when the position is flat */
  readonly cash: TickLots;
  readonly boughtLots: Lots;
  readonly boughtValue: TickLots;
  readonly soldLots: Lots;
  readonly soldValue: TickLots;
};

export const emptyLedger: Ledger = {
  position: signedLots(0),
  cash: tickLots(0),
  boughtLots: lots(0),
  boughtValue: tickLots(0),
  soldLots: lots(0),
  soldValue: tickLots(0),
};

/** The books after one execution. */
export function withFill(ledger: Ledger, side: Side, price: Ticks, quantity: Lots): Ledger {
  return withLots(ledger, side, quantity, price * quantity);
}

/** The books after lots of which only their whole value is known, ticks × lots. */
export function withLots(ledger: Ledger, side: Side, quantity: Lots, value: number): Ledger {
  const position = signedLots(ledger.position + sign(side) * quantity);
  const cash = tickLots(ledger.cash - sign(side) * value);
  return side === "buy"
    ? {
        ...ledger,
        position,
        cash,
        boughtLots: lots(ledger.boughtLots + quantity),
        boughtValue: tickLots(ledger.boughtValue + value),
      }
    : {
        ...ledger,
        position,
        cash,
        soldLots: lots(ledger.soldLots + quantity),
        soldValue: tickLots(ledger.soldValue + value),
      };
}

/** Profit if the position were closed at `price`, ticks × lots, fees apart. */
export function profitAt(ledger: Ledger, price: number): number {
  return ledger.cash + ledger.position * price;
}

/** Average price of what a side traded, in fractional ticks; null when it traded nothing. For display. */
export function averagePrice(ledger: Ledger, side: Side): number | null {
  const quantity = side === "buy" ? ledger.boughtLots : ledger.soldLots;
  if (quantity === 0) return null;
  return (side === "buy" ? ledger.boughtValue : ledger.soldValue) / quantity;
}
