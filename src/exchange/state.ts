/** What the parts of the exchange share: account, orders, algos, desks, ids, the time and the events not yet taken. */

import { present } from "../domain/assert.ts";
import { Account } from "./account.ts";
import { type AlgoOrder, AlgoTable } from "./algo.ts";
import { Desk } from "./desk.ts";
import { OrderTable } from "./orders.ts";
import type { ExchangeOptions, FeeAsset, TriggerFault, UserEvent } from "./protocol.ts";
import { e8FromText } from "./text.ts";

// Ids are above 2⁵³, as on the live exchange, so that a client that rounds them is found out.
const orderIdBase = 8_389_765_000_000_000_000n;
const tradeIdBase = 8_120_000_000_000_000_000n;
const algoIdBase = 3_000_000_000_000_000n;
const incomeIdBase = 9_600_000_000_000_000n;
const idsPerSeed = 10_000_000_000n;

/** Binance's usual one, for symbols whose next funding the feed has not named: full 8 hours UTC. */
export const fundingInterval = 8 * 3_600_000_000;

/** More events than this are never kept: whoever runs an exchange takes them. */
export const eventsMax = 100_000;

export type Fees = { readonly makerE8: bigint; readonly takerE8: bigint };

/** A stop in triggering, and when there will be an order, microseconds. */
export type DelayedTrigger = { readonly algo: AlgoOrder; readonly due: number };

export class ExchangeState {
  readonly desks: readonly Desk[];
  readonly account: Account;
  readonly orders = new OrderTable();
  readonly algos = new AlgoTable();
  readonly fees: Fees;
  readonly instance: string;
  readonly #bySymbol: ReadonlyMap<string, Desk>;
  /** microseconds since the epoch; never goes back */
  now = 0;
  #nextFunding = Number.POSITIVE_INFINITY;
  ids: { order: bigint; trade: bigint; algo: bigint };
  events: UserEvent[] = [];
  /** when the first countdown of all symbols ends, microseconds; infinite while none is armed */
  nextCountdown = Number.POSITIVE_INFINITY;
  /** stops that fail when they are due, by client id */
  readonly triggerFaults = new Map<string, TriggerFault>();
  #delayed: readonly DelayedTrigger[] = [];
  #nextDelayed = Number.POSITIVE_INFINITY;
  feeAsset: FeeAsset = "USDT";
  /** hedge mode: an order without a position side is refused */
  isHedged = false;

  constructor(options: ExchangeOptions) {
    const offset = BigInt(options.seed) * idsPerSeed;
    this.desks = options.symbols.map((spec, index) => new Desk(spec, index));
    this.#bySymbol = new Map(this.desks.map((desk) => [desk.symbol, desk]));
    this.account = new Account(moneyOption("walletUsdt", options.walletUsdt), this.desks.length, incomeIdBase);
    this.fees = {
      makerE8: moneyOption("makerFee", options.makerFee),
      takerE8: moneyOption("takerFee", options.takerFee),
    };
    this.instance = options.instance ?? `paper-${options.seed}`;
    this.ids = { order: orderIdBase + (offset % 800_000_000_000_000_000n), trade: tradeIdBase, algo: algoIdBase };
  }

  desk(index: number): Desk {
    return present(this.desks[index], "symbol index");
  }

  deskOf(symbol: string): Desk | null {
    return this.#bySymbol.get(symbol) ?? null;
  }

  get nowMs(): number {
    return millis(this.now);
  }

  /** The next funding of any symbol, microseconds. Infinity before the exchange knows the time. */
  get nextFunding(): number {
    return this.#nextFunding;
  }

  /** The next funding of a symbol is another one. */
  refreshFunding(): void {
    this.#nextFunding = Math.min(...this.desks.map((desk) => desk.nextFunding));
  }

  get delayed(): readonly DelayedTrigger[] {
    return this.#delayed;
  }

  set delayed(delayed: readonly DelayedTrigger[]) {
    this.#delayed = delayed;
    this.#nextDelayed = delayed.reduce((next, { due }) => Math.min(next, due), Number.POSITIVE_INFINITY);
  }

  /** When a countdown ends, funding is due or a delayed trigger fires, microseconds. Asked after each market event. */
  get nextDeadline(): number {
    return Math.min(this.#nextFunding, this.nextCountdown, this.#nextDelayed);
  }

  observe(time: number): void {
    if (time > this.now) this.now = time;
    if (this.#nextFunding === Number.POSITIVE_INFINITY) this.#beginFunding(time);
  }

  emit(event: UserEvent): void {
    this.events.push(event);
    if (this.events.length > eventsMax) this.events.splice(0, this.events.length - eventsMax);
  }

  takeEvents(): readonly UserEvent[] {
    const events = this.events;
    this.events = [];
    return events;
  }

  nextOrderId(): bigint {
    this.ids.order += 1n;
    return this.ids.order;
  }

  nextTradeId(): bigint {
    this.ids.trade += 1n;
    return this.ids.trade;
  }

  nextAlgoId(): bigint {
    this.ids.algo += 1n;
    return this.ids.algo;
  }

  refreshTriggers(desk: Desk): void {
    desk.triggers.refresh(this.algos.openOf(desk.index), desk.instrument.tickE8);
  }

  #beginFunding(time: number): void {
    for (const desk of this.desks) desk.nextFunding = (Math.floor(time / fundingInterval) + 1) * fundingInterval;
    this.refreshFunding();
  }
}

/** Microseconds to the milliseconds of the wire. */
export function millis(time: number): number {
  return Math.floor(time / 1_000);
}

function moneyOption(name: string, text: string): bigint {
  const value = e8FromText(text);
  if (value === null)
    throw new RangeError(`exchange option ${name} is ${text}, not decimal text with at most 8 decimals`);
  return value;
}
