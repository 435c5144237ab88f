/** Class look-up of the error table: what may have been executed is asked about, whatever the request was (SAF-2). */

import { expect, test } from "vitest";
import { answer, chasing, html, of, refusal, rest } from "./support/errors.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import type { Fault } from "./support/wire.ts";

const unknownFates: readonly (readonly [string, Fault])[] = [
  [
    "503 with the unknown-error text",
    answer(503, "Unknown error, please check your request or try again later.", true),
  ],
  ["503 with HTML", answer(503, html, true)],
  ["502 with HTML", answer(502, html, true)],
  ["504 without a body", answer(504, "", true)],
  ["408 with −1007", refusal(-1007, 408, true)],
  ["−1000", refusal(-1000, 400, true)],
  ["−1001", refusal(-1001, 500, true)],
  ["−1006", refusal(-1006, 400, true)],
  ["−1010", refusal(-1010, 400, true)],
  ["200 with JSON that breaks off", answer(200, '{"orderId":8389765', true)],
  ["200 with an empty body", answer(200, "", true)],
  ["200 with HTML", answer(200, html, true)],
  ["a connection that breaks before the reply", { kind: "reset" }],
  ["no reply in time", { kind: "reply-lost" }],
];

test.each(unknownFates)("[SAF-2] an entry answered with %s is looked up and never sent again", (_, fault) => {
  // given: the stream does not tell of it either
  const sim = restingEntry({
    ...rest,
    settings: normal({ order_timeout_seconds: 9, entry_max_seconds: 30, max_hold_seconds: 60 }),
    faults: [
      { on: "place-order e1", fault },
      { on: "report e1 NEW", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.advance(5_000);
  // then
  expect([of(sim, "e"), sim.asked.includes("query-order e1"), sim.truth.open]).toEqual([
    ["place-order e1"],
    true,
    ["e1"],
  ]);
  expect(sim.running?.orders.size).toBe(1);
});

test.each(unknownFates)("[SAF-2] an entry that %s hides and that never arrived is given up by proof", (_, fault) => {
  // given
  const lost: Fault = fault.kind === "answered" ? { ...fault, executes: false } : { kind: "request-lost" };
  const sim = restingEntry({ ...rest, faults: [{ on: "place-order e1", fault: lost }] });
  // when
  sim.advance(5_000);
  const meanwhile = sim.running !== null;
  sim.advance(25_000);
  // then
  expect([meanwhile, of(sim, "e"), sim.running, sim.truth.open]).toEqual([true, ["place-order e1"], null, []]);
});

test.each(unknownFates)("[SAF-2] a stop answered with %s is looked up, and not doubled", (_, fault) => {
  // given
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "place-algo f1", fault },
      { on: "algo f1*", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(sim.settings.venue.reply_timeout_ms);
  // then
  expect([of(sim, "f").filter((name) => name.startsWith("place")), sim.truth.coveringStops]).toEqual([
    ["place-algo f1"],
    sim.truth.position === 0 ? [] : [639_640],
  ]);
});

test.each(unknownFates)("[SAF-2] a close answered with %s closes once", (_, fault) => {
  // given
  const sim = openLong({
    ...rest,
    settings: normal({ max_hold_seconds: 10 }),
    faults: [
      { on: "place-order x1", fault },
      { on: "report x1*", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.advance(40_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.truth.fills.map(({ after }) => after), sim.running]).toEqual([
    0,
    [],
    [10, 0],
    null,
  ]);
});

test.each(unknownFates)("[SAF-2] a cancel answered with %s is followed by a look-up", (_, fault) => {
  // given
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "cancel-order e1", fault },
      { on: "report e1 CANCELED", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.advance(8_000);
  // then
  expect([sim.asked.includes("query-order e1"), sim.truth.open, sim.running]).toEqual([true, [], null]);
});

test.each(unknownFates)("[SAF-2] an amendment answered with %s is looked up, and one order is left", (_, fault) => {
  // given
  const sim = restingEntry({
    ...rest,
    settings: chasing,
    faults: [{ on: "amend-order e1", fault }],
  });
  // when
  sim.quote({ bid: 640_040 });
  sim.advance(6_000);
  // then
  expect([
    sim.asked.includes("amend-order e1"),
    sim.asked.includes("query-order e1"),
    sim.truth.openOrders.length,
  ]).toEqual([true, true, 1]);
});
