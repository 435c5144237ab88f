/** Entries and what may overtake them: fills, cancels, refusals, and news that come late, twice or never. */

import { expect, test } from "vitest";
import { restingEntry } from "./support/given.ts";
import { normal } from "./support/settings.ts";

test("[EXE-4] a fill that meets the cancel on its way is kept and protected", () => {
  // given
  const sim = restingEntry();
  // when
  sim.advance(1_905);
  sim.traded(639_999, 6, "sell");
  sim.advance(500);
  // then
  expect([sim.sent(), sim.truth.position, sim.truth.coveringStops]).toEqual([
    ["place-order e1", "cancel-order e1", "place-algo f1", "place-algo t1_1"],
    6,
    [639_640],
  ]);
});

test("[EXE-4] a cancel that is refused because the order has filled leads to a look-up, not to another entry", () => {
  // given: the news of the fill takes four seconds
  const sim = restingEntry({
    settings: normal({ on_timeout: "cross" }),
    faults: [{ on: "report e1 FILLED", fault: { kind: "told-late", ms: 4_000 } }],
  });
  // when
  sim.advance(1_905);
  sim.traded(639_999, 10, "sell");
  sim.advance(1_000);
  // then
  expect([sim.sent().filter((name) => name.includes(" e")), sim.asked.includes("query-order e1")]).toEqual([
    ["place-order e1", "cancel-order e1"],
    true,
  ]);
});

test("[ORD-1] a fill that is told before the acknowledgement is protected at once", () => {
  // given: the reply to the entry takes a second
  const sim = restingEntry({ faults: [{ on: "place-order e1", fault: { kind: "reply-late", ms: 1_000 } }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(100);
  // then
  expect([sim.sent(), sim.truth.coveringStops]).toEqual([
    ["place-order e1", "place-algo f1", "place-algo t1_1"],
    [639_640],
  ]);
});

test("[ORD-1] an acknowledgement that comes after the fill does not reopen the order", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "place-order e1", fault: { kind: "reply-late", ms: 1_000 } }] });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(3_000);
  // then
  expect(sim.sent().filter((name) => name === "cancel-order e1")).toEqual([]);
});

test("[F-01] an entry whose reply is lost is looked up, and never sent again", () => {
  // given
  const sim = restingEntry({
    settings: normal({ order_timeout_seconds: 10 }),
    faults: [
      { on: "place-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.advance(4_000);
  // then
  expect([sim.sent(), sim.asked.includes("query-order e1"), sim.truth.open]).toEqual([
    ["place-order e1"],
    true,
    ["e1"],
  ]);
});

test("[F-45] a post-only entry that is refused leaves nothing behind", () => {
  // given: the market comes to our price while the order is on its way
  const sim = restingEntry({ settings: normal({ post_only: true }), latencyMs: 200 });
  sim.quote({ bid: 639_998 });
  // when
  sim.advance(60_000);
  // then
  expect([sim.truth.open, sim.truth.position, sim.running]).toEqual([[], 0, null]);
});

test("[F-28] an execution that is told twice is booked once", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "report e1*", fault: { kind: "told-twice", ms: 50 }, times: 3 }] });
  // when
  sim.traded(639_999, 4, "sell");
  sim.advance(200);
  // then
  expect(sim.running?.ledger.position).toBe(4);
});

test("[ORD-1] fills that are told in the wrong order come to the same position", () => {
  // given: the first of two executions is told after the second
  const sim = restingEntry({
    faults: [{ on: "report e1 PARTIALLY_FILLED", fault: { kind: "told-late", ms: 300 } }],
  });
  // when
  sim.traded(639_999, 4, "sell");
  sim.advance(100);
  sim.traded(639_999, 6, "sell");
  sim.advance(500);
  // then
  expect([sim.running?.ledger.position, sim.truth.position]).toEqual([10, 10]);
});

test("[ORD-2] an execution that nobody told is fetched by its order, and booked at its own price", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "report e1 PARTIALLY_FILLED", fault: { kind: "untold" } }] });
  // when
  sim.traded(639_999, 4, "sell");
  sim.traded(639_999, 6, "sell");
  sim.advance(1_500);
  // then
  expect([sim.running?.ledger.boughtLots, sim.running?.ledger.boughtValue]).toEqual([10, 10 * 640_000]);
});

test("[EXE-4] a fill of at least the minimum ratio is kept, and the rest is cancelled", () => {
  // given
  const sim = restingEntry({ settings: normal({ on_timeout: "cross", partial_fill_min_ratio: 0.5 }) });
  // when
  sim.traded(639_999, 5, "sell");
  sim.advance(3_000);
  // then
  expect([sim.sent(), sim.truth.position, sim.truth.coveringStops]).toEqual([
    ["place-order e1", "place-algo f1", "place-algo t1_1", "cancel-order e1"],
    5,
    [639_640],
  ]);
});

test("[EXE-4] given up with less than the minimum ratio, what did fill stays protected", () => {
  // given
  const sim = restingEntry({ settings: normal({ on_timeout: "give-up", partial_fill_min_ratio: 0.5 }) });
  // when
  sim.traded(639_999, 1, "sell");
  sim.advance(3_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops, sim.truth.openOrders]).toEqual([1, [639_640], []]);
});

test("[EXE-4] a fill below the exchange's minimum is protected, and closed in the end", () => {
  // given: one lot at 40,000 USDT is worth less than the least order
  const sim = restingEntry({ bid: 400_000, settings: normal({ max_hold_seconds: 10 }) });
  // when
  sim.traded(399_999, 1, "sell");
  sim.advance(1_000);
  const covered = sim.truth.coveringStops.length;
  sim.advance(15_000);
  // then
  expect([covered, sim.truth.position, sim.truth.open, sim.trades.length]).toEqual([1, 0, [], 1]);
});

test("[SAF-2] nothing new is entered while an entry is in doubt", () => {
  // given
  const sim = restingEntry({
    faults: [
      { on: "place-order e1", fault: { kind: "request-lost" } },
      { on: "query-order e1", fault: { kind: "request-lost" }, times: 50 },
    ],
  });
  sim.advance(5_000);
  // when
  sim.decide({ direction: "LONG" });
  sim.advance(1_000);
  // then
  expect(sim.sent()).toEqual(["place-order e1"]);
});

test("[SAF-2] an entry that never arrived is given up once its absence is proven", () => {
  // given
  const sim = restingEntry({ faults: [{ on: "place-order e1", fault: { kind: "request-lost" } }] });
  // when
  sim.advance(30_000);
  // then
  expect([sim.sent(), sim.running]).toEqual([["place-order e1"], null]);
});
