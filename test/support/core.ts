/** Instruments, settings and times in small, for tests of the core. */

import { Settings } from "../../src/config/schema.ts";
import type { ExitRules } from "../../src/domain/exit-rules.ts";
import { type Instrument, type InstrumentRules, instrumentFromRules } from "../../src/domain/instrument.ts";
import { type Micros, micros, microsPerMillisecond, microsPerMinute, symbolIndex } from "../../src/domain/units.ts";

const rules: InstrumentRules = {
  symbol: "BTCUSDT",
  baseAsset: "BTC",
  quoteAsset: "USDT",
  tickSize: "0.10",
  minPrice: "0.10",
  maxPrice: "1000000",
  stepSize: "0.001",
  minQuantity: "0.001",
  maxQuantity: "1000",
  marketStepSize: "0.001",
  marketMinQuantity: "0.001",
  marketMaxQuantity: "120",
  minNotional: "100",
  multiplierUp: "1.05",
  multiplierDown: "0.95",
  maxOrders: 200,
  tradable: true,
};

/** 640,000 ticks are 64,000 USDT; one lot is 0.001 BTC, so one lot is worth about 64 USDT. */
export const instrument = instrumentWith({});

export function instrumentWith(changes: Partial<InstrumentRules>): Instrument {
  return instrumentFromRules({ ...rules, ...changes }, symbolIndex(0), "64000", "200");
}

/** Another symbol beside it. */
export const secondInstrument: Instrument = instrumentFromRules(
  { ...rules, symbol: "ETHUSDT", baseAsset: "ETH" },
  symbolIndex(1),
  "64000",
  "200",
);

/** Input of the schema: what is left out, at any depth, takes its default. */
export type SettingsChanges = Changes<Settings>;

type Changes<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [Key in keyof T]?: Changes<T[Key]> }
    : T;

export function settingsWith(changes: SettingsChanges): Settings {
  return Settings.parse(changes);
}

export const settings: Settings = settingsWith({});

/** Exit rules that never move a stop, so that a test sees only what it moves itself. */
export const stillRules: ExitRules = {
  leavesOnDecision: true,
  firstTargetShare: 0.5,
  breakEvenBps: null,
  trailFromR: null,
  trailFromBps: null,
  trailByR: null,
  trailByBps: null,
  atrAtEntry: null,
  adverseCandleAtr: null,
  moveStepR: 0.05,
  moveIntervalMicros: micros(500_000),
  movesMax: 100,
  stopCooldownMicros: micros(0),
};

/** A minute boundary; times in tests count from here. */
export const start: Micros = micros(28_000_000 * microsPerMinute);

/** The time so many milliseconds after {@link start}. */
export function after(milliseconds: number): Micros {
  return micros(start + Math.round(milliseconds * microsPerMillisecond));
}
