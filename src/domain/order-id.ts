/**
 * Client order ids: `<prefix>-<trade>-<role><attempt>-<check>`. Whatever is found on the exchange can be put back in its
 * place from its id alone, and the check characters keep somebody else's id from being taken for ours.
 */

import { assert } from "./assert.ts";
import { type Role, roles } from "./order.ts";

/** Identity of a trade: eight base-36 characters derived from the decision's or intent's id. */
export type TradeId = string & { readonly __trade: never };

export type OrderIdParts = {
  readonly prefix: string;
  readonly trade: TradeId;
  readonly role: Role;
  /** 1 for the first order of its role in the trade */
  readonly attempt: number;
};

/** `newClientOrderId` and `clientAlgoId` take at most this many characters. @see binance-usdm.md §3.1 */
const longest = 36;
const prefixShape = /^[A-Za-z0-9]{1,8}$/;
const idShape = /^([A-Za-z0-9]{1,8})-([0-9a-z]{8})-(e|f|r|t1|t2|x)(?:_)?([1-9][0-9]{0,5})-([0-9a-z]{2})$/;

/** The same source id gives the same trade id after any crash, so a repeated intent meets its own orders. */
export function tradeIdFrom(sourceId: string): TradeId {
  const high = fnv1a(sourceId, 0x811c9dc5);
  const low = fnv1a(sourceId, 0x01000193 ^ high);
  // 2⁴¹ values in eight base-36 characters (36⁸ ≈ 2^41.4): two of 10⁵ daily trades collide once in some 400 days,
  // and the order manager asserts that a live trade's id is not taken twice.
  const value = (BigInt(high) << 32n) | BigInt(low);
  return (value % 36n ** 8n).toString(36).padStart(8, "0") as TradeId;
}

/** @throws {InvariantError} the parts do not fit the scheme */
export function orderId(parts: OrderIdParts): string {
  assert(isPrefix(parts.prefix), `not an order id prefix: ${parts.prefix}`);
  assert(Number.isSafeInteger(parts.attempt) && parts.attempt >= 1, `not an attempt: ${parts.attempt}`);
  const body = `${parts.prefix}-${parts.trade}-${roleText(parts.role)}${parts.attempt}`;
  const id = `${body}-${check(body)}`;
  assert(id.length <= longest, `order id longer than ${longest}: ${id}`);
  return id;
}

/** The parts of one of our ids, or null when it is not ours (other prefix, other shape, wrong check). */
export function parseOrderId(id: string, prefix: string): OrderIdParts | null {
  const match = idShape.exec(id);
  if (match === null) return null;
  const [, ownPrefix, trade, role, attempt, checked] = match;
  if (ownPrefix !== prefix || trade === undefined || attempt === undefined) return null;
  if (check(id.slice(0, id.lastIndexOf("-"))) !== checked) return null;
  const known = roles.find((candidate) => candidate === role);
  if (known === undefined) return null;
  return { prefix, trade: trade as TradeId, role: known, attempt: Number(attempt) };
}

export function isPrefix(text: string): boolean {
  return prefixShape.test(text);
}

/** `t1` and `t2` end in a digit: a separator keeps attempt 1 of `t1` apart from attempt 11 of a role `t`. */
function roleText(role: Role): string {
  return role === "t1" || role === "t2" ? `${role}_` : role;
}

function check(body: string): string {
  return (fnv1a(body, 0x811c9dc5) % 1296).toString(36).padStart(2, "0");
}

function fnv1a(text: string, seed: number): number {
  let hash = seed >>> 0;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return hash;
}
