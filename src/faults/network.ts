/**
 * The network between the daemon and the exchange's service: latency, and what is wrong with it at the moment. How one
 * process reaches the exchange through it is the port's.
 */

import type { Micros } from "../domain/units.ts";
import type { WireService } from "../exchange/wire/service.ts";
import type { Random } from "../tape/random.ts";
import type { TransportListener } from "../venue/transport.ts";
import type { AnswerName } from "./answers.ts";
import type { Call } from "./call.ts";
import type { MessageEffect, Partition, RequestEffect, StreamKind, Warp } from "./plan/fault.ts";
import { Port } from "./port.ts";
import type { EventQueue } from "./queue.ts";
import { exponential } from "./random.ts";

export type NetworkHooks = {
  /** what the plan does to this request, if anything */
  readonly requestEffect: (call: Call) => RequestEffect | null;
  /** the same for a message of the private stream */
  readonly messageEffect: (name: string) => MessageEffect | null;
  /** what a read that lags answers; null where it does not */
  readonly read: (call: Call) => { readonly status: number; readonly text: string } | null;
  readonly onSent: (call: Call) => void;
  readonly onArrived: (call: Call) => void;
  /** what the exchange has answered, whether or not it is heard; `usedWeight` of the minute, where it says so */
  readonly onAnswered: (call: Call, status: number, text: string, usedWeight: number | null) => void;
  /** the daemon is about to be told a reply; `text` null: that none will come; `retryAfter` seconds, where it says so */
  readonly onReply: (call: Call, status: number, text: string | null, retryAfter: number | null) => void;
  /** the daemon is about to be told by a market stream */
  readonly onMarket: (bytes: Uint8Array) => void;
  /** the daemon is about to be told by the private stream */
  readonly onTold: (name: string, text: string) => void;
};

export type NetworkOptions = {
  readonly queue: EventQueue;
  readonly service: WireService;
  readonly now: () => Micros;
  readonly random: Random;
  /** median of one way, microseconds */
  readonly latency: number;
  readonly apiKey: string;
  readonly hooks: NetworkHooks;
};

export class Network {
  readonly options: NetworkOptions;
  /** until when each of these stands, microseconds */
  readonly partitions = new Map<Partition, number>();
  readonly stalls = new Map<StreamKind, number>();
  readonly garbled = new Map<StreamKind, { readonly until: number; readonly share: number }>();
  ban: { readonly status: number; readonly until: number } = { status: 418, until: 0 };
  slow: { readonly by: number; readonly until: number } = { by: 0, until: 0 };
  /** everything is answered like this; connections are refused where it concerns those, too */
  outage: { readonly answer: AnswerName; readonly refuses: boolean; readonly until: number } | null = null;
  /** how far the exchange's gate is from the truth: by it the times of requests are checked, and it answers for the time */
  gateOffset = 0;
  /** orders wait until then, and their senders are told that nobody answers */
  backlogUntil = 0;
  readonly warped = new Map<StreamKind, { readonly how: Warp; readonly share: number; readonly until: number }>();

  constructor(options: NetworkOptions) {
    this.options = options;
  }

  /** Nothing is wrong from now on. */
  heal(): void {
    this.partitions.clear();
    this.stalls.clear();
    this.garbled.clear();
    this.ban = { status: 418, until: 0 };
    this.slow = { by: 0, until: 0 };
    this.outage = null;
    this.backlogUntil = 0;
    this.gateOffset = 0;
    this.warped.clear();
  }

  /** One way, microseconds. */
  delay(): number {
    const { latency, random, now } = this.options;
    const slow = this.slow.until > now() ? this.slow.by : 0;
    return Math.round(latency * 0.7 + exponential(random, latency * 0.3) + slow);
  }

  isCut(name: StreamKind | "rest", direction: "in" | "out"): boolean {
    if (this.partitions.size === 0) return false;
    const side: Partition = name === "public" ? "market" : name === "ws-api" ? "rest" : name;
    const now = this.options.now();
    for (const what of ["all", side, direction] as const) if ((this.partitions.get(what) ?? 0) > now) return true;
    return false;
  }

  /** Names are not resolved: nothing new is connected, and what is connected stays. */
  isNameless(): boolean {
    return (this.partitions.get("names") ?? 0) > this.options.now();
  }

  /** How a process reaches the exchange; a new one for each life. @param clock that of the process's machine */
  port(listener: TransportListener, clock: () => Micros): Port {
    return new Port(this, listener, clock);
  }
}
