import { expect, test } from "vitest";
import type { Fault, RequestEffect } from "../../src/faults/plan/fault.ts";
import { runWith } from "./support.ts";

function onStop(effect: RequestEffect, nth = 2): Fault {
  return { class: "planned", place: { request: "place f", nth }, effect };
}

test("without faults the daemon trades, agrees with the exchange, and nothing is violated", () => {
  const { trades, violations, crashes } = runWith([]);
  expect({ violations, crashes }).toEqual({ violations: [], crashes: 0 });
  expect(trades).toBeGreaterThanOrEqual(5);
});

test("[F-01] the second stop placement of a run is executed and its reply lost: found by its place, and settled", () => {
  const { faults, reached, violations } = runWith([onStop({ do: "lose-reply" })]);
  expect({ faults, reached, violations }).toEqual({ faults: { planned: 1 }, reached: [0], violations: [] });
});

test("a fault whose place is never reached does not strike", () => {
  expect(runWith([onStop({ do: "lose-reply" }, 9_999)]).reached).toEqual([]);
});

test.each<readonly [string, RequestEffect]>([
  ["F-02", { do: "answer", answer: "503 unknown", executed: true }],
  ["F-02", { do: "answer", answer: "503 unavailable", executed: false }],
  ["F-04", { do: "answer", answer: "-2021", executed: false }],
  ["F-12", { do: "answer", answer: "unknown code", executed: false }],
  ["F-01", { do: "lose-request" }],
  ["F-01", { do: "delay-reply", by: 5_000_000 }],
  ["F-40", { do: "fail-trigger", status: "REJECTED" }],
])("[%s] a stop placement meets %o: the position is covered or closed in time", (_case, effect) => {
  const { faults, violations } = runWith([onStop(effect)]);
  expect({ faults, violations }).toEqual({ faults: { planned: 1 }, violations: [] });
});

test.each(["kill", "power"] as const)(
  "[F-08] a %s while the stop is on its way: the next run finds the position and protects it",
  (loss) => {
    const effect = { do: "crash", loss, down: 2_000_000, again: null } as const;
    const { crashes, violations } = runWith([{ class: "crash", place: { request: "place f", nth: 2 }, effect }]);
    expect({ crashes, violations }).toEqual({ crashes: 1, violations: [] });
  },
);

test("[F-61] a crash inside recovery is recovered from", () => {
  const effect = { do: "crash", loss: "kill", down: 1_000_000, again: 20 } as const;
  const { crashes, violations } = runWith([{ class: "crash", place: { row: "fill", nth: 3 }, effect }]);
  expect({ crashes, violations }).toEqual({ crashes: 2, violations: [] });
});

test("[F-39] a disk that refuses the intent: no entry leaves, and SAFE MODE says why", () => {
  const disk = { do: "disk", fault: "refuses", for: 4 * 60_000_000 } as const;
  const { safeModes, violations } = runWith([{ class: "disk full", place: { at: 1_000_000 }, effect: disk }]);
  expect({ reasons: Object.keys(safeModes), violations }).toEqual({ reasons: ["STORE_FAILED"], violations: [] });
});

test("[F-18] an address that is banned asks for nothing until the end", () => {
  const ban = { do: "ban", status: 418, for: 3 * 60_000_000 } as const;
  const { faults, violations } = runWith([{ class: "ban", place: { at: 30_000_000 }, effect: ban }]);
  expect({ faults, violations }).toEqual({ faults: { ban: 1 }, violations: [] });
});
