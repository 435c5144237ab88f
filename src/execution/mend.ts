/**
 * An entry that the exchange refused for one of its filters, changed to the next value that it may take, towards less
 * risk (requirements ORD-6). @see binance-usdm.md §8
 */

import { type FilterFault, meaningOf } from "../domain/error-policy.ts";
import type { Instrument } from "../domain/instrument.ts";
import { type Side, sign } from "../domain/order.ts";
import { type Lots, lots, type Ticks, ticks } from "../domain/units.ts";

/** What is wrong with price or quantity; null: the refusal is about something else. */
export function filterFaultOf(code: number): FilterFault | null {
  const meaning = meaningOf(code);
  switch (meaning) {
    case "grid":
    case "price-grid":
    case "quantity-grid":
    case "too-large":
    case "price-too-high":
    case "price-too-low":
    case "too-small":
      return meaning;
    default:
      return null;
  }
}

export type Mendable = { readonly side: Side; readonly quantity: Lots; readonly price: Ticks | null };

/** A grid that our filters do not know of is most likely the next decade. */
const coarser = 10;

/**
 * Less quantity, or a price that is farther from the other side. Null: the next valid value would be more risk, or there
 * is none.
 *
 * @param anew where the policy would place the order now; null: nowhere
 */
export function mended(order: Mendable, code: number, instrument: Instrument, anew: Ticks | null): Mendable | null {
  const fault = filterFaultOf(code);
  switch (fault) {
    case "grid":
      return changed(order, { quantity: roundedDown(order.quantity), price: passive(order) });
    case "price-grid":
      return changed(order, { price: passive(order) });
    case "quantity-grid":
      return changed(order, { quantity: onMarketStep(order, instrument) });
    case "too-large":
      return changed(order, { quantity: halved(order, instrument) });
    case "price-too-high":
    case "price-too-low":
      // A bound in the way of less risk is followed by the touch of now, which lies within it.
      return anew === null || order.price === null ? null : changed(order, { price: anew });
    case "too-small":
    case null:
      return null;
    default:
      throw new TypeError(`unhandled fault ${fault satisfies never}`);
  }
}

function changed(order: Mendable, to: { readonly quantity?: number; readonly price?: number | null }): Mendable | null {
  const quantity = to.quantity ?? order.quantity;
  const price = to.price === undefined ? order.price : to.price;
  const isSame = quantity === order.quantity && price === order.price;
  if (isSame || quantity < 1 || (price !== null && price < 1)) return null;
  return { side: order.side, quantity: lots(quantity), price: price === null ? null : ticks(price) };
}

function passive({ side, price }: Mendable): number | null {
  if (price === null) return null;
  return Math.floor((price * sign(side)) / coarser) * coarser * sign(side);
}

function roundedDown(quantity: number): number {
  return quantity < coarser ? quantity : Math.floor(quantity / coarser) * coarser;
}

/** Market orders have a step of their own; where it is kept already, the grid must be coarser than we know. */
function onMarketStep({ quantity, price }: Mendable, { marketStepLots }: Instrument): number {
  const stepped = price === null ? Math.floor(quantity / marketStepLots) * marketStepLots : quantity;
  return stepped < quantity ? stepped : Math.floor(quantity / coarser) * coarser;
}

function halved({ quantity, price }: Mendable, { maxLots, marketMaxLots, marketStepLots }: Instrument): number {
  const most = Math.min(Math.floor(quantity / 2), price === null ? marketMaxLots : maxLots);
  return price === null ? Math.floor(most / marketStepLots) * marketStepLots : most;
}
