/**
 * Client order ids: `<prefix>-<trade>-<role><attempt>-<check>`. Whatever is found on the exchange can be put back in its
 * place from its id alone, and the check characters keep somebody else's id from being taken for ours.
 */

import { InvariantError, present } from "./assert.ts";
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
const tradeIds = 36 ** 8;
/** All pairs of base-36 characters, in order. */
const pairs: readonly string[] = Array.from({ length: 36 ** 2 }, (_, pair) => pair.toString(36).padStart(2, "0"));
const prefixMost = 8;
const tradeLength = 8;
const attemptMost = 999_999;
/** As {@link orderId} spells it, so that there is exactly one spelling of an id that counts as ours. */
const idShape = /^([A-Za-z0-9]{1,8})-([0-9a-z]{8})-((?:(e|f|r|x)|(t1|t2)_)([1-9][0-9]{0,5}))-([0-9a-z]{2})$/;

/** The same source id gives the same trade id after any crash, so a repeated intent meets its own orders. */
export function tradeIdFrom(sourceId: string): TradeId {
  const high = fnv1a(sourceId, 0x811c9dc5);
  const low = fnv1a(sourceId, 0x01000193 ^ high);
  // 2⁴¹ values in eight base-36 characters (36⁸ ≈ 2^41.4): two of 10⁵ daily trades collide once in some 560 days,
  // and the order manager asserts that a live trade's id is not taken twice.
  let value = high;
  // The remainder of the 64 bits, a byte at a time, so that no step leaves the whole numbers that a double holds.
  for (let shift = 24; shift >= 0; shift -= 8) {
    value = value * 256 + ((low >>> shift) & 0xff);
    value -= Math.floor(value / tradeIds) * tradeIds;
  }
  const upper = Math.floor(value / 36 ** 4);
  return (base36(upper) + base36(value - upper * 36 ** 4)) as TradeId;
}

/**
 * The trade in whose name the stop path of a symbol is proven. There is no such trade, so what is left of a proof is
 * never taken for the protection of a position. @see failure-catalogue F-12
 */
export function stopPathTrade(symbol: string): TradeId {
  return tradeIdFrom(`stop path of ${symbol}`);
}

/** @throws {InvariantError} the parts do not fit the scheme */
export function orderId({ prefix, trade, role, attempt }: OrderIdParts): string {
  // Spelled out, because the text of an assertion is made even when it holds, and every order passes here.
  if (!isPrefix(prefix)) throw new InvariantError(`not an order id prefix: ${prefix}`);
  if (!isTradeId(trade)) throw new InvariantError(`not a trade id: ${trade}`);
  if (!Number.isSafeInteger(attempt) || attempt < 1 || attempt > attemptMost) {
    throw new InvariantError(`not an attempt from 1 to ${attemptMost}: ${attempt}`);
  }
  const work = `${roleText(role)}${attempt}`;
  const id = `${prefix}-${trade}-${work}-${checkOf(prefix, trade, work)}`;
  if (id.length > longest) throw new InvariantError(`order id longer than ${longest}: ${id}`);
  return id;
}

/** The parts of one of our ids, or null when it is not ours (other prefix, other shape, wrong check). */
export function parseOrderId(id: string, prefix: string): OrderIdParts | null {
  const match = idShape.exec(id);
  if (match === null) return null;
  const [, ownPrefix, trade = "", work = "", plain, split, attempt, check] = match;
  if (ownPrefix !== prefix || checkOf(prefix, trade, work) !== check) return null;
  const role = roles.find((candidate) => candidate === (plain ?? split));
  return role === undefined ? null : { prefix, trade: trade as TradeId, role, attempt: Number(attempt) };
}

function isTradeId(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (!isBase36(text.charCodeAt(at))) return false;
  return text.length === tradeLength;
}

/** A digit or a small letter. */
function isBase36(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 97 && code <= 122);
}

/** One to eight letters and digits. By hand, as the trade's: an order waits for it. */
export function isPrefix(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isBase36(code) && !(code >= 65 && code <= 90)) return false;
  }
  return text.length > 0 && text.length <= prefixMost;
}

/** `t1` and `t2` end in a digit: a separator keeps attempt 1 of `t1` apart from attempt 11 of a role `t`. */
function roleText(role: Role): string {
  return role === "t1" || role === "t2" ? `${role}_` : role;
}

/**
 * A polynomial modulo the largest prime that fits two base-36 characters: unlike a hash it notices every change of one
 * character and every swap of neighbours, and takes somebody else's id for ours once in 1,291. Part by part, because a
 * text that was just joined is copied before its characters can be read, and an order waits for it.
 */
function checkOf(prefix: string, trade: string, work: string): string {
  const sum = checked(checked(checked(checked(checked(0, prefix), "-"), trade), "-"), work);
  return present(pairs[sum], "check characters");
}

function checked(sum: number, text: string): number {
  let next = sum;
  for (let at = 0; at < text.length; at += 1) next = (next * 37 + text.charCodeAt(at)) % 1_291;
  return next;
}

/** Four base-36 characters. */
function base36(value: number): string {
  const upper = Math.floor(value / 36 ** 2);
  return `${pairs[upper]}${pairs[value - upper * 36 ** 2]}`;
}

function fnv1a(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
