/**
 * Whether the exchange's rules are still those that we started with: read anew each hour, and when a refusal hints at it.
 * Other bounds, and a coarser grid, are handed to the core between two events (failure-catalogue F-77): whole numbers stay
 * what they are, and what leaves is put on the exchange's grid. A grid that has points between ours cannot be taken over
 * while orders and positions are counted in the old one, so entries of that symbol end until the daemon is started anew;
 * what is open stays managed. A symbol that is not traded, by now or from the start on, is looked at more often, until it is.
 *
 * @see requirements ORD-6; binance-usdm.md §8 (−1111, −4014, −4023: refresh filters)
 */

import { meaningOf } from "../domain/error-policy.ts";
import { type Instrument, type InstrumentRules, isCoveredBy, suspectGrid, takeBounds } from "../domain/instrument.ts";
import { type Micros, micros, microsPerMinute, microsPerSecond, plus, type SymbolIndex } from "../domain/units.ts";
import { type AskPorts, ask } from "./asking.ts";
import { closureOf, type Obstacle, rulesOf } from "./exchange-info.ts";
import { publicQuery } from "./wire/encode.ts";
import { ExchangeInfo } from "./wire/schemas.ts";

export type RulesPorts = AskPorts & {
  readonly instruments: readonly Instrument[];
  /** @param obstacle null: nothing keeps entries from being right */
  readonly onRules: (instrument: Instrument, obstacle: Obstacle | null, now: Micros) => void;
  /** @param rules all of whose prices and quantities are whole for the instrument */
  readonly onBounds: (instrument: Instrument, rules: InstrumentRules) => void;
};

/** Refusals that say that a number is not on the exchange's grid or in its bounds, although it is on ours. */
const hints: ReadonlySet<number> = new Set([
  -1013, -1111, -1121, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4023, -4140, -4141, -4164,
]);
const interval = 60 * microsPerMinute;
/** While entries of a symbol are off for its rules. */
const intervalObstructed = 5 * microsPerMinute;
/** The answer is large: hints in a row ask once. A close that is refused for its grid waits for no more than this. */
const soonest = 5 * microsPerSecond;
/** A grid that our rules do not know of is most likely the next decade. */
const decade = 10;

export class RulesWatch {
  readonly #ports: RulesPorts;
  #readAt: Micros;
  readonly #obstructed: Set<Instrument>;
  /** taken to have a coarser grid than the rules say that were read last */
  readonly #suspected = new Set<Instrument>();
  /** when other rules were taken over last: what was written before says nothing against them */
  readonly #changedAt = new Map<SymbolIndex, Micros>();

  /** @param readAt when the rules of the instruments were read */
  constructor(ports: RulesPorts, readAt: Micros) {
    this.#ports = ports;
    this.#readAt = readAt;
    this.#obstructed = new Set(ports.instruments.filter(({ rules }) => closureOf(rules) !== null));
    this.#later(readAt);
  }

  /**
   * Until the rules are read, the next order of the symbol goes out on the grid that the exchange seems to have.
   *
   * @param writtenAt when the order that was refused was put on the grid that we knew
   */
  onRefused(symbol: SymbolIndex, code: number, writtenAt: Micros, now: Micros): void {
    if (!hints.has(code)) return;
    if (writtenAt >= (this.#changedAt.get(symbol) ?? 0)) this.#suspect(symbol, code);
    if (now >= this.#readAt + soonest) this.#read(now);
    else this.#ports.timers.set("rules", micros(this.#readAt + soonest), (then) => this.#read(then));
  }

  #suspect(symbol: SymbolIndex, code: number): void {
    const instrument = this.#ports.instruments[symbol];
    const meaning = meaningOf(code);
    if (instrument === undefined || this.#suspected.has(instrument)) return;
    const price = meaning === "grid" || meaning === "price-grid" ? decade : 1;
    const lots = meaning === "grid" || meaning === "quantity-grid" ? decade : 1;
    if (price === 1 && lots === 1) return;
    this.#suspected.add(instrument);
    suspectGrid(instrument, { price, lots });
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
    if (!found.ok) return this.#obstruct(instrument, { cause: found.cause, isClosed: true }, now);
    const names = Object.keys(rules) as readonly (keyof InstrumentRules)[];
    const changed = names.filter((name) => rules[name] !== found.rules[name]);
    const change = changed.map((name) => `${name} ${rules[name]} → ${found.rules[name]}`).join(", ");
    // What our money is counted in, and what our whole numbers are.
    const isOther = found.rules.quoteAsset !== rules.quoteAsset || !isCoveredBy(found.rules, instrument);
    const obstacle = closureOf(found.rules) ?? (isOther ? { cause: change, isClosed: false } : null);
    if (changed.length > 0 && !this.#obstructed.has(instrument)) {
      const fields = { change, entries: obstacle === null ? "on" : "off" };
      this.#ports.notice({ kind: "notice", level: "warn", code: "EXCHANGE_RULES_CHANGED", symbol: index, fields });
    }
    if (obstacle === null) this.#take(instrument, found.rules, changed.length > 0, now);
    this.#obstruct(instrument, obstacle, now);
  }

  #take(instrument: Instrument, rules: InstrumentRules, isOther: boolean, now: Micros): void {
    const isSuspected = this.#suspected.delete(instrument);
    if (!isOther && !isSuspected) return;
    if (isOther) this.#changedAt.set(instrument.index, now);
    takeBounds(instrument, rules);
    this.#ports.onBounds(instrument, rules);
  }

  #obstruct(instrument: Instrument, obstacle: Obstacle | null, now: Micros): void {
    if (obstacle === null) this.#obstructed.delete(instrument);
    else this.#obstructed.add(instrument);
    this.#ports.onRules(instrument, obstacle, now);
  }
}
