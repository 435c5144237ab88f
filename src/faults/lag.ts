/**
 * Reads that lag behind the matching engine, each by a time of its own, so that they are not monotone between each other:
 * an order that was placed a moment ago does not exist yet, a position that was closed is still there (F-19, F-31).
 */

import { type Micros, micros, priceE8 } from "../domain/units.ts";
import { Exchange, type ExchangeOptions } from "../exchange/exchange.ts";
import { jsonText } from "../exchange/wire/json.ts";
import type { Random } from "../tape/random.ts";
import type { Call } from "./call.ts";
import type { SimulatedMarket } from "./market.ts";

export type LagOptions = {
  readonly exchange: Exchange;
  readonly options: ExchangeOptions;
  readonly market: SimulatedMarket;
  readonly random: Random;
};

const lagging: ReadonlySet<string> = new Set([
  "/fapi/v1/order",
  "/fapi/v1/openOrders",
  "/fapi/v1/allOrders",
  "/fapi/v1/userTrades",
  "/fapi/v1/algoOrder",
  "/fapi/v1/openAlgoOrders",
  "/fapi/v3/positionRisk",
  "/fapi/v3/balance",
]);
/** Older states than the longest lag are needed by nobody. */
const statesMax = 200;

export class LaggingReads {
  until = 0;
  /** longest lag, microseconds */
  most = 0;
  readonly #options: LagOptions;
  #states: { readonly at: number; readonly saved: unknown }[] = [];

  constructor(options: LagOptions) {
    this.#options = options;
  }

  /** The account is not any more what it was. */
  onChange(now: number): void {
    if (this.until <= now) {
      this.#states = [];
      return;
    }
    // Events of one moment come when all of it has happened.
    if (this.#states.at(-1)?.at === now) return;
    this.#states.push({ at: now, saved: this.#options.exchange.serialize() });
    if (this.#states.length > statesMax) this.#states.shift();
  }

  /** Null: as it is now. */
  answer(call: Call, now: Micros): { readonly status: number; readonly text: string } | null {
    if (call.method !== "GET" || this.until <= now || !lagging.has(call.path)) return null;
    const then = now - this.#options.random.uniform() * this.most;
    const known = this.#states.findLast(({ at }) => at <= then);
    if (known === undefined || known === this.#states.at(-1)) return null;
    const params = Object.fromEntries([...call.params].filter(([name]) => !isOfTheWire(name)));
    const reply = this.#exchangeOf(known.saved).request({ method: "GET", path: call.path, params }, micros(known.at));
    return { status: reply.status, text: jsonText(reply.body) };
  }

  #exchangeOf(saved: unknown): Exchange {
    const { options, exchange, market } = this.#options;
    const then = Exchange.restore(options, saved);
    for (const { index, tickE8 } of exchange.instruments) {
      const mark = priceE8(market.bid(index) * tickE8);
      then.onMark(index, mark, 0, micros(0), micros(0), micros(0));
    }
    return then;
  }
}

function isOfTheWire(name: string): boolean {
  return name === "timestamp" || name === "signature" || name === "apiKey" || name === "recvWindow";
}
