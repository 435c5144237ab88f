/** The account's listen key: one at a time, extended by each start and keep-alive. @see binance-usdm.md §6.1 */

import { createHash } from "node:crypto";

/** Times are milliseconds since the epoch. */
export class ListenKey {
  private readonly seed: string;
  private readonly lifeMilliseconds: number;
  private current: string | null = null;
  private expires = 0;
  private issued = 0;

  /** @param seed text that keys derive from; `started` keeps those of a former run apart */
  constructor(seed: string, started: number, lifeMilliseconds: number) {
    this.seed = `${seed} ${started}`;
    this.lifeMilliseconds = lifeMilliseconds;
  }

  /** The valid key, extended; a new one when there is none. */
  start(now: number): string {
    if (this.current === null || now >= this.expires) {
      this.issued += 1;
      const hash = createHash("sha512").update(`listen-key ${this.seed} ${this.issued}`).digest("base64");
      // The SDK splits its own keys at underscores, so there is none.
      this.current = hash.replace(/[^A-Za-z0-9]/g, "0").slice(0, 64);
    }
    this.expires = now + this.lifeMilliseconds;
    return this.current;
  }

  /** Extends the key; null when it is gone and the client has to start anew. */
  keepAlive(now: number): string | null {
    if (this.current === null || now >= this.expires) return null;
    this.expires = now + this.lifeMilliseconds;
    return this.current;
  }

  /** Closes the key for everyone who uses it; false when there is none. */
  close(now: number): boolean {
    const open = this.current !== null && now < this.expires;
    this.current = null;
    return open;
  }

  /** The key that has just expired, once; null otherwise. */
  expire(now: number): string | null {
    if (this.current === null || now < this.expires) return null;
    const expired = this.current;
    this.current = null;
    return expired;
  }

  /** The valid key, not extended; null when there is none. */
  active(now: number): string | null {
    return now < this.expires ? this.current : null;
  }
}
