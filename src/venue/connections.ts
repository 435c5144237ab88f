/**
 * The four long-lived connections: one owner each, a fresh serial number for every attempt, waits that grow, a planned
 * renewal before the exchange's own cut after a day.
 *
 * @see binance-usdm.md §5.6; failure-catalogue F-48, F-67
 */

import { type Micros, micros, microsPerMinute, microsPerSecond, plus } from "../domain/units.ts";
import { type Backoff, type Random, waitBefore } from "./backoff.ts";
import type { Timers } from "./timers.ts";
import { type StreamName, streamNames, type TransportRequest } from "./transport.ts";

type Connection = {
  state: "closed" | "opening" | "open" | "waiting";
  stream: number;
  attempts: number;
  openedAt: Micros;
};

/** At most some 150 attempts of all four in five minutes, half of what the exchange allows an address. */
const reconnectBackoff: Backoff = { first: micros(1 * microsPerSecond), most: micros(30 * microsPerSecond) };
/** A connection that lived this long starts its waits anew. */
const settledAfter = 1 * microsPerMinute;
/** The exchange cuts after 24 hours. */
const lifetime = micros(23 * 60 * microsPerMinute);
/** So that not all four are renewed at once. */
const lifetimeStep = 5 * microsPerMinute;

export type ConnectionPorts = {
  readonly timers: Timers;
  readonly random: Random;
  /** how long the handshake may take */
  readonly openTimeout: Micros;
  readonly send: (request: TransportRequest) => void;
  /** a planned renewal would lose something now; the exchange's own cut, an hour later, is the bound */
  readonly isBusy: (name: StreamName) => boolean;
  /** time to open again: the owner calls `open` */
  readonly onDue: (name: StreamName, now: Micros) => void;
  readonly onOpen: (name: StreamName, stream: number, now: Micros) => void;
  /** it was open, or was to be, and is no more */
  readonly onDown: (name: StreamName, cause: string, now: Micros) => void;
};

export class Connections {
  readonly #ports: ConnectionPorts;
  readonly #byName: Readonly<Record<StreamName, Connection>> = {
    public: closed(),
    market: closed(),
    private: closed(),
    "ws-api": closed(),
  };
  #nextStream = 1;

  constructor(ports: ConnectionPorts) {
    this.#ports = ports;
  }

  /** Whose this stream is now, or null when it is an old one. */
  ownerOf(stream: number): StreamName | null {
    for (const name of streamNames) {
      const connection = this.#byName[name];
      if (connection.stream === stream && connection.state !== "closed" && connection.state !== "waiting") return name;
    }
    return null;
  }

  isOpen(name: StreamName): boolean {
    return this.#byName[name].state === "open";
  }

  openedAt(name: StreamName): Micros {
    return this.#byName[name].openedAt;
  }

  open(name: StreamName, path: string, now: Micros): void {
    const connection = this.#byName[name];
    if (connection.state === "open" || connection.state === "opening") return;
    connection.state = "opening";
    connection.stream = this.#nextStream;
    this.#nextStream += 1;
    this.#ports.timers.set(`open:${name}`, plus(now, this.#ports.openTimeout), (then) =>
      this.drop(name, "no handshake in time", then),
    );
    this.#ports.send({ kind: "open-stream", stream: connection.stream, name, path });
  }

  onOpen(stream: number, now: Micros): void {
    const name = this.ownerOf(stream);
    if (name === null || this.#byName[name].state !== "opening") return;
    const connection = this.#byName[name];
    connection.state = "open";
    connection.openedAt = now;
    this.#ports.timers.clear(`open:${name}`);
    const life = plus(lifetime, micros(streamNames.indexOf(name) * lifetimeStep));
    this.#renewAt(name, plus(now, life));
    this.#ports.onOpen(name, stream, now);
  }

  onClosed(stream: number, cause: string, now: Micros): void {
    const name = this.ownerOf(stream);
    if (name !== null) this.#down(name, cause, now);
  }

  /** Gives the connection up and opens another one after a wait. */
  drop(name: StreamName, cause: string, now: Micros): void {
    const connection = this.#byName[name];
    if (connection.state !== "open" && connection.state !== "opening") return;
    this.#ports.send({ kind: "close-stream", stream: connection.stream });
    this.#down(name, cause, now);
  }

  /** Has it opened when the wait that its attempts make necessary has passed since `time`. */
  openAfter(name: StreamName, time: Micros): void {
    const { attempts } = this.#byName[name];
    const wait = attempts === 0 ? micros(0) : waitBefore(attempts - 1, reconnectBackoff, this.#ports.random);
    this.#ports.timers.set(`open:${name}`, plus(time, wait), (then) => this.#ports.onDue(name, then));
  }

  closeAll(): void {
    for (const name of streamNames) {
      const connection = this.#byName[name];
      if (connection.state === "open" || connection.state === "opening") {
        this.#ports.send({ kind: "close-stream", stream: connection.stream });
      }
      connection.state = "closed";
    }
  }

  #renewAt(name: StreamName, at: Micros): void {
    this.#ports.timers.set(`renew:${name}`, at, (now) => {
      if (this.#ports.isBusy(name)) this.#renewAt(name, plus(now, micros(microsPerSecond)));
      else this.drop(name, "planned renewal", now);
    });
  }

  #down(name: StreamName, cause: string, now: Micros): void {
    const connection = this.#byName[name];
    const isSettled = connection.state === "open" && now - connection.openedAt >= settledAfter;
    connection.attempts = isSettled ? 0 : connection.attempts + 1;
    connection.state = "waiting";
    this.#ports.timers.clear(`renew:${name}`);
    this.openAfter(name, now);
    this.#ports.onDown(name, cause, now);
  }
}

function closed(): Connection {
  return { state: "closed", stream: 0, attempts: 0, openedAt: micros(0) };
}
