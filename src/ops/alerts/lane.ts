/**
 * One channel's queue: the most urgent first, not more than so many an hour, with growing waits when the channel fails.
 * Nothing here is awaited by anybody who trades, and nothing grows without a bound (failure-catalogue I-18, I-19).
 */

import { type Alert, type DeliveryState, type Severity, severities } from "../../domain/alert.ts";
import type { NoticeLevel } from "../../domain/output.ts";
import { type Timers, waitMillis } from "../timers.ts";
import type { AlertChannel, Delivery } from "./channel.ts";

export type LaneOptions = {
  readonly channel: AlertChannel;
  readonly timers: Timers;
  /** milliseconds */
  readonly clock: () => number;
  /** in [0, 1) */
  readonly random: () => number;
  readonly perHour: Readonly<Record<Severity, number>>;
  readonly timeoutMillis: number;
  /** a message has come to an end */
  readonly settled: (alert: Alert, state: Exclude<DeliveryState, "pending">) => void;
  readonly trouble: (level: NoticeLevel, code: LaneTrouble, fields: Readonly<Record<string, string | number>>) => void;
};

export type LaneTrouble = "ALERT_CHANNEL_DOWN" | "ALERT_CHANNEL_UP" | "ALERT_REFUSED" | "ALERT_DROPPED";

type Waiting = { readonly alert: Alert; isRepeat: boolean };

/** Messages that wait in one channel. */
export const waitingMax = 500;
/** Whatever the other side asks for, we knock again after this long. */
const askedMillisMax = 3_600_000;
const hourMillis = 3_600_000;
const urgentFirst = severities.toReversed();

