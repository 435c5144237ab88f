/** The vocabulary of the embedded exchange: what is asked of it, what it answers, what it tells of its own accord. */

import type { SymbolSpec } from "./symbols.ts";

/** An authenticated request; values are decimal text exactly as on the wire, `path` is like "/fapi/v1/order". */
export type ExchangeRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
};

/** `body` holds JSON values; ids are bigint, because they are above 2⁵³. */
export type ExchangeReply = { readonly status: number; readonly body: unknown };

/** An event of the user data stream in its wire shape, ids as bigint. @see binance-usdm.md §6 */
export type UserEvent = { readonly e: string; readonly [key: string]: unknown };

export type ExchangeOptions = {
  readonly symbols: readonly SymbolSpec[];
  /** starting wallet, USDT, decimal text */
  readonly walletUsdt: string;
  /** fractions as decimal text, like "0.0002" */
  readonly makerFee: string;
  readonly takerFee: string;
  /** order and trade ids derive from it */
  readonly seed: number;
  /** tells one exchange from another; shown as `accountAlias` of the balance rows */
  readonly instance?: string;
};

/** What an exchange does now and then when a stop is due. One stop, once. */
export type TriggerFault = { readonly clientAlgoId: string } & (
  | {
      /** it fails instead of making an order */
      readonly status: "REJECTED" | "EXPIRED";
      /** `rm` of ALGO_UPDATE, in the exchange's words */
      readonly reason: string;
    }
  /** it stays in triggering for so many microseconds before there is an order */
  | { readonly delay: number }
);

/** What an exchange changes of a symbol's rules while it runs; what is left out is as listed. */
export type RulesChange = {
  /** CLOSE takes no order at all, any other but TRADING only what reduces */
  readonly status?: string;
  /** decimal text: multiples of what was listed; quote asset; base asset; a fraction of the mark price */
  readonly tickSize?: string;
  readonly stepSize?: string;
  readonly minNotional?: string;
  readonly marketMaxQuantity?: string;
  readonly marketTakeBound?: string;
  readonly maxLeverage?: number;
};

/** Who closes a position without its owner: for want of margin, or to cover somebody else's. @see binance-usdm.md §6.3 */
export type ForcedClose = "liquidation" | "auto-deleveraging";

export type FeeAsset = "USDT" | "BNB";
