/**
 * What one client may ask for: request weight per UTC minute, orders per account, and the ban of those who ignore a
 * refusal. @see binance-usdm.md §7.3
 */

import type { Endpoint } from "./endpoints.ts";

/** Upper bounds of the pools; the defaults are the exchange's. */
export type LimitSettings = {
  readonly weightPerMinute: number;
  /** false: request weight costs nothing, so that clients can be started again and again */
  readonly countsWeight: boolean;
  readonly ordersPerTenSeconds: number;
  readonly ordersPerMinute: number;
  readonly fundingPerFiveMinutes: number;
  /** refused calls of one minute after which the address is banned */
  readonly refusalsBeforeBan: number;
  readonly banMilliseconds: number;
};

export const exchangeLimits: LimitSettings = {
  weightPerMinute: 2_400,
  countsWeight: true,
  ordersPerTenSeconds: 300,
  ordersPerMinute: 1_200,
  fundingPerFiveMinutes: 500,
  refusalsBeforeBan: 10,
  banMilliseconds: 120_000,
};

/** A refusal as HTTP status and body. */
export type Refusal = { readonly status: number; readonly code: number; readonly msg: string };

/** One row of `rateLimits` in answers of the WebSocket API. */
export type RateLimit = {
  readonly rateLimitType: "REQUEST_WEIGHT" | "ORDERS";
  readonly interval: "MINUTE" | "SECOND";
  readonly intervalNum: number;
  readonly limit: number;
  readonly count: number;
};

const banMillisecondsMax = 3 * 24 * 3_600_000;

/** The counters of the one client address and the one account there are. Times are milliseconds since the epoch. */
export class Limits {
  private readonly settings: LimitSettings;
  private readonly weight = new Window(60_000);
  private readonly ordersTenSeconds = new Window(10_000);
  private readonly ordersMinute = new Window(60_000);
  private readonly funding = new Window(300_000);
  private readonly refused = new Window(60_000);
  private bannedUntil = 0;
  private nextBan: number;

  constructor(settings: LimitSettings = exchangeLimits) {
    this.settings = settings;
    this.nextBan = settings.banMilliseconds;
  }

  /** Charges request weight and says why the call may not go on. Refused calls cost their weight too. */
  chargeWeight(weight: number, now: number): Refusal | null {
    if (now < this.bannedUntil) return this.banned();
    if (!this.settings.countsWeight) return null;
    this.weight.add(weight, now);
    if (this.weight.count(now) <= this.settings.weightPerMinute) return null;
    return this.refuseWeight(now);
  }

  /** Charges the order pools and the funding pool, once the caller is known. */
  chargePools(endpoint: Endpoint, now: number): Refusal | null {
    if (endpoint.fundingPool) {
      this.funding.add(1, now);
      if (this.funding.count(now) > this.settings.fundingPerFiveMinutes) {
        return tooManyRequests(`${this.settings.fundingPerFiveMinutes} funding requests per 5 MINUTE`);
      }
    }
    if (endpoint.orders === null) return null;
    const tenSeconds = this.ordersTenSeconds.count(now) + endpoint.orders.perTenSeconds;
    if (tenSeconds > this.settings.ordersPerTenSeconds) {
      return tooManyOrders(this.settings.ordersPerTenSeconds, "10 SECOND");
    }
    const minute = this.ordersMinute.count(now) + endpoint.orders.perMinute;
    if (minute > this.settings.ordersPerMinute) return tooManyOrders(this.settings.ordersPerMinute, "1 MINUTE");
    this.ordersTenSeconds.add(endpoint.orders.perTenSeconds, now);
    this.ordersMinute.add(endpoint.orders.perMinute, now);
    return null;
  }

  headers(endpoint: Endpoint | null, now: number): Record<string, string> {
    const used = { "x-mbx-used-weight-1m": String(this.weight.count(now)) };
    if (!endpoint?.orders) return used;
    return {
      ...used,
      "x-mbx-order-count-10s": String(this.ordersTenSeconds.count(now)),
      "x-mbx-order-count-1m": String(this.ordersMinute.count(now)),
    };
  }

  /** The order pools of the account, as GET rateLimit/order tells them. */
  orderPools(): readonly Omit<RateLimit, "count">[] {
    const { ordersPerTenSeconds, ordersPerMinute } = this.settings;
    return [
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: ordersPerTenSeconds },
      { rateLimitType: "ORDERS", interval: "MINUTE", intervalNum: 1, limit: ordersPerMinute },
    ];
  }

  rateLimits(endpoint: Endpoint | null, now: number): readonly RateLimit[] {
    const weight: RateLimit = {
      rateLimitType: "REQUEST_WEIGHT",
      interval: "MINUTE",
      intervalNum: 1,
      limit: this.settings.weightPerMinute,
      count: this.weight.count(now),
    };
    if (!endpoint?.orders) return [weight];
    const counts = [this.ordersTenSeconds.count(now), this.ordersMinute.count(now)];
    return [...this.orderPools().map((pool, index) => ({ ...pool, count: counts[index] ?? 0 })), weight];
  }

  private refuseWeight(now: number): Refusal {
    this.refused.add(1, now);
    if (this.refused.count(now) <= this.settings.refusalsBeforeBan) {
      return tooManyRequests(`${this.settings.weightPerMinute} request weight per 1 MINUTE`);
    }
    this.bannedUntil = now + this.nextBan;
    this.nextBan = Math.min(this.nextBan * 2, banMillisecondsMax);
    return this.banned();
  }

  private banned(): Refusal {
    const msg = `Way too many requests; IP(127.0.0.1) banned until ${this.bannedUntil}. Please use the websocket for live updates to avoid bans.`;
    return { status: 418, code: -1003, msg };
  }
}

/** A counter that starts again at each full window of UTC. */
class Window {
  private readonly length: number;
  private start = 0;
  private used = 0;

  constructor(length: number) {
    this.length = length;
  }

  add(amount: number, now: number): void {
    this.used = this.count(now) + amount;
  }

  count(now: number): number {
    const start = Math.floor(now / this.length) * this.length;
    if (start !== this.start) {
      this.start = start;
      this.used = 0;
    }
    return this.used;
  }
}

function tooManyRequests(limit: string): Refusal {
  const msg = `Too many requests; current limit of IP(127.0.0.1) is ${limit}. Please use the websocket for live updates to avoid polling the API.`;
  return { status: 429, code: -1003, msg };
}

function tooManyOrders(limit: number, interval: string): Refusal {
  return { status: 429, code: -1015, msg: `Too many new orders; current limit is ${limit} orders per ${interval}.` };
}
