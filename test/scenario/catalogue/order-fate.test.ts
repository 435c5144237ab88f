/** Cases of the failure catalogue about the fate of orders, each with its injection, judged by what the exchange has. */

import { expect, test } from "vitest";
import { answer, html, of, refusal } from "../support/errors.ts";
import { expectExact } from "../support/exact.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { simulate } from "../support/simulate.ts";
import { entryLots, expectSettled, reached } from "../support/verdict.ts";
import type { Fault, ScriptedFault } from "../support/wire.ts";

const rest = { through: "rest" } as const;
const patient = { order_timeout_seconds: 10, entry_max_seconds: 15 };

const lostReplies: readonly (readonly [string, Fault])[] = [
  ["the reply dropped", { kind: "reply-lost" }],
  ["the request dropped", { kind: "request-lost" }],
  ["the reply after the time-out", { kind: "reply-late", ms: 4_000 }],
];
const news = [0, 600, 3_500, 8_000];

test.each(lostReplies.flatMap(([what, fault]) => news.map((ms) => [what, ms, fault] as const)))(
  "[F-01] a submit with %s is looked up and never sent again, with its news %i ms late",
  (_, ms, fault) => {
    // given
    const sim = restingEntry({
      ...rest,
      settings: normal(patient),
      faults: [
        { on: "place-order e1", fault },
        { on: "report e1*", fault: { kind: "told-late", ms }, times: 20 },
      ],
    });
    // when: it fills, if it is there, before anybody has said that it is
    sim.advance(300);
    sim.traded(639_999, 10, "sell");
    sim.advance(60_000);
    // then
    expect([reached(sim, "place-order e").length <= 1, sim.asked.includes("query-order e1"), entryLots(sim)]).toEqual([
      true,
      // News that come before the time-out settle it.
      ms > 3_000 || fault.kind === "request-lost",
      fault.kind === "request-lost" ? 0 : 10,
    ]);
    expectSettled(sim);
  },
);

const unknown503 = "Unknown error, please check your request or try again later.";
const bodies: readonly (readonly [string, string, boolean, boolean])[] = [
  ["the unknown-error text, executed", unknown503, true, true],
  ["the unknown-error text, not executed", unknown503, false, true],
  ["HTML, executed", html, true, true],
  ["HTML, not executed", html, false, true],
  ["Service Unavailable", "Service Unavailable.", false, false],
  ["−1008", '{"code":-1008,"msg":"Request throttled by system-level protection."}', false, false],
];

test.each(bodies)("[F-02] 503 with %s is classified by its body", (_, body, executes, isUnknown) => {
  // given
  const sim = restingEntry({
    ...rest,
    settings: normal(patient),
    faults: [
      { on: "place-order e1", fault: answer(503, body, executes) },
      { on: "report e1*", fault: { kind: "untold" }, times: 20 },
    ],
  });
  // when: the source wants in again, as soon as what was refused holds it back no longer
  const isOver = sim.running === null;
  if (isOver) sim.advance(1_000);
  sim.decide();
  sim.advance(1_000);
  // then
  expect([isOver, reached(sim, "place-order e").length, sim.truth.openOrders.length]).toEqual([
    !isUnknown,
    isUnknown ? 1 : 2,
    executes || !isUnknown ? 1 : 0,
  ]);
});

const cancelRaces = [10, 4].flatMap((lots) => [0, 2_500, 5_000].map((ms) => [lots, ms] as const));

test.each(cancelRaces)(
  "[F-03] −2011 to a cancel that meets a fill of %i lots, told %i ms late: only the rest is bought",
  (lots, ms) => {
    // given: after the time-out the rest is taken at market
    const measures = measured();
    const sim = restingEntry({
      ...rest,
      settings: normal({ on_timeout: "cross", partial_fill_min_ratio: 1 }),
      watch: measures.watch,
      faults: [
        { on: "cancel-order e1", fault: refusal(-2011) },
        { on: "report e1*", fault: { kind: "told-late", ms }, times: 3 },
      ],
    });
    // when: it fills while the cancel is on its way
    sim.advance(1_905);
    sim.traded(639_999, lots, "sell");
    sim.advance(15_000);
    // then
    expect([entryLots(sim) <= 10, measures.of().entriesAtOnce, measures.of().exposure <= 10]).toEqual([true, 1, true]);
    expect(sim.asked.indexOf("query-order e1") > 0 || lots === 10).toBe(true);
    sim.advance(180_000);
    expectSettled(sim);
  },
);

test("[F-09] −1007 to an entry that is accepted: nothing is sent again, and it is never taken for rejected", () => {
  // given
  const sim = restingEntry({
    ...rest,
    settings: normal(patient),
    faults: [{ on: "place-order e1", fault: refusal(-1007, 408, true) }],
  });
  // when
  sim.advance(5_000);
  // then
  expect([reached(sim, "place-order e"), sim.truth.open, sim.running !== null]).toEqual([
    ["place-order e1"],
    ["e1"],
    true,
  ]);
});

