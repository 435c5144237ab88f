/** What every request must pass before anything is done for it (failure-catalogue S-08 to S-11). */

import type { IncomingHttpHeaders } from "node:http";
import type { Settings } from "../../config/schema.ts";
import { Refusal } from "../outside/refusal.ts";
import { allows, type Level, type Tokens } from "./tokens.ts";

const loopbackNames: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];
/** Callers without a token share this many buckets by their address, the oldest make room. */
const strangersMax = 1_000;

export type GuardedRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly address: string;
};

export class Guard {
  readonly #settings: Settings["api"];
  readonly #tokens: Tokens;
  readonly #now: () => number;
  readonly #hosts: ReadonlySet<string>;
  readonly #buckets = new Map<string, Bucket>();

  /** @param now milliseconds, of a clock that never goes back */
  constructor(settings: Settings["api"], tokens: Tokens, now: () => number) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#now = now;
    const own = settings.host.includes(":") ? `[${settings.host}]` : settings.host;
    this.#hosts = new Set([...loopbackNames, own, ...settings.allowed_hosts].map((name) => name.toLowerCase()));
  }

  /** Whether the caller has a request left, which is then taken. Asked once a request, before anything else. */
  admits({ headers, address }: GuardedRequest): boolean {
    return this.#take(this.#tokens.levelOf(headers.authorization) ?? `stranger ${address}`);
  }

  /** @throws {Refusal} @param needed null: anybody may */
  check(headers: IncomingHttpHeaders, needed: Level | null): void {
    this.#checkBrowser(headers);
    const level = this.#tokens.levelOf(headers.authorization);
    if (needed === null) return;
    if (level === null) {
      throw new Refusal("NOT_AUTHORISED", "needs the header Authorization: Bearer with a token of this daemon");
    }
    if (!allows(level, needed)) {
      throw new Refusal("FORBIDDEN", `this token may ${level}; needed is one that may ${needed}`);
    }
  }

  /** A page in a browser on this machine must not reach us, whatever name it found for our address. */
  #checkBrowser({ host, origin }: IncomingHttpHeaders): void {
    const name = (host ?? "").toLowerCase().replace(/:\d{1,5}$/, "");
    if (!this.#hosts.has(name)) throw new Refusal("HOST_NOT_ALLOWED", "the Host header names somebody else");
    if (origin !== undefined) throw new Refusal("ORIGIN_NOT_ALLOWED", "requests of web pages are not answered");
  }

  #take(caller: string): boolean {
    const { rate_per_second, rate_burst } = this.#settings;
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? this.#newBucket(caller, rate_burst, now);
    bucket.left = Math.min(rate_burst, bucket.left + ((now - bucket.at) / 1_000) * rate_per_second);
    bucket.at = now;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }

  #newBucket(caller: string, left: number, at: number): Bucket {
    const bucket = { left, at };
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > strangersMax) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}

type Bucket = { left: number; at: number };
