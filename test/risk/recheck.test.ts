/** The second look before more of an entry is sent: refuse or reduce, never more. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteFromTickLots } from "../../src/domain/instrument.ts";
import { lots, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { type RecheckInput, recheckEntry } from "../../src/risk/recheck.ts";
import { after, instrument, settings, settingsWith, start } from "../support/core.ts";
import { sessionOf } from "./support.ts";

/** Sent as a market order unless a test says a price. Ten lots long were approved at 640,000 with a stop 400 ticks away; none has filled. */
function inputOf(changes: Partial<RecheckInput> = {}): RecheckInput {
  const input = { ...plain, ...changes };
  return { ...input, price: changes.price ?? (input.side === "buy" ? input.ask : input.bid) };
}

const plain: Omit<RecheckInput, "price"> = {
  instrument,
  settings,
  side: "buy",
  bid: ticks(640_000),
  ask: ticks(640_001),
  equity: 10_000,
  available: 10_000,
  accountAge: microsFromSeconds(1),
  committedLots: 0,
  accountExposure: 0,
  recentReturn: 0,
  session: sessionOf(),
  approved: lots(10),
  approvedPrice: ticks(640_001),
  stopLoss: ticks(639_601),
  decisionMidHalfTicks: 1_280_001,
  entered: lots(0),
  wanted: lots(10),
};

function answerTo(changes: Partial<RecheckInput>) {
  const { quantity, reasons } = recheckEntry(inputOf(changes), start);
  return [quantity, ...reasons.map(({ reason }) => reason)];
}

test("[RSK-9] what has not changed is sent as it was approved", () => {
  expect(recheckEntry(inputOf(), start)).toEqual({ quantity: 10, reasons: [] });
});

const halt = { kind: "halt", reason: "HALTED", by: "operator", until: null } as const;

