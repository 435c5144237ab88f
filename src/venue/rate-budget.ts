/**
 * How much the exchange still lets us ask: protection first, then cancels, entries and queries.
 *
 * Windows are the exchange's: UTC minutes, and ten seconds for orders. What headers say wins over our own count when it
 * is more, because others may share the address or the account.
 *
 * @see binance-usdm.md §7.3; requirements SAF-1; failure-catalogue F-18
 */

import { meaningOf } from "../domain/error-policy.ts";
import { type Micros, micros, microsPerMinute, microsPerSecond } from "../domain/units.ts";
import type { ReplyHeaders } from "./transport.ts";
import type { Priority, WireRequest } from "./wire/encode.ts";
import type { RateLimit } from "./wire/schemas.ts";

type Window = { limit: number; readonly span: number; index: number; used: number };

/** What something takes from the windows, and who goes before it. */
export type Cost = Pick<WireRequest, "weight" | "orders" | "priority">;

export type Admission = { readonly ok: true } | { readonly ok: false; readonly cause: string; readonly until: Micros };

const admitted: Admission = { ok: true };

/** What the exchange said when it asked for silence; `code` is null when the body named none. */
export type SilenceReply = { readonly status: number; readonly code: number | null; readonly message: string };

/** A ban without an end in its text lasts at least this long. */
const shortestBan = 2 * microsPerMinute;

/** Our idea of the exchange's clock is off by some of the way there, and who comes a moment too early is banned. */
const clockMargin = microsPerSecond / 10;

/** Replies are waited for three seconds as a rule, and their time is told to the second below. */
const underWayMax = 5 * microsPerSecond;

export class RateBudget {
  /** until exchangeInfo has said the limits, these stand (live values of 2026-10) */
  readonly #weight: Window = { limit: 2_400, span: microsPerMinute, index: -1, used: 0 };
  readonly #ordersMinute: Window = { limit: 1_200, span: microsPerMinute, index: -1, used: 0 };
  readonly #ordersTenSeconds: Window = { limit: 300, span: 10 * microsPerSecond, index: -1, used: 0 };
  readonly #reserve: number;
  #silentUntil = micros(0);
  #noOrdersUntil = micros(0);

  /** @param reserve share of each limit that entries and queries may not use; look-ups may use half of it */
  constructor(reserve: number) {
    this.#reserve = reserve;
  }

