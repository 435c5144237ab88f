/**
 * One simulated world: the exchange with its service, a hostile network, a machine with its disk and clock, and the
 * daemon on it. One virtual clock, one queue; the same plan gives the same run to the last bit.
 */

import { createHash, type Hash } from "node:crypto";
import type { Settings } from "../config/schema.ts";
import type { Alert } from "../domain/alert.ts";
import { present } from "../domain/assert.ts";
import type { Control } from "../domain/event.ts";
import type { Row } from "../domain/output.ts";
import {
  type Micros,
  micros,
  microsPerMillisecond,
  microsPerMinute,
  microsPerSecond,
  symbolIndex,
} from "../domain/units.ts";
import { Exchange, type UserEvent } from "../exchange/exchange.ts";
import type { SymbolSpec } from "../exchange/symbols.ts";
import { hmacKey } from "../exchange/wire/security.ts";
import { WireService } from "../exchange/wire/service.ts";
import { conceal } from "../ops/concealed.ts";
import type { Fields } from "../ops/log.ts";
import type { Tape } from "../tape/format.ts";
import { signerFrom } from "../venue/live/signer.ts";
import type { Call } from "./call.ts";
import { Disk } from "./disk.ts";
import { LaggingReads } from "./lag.ts";
import { Market, type SimulatedMarket } from "./market.ts";
import { Network, type NetworkHooks } from "./network.ts";
import type { Loss } from "./plan/fault.ts";
import { Process } from "./process.ts";
import { EventQueue } from "./queue.ts";
import { logUniform, randomFor } from "./random.ts";
import { SecondDaemon } from "./second-daemon.ts";
import { gridIn, onGrid, priceOf, specsOf } from "./settings.ts";
import { TapeMarket } from "./tape-market.ts";

/** Sees everything that happens, with the true time. */
export type WorldObserver = {
  readonly onSent: (call: Call, now: number) => void;
  readonly onArrived: (call: Call, now: number) => void;
  readonly onAnswered: (call: Call, status: number, text: string, usedWeight: number | null) => void;
  readonly onReply: (call: Call, status: number, text: string | null, retryAfter: number | null) => void;
  readonly onTold: (name: string, text: string, now: number) => void;
  readonly onMarket: (bytes: Uint8Array) => void;
  /** what the exchange's book is, now and then */
  readonly onBook: (symbol: number, body: unknown) => void;
  readonly onAlert: (alert: Alert) => void;
  /** the exchange has said it, whether or not anybody hears */
  readonly onTruth: (event: UserEvent, now: number) => void;
  /** another daemon with our prefix is about to send it */
  readonly onOther: (id: string) => void;
  /** `text`: as JSON */
  readonly onRow: (row: Row, text: string, now: number) => void;
  readonly onNotice: (level: string, code: string, fields: Fields, now: number) => void;
  /** the operator is about to tell the daemon what to do */
  readonly onControl: (control: Control) => void;
  readonly onStart: (now: number) => void;
  readonly onStoreFailed: (message: string, now: number) => void;
  readonly onEnd: (why: string, now: number) => void;
  readonly onBroken: (error: unknown, now: number) => void;
  readonly onTurn: (turns: number, now: number) => void;
  /** after everything of one moment */
  readonly onStep: (now: number) => void;
};

export type WorldOptions = {
  readonly seed: number;
  readonly settings: Settings;
  /** the market is never calmer than five events a second and symbol while the daemon is up */
  readonly isMarketSteady: boolean;
  /** recordings to be played instead of the walk, one a symbol of the settings in their order; null: the walk */
  readonly tapes: readonly Tape[] | null;
  readonly observer: WorldObserver;
  readonly effects: Pick<NetworkHooks, "requestEffect" | "messageEffect">;
};

/** Sunday before the worlds begin, 2026-01-04T00:00Z. */
const epoch = 1_767_484_800_000_000;
const weekMinutes = 7 * 24 * 60;
const historyMinutes = 240;
/** The fastest of the streams that the adapter asks for. */
const streamTick = 100_000;
/** Market events from one look at the exchange's books to the next; no multiple of what a symbol's turn takes. */
const bookInterval = 23;
/** What another daemon enters with, quote asset. */
const secondWorth = 1_000;
/** Settling when nothing has happened: listen keys, funding. */
const idleTick = microsPerSecond;