export class Lane {
  readonly name: string;
  readonly #options: LaneOptions;
  readonly #queues: Record<Severity, Waiting[]> = { info: [], warning: [], critical: [] };
  /** when messages of a severity left within the last hour */
  readonly #sent: Record<Severity, number[]> = { info: [], warning: [], critical: [] };
  #inFlight: { readonly abort: AbortController; readonly cancel: () => void } | null = null;
  #cancel: (() => void) | null = null;
  #freeAt = 0;
  #failures = 0;
  #dropped = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(options: LaneOptions) {
    this.#options = options;
    this.name = options.channel.name;
  }

  get waiting(): number {
    return severities.reduce((sum, severity) => sum + this.#queues[severity].length, 0);
  }

  /** Never waits and never throws; the channel is called in a turn of its own. */
  add(alert: Alert, isRepeat: boolean): void {
    if (this.#closed) return;
    this.#queues[alert.severity].push({ alert, isRepeat });
    if (this.waiting > waitingMax) this.#drop();
    this.#wake(0);
  }

  /** Resolves when nothing waits any more; not, while the channel does not take what waits. */
  idle(): Promise<void> {
    if (this.waiting === 0 && this.#inFlight === null) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Nothing is taken from now on. */
  close(): void {
    this.#closed = true;
    this.forget();
  }

  /** Gives up what is in flight and forgets what waits: the journal knows of it. */
  forget(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#inFlight?.cancel();
    this.#inFlight?.abort.abort();
    this.#inFlight = null;
    for (const severity of severities) this.#queues[severity] = [];
    this.#tellIdle();
  }

  /** The oldest of the lowest severity makes room. */
  #drop(): void {
    const lowest = severities.find((severity) => this.#queues[severity].length > 0);
    const oldest = lowest === undefined ? undefined : this.#queues[lowest].shift();
    if (oldest === undefined) return;
    this.#dropped += 1;
    this.#options.settled(oldest.alert, "dropped");
    // Said at the 1st, 2nd, 4th … one: a flood must not go on in the log.
    if ((this.#dropped & (this.#dropped - 1)) === 0) this.#trouble("warn", "ALERT_DROPPED", { dropped: this.#dropped });
  }

  #wake(millis: number): void {
    if (this.#inFlight !== null || this.#closed) return;
    this.#cancel?.();
    this.#cancel = this.#options.timers.after(millis, () => {
      this.#cancel = null;
      this.#next();
    });
  }

  #next(): void {
    const now = this.#options.clock();
    if (now < this.#freeAt) return this.#wake(this.#freeAt - now);
    let soonest = Number.POSITIVE_INFINITY;
    for (const severity of urgentFirst) {
      const [first] = this.#queues[severity];
      if (first === undefined) continue;
      const allowedAt = this.#allowedAt(severity, now);
      if (allowedAt <= now) {
        this.#queues[severity].shift();
        return this.#send(first, now);
      }
      soonest = Math.min(soonest, allowedAt);
    }
    if (Number.isFinite(soonest)) this.#wake(soonest - now);
    else this.#tellIdle();
  }

  #allowedAt(severity: Severity, now: number): number {
    const recent = this.#sent[severity].filter((time) => time > now - hourMillis);
    this.#sent[severity] = recent;
    const limiting = recent.at(-this.#options.perHour[severity]);
    return limiting === undefined ? now : limiting + hourMillis;
  }

  #send(waiting: Waiting, now: number): void {
    const { channel, timers, timeoutMillis } = this.#options;
    const abort = new AbortController();
    this.#sent[waiting.alert.severity].push(now);
    const end = (delivery: Delivery, isUnknown: boolean): void => {
      cancel();
      // Given up, or it has ended in another way.
      if (this.#inFlight?.abort !== abort) return;
      this.#inFlight = null;
      this.#settle(waiting, delivery, isUnknown);
    };
    const cancel = timers.after(timeoutMillis, () => {
      abort.abort();
      end({ kind: "failed", cause: `no answer within ${timeoutMillis} ms`, afterMillis: null }, true);
    });
    this.#inFlight = { abort, cancel };
    void attempt(
      channel,
      { alert: waiting.alert, isRepeat: waiting.isRepeat, dropped: this.#dropped },
      abort.signal,
    ).then((delivery) => end(delivery, false));
  }

  #settle(waiting: Waiting, delivery: Delivery, isUnknown: boolean): void {
    const now = this.#options.clock();
    const { alert } = waiting;
    switch (delivery.kind) {
      case "delivered":
        if (this.#failures > 0) this.#trouble("info", "ALERT_CHANNEL_UP", { failures: this.#failures });
        this.#failures = 0;
        this.#dropped = 0;
        this.#freeAt = now + this.#options.channel.gapMillis;
        this.#options.settled(alert, "delivered");
        break;
      case "refused":
        this.#trouble("error", "ALERT_REFUSED", { cause: delivery.cause });
        this.#freeAt = now + this.#options.channel.gapMillis;
        this.#options.settled(alert, "refused");
        break;
      case "failed": {
        if (this.#failures === 0) this.#trouble("warn", "ALERT_CHANNEL_DOWN", { cause: delivery.cause });
        const asked = Math.min(delivery.afterMillis ?? 0, askedMillisMax);
        this.#freeAt = now + Math.max(asked, waitMillis(this.#failures, this.#options.random));
        this.#failures += 1;
        // What did not arrive does not count against the hour.
        this.#sent[alert.severity].pop();
        waiting.isRepeat ||= isUnknown;
        this.#queues[alert.severity].unshift(waiting);
        if (this.waiting > waitingMax) this.#drop();
        break;
      }
      default:
        throw new TypeError(`unhandled delivery ${delivery satisfies never}`);
    }
    this.#wake(Math.max(0, this.#freeAt - now));
    if (this.waiting === 0) this.#tellIdle();
  }

  #tellIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #trouble(level: NoticeLevel, code: LaneTrouble, fields: Readonly<Record<string, string | number>>): void {
    this.#options.trouble(level, code, { where: this.name, ...fields });
  }
}

/** Whatever a channel throws is a failure like any other. Its words may hold an address: only its name is kept. */
async function attempt(
  channel: AlertChannel,
  envelope: Parameters<AlertChannel["send"]>[0],
  signal: AbortSignal,
): Promise<Delivery> {
  try {
    return await channel.send(envelope, signal);
  } catch (error) {
    return { kind: "failed", cause: error instanceof Error ? error.name : "thrown", afterMillis: null };
  }
}