test("[F-09] an accept inside the back-off window cancels the retry that was pending", () => {
  // given: said to have failed for certain, and executed
  const sim = restingEntry({
    ...rest,
    faults: [{ on: "place-algo f1", fault: answer(503, "Service Unavailable.", true) }],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_000);
  // then
  const stops = sim.adapterWire.arrivals.filter(({ name }) => name === "place-algo f1");
  expect([stops.length, sim.truth.coveringStops, sim.core.safeMode]).toEqual([1, [639_640], null]);
});

test("[F-09] −4116 to a retry is evidence of life: the live order is not taken for rejected", () => {
  // given: and nothing tells of its acceptance
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "place-algo f1", fault: answer(503, "Service Unavailable.", true) },
      { on: "algo f1 NEW", fault: { kind: "untold" } },
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  sim.advance(1_400);
  // then
  const stops = sim.adapterWire.arrivals.map(({ name }) => name).filter((name) => name === "place-algo f1");
  expect([stops, sim.truth.coveringStops, sim.core.safeMode, sim.asked.includes("query-algo f1")]).toEqual([
    ["place-algo f1", "place-algo f1"],
    [639_640],
    null,
    true,
  ]);
});

test.each([
  ["suppressed", { kind: "untold" }],
  ["ten seconds late", { kind: "told-late", ms: 10_000 }],
] as const)("[F-10] an entry that fills on arrival, its news %s, is not ordered again", (_, fault) => {
  // given: the market comes to our price while the order is on its way, and the reply is lost
  const measures = measured();
  const sim = simulate({
    ...rest,
    settings: normal(patient),
    watch: measures.watch,
    faults: [
      { on: "place-order e1", fault: { kind: "reply-lost" } },
      { on: "report e1*", fault, times: 20 },
      { on: "account", fault, times: 1 },
    ],
  });
  sim.decide();
  sim.quote({ bid: 639_990 });
  // when: the source goes on deciding
  for (let second = 0; second < 20; second += 1) {
    sim.advance(1_000);
    sim.decide();
  }
  // then
  expect([entryLots(sim), measures.of().exposure, measures.of().until(sim.now).nakedMs < 2_000]).toEqual([
    10,
    10,
    true,
  ]);
  sim.advance(180_000);
  expectSettled(sim);
});

test.each([1, 10, 60, 200])("[F-11] fills that are told %i s late never lead to a second entry", (seconds) => {
  // given: stream, replies and reads all lag, the market does not
  const ms = seconds * 1_000;
  const lag = { kind: "stale", ms } as const;
  const reads = [
    "query-order*",
    "GET openOrders",
    "GET openAlgoOrders",
    "GET positionRisk",
    "GET balance",
    "GET userTrades",
  ];
  const measures = measured();
  const sim = restingEntry({
    ...rest,
    settings: normal({ ...patient, max_hold_seconds: 300 }),
    watch: measures.watch,
    faults: [
      { on: "place-order e1", fault: { kind: "reply-late", ms } },
      { on: "report e1*", fault: { kind: "told-late", ms }, times: 20 },
      { on: "account", fault: { kind: "told-late", ms }, times: 3 },
      ...reads.map((on) => ({ on, fault: lag, times: 500 })),
    ],
  });
  // when
  sim.traded(639_999, 10, "sell");
  for (let second = 0; second < seconds + 10; second += 1) {
    sim.advance(1_000);
    sim.decide();
  }
  // then
  expect([measures.of().exposure, entryLots(sim)]).toEqual([10, 10]);
});

const lags: readonly (readonly number[])[] = [
  [0, 10_000, 3_000, 8_000, 100, 9_000, 5_000, 0],
  [9_500, 200, 7_000, 0, 6_000, 10_000, 1_000, 4_000],
  [4_000, 4_000, 10_000, 10_000, 0, 0, 8_000, 8_000],
];
const readers = [
  "query-order e1",
  "GET openOrders",
  "GET openAlgoOrders",
  "GET positionRisk",
  "GET allOrders",
  "GET userTrades",
];

/** Each read lags on its own, and none is monotone. */
function lagging(delays: readonly number[]): readonly ScriptedFault[] {
  return readers.flatMap((on, reader) =>
    Array.from({ length: 12 }, (_, turn): ScriptedFault => {
      const ms = delays[(turn * 3 + reader) % delays.length] ?? 0;
      return { on, fault: { kind: "stale", ms } };
    }),
  );
}