  /** Takes the request's cost, or says why not. @param time the exchange's clock */
  admit(request: Cost, time: Micros): Admission {
    if (time < this.#silentUntil) return refuse("the exchange asked for silence", this.#silentUntil);
    const { weight, orders } = request;
    if (orders > 0 && time < this.#noOrdersUntil) return refuse("the order pools are used up", this.#noOrdersUntil);
    const share = this.#shareOf(request.priority);
    const full =
      fullOf(this.#weight, weight, share, time) ??
      fullOf(this.#ordersMinute, orders, share, time) ??
      fullOf(this.#ordersTenSeconds, orders, share, time);
    if (full !== null) return refuse("own rate budget is used up", micros((full.index + 1) * full.span));
    this.#weight.used += weight;
    this.#ordersMinute.used += orders;
    this.#ordersTenSeconds.used += orders;
    return admitted;
  }

  /** Takes in what a reply says of the windows, each as far as it has not ended on the way. */
  learn(headers: ReplyHeaders, time: Micros): void {
    const said = timeSaid(headers, time);
    raise(this.#weight, headers.usedWeight, said, time);
    raise(this.#ordersTenSeconds, headers.orders10s, said, time);
    raise(this.#ordersMinute, headers.orders1m, said, time);
  }

  /** Limits of exchangeInfo, or limits and counts of a WebSocket API reply. */
  learnLimits(limits: readonly RateLimit[], time: Micros): void {
    for (const limit of limits) {
      const window = this.#windowOf(limit);
      if (window === null) continue;
      window.limit = limit.limit;
      raise(window, limit.count ?? null, time, time);
    }
  }

  /**
   * 429, 418 or 403: nothing more until the end that the exchange names; without one until the minute ends in which it was
   * said, or for a ban two minutes. Where only the order pools are used up, cancels and reads go on: they take nothing from these.
   *
   * @returns the end
   */
  silence(said: SilenceReply, headers: ReplyHeaders, time: Micros): Micros {
    const named = headers.retryAfterSeconds === null ? 0 : time + headers.retryAfterSeconds * microsPerSecond;
    const saidTime = timeSaid(headers, time);
    if (said.status === 429 && meaningOf(said.code) === "limit-of-orders") {
      const end = ending(named, endOfWindow(orderSpan(said.message), saidTime), time);
      this.#noOrdersUntil = micros(Math.max(this.#noOrdersUntil, end));
      return this.#noOrdersUntil;
    }
    const fallback = said.status === 418 ? time + shortestBan : endOfWindow(microsPerMinute, saidTime);
    const end = ending(Math.max(banEnd(said.message, headers.saidAt, time), named), fallback, time);
    // One that names no end asks for the whole minute, also where an earlier one named a nearer end.
    this.#silentUntil = micros(Math.max(this.#silentUntil, end));
    return this.#silentUntil;
  }

  used(): { readonly weight: number; readonly weightLimit: number } {
    return { weight: this.#weight.used, weightLimit: this.#weight.limit };
  }

  /**
   * Weight is contested by cancels and reads, the order pools by protection and entries: orders weigh nothing, and nothing
   * else takes from the pools.
   */
  #shareOf(priority: Priority): number {
    switch (priority) {
      case "protection":
      case "cancel":
        return 1;
      case "look-up":
        return 1 - this.#reserve / 2;
      case "entry":
      case "query":
        return 1 - this.#reserve;
      default:
        throw new TypeError(`unhandled priority ${priority satisfies never}`);
    }
  }

  #windowOf(limit: RateLimit): Window | null {
    const isMinute = limit.interval === "MINUTE" && limit.intervalNum === 1;
    if (limit.rateLimitType === "REQUEST_WEIGHT") return isMinute ? this.#weight : null;
    if (limit.rateLimitType !== "ORDERS") return null;
    if (isMinute) return this.#ordersMinute;
    return limit.interval === "SECOND" && limit.intervalNum === 10 ? this.#ordersTenSeconds : null;
  }
}

function refuse(cause: string, until: Micros): Admission {
  return { ok: false, cause, until };
}

/** The window, when it has no room for the cost. */
function fullOf(window: Window, cost: number, share: number, time: Micros): Window | null {
  roll(window, time);
  return cost > 0 && window.used + cost > window.limit * share ? window : null;
}

function roll(window: Window, time: Micros): void {
  const index = Math.floor(time / window.span);
  // Any other window, an earlier one too: our idea of the exchange's clock may be set back.
  if (index === window.index) return;
  window.index = index;
  window.used = 0;
}

/** @param said when the count was told: that of a window which has ended since says nothing of this one */
function raise(window: Window, count: number | null, said: Micros, time: Micros): void {
  roll(window, time);
  if (Math.floor(said / window.span) < window.index) return;
  if (count !== null && count > window.used) window.used = count;
}

/**
 * When a reply was said, by our idea of the exchange's clock. Said further from its arrival than a reply takes, it is our
 * idea that is wrong, and the arrival is what remains (failure-catalogue F-18, F-26).
 */
function timeSaid({ saidAt }: ReplyHeaders, time: Micros): Micros {
  return saidAt !== null && Math.abs(time - saidAt) <= underWayMax ? saidAt : time;
}

function ending(named: number, otherwise: number, time: Micros): Micros {
  return micros(named > time ? named : otherwise);
}

function endOfWindow(span: number, time: Micros): number {
  return (Math.floor(time / span) + 1) * span + clockMargin;
}

/** Which pool is used up; unless it is said the shorter one: if it is the other, the next refusal says so again. */
function orderSpan(message: string): number {
  return /per 1 MINUTE/i.test(message) ? microsPerMinute : 10 * microsPerSecond;
}

/**
 * The end that −1003 names as `banned until <ms>`, in microseconds; 0 where it names none. That is by the exchange's clock,
 * which may not have been measured yet, so what is left counts from when it was said (failure-catalogue F-18, F-26).
 */
function banEnd(message: string, saidAt: Micros | null, time: Micros): number {
  const match = /banned until (\d{13})/.exec(message);
  return match?.[1] === undefined ? 0 : Number(match[1]) * 1_000 + time - (saidAt ?? time);
}
