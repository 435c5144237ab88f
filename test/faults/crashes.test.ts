import { expect, test } from "vitest";
import { crashesAt, found, judge } from "../../scripts/crashes/matrix.ts";
import { canonicalTrades, tradeOf } from "../../scripts/crashes/trades.ts";

test("there are twenty canonical trades, and each has a name of its own", () => {
  expect(new Set(canonicalTrades.map(({ name }) => name)).size).toBe(20);
});

test("a crash is tried at each place of a trade, and once more with a second one inside recovery", () => {
  const places = [
    { request: "place e", nth: 1 },
    { row: "intent", nth: 1 },
  ];
  const crashes = crashesAt(places).map(({ place, effect }) => [place, "again" in effect && effect.again !== null]);
  expect(crashes).toEqual([
    [places[0], false],
    [places[0], true],
    [places[1], false],
    [places[1], true],
  ]);
});

test("a trade that shows something else than its name says is stale, and is not run", () => {
  const trade = { ...tradeOf("normal: time-out"), exits: ["STOP_LOSS"] };
  expect(() => found(trade, 2)).toThrow(
    "normal: time-out is stale: no world of 2 shows it; the first shows exits MAX_HOLD",
  );
});

/** So many of the crashes of a trade, evenly spread. */
const sampled = 3;

test.each(["normal: stop hit", "scalp: both targets", "normal: taken over after a lost disk"])(
  "[F-08] after a crash anywhere in a trade, and another one inside recovery, nothing is violated (%s)",
  (name) => {
    const { trade, places } = found(tradeOf(name));
    const crashes = crashesAt(places);
    const step = Math.floor(crashes.length / sampled) | 1;
    const verdicts = crashes.filter((_, index) => index % step === 1).map((crash) => judge(trade, crash));
    expect(verdicts.filter(({ violations, isReached }) => violations.length > 0 || !isReached)).toEqual([]);
    expect(verdicts.length).toBeGreaterThanOrEqual(sampled);
  },
);