export class World {
  readonly queue = new EventQueue();
  readonly exchange: Exchange;
  readonly service: WireService;
  readonly market: SimulatedMarket;
  readonly network: Network;
  readonly disk = new Disk();
  readonly process: Process;
  readonly lag: LaggingReads;
  readonly specs: readonly SymbolSpec[];
  readonly second: SecondDaemon;
  /** symbols whose grid is coarser than listed: no process begins on that, it would count in another one than the judge */
  readonly coarse = new Set<number>();
  readonly start: number;
  /** what must not be told to anybody */
  readonly secrets: readonly string[];
  now: number;
  /** market events so far */
  events = 0;
  readonly #options: WorldOptions;
  readonly #clock = (): Micros => micros(this.now);
  readonly #hash: Hash = createHash("sha256");
  #hashed = "";
  #tickAt: number;
  #isDirty = false;

  constructor(options: WorldOptions) {
    this.#options = options;
    const { seed, settings, observer } = options;
    const random = randomFor(seed, "world");
    this.start = epoch + random.below(weekMinutes) * microsPerMinute;
    this.now = this.start;
    this.#tickAt = this.start;
    this.specs = specsOf(settings);
    const exchangeOptions = {
      symbols: this.specs,
      walletUsdt: settings.exchange.wallet_usdt.toFixed(8),
      makerFee: settings.exchange.maker_fee.toFixed(8),
      takerFee: settings.exchange.taker_fee.toFixed(8),
      seed: settings.exchange.seed,
    };
    this.exchange = new Exchange(exchangeOptions);
    const key = hmacKey(this.exchange.instance);
    this.secrets = [key.apiKey, key.secret];
    // As a daemon does with what it reads from its files.
    conceal(this.secrets);
    this.service = new WireService({
      exchange: this.exchange,
      keys: [key],
      clock: this.#clock,
      gateClock: () => micros(this.now + this.network.gateOffset),
      isMarkDue: (symbol, now) => this.market.isMarkDue(symbol, now),
      onFault: (error) => {
        throw error;
      },
      onUserEvent: (event) => {
        this.lag.onChange(this.now);
        this.second.onEvent(event);
        observer.onTruth(event, this.now);
      },
    });
    this.market = this.#marketOf(options);
    this.lag = new LaggingReads({
      exchange: this.exchange,
      options: exchangeOptions,
      market: this.market,
      random: randomFor(seed, "read lag of each"),
    });
    for (const { index } of this.exchange.instruments) {
      this.exchange.loadCandles(index, this.market.history(index, historyMinutes, this.start));
    }
    this.network = new Network({
      queue: this.queue,
      service: this.service,
      now: this.#clock,
      random: randomFor(seed, "network"),
      latency: Math.round(logUniform(random, 2_000, 60_000)),
      apiKey: key.apiKey,
      hooks: {
        ...options.effects,
        read: (call) => this.#timeAnswer(call) ?? this.lag.answer(call, this.#clock()),
        onSent: (call) => {
          this.record(`> ${call.via} ${call.name} ${[...call.params].filter(isHashed).join("&")}`);
          observer.onSent(call, this.now);
        },
        onArrived: (call) => observer.onArrived(call, this.now),
        onAnswered: (call, status, text, used) => observer.onAnswered(call, status, text, used),
        onReply: (call, status, text, retryAfter) => {
          this.record(`< ${call.name} ${status} ${text ?? "-"}`);
          observer.onReply(call, status, text, retryAfter);
        },
        onMarket: observer.onMarket,
        onTold: (name, text) => {
          this.record(`! ${text}`);
          observer.onTold(name, text, this.now);
        },
      },
    });
    this.second = new SecondDaemon({
      prefix: settings.order_id_prefix,
      symbols: this.specs.map((spec) => ({ name: spec.row.symbol, least: gridIn(spec).minQuantity })),
      now: () => this.now,
      exchangeNow: () => this.now + this.network.gateOffset,
      later: (after, act) => this.queue.push(this.now + after, act),
      request: (method, path, params) => this.byHand(method, path, params),
      price: (symbol, share) => {
        const { tickSize } = gridIn(present(this.specs[symbol], "symbol"));
        return onGrid(this.market.bid(symbol) * share, tickSize);
      },
      quantity: (symbol) => {
        const { tickSize, stepSize } = gridIn(present(this.specs[symbol], "symbol"));
        const worth = this.market.bid(symbol) * Number(tickSize) * Number(stepSize);
        return onGrid(secondWorth / worth, stepSize);
      },
      onOwn: observer.onOther,
    });
    this.process = new Process({
      settings,
      queue: this.queue,
      network: this.network,
      disk: this.disk,
      signer: signerFrom(key.apiKey, key.secret),
      now: this.#clock,
      seed,
      hooks: {
        onRow: (row) => {
          const text = rowText(row);
          this.record(`= ${text}`);
          observer.onRow(row, text, this.now);
        },
        onNotice: (level, code, fields) => observer.onNotice(level, code, fields, this.now),
        onAlert: observer.onAlert,
        onControl: observer.onControl,
        onStoreFailed: (message) => observer.onStoreFailed(message, this.now),
        onFatal: (message) => observer.onEnd(message, this.now),
        onBroken: (error) => observer.onBroken(error, this.now),
        onTurn: (turns) => observer.onTurn(turns, this.now),
      },
    });
  }

