/** The owner of the account, at the exchange's own page: closes, reduces, adds, cancels a stop, places one of their own. */

import type { Judge } from "./judge/judge.ts";
import type { HumanAct } from "./plan/fault.ts";
import type { World } from "./world.ts";

/** How far away the owner's own stop is. */
const stopShare = 0.02;

/** @returns whether there was anything to do it to, and the exchange took it */
export function actByHand(world: World, judge: Judge, act: HumanAct, symbol: number): boolean {
  const { truth, grids } = judge.scene;
  const grid = grids[symbol];
  if (grid === undefined) return false;
  const position = truth.position(symbol);
  const quantity = (lots: number): string => (lots * grid.step).toFixed(3);
  const closing = position > 0 ? "SELL" : "BUY";
  const name = { symbol: grid.symbol, newClientOrderId: `web_${world.now}` };
  const market = (side: string, lots: number, reduceOnly: boolean): boolean =>
    world.byHand("POST", "/fapi/v1/order", {
      ...name,
      side,
      type: "MARKET",
      quantity: quantity(lots),
      ...(reduceOnly ? { reduceOnly: "true" } : {}),
    });
  // Marked before: the exchange tells at once.
  judge.touched(symbol);
  switch (act) {
    case "close":
      return position !== 0 && market(closing, Math.abs(position), true);
    case "reduce":
      return Math.abs(position) > 1 && market(closing, Math.floor(Math.abs(position) / 2), true);
    case "add":
      return position !== 0 && market(position > 0 ? "BUY" : "SELL", Math.abs(position), false);
    case "cancel-stop": {
      const stop = truth.stopsOf(symbol)[0];
      return stop !== undefined && world.byHand("DELETE", "/fapi/v1/algoOrder", { clientAlgoId: stop.id });
    }
    case "own-stop": {
      if (position === 0) return false;
      const level = Math.round(world.market.bid(symbol) * (1 - Math.sign(position) * stopShare));
      return world.byHand("POST", "/fapi/v1/algoOrder", {
        algoType: "CONDITIONAL",
        symbol: grid.symbol,
        side: closing,
        type: "STOP_MARKET",
        triggerPrice: (level * grid.tick).toFixed(2),
        quantity: quantity(Math.abs(position)),
        reduceOnly: "true",
        clientAlgoId: `web_${world.now}`,
      });
    }
    case "leverage":
      return world.byHand("POST", "/fapi/v1/leverage", { symbol: grid.symbol, leverage: "20" });
    default:
      throw new TypeError(`unhandled act ${act satisfies never}`);
  }
}
