/** Class retry of the error table, and limits: certainly not executed, and goes again where that is still wanted (SAF-1). */

import { expect, test } from "vitest";
import { answer, arrived, chasing, entered, html, of, refusal, rest } from "./support/errors.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import type { Fault } from "./support/wire.ts";

const certainFailures: readonly (readonly [string, Fault])[] = [
  ["503 Service Unavailable", answer(503, "Service Unavailable.")],
  [
    "503 with the internal-error text",
    answer(503, "Internal error; unable to process your request. Please try again."),
  ],
  ["503 with −1008", refusal(-1008, 503)],
  ["−1016", refusal(-1016, 503)],
  ["−1021", refusal(-1021)],
  ["−5028", refusal(-5028)],
  ["a connection that was never made", { kind: "unsent" }],
];

test.each(certainFailures)("[SAF-1] an entry answered with %s is over: its price is old by then", (_, fault) => {
  const sim = entered(fault);
  expect([of(sim, "e"), sim.truth.open, sim.running, sim.core.safeMode]).toEqual([["place-order e1"], [], null, null]);
});

test.each(certainFailures)("[SAF-1] a stop answered with %s goes again under the same id, and is there", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-algo f1", fault, times: 2 }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_400);
  // then
  expect([of(sim, "f"), sim.truth.coveringStops, sim.core.safeMode]).toEqual([["place-algo f1"], [639_640], null]);
});

test.each(certainFailures)(
  "[SAF-1] a stop that is answered with %s for too long: closed, and SAFE MODE",
  (_, fault) => {
    // given
    const sim = restingEntry({ ...rest, faults: [{ on: "place-algo*", fault, times: 1_000 }] });
    // when
    sim.traded(639_999, 10, "sell");
    sim.advance(2_500);
    // then
    expect([sim.truth.position, sim.core.safeMode?.reason]).toEqual([0, "CANNOT_PROTECT"]);
  },
);

test.each(certainFailures)("[SAF-1] a close answered with %s goes again until the position is flat", (_, fault) => {
  // given
  const settings = normal({ max_hold_seconds: 10 });
  const sim = openLong({ ...rest, settings, faults: [{ on: "place-order x*", fault, times: 5 }] });
  // when
  sim.advance(25_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.running]).toEqual([0, [], null]);
});

test.each(certainFailures)("[SAF-1] a cancel answered with %s goes again, and nothing is left", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "cancel-order e1", fault, times: 5 }] });
  // when
  sim.advance(15_000);
  // then
  expect([sim.truth.open, sim.running]).toEqual([[], null]);
});

const limits: readonly (readonly [string, Fault, number])[] = [
  [
    "429 with Retry-After",
    { ...answer(429, '{"code":-1003,"msg":"Too many requests."}'), retryAfterSeconds: 1 },
    1_000,
  ],
  ["429 without a code", { ...answer(429, ""), retryAfterSeconds: 1 }, 1_000],
  [
    "418 with Retry-After",
    { ...answer(418, '{"code":-1003,"msg":"Way too many requests."}'), retryAfterSeconds: 1 },
    1_000,
  ],
  ["403 of the firewall", { ...answer(403, html), retryAfterSeconds: 1 }, 1_000],
];

test.each(limits)("[SAF-1] a stop answered with %s: silence until its end, and then the stop", (_, fault, silence) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "place-algo f1", fault }] });
  // when
  sim.traded(639_999, 10, "sell");
  const refusedAt = sim.now + 40_000;
  sim.advance(silence + 500);
  // then: what was on the way already arrives
  expect(arrived(sim, refusedAt + 20_000, silence - 20)).toEqual([]);
  expect([sim.truth.position, sim.truth.coveringStops, sim.core.safeMode]).toEqual([10, [639_640], null]);
});

test.each(limits)("[SAF-1] a close answered with %s goes again after the silence", (_, fault, silence) => {
  // given
  const settings = normal({ max_hold_seconds: 10 });
  const sim = openLong({ ...rest, settings, faults: [{ on: "place-order x1", fault }] });
  // when
  sim.advance(10_000 + silence + 3_000);
  // then
  expect([sim.truth.position, sim.core.safeMode, sim.running]).toEqual([0, null, null]);
});

test.each(limits)("[SAF-1] an entry answered with %s is over", (_, fault) => {
  const sim = entered(fault);
  expect([of(sim, "e"), sim.truth.open, sim.running]).toEqual([["place-order e1"], [], null]);
});

test.each(limits)("[SAF-1] a cancel answered with %s goes again after the silence", (_, fault) => {
  // given
  const sim = restingEntry({ ...rest, faults: [{ on: "cancel-order e1", fault }] });
  // when
  sim.advance(10_000);
  // then
  expect([sim.truth.open, sim.running]).toEqual([[], null]);
});

test("[SAF-1] order pools that are used up hold back orders only: a cancel and a read go through", () => {
  // given: an entry rests, and somebody else has used up the pool of this minute
  const tooMany = answer(429, '{"code":-1015,"msg":"Too many new orders; current limit is 1200 orders per 1 MINUTE."}');
  const sim = restingEntry({
    ...rest,
    settings: chasing,
    faults: [{ on: "amend-order e1", fault: tooMany }],
  });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(10_000);
  // then
  expect([sim.truth.open, sim.running, sim.asked.includes("cancel-order e1")]).toEqual([[], null, true]);
});
