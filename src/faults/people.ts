/**
 * Others on the account: its owner at the exchange's own page, and a second program with orders of its own. They close,
 * reduce, add, turn around, open, rest orders, cancel a stop of ours, place their own, change the leverage.
 */

import type { Judge } from "./judge/judge.ts";
import type { HumanAct } from "./plan/fault.ts";
import type { World } from "./world.ts";

/** How far away their own stop and their own resting order are. */
const stopShare = 0.02;
const orderShare = 0.01;
/** What they open of their own, quote asset. */
const ownWorth = 500;

/** @returns whether there was anything to do it to, and the exchange took it */
export function actByHand(world: World, judge: Judge, act: HumanAct, symbol: number): boolean {
  const { truth, grids } = judge.scene;
  const grid = grids[symbol];
  if (grid === undefined) return false;
  const position = truth.position(symbol);
  const side = Math.sign(position);
  const size = Math.abs(position);
  const bid = world.market.bid(symbol);
  const ownLots = Math.ceil(ownWorth / (bid * grid.tick * grid.step));
  const quantity = (lots: number): string => (lots * grid.step).toFixed(3);
  const price = (share: number): string => (Math.round(bid * (1 + share)) * grid.tick).toFixed(2);
  const closing = position > 0 ? "SELL" : "BUY";
  const order = (params: Readonly<Record<string, string>>): boolean =>
    world.byHand("POST", "/fapi/v1/order", { symbol: grid.symbol, newClientOrderId: `web_${world.now}`, ...params });
  const market = (towards: string, lots: number, more: Readonly<Record<string, string>> = {}): boolean =>
    order({ side: towards, type: "MARKET", quantity: quantity(lots), ...more });
  const stop = (extent: Readonly<Record<string, string>>): boolean =>
    position !== 0 &&
    world.byHand("POST", "/fapi/v1/algoOrder", {
      algoType: "CONDITIONAL",
      symbol: grid.symbol,
      side: closing,
      type: "STOP_MARKET",
      triggerPrice: price(-side * stopShare),
      clientAlgoId: `web_${world.now}`,
      ...extent,
    });
  // Marked before: the exchange tells at once.
  judge.touched(symbol);
  switch (act) {
    case "close":
      return position !== 0 && market(closing, size, { reduceOnly: "true" });
    case "reduce":
      return size > 1 && market(closing, Math.floor(size / 2), { reduceOnly: "true" });
    case "add":
      return position !== 0 && market(position > 0 ? "BUY" : "SELL", size);
    case "flip":
      return position !== 0 && market(closing, 2 * size);
    case "open":
      return position === 0 && market("BUY", ownLots);
    case "order": {
      const terms = { type: "LIMIT", timeInForce: "GTC", price: price(-orderShare), quantity: quantity(ownLots) };
      return order({ ...terms, side: "BUY", newClientOrderId: `ax7-${world.now}` });
    }
    case "cancel-stop": {
      const first = truth.stopsOf(symbol)[0];
      return first !== undefined && world.byHand("DELETE", "/fapi/v1/algoOrder", { clientAlgoId: first.id });
    }
    case "own-stop":
      return stop({ quantity: quantity(size), reduceOnly: "true" });
    case "close-stop":
      return stop({ closePosition: "true", clientAlgoId: `ax7-${world.now}` });
    case "leverage":
      return world.byHand("POST", "/fapi/v1/leverage", { symbol: grid.symbol, leverage: "20" });
    default:
      throw new TypeError(`unhandled act ${act satisfies never}`);
  }
}