test.each(lags.flatMap((delays, index) => [0, 4, 10].map((lots) => [index, lots, delays] as const)))(
  "[F-19] reads that lag (%i) are no proof: an accepted entry with %i lots filled is not taken for absent",
  (_, lots, delays) => {
    // given: nothing but reads can tell of it
    const measures = measured();
    const sim = simulate({
      ...rest,
      settings: normal(patient),
      watch: measures.watch,
      faults: [
        { on: "place-order e1", fault: { kind: "reply-lost" } },
        { on: "report e1*", fault: { kind: "untold" }, times: 20 },
        { on: "account", fault: { kind: "untold" }, times: 1 },
        ...lagging(delays),
      ],
    });
    // when
    sim.decide();
    sim.advance(1_000);
    if (lots > 0) sim.traded(639_999, lots, "sell");
    sim.advance(12_000);
    const isForgotten = sim.running === null && sim.truth.openOrders.length > 0;
    sim.advance(90_000);
    // then
    expect([isForgotten, reached(sim, "place-order e"), entryLots(sim)]).toEqual([false, ["place-order e1"], lots]);
    sim.advance(180_000);
    expectSettled(sim);
  },
);

/** Milliseconds by which reply, NEW, PARTIALLY_FILLED and FILLED are late, in every order. */
function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((others) => [item, ...others]),
  );
}

test.each(permutations([0, 300, 600, 900]).map((order) => [order.join(" "), order] as const))(
  "[F-20] reply, acceptance, part and rest told %s ms late, twice each, end in one state",
  (_, [reply = 0, accepted = 0, part = 0, rest_ = 0]) => {
    // given
    const sim = restingEntry({
      ...rest,
      settings: normal(patient),
      faults: [
        { on: "place-order e1", fault: { kind: "reply-late", ms: reply } },
        { on: "report e1 NEW", fault: { kind: "told-late-twice", ms: accepted } },
        { on: "report e1 PARTIALLY_FILLED", fault: { kind: "told-late-twice", ms: part } },
        { on: "report e1 FILLED", fault: { kind: "told-late-twice", ms: rest_ } },
      ],
    });
    // when
    sim.traded(639_999, 4, "sell");
    sim.traded(639_999, 6, "sell");
    sim.advance(3_000);
    // then
    expect([sim.truth.coveringStops, of(sim, "e"), sim.running?.ledger.position]).toEqual([
      [639_640],
      ["place-order e1"],
      10,
    ]);
    sim.advance(180_000);
    expectSettled(sim);
  },
);

test("[F-21] ids whose roundings collide with a neighbour's: the executions of the right order are fetched", () => {
  // given: somebody else's orders rest beside ours, and of ours only the end is told
  const sim = restingEntry({
    ...rest,
    faults: [{ on: "report e1 PARTIALLY_FILLED", fault: { kind: "untold" }, times: 20 }],
  });
  const own = sim.exchange.request(
    { method: "GET", path: "/fapi/v1/openOrders", params: { symbol: "BTCUSDT" } },
    sim.now,
  ).body as readonly { readonly orderId: bigint }[];
  const far = { side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity: "0.003", price: "62000" };
  sim.foreign("POST", "order", far);
  sim.foreign("POST", "order", far);
  const all = sim.exchange.request(
    { method: "GET", path: "/fapi/v1/allOrders", params: { symbol: "BTCUSDT" } },
    sim.now,
  ).body as readonly { readonly orderId: bigint }[];
  const rounded = new Set(all.map(({ orderId }) => Number(orderId)));
  // when
  sim.traded(639_999, 4, "sell");
  sim.traded(639_999, 6, "sell");
  sim.advance(5_000);
  // then
  expect([all.length, rounded.size, (own[0]?.orderId ?? 0n) > 2n ** 53n]).toEqual([3, 1, true]);
  expect([sim.running?.ledger.position, sim.asked.includes("query-fills e1")]).toEqual([10, true]);
  sim.advance(180_000);
  expect([sim.truth.position, sim.truth.open.length]).toEqual([0, 2]);
  expectExact(sim);
});

test.each([1, 3, 20])(
  "[F-28] every event told twice, and the last %i again after each reconnect, is counted once",
  (events) => {
    // given
    const sim = openLong({
      ...rest,
      settings: normal({ max_hold_seconds: 20 }),
      faults: [
        { on: "report*", fault: { kind: "told-twice", ms: 300 }, times: 100 },
        { on: "algo*", fault: { kind: "told-twice", ms: 200 }, times: 100 },
      ],
    });
    // when
    for (let turn = 0; turn < 4; turn += 1) {
      sim.disconnect();
      sim.advance(1_000);
      sim.reconnect();
      sim.advance(3_000);
      sim.adapterWire.replay(events, sim.now);
      sim.advance(2_000);
    }
    sim.advance(30_000);
    // then
    expectSettled(sim);
    expect(sim.trades.map(({ quantity }) => quantity)).toEqual([10]);
  },
);
