/**
 * Whether the exchange's rules are still those that we started with: read anew each hour, and when a refusal hints at it.
 * Another grid cannot be taken over while orders and positions are counted in the old one, so entries of that symbol end
 * until the daemon is started anew; what is open stays managed. Other bounds are told: an order beyond them is refused.
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
};

/** What our whole numbers are made with, or what forbids trading at all. */
const fundamental: ReadonlySet<keyof InstrumentRules> = new Set([
  "quoteAsset",
  "tickSize",
  "stepSize",
  "marketStepSize",
  "tradable",
]);

/** Refusals that say that a number is not on the exchange's grid or in its bounds, although it is on ours. */
const hints: ReadonlySet<number> = new Set([
  -1111, -1121, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4140, -4141, -4164,
]);
const interval = 60 * microsPerMinute;
/** The answer is large: hints in a row ask once. */
const soonest = microsPerMinute;

export class RulesWatch {
  readonly #ports: RulesPorts;
  #readAt: Micros;

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
    this.#ports.timers.set("rules", plus(now, micros(interval)), (then) => this.#read(then));
  }

  #read(now: Micros): void {
    this.#readAt = now;
    this.#later(now);
    const request = publicQuery("/fapi/v1/exchangeInfo", 1, {});
    const then = (info: ExchangeInfo, at: Micros): void => {
      for (const instrument of this.#ports.instruments) this.#compare(instrument, info, at);
    };
    ask(this.#ports, { name: "rules", request, schema: ExchangeInfo, then }, now);
  }

  #compare(instrument: Instrument, info: ExchangeInfo, now: Micros): void {
    const { symbol, rules, index } = instrument;
    const found = rulesOf(info, symbol);
    if (!found.ok) return this.#ports.onRules(instrument, found.cause, now);
    const names = Object.keys(rules) as readonly (keyof InstrumentRules)[];
    const changed = names.filter((name) => rules[name] !== found.rules[name]);
    const change = changed.map((name) => `${name} ${rules[name]} → ${found.rules[name]}`).join(", ");
    if (changed.length > 0) {
      const fields = { change };
      this.#ports.notice({ kind: "notice", level: "warn", code: "EXCHANGE_RULES_CHANGED", symbol: index, fields });
    }
    this.#ports.onRules(instrument, changed.some((name) => fundamental.has(name)) ? change : null, now);
  }
}
