/** I-15: no entry leaves on market or account data that is older than its limit, or that this process never had. */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";

/** Limits of the settings, microseconds. */
export type FreshTerms = {
  readonly quote: number;
  readonly trade: number;
  readonly mark: number;
  readonly account: number;
  /** largest time from the exchange to the daemon */
  readonly latency: number;
};

/** What the daemon decides on in one turn leaves in it; the account is asked for when its limit is near. */
const turn = 250_000;
/** The clock is measured to some hundred milliseconds, and drifts until it is measured again. */
const clockError = 1_500_000;
/** Since then a reply that tells the time was asked for when the exchange's clock was right again. */
const clockAsked = 1_000_000;
/** Connections have few names; more means that somebody makes them up. */
const namesMax = 1_000;

type Told = { at: number; bytes: Uint8Array };

export class Freshness {
  readonly #scene: Scene;
  readonly #terms: FreshTerms;
  readonly #told = new Map<string, Told>();
  readonly #kinds: readonly (readonly [stream: string, limit: number])[];
  #accountAt = Number.NEGATIVE_INFINITY;
  readonly #decoder = new TextDecoder();

  constructor(scene: Scene, terms: FreshTerms) {
    this.#scene = scene;
    this.#terms = terms;
    this.#kinds = [
      ["bookTicker", terms.quote],
      ["depth@100ms", terms.quote],
      ["aggTrade", terms.trade],
      ["markPrice@1s", terms.mark],
    ];
  }

  onBegin(): void {
    this.#told.clear();
    this.#accountAt = Number.NEGATIVE_INFINITY;
  }

  /** @param stream like `btcusdt@aggTrade` */
  onMarket(stream: string, bytes: Uint8Array): void {
    const told = this.#told.get(stream);
    if (told === undefined) {
      if (this.#told.size >= namesMax) throw new Error(`more than ${namesMax} streams`);
      this.#told.set(stream, { at: this.#scene.now, bytes });
      return;
    }
    told.at = this.#scene.now;
    told.bytes = bytes;
  }

  /** The price that an order of the side would take by what was told last; null: nothing was. */
  touch(symbol: string, side: string): number | null {
    const told = this.#told.get(`${symbol.toLowerCase()}@bookTicker`);
    const price = new RegExp(`"${side === "BUY" ? "a" : "b"}":"([^"]+)"`).exec(this.#decoder.decode(told?.bytes))?.[1];
    return price === undefined ? null : Number(price);
  }

  onReply(call: Call, status: number): void {
    const scene = this.#scene;
    if (status !== 200) return;
    if (call.name === "GET positionRisk") this.#accountAt = scene.now;
    if (call.name === "GET time" && scene.now > scene.gateTrueSince + clockAsked) scene.gateBehind = 0;
  }

  onSent(call: Call): void {
    // An entry that is moved is decided upon anew.
    if (call.name !== "place e" && call.name !== "amend e") return;
    const scene = this.#scene;
    const symbol = (call.params.get("symbol") ?? "").toLowerCase();
    for (const [kind, limit] of this.#kinds) {
      const told = this.#told.get(`${symbol}@${kind}`);
      if (told === undefined) {
        scene.violated("I-15", `${call.clientId} leaves, and no ${kind} was ever told`);
        continue;
      }
      const age = scene.now - told.at;
      if (age > limit + turn) scene.violated("I-15", `${call.clientId} leaves on ${kind} of ${age} µs ago`);
      // Trades and levels may be old because nothing happened; a mark price or a touch that is told is of its moment.
      // Nobody can know better what the time is than the exchange says.
      const late = told.at - this.#eventTime(told.bytes) - scene.gateBehind;
      if (kind === "bookTicker" && late > this.#terms.latency + clockError) {
        scene.violated("I-15", `${call.clientId} leaves on ${kind} that was ${late} µs late`);
      }
    }
    const age = scene.now - this.#accountAt;
    if (age > this.#terms.account + turn)
      scene.violated("I-15", `${call.clientId} leaves on an account of ${age} µs ago`);
  }

  /** When the exchange said it. */
  #eventTime(bytes: Uint8Array): number {
    return Number(/"E":(\d+)/.exec(this.#decoder.decode(bytes))?.[1] ?? 0) * 1_000;
  }
}