test.each<readonly [string, Partial<RecheckInput>, readonly (string | number)[]]>([
  ["an account that has become stale", { accountAge: microsFromSeconds(121) }, [0, "ACCOUNT_STALE"]],
  ["an equity that is not known", { equity: null }, [0, "EQUITY_MISSING"]],
  ["a touch that is gone", { bid: ticks(640_001) }, [0, "MARKET_DATA_STALE"]],
  ["a halt", { session: sessionOf({ hold: halt }) }, [0, "HALTED"]],
  ["a loss that has reached the day's limit", { equity: 9_800 }, [0, "MAX_DAILY_LOSS_REACHED"]],
  [
    "trades that fill the hour: this one is among them",
    { session: sessionOf({ tradeTimes: Array(100).fill(start) }) },
    [10],
  ],
  ["a drawdown beyond the guard", { session: sessionOf({ peakEquity: 11_112 }) }, [0, "DRAWDOWN_GUARD"]],
  ["a crash", { recentReturn: -0.006 }, [0, "CRASH_GUARD"]],
  ["a free margin below the least", { available: 9.99 }, [0, "INSUFFICIENT_MARGIN"]],
  ["a free margin of the least, which pays one lot", { available: 10 }, [1, "SIZE_TOO_SMALL"]],
  ["a free margin that is not known", { available: null }, [0, "INSUFFICIENT_MARGIN"]],
  ["a price just within the largest move", { ask: ticks(640_640), bid: ticks(640_639) }, [3, "SIZE_TOO_SMALL"]],
  ["a price beyond the largest move", { ask: ticks(640_641), bid: ticks(640_640) }, [0, "PRICE_MOVED"]],
  [
    "a price at the largest move",
    { ask: ticks(640_640), bid: ticks(640_639), decisionMidHalfTicks: 1_280_000 },
    [3, "SIZE_TOO_SMALL"],
  ],
  ["an unchanged price where the decision's is not known", { decisionMidHalfTicks: null }, [10]],
  [
    "the largest notional of a short, measured at the dearer side",
    {
      side: "sell",
      ask: ticks(700_000),
      stopLoss: ticks(740_000),
      approvedPrice: ticks(640_000),
      settings: settingsWith({ risk: { max_notional: 448 } }),
    },
    [6, "SIZE_TOO_SMALL"],
  ],
  ["a price that has become better", { ask: ticks(639_701), bid: ticks(639_700) }, [10]],
  ["a stop at the least distance", { ask: ticks(639_621), bid: ticks(639_620) }, [10]],
  ["a stop nearer than the least distance", { ask: ticks(639_620), bid: ticks(639_619) }, [0, "STOP_INVALID"]],
  ["a stop twice as far, at the same risk", { approvedPrice: ticks(639_801) }, [5, "SIZE_TOO_SMALL"]],
  ["what has filled of the risk", { entered: lots(4), wanted: lots(6) }, [6]],
  ["the largest notional", { settings: settingsWith({ risk: { max_notional: 500 } }) }, [7, "SIZE_TOO_SMALL"]],
  [
    "the largest notional, of which some has filled",
    { settings: settingsWith({ risk: { max_notional: 500 } }), entered: lots(5), committedLots: 5, wanted: lots(5) },
    [2, "SIZE_TOO_SMALL"],
  ],
  [
    "an equity that has shrunk",
    { equity: 2_500, session: sessionOf({ limitEquity: 2_500, peakEquity: 2_500 }) },
    [7, "SIZE_TOO_SMALL"],
  ],
  ["an exposure that has grown", { committedLots: 25 }, [6, "SIZE_TOO_SMALL"]],
  ["leverage that is used elsewhere", { accountExposure: 99_800 }, [3, "SIZE_TOO_SMALL"]],
  ["no room at all", { committedLots: 100 }, [0, "SIZE_TOO_SMALL"]],
  ["an exposure that is no number", { committedLots: Number.NaN }, [0, "SIZE_TOO_SMALL"]],
  ["a short, whose price is the bid", { side: "sell", stopLoss: ticks(640_400), approvedPrice: ticks(640_000) }, [10]],
  [
    "a short whose price fell beyond the largest move",
    { side: "sell", stopLoss: ticks(640_400), approvedPrice: ticks(640_000), bid: ticks(639_360), ask: ticks(639_361) },
    [0, "PRICE_MOVED"],
  ],
  [
    "a move from the approved price where the decision's is not known",
    { decisionMidHalfTicks: null, approvedPrice: ticks(639_000) },
    [0, "PRICE_MOVED"],
  ],
])("[RSK-9] %s", (_name, changes, answer) => {
  expect(answerTo(changes)).toEqual(answer);
});

test("[RSK-9] what is reduced says to what, from what", () => {
  expect(recheckEntry(inputOf({ accountExposure: 99_800 }), start).reasons).toEqual([
    { reason: "SIZE_TOO_SMALL", measured: 3, limit: 10 },
  ]);
});

test("[RSK-9] the largest loss at the stop is never more than what was approved, and no cap is passed", () => {
  const price = fc.integer({ min: 639_700, max: 640_600 });
  fc.assert(
    fc.property(
      price,
      fc.integer({ min: 1, max: 400 }),
      fc.nat(30),
      fc.double({ min: 0, max: 5_000, noNaN: true }),
      (ask, distance, entered, available) => {
        const approved = lots(40);
        const input = inputOf({
          ask: ticks(ask),
          bid: ticks(ask - 1),
          approved,
          approvedPrice: ticks(640_000),
          stopLoss: ticks(640_000 - distance),
          entered: lots(entered),
          committedLots: entered,
          wanted: lots(40 - entered),
          available,
        });
        const { quantity } = recheckEntry(input, after(0));
        const worth = quoteFromTickLots(instrument, ask * (quantity + entered));
        expect(quantity * (ask - 640_000 + distance)).toBeLessThanOrEqual((40 - entered) * distance);
        expect(quantity === 0 || worth <= settings.risk.max_notional).toBe(true);
        expect(quantity).toBeLessThanOrEqual(input.wanted);
      },
    ),
  );
});
