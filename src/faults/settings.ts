/** What the simulated daemon trades with where no file is named: entries all day, and limits that do not end the day. */

import { Settings } from "../config/schema.ts";
import { present } from "../domain/assert.ts";
import { listedSymbols, type SymbolSpec } from "../exchange/symbols.ts";
import { pick, randomFor } from "./random.ts";

/** Seconds between two decisions of a symbol where much is to happen in little time. */
const lively = 180;
/** The same in the long: most of the time nothing is at stake, as in life. */
const rhythms = [300, 720, 1_200] as const;

/** Of so many seeds one has a certain limit that its trades reach. */
const tightOneIn = 6;

/** Ways to trade differ from seed to seed. @param interval seconds between two decisions of a symbol */
export function settingsOf(seed: number, interval: number = lively): Settings {
  const random = randomFor(seed, "settings");
  const mode = pick(random, ["normal", "scalp"] as const);
  return Settings.parse({
    symbols: ["BTCUSDT", "ETHUSDT"],
    decision: {
      ensemble: { enabled: false },
      demo: {
        enabled: true,
        interval_seconds: interval,
        hold_seconds: pick(random, [20, 60, 120]),
        cooldown_seconds: 5,
      },
    },
    trading: { mode, scalp: { max_hold_seconds: 120 }, normal: { max_hold_seconds: 120 } },
    exits: { targets: pick(random, ["single", "split"] as const) },
    guardrails: { cooldown_seconds: 5, crash_return_pct: 0.5 },
    risk: { session: { max_daily_loss_abs: null, max_daily_loss_pct: null }, cost: { enabled: false } },
    exchange: { wallet_usdt: 100_000 },
  });
}

/** What whole seeds run with: how often something is decided differs as well, and a few have limits that are reached. */
export function seedSettingsOf(seed: number): Settings {
  return limitedSettingsOf(seed, pick(randomFor(seed, "rhythm of decisions"), rhythms));
}

/** Some seeds have limits that their trades reach. @param interval seconds between two decisions of a symbol */
export function limitedSettingsOf(seed: number, interval: number = lively): Settings {
  const settings = settingsOf(seed, interval);
  const { guardrails, risk } = settings;
  const random = randomFor(seed, "limits that are reached");
  const isTight = (): boolean => random.below(tightOneIn) === 0;
  const max_positions = isTight() ? 1 : guardrails.max_positions;
  const max_trades_per_hour = isTight() ? 2 + random.below(3) : risk.session.max_trades_per_hour;
  const max_daily_loss_abs = isTight() ? 12 + random.below(12) : null;
  const session = { ...risk.session, max_trades_per_hour, max_daily_loss_abs };
  return Settings.parse({ ...settings, guardrails: { ...guardrails, max_positions }, risk: { ...risk, session } });
}

/** Those of the exchange, in the order of the settings. @throws {RangeError} the embedded exchange does not list it */
export function specsOf({ symbols }: Settings): readonly SymbolSpec[] {
  return symbols.map((symbol) => {
    const found = listedSymbols.find(({ row }) => row.symbol === symbol);
    if (found === undefined) throw new RangeError(`the embedded exchange does not list ${symbol}`);
    return found;
  });
}

/** A usual price, in ticks. */
export function priceOf(spec: SymbolSpec): number {
  return Math.round(Number(spec.referencePrice) / Number(gridIn(spec).tickSize));
}

/** What the symbol was listed with, decimal text. */
export function gridIn({ row }: SymbolSpec): {
  readonly tickSize: string;
  readonly stepSize: string;
  /** the least that may be ordered */
  readonly minQuantity: string;
} {
  const filter = (type: string, name: string): string =>
    String(
      present(
        row.filters.find(({ filterType }) => filterType === type),
        type,
      )[name],
    );
  return {
    tickSize: filter("PRICE_FILTER", "tickSize"),
    stepSize: filter("LOT_SIZE", "stepSize"),
    minQuantity: filter("LOT_SIZE", "minQty"),
  };
}

/** So many units of a grid, with as many decimals as its text has. */
export function onGrid(units: number, unit: string): string {
  return (Math.round(units) * Number(unit)).toFixed(unit.split(".")[1]?.length ?? 0);
}