  /** @param clockOffset how far the machine's clock is from the exchange's, microseconds */
  boot(clockOffset = 0): void {
    for (const symbol of this.coarse) this.exchange.changeRules(symbolIndex(symbol), {});
    this.coarse.clear();
    this.market.watched(true);
    this.#options.observer.onStart(this.now);
    this.process.start(clockOffset);
  }

  crash(loss: Loss): void {
    this.process.kill(loss);
    this.market.watched(false);
  }

  /** Lets everything happen that is due up to `until`. */
  run(until: number): void {
    const { queue, market, process } = this;
    const { onStep } = this.#options.observer;
    while (true) {
      const next = Math.min(queue.next, market.next, this.#tickAt, process.alarmAt);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (this.#tickAt <= next) this.#settle();
      else if (queue.next <= next) queue.run();
      else if (market.next <= next) {
        market.deliver(this.service.market);
        this.events += 1;
        if (this.events % bookInterval === 0) this.#showBooks();
        this.#dirty();
      } else process.ring();
      onStep(this.now);
    }
    this.now = Math.max(this.now, until);
  }

  /** Of events, commands and rows; hexadecimal, to be read once. */
  digest(): string {
    this.#hash.update(this.#hashed);
    this.#hashed = "";
    return this.#hash.digest("hex");
  }

  /** Adds to the hash of the run. */
  record(line: string): void {
    this.#hashed += `${this.now} ${line}\n`;
    if (this.#hashed.length < 65_536) return;
    this.#hash.update(this.#hashed);
    this.#hashed = "";
  }

  /** The owner of the account does something by hand. */
  byHand(method: "POST" | "DELETE", path: string, params: Readonly<Record<string, string>>): boolean {
    const reply = this.exchange.request({ method, path, params }, this.#clock());
    this.service.deliver();
    this.#dirty();
    return reply.status === 200;
  }

  /** The exchange does something of its own accord. @returns what `act` says: whether there was anything to do it to */
  atExchange(act: (exchange: Exchange, now: Micros) => boolean): boolean {
    const isDone = act(this.exchange, this.#clock());
    this.service.deliver();
    this.#dirty();
    return isDone;
  }

  /** The gate's own time; null where nothing else was asked for, or it is the true one. */
  #timeAnswer({ path }: Call): { readonly status: number; readonly text: string } | null {
    const { gateOffset } = this.network;
    if (gateOffset === 0 || !path.endsWith("/time")) return null;
    const serverTime = Math.floor((this.now + gateOffset) / microsPerMillisecond);
    return { status: 200, text: JSON.stringify({ serverTime }) };
  }

  symbol(index: number): string {
    return present(this.exchange.instruments[index], "instrument").symbol;
  }

  #marketOf({ seed, tapes, isMarketSteady: isSteady }: WorldOptions): SimulatedMarket {
    const { start, exchange, specs } = this;
    if (tapes !== null) return new TapeMarket({ tapes, start, seed, sink: this.service.market });
    return new Market({ seed, instruments: exchange.instruments, prices: specs.map(priceOf), start, isSteady });
  }

  #showBooks(): void {
    for (const { index, symbol } of this.exchange.instruments) {
      const params = { symbol, limit: "20" };
      const { status, body } = this.exchange.request({ method: "GET", path: "/fapi/v1/depth", params }, this.#clock());
      if (status === 200) this.#options.observer.onBook(index, body);
    }
  }

  #dirty(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    const grid = (Math.floor(this.now / streamTick) + 1) * streamTick;
    if (grid < this.#tickAt) this.#tickAt = grid;
  }

  #settle(): void {
    this.#isDirty = false;
    this.service.settle();
    this.#tickAt = Math.min(this.now + idleTick, Math.max(this.now + 1, this.exchange.nextDeadline()));
  }
}

/** Keys and signatures say nothing of the run. */
function isHashed([name]: readonly [string, string]): boolean {
  return name !== "signature" && name !== "apiKey";
}

function rowText(row: Row): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
