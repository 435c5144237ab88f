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

/** What an exchange does now and then when a stop is due: it fails instead of making an order. One stop, once. */
export type TriggerFault = {
  readonly clientAlgoId: string;
  readonly status: "REJECTED" | "EXPIRED";
  /** `rm` of ALGO_UPDATE, in the exchange's words */
  readonly reason: string;
};
