/**
 * Tells subscribers what risk has found, and how trades ended (requirements RSK-7). Log and store are our own and are
 * told at once. For all others the core's turn only puts an event into a queue, which is read in turns of its own: one
 * that throws, hangs or falls behind loses its own events, says so in the log, and takes nothing from the core or from
 * the others.
 */

import type { NoticeLevel, RiskEvent, TradeRow } from "../domain/output.ts";

export type Publication = RiskEvent | TradeRow;

export type RiskSubscriber = {
  readonly name: string;
  /** One at a time, in order. A promise that takes longer than `deliveryMillisMax` is given up. */
  readonly receive: (publication: Publication) => void | Promise<void>;
};

/** What goes wrong with a subscriber, for the log. */
export type SubscriberTrouble = (
  level: NoticeLevel,
  code: "SUBSCRIBER_FAILED" | "SUBSCRIBER_HANGS" | "SUBSCRIBER_BEHIND" | "SUBSCRIBER_REMOVED",
  fields: Readonly<Record<string, string | number>>,
) => void;

export type RiskPublisherOptions = {
  /** log and store: they take it in the turn that found it, before commands leave, and do not wait or throw */
  readonly own: readonly ((publication: Publication) => void)[];
  readonly trouble: SubscriberTrouble;
  readonly queueMax?: number;
  readonly deliveryMillisMax?: number;
};

/** Publications that wait for a slow subscriber; the oldest make room. */
export const queueMax = 256;
const deliveryMillisMax = 5_000;
/** Deliveries in a row that failed or hung, after which nothing is delivered any more. */
export const failuresMax = 10;
/** A subscriber that holds the thread longer than this in one delivery does harm like a failure. */
export const blockingMillisMax = 50;

export class RiskPublisher {
  readonly #options: Required<RiskPublisherOptions>;
  readonly #channels: Channel[] = [];

  constructor(options: RiskPublisherOptions) {
    this.#options = { queueMax, deliveryMillisMax, ...options };
  }

  subscribe(subscriber: RiskSubscriber): void {
    this.#channels.push(new Channel(subscriber, this.#options));
  }

  /** Never waits; calls nobody but our own. */
  publish(publication: Publication): void {
    for (const receive of this.#options.own) receive(publication);
    for (const channel of this.#channels) channel.add(publication);
  }

  /** Resolves when everything published so far was delivered or given up. */
  async settled(): Promise<void> {
    await Promise.all(this.#channels.map((channel) => channel.settled()));
  }

  /** Delivers nothing from now on. */
  close(): void {
    for (const channel of this.#channels) channel.close();
  }
}

class Channel {
  readonly #subscriber: RiskSubscriber;
  readonly #options: Required<RiskPublisherOptions>;
  #queue: Publication[] = [];
  #running: Promise<void> | null = null;
  #failures = 0;
  #dropped = 0;
  #closed = false;

  constructor(subscriber: RiskSubscriber, options: Required<RiskPublisherOptions>) {
    this.#subscriber = subscriber;
    this.#options = options;
  }

  add(publication: Publication): void {
    if (this.#closed) return;
    if (this.#queue.length >= this.#options.queueMax) {
      this.#queue.shift();
      this.#dropped += 1;
    }
    this.#queue.push(publication);
    this.#running ??= this.#run();
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
  }

  async #run(): Promise<void> {
    // Not in the turn that published: the core's outputs leave first.
    await nextTurn();
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#tellDropped();
      await this.#deliver(next);
      await nextTurn();
    }
    this.#running = null;
  }

  async #deliver(publication: Publication): Promise<void> {
    const started = performance.now();
    try {
      const answer = this.#subscriber.receive(publication);
      const blocked = performance.now() - started;
      if (blocked > blockingMillisMax)
        this.#failed("SUBSCRIBER_HANGS", `held the thread for ${Math.round(blocked)} ms`);
      else if (answer === undefined) this.#failures = 0;
      else await this.#wait(answer);
    } catch (error) {
      this.#failed("SUBSCRIBER_FAILED", error instanceof Error ? error.message : String(error));
    }
  }

  async #wait(answer: Promise<void>): Promise<void> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), this.#options.deliveryMillisMax);
    // Given up, it may still fail: then nobody is there to hear of it.
    answer.catch(() => undefined);
    const ended = await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
    if (ended === "late") this.#failed("SUBSCRIBER_HANGS", `no answer within ${this.#options.deliveryMillisMax} ms`);
    else this.#failures = 0;
  }

  #tellDropped(): void {
    if (this.#dropped === 0) return;
    const dropped = this.#dropped;
    this.#dropped = 0;
    this.#options.trouble("warn", "SUBSCRIBER_BEHIND", { where: this.#subscriber.name, dropped });
  }

  #failed(code: "SUBSCRIBER_FAILED" | "SUBSCRIBER_HANGS", error: string): void {
    this.#failures += 1;
    this.#options.trouble("error", code, { where: this.#subscriber.name, error });
    if (this.#failures < failuresMax) return;
    this.close();
    this.#options.trouble("error", "SUBSCRIBER_REMOVED", { where: this.#subscriber.name, failures: this.#failures });
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
