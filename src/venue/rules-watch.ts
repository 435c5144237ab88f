/**
 * Whether the exchange's rules are still those that we started with: read anew each hour, and when a refusal hints at it.
 * Other bounds are handed to the core, between two events (failure-catalogue F-77). Another grid cannot be taken over
 * while orders and positions are counted in the old one, so entries of that symbol end until the daemon is started anew;
 * what is open stays managed. A symbol that is not traded is looked at more often, until it is.
 *
 * @see requirements ORD-6; binance-usdm.md §8 (−1111, −4014, −4023: refresh filters)
 */

import type { Instrument, InstrumentRules } from "../domain/instrument.ts";
import { type Micros, micros, microsPerMinute, plus } from "../domain/units.ts";
import { type AskPorts, ask } from "./asking.ts";
import { rulesOf } from "./exchange-info.ts";
import { publicQuery } from "./wire/encode.ts";
import { ExchangeInfo } from "./wire/schemas.ts";

export type RulesPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  /** @param change what keeps entries from being right, in words; null: nothing */
  readonly onRules: (instrument: Instrument, change: string | null, now: Micros) => void;
  /** @param rules on the grid of the instrument */
  readonly onBounds: (instrument: Instrument, rules: InstrumentRules) => void;
};

/** What our whole numbers are made with, or what forbids trading at all. */
const fundamental: ReadonlySet<keyof InstrumentRules> = new Set(["quoteAsset", "tickSize", "stepSize", "tradable"]);

/** Refusals that say that a number is not on the exchange's grid or in its bounds, although it is on ours. */
const hints: ReadonlySet<number> = new Set([
  -1111, -1121, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4140, -4141, -4164,
]);
const interval = 60 * microsPerMinute;
/** While entries of a symbol are off for its rules. */
const intervalObstructed = 5 * microsPerMinute;
/** The answer is large: hints in a row ask once. */
const soonest = microsPerMinute;

export class RulesWatch {
  readonly #ports: RulesPorts;
  #readAt: Micros;
  readonly #obstructed = new Set<Instrument>();

  /** @param readAt when the rules of the instruments were read */
  constructor(ports: RulesPorts, readAt: Micros) {
    this.#ports = ports;
    this.#readAt = readAt;
    this.#later(readAt);
  }

  onRefused(code: number, now: Micros): void {
    if (hints.has(code) && now >= this.#readAt + soonest) this.#read(now);
  }

  #later(now: Micros): void {
    const wait = micros(this.#obstructed.size > 0 ? intervalObstructed : interval);
    this.#ports.timers.set("rules", plus(now, wait), (then) => this.#read(then));
  }

  #read(now: Micros): void {
    this.#readAt = now;
    this.#later(now);
    const request = publicQuery("/fapi/v1/exchangeInfo", 1, {});
    const then = (info: ExchangeInfo, at: Micros): void => {
      for (const instrument of this.#ports.instruments) this.#compare(instrument, info, at);
      if (this.#obstructed.size > 0) this.#later(at);
    };
    ask(this.#ports, { name: "rules", request, schema: ExchangeInfo, then }, now);
  }

  #compare(instrument: Instrument, info: ExchangeInfo, now: Micros): void {
    const { symbol, rules, index } = instrument;
    const found = rulesOf(info, symbol);
    if (!found.ok) return this.#obstruct(instrument, found.cause, now);
    const names = Object.keys(rules) as readonly (keyof InstrumentRules)[];
    const changed = names.filter((name) => rules[name] !== found.rules[name]);
    const change = changed.map((name) => `${name} ${rules[name]} → ${found.rules[name]}`).join(", ");
    const isFundamental = changed.some((name) => fundamental.has(name));
    if (changed.length > 0 && !this.#obstructed.has(instrument)) {
      const fields = { change, entries: isFundamental ? "off" : "on" };
      this.#ports.notice({ kind: "notice", level: "warn", code: "EXCHANGE_RULES_CHANGED", symbol: index, fields });
    }
    if (changed.length > 0 && !isFundamental) this.#ports.onBounds(instrument, found.rules);
    this.#obstruct(instrument, isFundamental ? change : null, now);
  }

  #obstruct(instrument: Instrument, change: string | null, now: Micros): void {
    if (change === null) this.#obstructed.delete(instrument);
    else this.#obstructed.add(instrument);
    this.#ports.onRules(instrument, change, now);
  }
}
