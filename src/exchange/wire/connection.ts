/** The rules that every WebSocket connection lives under: pings, life time, message rate, bounded backlog. @see binance-usdm.md §5.6 */

import type { WebSocket } from "ws";

/** Milliseconds; the exchange's own by default, scaled in tests. */
export type Timings = {
  readonly ping: number;
  readonly pongTimeout: number;
  readonly connectionLife: number;
  readonly listenKeyLife: number;
};

export const exchangeTimings: Timings = {
  ping: 180_000,
  pongTimeout: 600_000,
  connectionLife: 24 * 3_600_000,
  listenKeyLife: 3_600_000,
};

export type ConnectionRules = {
  readonly timings: Timings;
  readonly clock: () => number;
  /** messages, pings and pongs that a client may send in one second */
  readonly inboundPerSecondMax: number | null;
};

/** A connection as those who serve it see it: over a socket, or over a simulated network. */
export interface Link {
  /** milliseconds since the epoch */
  readonly openedAt: number;
  onClose(act: () => void): void;
  send(text: string | Buffer): void;
  /** Closes for breaking a rule. */
  refuse(reason: string): void;
  terminate(): void;
  /** @param now milliseconds since the epoch */
  advance(now: number): void;
}

/** A client that lets more than this pile up is not reading, and is dropped. */
const backlogBytesMax = 32 * 1_024 * 1_024;

const policyViolation = 1008;

export class Connection implements Link {
  private readonly socket: WebSocket;
  private readonly rules: ConnectionRules;
  private readonly opened: number;
  private lastPing: number;
  private lastPong: number;
  private second = 0;
  private inbound = 0;
  private refused = false;

  constructor(socket: WebSocket, rules: ConnectionRules, onText: (text: string) => void) {
    this.socket = socket;
    this.rules = rules;
    this.opened = rules.clock();
    this.lastPing = this.opened;
    this.lastPong = this.opened;
    socket.on("message", (data) => {
      if (this.admit()) onText(data.toString());
    });
    socket.on("ping", () => this.admit());
    socket.on("pong", () => {
      this.lastPong = rules.clock();
      this.admit();
    });
    // A broken socket closes next; its error has nothing to add.
    socket.on("error", () => socket.terminate());
  }

  get openedAt(): number {
    return this.opened;
  }

  onClose(act: () => void): void {
    this.socket.on("close", act);
  }

  send(text: string | Buffer): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > backlogBytesMax) {
      this.socket.terminate();
      return;
    }
    this.socket.send(text, { binary: false });
  }

  refuse(reason: string): void {
    this.refused = true;
    this.socket.close(policyViolation, reason);
  }

  terminate(): void {
    this.socket.terminate();
  }

  advance(now: number): void {
    const { ping, pongTimeout, connectionLife } = this.rules.timings;
    if (now - this.opened >= connectionLife) this.socket.close(1001, "Connection life time reached");
    else if (now - this.lastPong >= pongTimeout) this.socket.terminate();
    else if (now - this.lastPing >= ping && this.socket.readyState === this.socket.OPEN) {
      this.lastPing = now;
      this.socket.ping(String(now));
    }
  }

  private admit(): boolean {
    if (this.refused) return false;
    if (this.rules.inboundPerSecondMax === null) return true;
    const now = this.rules.clock();
    if (now - this.second >= 1_000) {
      this.second = now;
      this.inbound = 0;
    }
    this.inbound += 1;
    if (this.inbound <= this.rules.inboundPerSecondMax) return true;
    this.refuse("Too many requests");
    return false;
  }
}
