import { expect, test } from "vitest";
import type { Effect, Place } from "../../src/faults/plan/fault.ts";
import { runWith } from "./support.ts";

const minute = 60_000_000;

/** One fault in some minutes of trading. */
function struck(place: Place, effect: Effect) {
  const { faults, safeModes, violations } = runWith([{ class: "planned", place, effect }]);
  return { faults, reasons: Object.keys(safeModes), violations };
}

const nothingWrong = { faults: { planned: 1 }, reasons: [], violations: [] };
/** A position is open then, in the world of these tests. */
const open = { at: 62_000_000 } as const;

test.each<readonly [string, Effect]>([
  ["F-47", { do: "warp", stream: "public", how: "reorder", share: 0.2, for: minute }],
  ["F-68", { do: "warp", stream: "market", how: "repeat", share: 0.2, for: minute }],
  ["F-75", { do: "warp", stream: "public", how: "cross", share: 1, for: minute }],
  ["F-75", { do: "freeze", symbol: 0, for: minute }],
  ["F-48", { do: "day-cut" }],
  ["F-65", { do: "backlog", for: 4_000_000 }],
  ["F-77", { do: "rules", symbol: 0, change: { minNotional: "20000" }, for: minute }],
  ["F-77", { do: "coarser", symbol: 0, ticks: 5, steps: 1, for: minute }],
  ["F-77", { do: "coarser", symbol: 1, ticks: 5, steps: 5, for: minute }],
  ["F-26", { do: "exchange-clock", by: 4_000_000, for: minute }],
  ["F-26", { do: "exchange-clock", by: -4_000_000, for: minute }],
  ["F-52", { do: "rules", symbol: 0, change: { marketTakeBound: "0.00001" }, for: minute }],
  ["F-88", { do: "fees", asset: "BNB", for: minute }],
  ["F-71", { do: "maintenance", answer: "503 unavailable", cancels: true, for: minute }],
])("[%s] %o while a position is open: nothing is violated", (_case, effect) => {
  expect(struck(open, effect)).toEqual(nothingWrong);
});

test.each<readonly [string, Effect, readonly string[]]>([
  ["F-88", { do: "funding", symbol: 0, rate: 0.01 }, []],
  ["F-82", { do: "close-out", symbol: 0, by: "auto-deleveraging" }, ["UNKNOWN_POSITION"]],
  ["F-82", { do: "close-out", symbol: 0, by: "liquidation" }, ["UNKNOWN_POSITION"]],
  ["F-27", { do: "human", act: "flip", symbol: 0 }, ["UNKNOWN_POSITION"]],
  ["F-56", { do: "deny", for: minute }, ["AUTHORITY_LOST"]],
])("[%s] %o just after an entry filled: nothing is violated", (_case, effect, reasons) => {
  expect(struck({ message: "report e FILLED", nth: 3 }, effect)).toEqual({ ...nothingWrong, reasons });
});

test.each([true, false])(
  "[F-59] a second daemon begins (in a trade: %s): this one sees it and enters nothing",
  (enters) => {
    const begins: Effect = { do: "second-daemon", symbol: 1, enters, for: 30_000_000 };
    expect(struck(open, begins)).toEqual({ ...nothingWrong, reasons: ["ANOTHER_DAEMON"] });
  },
);

test("[F-59] a daemon that starts where another one lives enters nothing", () => {
  // given: it is down for two seconds when the other one begins
  const crash = { do: "crash", loss: "kill", down: 2_000_000, again: null } as const;
  const begins = { do: "second-daemon", symbol: 0, enters: false, for: 60_000_000 } as const;
  // when
  const { safeModes, violations } = runWith([
    { class: "crash", place: { at: 62_000_000 }, effect: crash },
    { class: "planned", place: { at: 63_000_000 }, effect: begins },
  ]);
  // then
  expect([Object.keys(safeModes), violations]).toEqual([["ANOTHER_DAEMON"], []]);
});

test("[F-40] a stop that stays in triggering for four seconds closes its position late, and once", () => {
  expect(struck({ request: "place f", nth: 2 }, { do: "delay-trigger", by: 4_000_000 })).toEqual(nothingWrong);
});

test("[F-35] an exception where a stop is handed over is contained, told, and looked up", () => {
  const reasons = ["INVALID_ORDER"];
  expect(struck({ request: "place f", nth: 2 }, { do: "throw" })).toEqual({ ...nothingWrong, reasons });
});

test("[F-35] an exception while the daemon starts ends it in good order, and it comes back", () => {
  const crash = { do: "crash", loss: "kill", down: 1_000_000, again: null } as const;
  const { reached, violations } = runWith([
    { class: "crash", place: open, effect: crash },
    { class: "planned", place: { request: "GET time", nth: 1 }, effect: { do: "throw" } },
    { class: "planned", place: { request: "GET time", nth: 2 }, effect: { do: "throw" } },
  ]);
  expect([reached.toSorted(), violations]).toEqual([[0, 1, 2], []]);
});

test("[F-35] an exception where a row is handed over ends the daemon in good order, and it comes back", () => {
  expect(struck({ row: "fill", nth: 2 }, { do: "throw" })).toMatchObject({ faults: { planned: 1 }, violations: [] });
});

test.each<Effect>([
  { do: "freeze", symbol: 1, for: minute },
  { do: "human", act: "open", symbol: 1 },
  { do: "close-out", symbol: 1, by: "liquidation" },
  { do: "second-daemon", symbol: 1, enters: true, for: minute },
])("[CFG-1] %o has nothing to strike where the settings have one symbol", (effect) => {
  const planned = [{ class: "planned", place: open, effect }];
  const { faults, violations } = runWith(planned, { symbols: ["BTCUSDT"] });
  expect([faults, violations]).toEqual([{}, []]);
});
