/** Classes refuse, stop, done and reconcile of the error table, and codes that it lacks, for each kind of request. */

import { expect, test } from "vitest";
import { answer, chasing, entered, levelOf, of, refusal, rest } from "./support/errors.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";

test("[F-02] −1008 to an order that only reduces is told as an error: its flags are wrong", () => {
  // given
  const settings = normal({ max_hold_seconds: 10 });
  const fault = refusal(-1008, 503);
  const sim = openLong({ ...rest, settings, faults: [{ on: "place-order x1", fault, times: 9 }] });
  // when
  sim.advance(20_000);
  // then
  expect(levelOf(sim, "ORDER_REFUSED")).toEqual(["error"]);
});

test.each([
  ["−2019", refusal(-2019)],
  ["−2027", refusal(-2027)],
  ["−2010", refusal(-2010)],
  ["−4140", refusal(-4140)],
] as const)("[SAF-3] an entry refused with %s is over, and nothing is left of it", (_, fault) => {
  const sim = entered(fault);
  expect([of(sim, "e"), sim.truth.open, sim.running, levelOf(sim, "ORDER_REFUSED")]).toEqual([
    ["place-order e1"],
    [],
    null,
    ["warn"],
  ]);
});

test("[ORD-6] a post-only entry that would take is refused as every day, and told so", () => {
  const sim = entered(refusal(-5022));
  expect([sim.running, levelOf(sim, "ORDER_NOT_TAKEN"), levelOf(sim, "ORDER_REFUSED")]).toEqual([null, ["info"], []]);
});

test.each([
  ["−4111, which nobody knows,", refusal(-4111)],
  ["−1102", refusal(-1102)],
  ["−4137", refusal(-4137)],
  ["−4120", refusal(-4120)],
  ["−2019", refusal(-2019)],
] as const)("[SAF-3] a stop refused with %s cannot protect: closed at once, and SAFE MODE", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-algo f1", fault }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(500);
  // then
  expect([sim.truth.position, sim.core.safeMode !== null]).toEqual([0, true]);
});

test.each([
  ["−2021", refusal(-2021)],
  ["−4142", refusal(-4142)],
] as const)("[SAF-3] a stop refused with %s is hit: closed at once, without SAFE MODE", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-algo f1", fault }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(500);
  // then
  expect([sim.truth.position, sim.core.safeMode, of(sim, "f").length]).toEqual([0, null, 1]);
});

test.each([
  [400, -1022],
  [401, -2015],
  [400, -2023],
  [400, -4061],
  [400, -4088],
  [400, -4401],
])("[SAF-3] an entry refused with %i %i: our authority is lost, SAFE MODE", (status, code) => {
  const sim = entered(refusal(code, status));
  expect([sim.core.safeMode?.reason, sim.truth.open]).toEqual(["AUTHORITY_LOST", []]);
});

test("[SAF-3] an entry answered with 401 and no code: our authority is lost, SAFE MODE", () => {
  expect(entered(answer(401, "")).core.safeMode?.reason).toBe("AUTHORITY_LOST");
});

test.each([
  ["refused below 500", 400, false],
  ["executed for all that", 400, true],
  ["executed with a 500", 500, true],
] as const)("[SAF-3] a code that nobody knows to an entry (%s): looked up, and SAFE MODE", (_, status, executes) => {
  // given
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "place-order e1", fault: refusal(-9_876, status, executes) },
      { on: "report e1*", fault: { kind: "untold" }, times: 10 },
    ],
  });
  // when
  sim.advance(40_000);
  // then
  expect([sim.core.safeMode?.reason, of(sim, "e1").includes("place-order e1"), sim.truth.open, sim.running]).toEqual([
    "UNKNOWN_CODE",
    true,
    [],
    null,
  ]);
});

test("[SAF-2] −5027 to an amendment is done: the order has these values", () => {
  // given
  const sim = restingEntry({
    ...rest,
    settings: chasing,
    faults: [{ on: "amend-order e1", fault: refusal(-5027) }],
  });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(3_000);
  // then
  expect([sim.running?.work.amendsRefused, of(sim, "e")]).toEqual([false, ["place-order e1", "amend-order e1"]]);
});

test.each([-5024, -5025, -5026, -5043, -2013])(
  "[SAF-2] an amendment refused with %i: the order is looked up",
  (code) => {
    // given
    const sim = restingEntry({
      ...rest,
      settings: chasing,
      faults: [{ on: "amend-order e1", fault: refusal(code) }],
    });
    // when
    sim.quote({ bid: 640_040 });
    sim.advance(3_000);
    // then
    expect([sim.asked.includes("query-order e1"), sim.truth.openOrders.length]).toEqual([true, 1]);
  },
);

test("[SAF-2] −4117 to the cancel of a stop: it is asked about, and nothing is put in its place", () => {
  // given
  const sim = openLong({
    ...rest,
    settings: normal({ max_hold_seconds: 10 }),
    faults: [{ on: "cancel-algo f1", fault: refusal(-4117) }],
  });
  // when
  sim.advance(30_000);
  // then
  expect([sim.truth.position, sim.truth.open, of(sim, "f").filter((name) => name.startsWith("place"))]).toEqual([
    0,
    [],
    [],
  ]);
});
