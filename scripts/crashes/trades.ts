/**
 * Canonical trades: how a trade can go, each as a short world with one short and one long of it. What a world shows is
 * checked, so that a crash matrix over another trade than the one in its name does not pass unnoticed.
 */

import { Settings } from "../../src/config/schema.ts";
import type { Effect, Fault, Place } from "../../src/faults/plan/fault.ts";

export type CanonicalTrade = {
  readonly name: string;
  /** of the first world that is looked at */
  readonly seed: number;
  readonly minutes: number;
  readonly settings: Settings;
  /** what brings the trade about; times count from the end of the warm-up */
  readonly faults: readonly Fault[];
  /** how its trades end, in their order: as many as are sure; and requests and messages that it must contain */
  readonly exits: readonly string[];
  readonly contains: readonly string[];
};

type Mode = "normal" | "scalp";
type Shape = {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly steer: readonly Fault[];
  readonly exits: readonly string[];
  readonly contains: readonly string[];
};

const second = 1_000_000;
/** The first world that is looked at. Entries leave it at about these moments: first a short, then a long. */
const seed = 5;
const entries = [
  { at: 21.5 * second, away: -1 },
  { at: 141.5 * second, away: 1 },
] as const;
const minutes = 3.2;

const shapes: readonly Shape[] = [
  { name: "time-out", settings: {}, steer: [], exits: ["MAX_HOLD", "MAX_HOLD"], contains: ["place x"] },
  {
    name: "stop hit",
    settings: {},
    steer: moves([5, -0.003]),
    exits: ["STOP_LOSS", "STOP_LOSS"],
    contains: ["place f"],
  },
  {
    name: "both targets",
    settings: { exits: { targets: "split", trailing: { enabled: false }, break_even: { enabled: false } } },
    steer: moves([4, 0.001_2], [6, 0.001_5]),
    exits: ["TAKE_PROFIT", "TAKE_PROFIT"],
    contains: ["place t1", "place t2"],
  },
  {
    name: "break-even after the first target",
    settings: { exits: { targets: "split" } },
    steer: moves([5, 0.001_4], [12, -0.003]),
    exits: ["TRAILING_STOP", "TRAILING_STOP"],
    contains: ["place r"],
  },
  {
    name: "fills in parts",
    settings: {},
    steer: [at(0, { do: "thin", lots: 1, for: 180 * second })],
    exits: ["MAX_HOLD", "MAX_HOLD"],
    contains: ["report e PARTIALLY_FILLED"],
  },
  {
    name: "price runs from the entry",
    settings: {},
    steer: entries.map(({ at: from, away }) =>
      at(from + 0.1 * second, { do: "gap", symbol: 0, share: away * 0.000_3 }),
    ),
    exits: ["MAX_HOLD", "MAX_HOLD"],
    contains: ["amend e"],
  },
  {
    name: "stop refused",
    settings: {},
    steer: [1, 2].map((nth) => on({ request: "place f", nth }, { do: "answer", answer: "-2021", executed: false })),
    exits: ["STOP_PASSED", "STOP_PASSED"],
    contains: ["place x"],
  },
  {
    name: "stop fails when hit",
    settings: {},
    steer: [
      ...[1, 2].map((nth) => on({ request: "place f", nth }, { do: "fail-trigger", status: "REJECTED" })),
      ...moves([5, -0.003]),
    ],
    exits: ["STOP_LOSS", "STOP_LOSS"],
    contains: ["place x"],
  },
  {
    name: "taken over after a lost disk",
    settings: {},
    steer: [1, 2].map((nth) =>
      on({ message: "algo f NEW", nth }, { do: "crash", loss: "disk", down: 2 * second, again: null }),
    ),
    exits: [],
    contains: ["GET userTrades", "place x"],
  },
  {
    name: "closed by hand",
    settings: {},
    steer: entries.map(({ at: from }) => at(from + 8 * second, { do: "human", act: "close", symbol: 0 })),
    exits: ["EXTERNAL", "EXTERNAL"],
    contains: ["GET positionRisk"],
  },
];

export const canonicalTrades: readonly CanonicalTrade[] = (["normal", "scalp"] as const).flatMap((mode) =>
  shapes.map(({ name, settings, steer, exits, contains }) => ({
    name: `${mode}: ${name}`,
    seed,
    minutes,
    settings: settingsOf(mode, settings),
    faults: steer,
    exits,
    contains,
  })),
);

/** @throws {RangeError} there is none of that name */
export function tradeOf(name: string): CanonicalTrade {
  const found = canonicalTrades.find((trade) => trade.name === name);
  if (found === undefined) throw new RangeError(`no canonical trade is named ${name}`);
  return found;
}

function settingsOf(mode: Mode, own: Readonly<Record<string, unknown>>): Settings {
  return Settings.parse({
    symbols: ["BTCUSDT"],
    decision: {
      ensemble: { enabled: false },
      demo: { enabled: true, interval_seconds: 120, hold_seconds: 20, cooldown_seconds: 5 },
    },
    trading: { mode, scalp: { max_hold_seconds: 120 }, normal: { max_hold_seconds: 120 } },
    exits: { targets: "single" },
    guardrails: { cooldown_seconds: 5, crash_return_pct: 1 },
    risk: { session: { max_daily_loss_abs: null, max_daily_loss_pct: null }, cost: { enabled: false } },
    exchange: { wallet_usdt: 100_000 },
    ...own,
  });
}

/** The price jumps in favour of each trade, or against it, so many seconds after its entry left. */
function moves(...steps: readonly (readonly [seconds: number, share: number])[]): readonly Fault[] {
  return entries.flatMap(({ at: from, away }) =>
    steps.map(([seconds, share]) => at(from + seconds * second, { do: "gap", symbol: 0, share: away * share })),
  );
}

function at(time: number, effect: Effect): Fault {
  return on({ at: Math.round(time) }, effect);
}

function on(place: Place, effect: Effect): Fault {
  return { class: "steering", place, effect };
}
