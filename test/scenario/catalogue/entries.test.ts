/** Cases of the failure catalogue about entries that are moved or refused, judged by what the exchange has. */

import { expect, test } from "vitest";
import { restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { simulate } from "../support/simulate.ts";
import { entryLots, expectSettled, reached } from "../support/verdict.ts";
import type { ScriptedFault } from "../support/wire.ts";

const rest = { through: "rest" } as const;
const patient = { order_timeout_seconds: 10, entry_max_seconds: 15 };
const chase = { after_seconds: 1, threshold_bps: 0.5, max_attempts: 2 };
const amends = [true, false].flatMap((inPlace) =>
  [0, 700].flatMap((reply) => [0, 700].map((told) => [inPlace ? "amend" : "cancel-and-new", reply, told] as const)),
);

test.each(amends)(
  "[F-29] a partial fill meets an %s (reply %i ms late, fill told %i ms late): never more than the plan",
  (how, reply, told) => {
    // given
    const measures = measured();
    const request = how === "amend" ? "amend-order e1" : "cancel-order e1";
    const sim = restingEntry({
      ...rest,
      settings: normal({ ...patient, amend_in_place: how === "amend", chase }),
      watch: measures.watch,
      faults: [
        { on: request, fault: { kind: "reply-late", ms: reply } },
        { on: "report e1 PARTIALLY_FILLED", fault: { kind: "told-late", ms: told } },
      ],
    });
    // when: the price runs away, and four lots fill before the change arrives
    sim.quote({ bid: 640_040 });
    sim.advance(905);
    sim.traded(639_999, 4, "sell");
    sim.quote({ bid: 640_040 });
    sim.advance(2_000);
    const working = sim.truth.openOrders.reduce((sum, { quantity, filled }) => sum + quantity - filled, 0);
    sim.traded(640_000, 50, "sell");
    sim.advance(5_000);
    // then
    expect([measures.of().entriesAtOnce, 4 + working <= 10, measures.of().exposure <= 10]).toEqual([1, true, true]);
    sim.advance(180_000);
    expectSettled(sim);
  },
);

const postOnly = { ...patient, post_only: true };

test("[F-45] a post-only entry crosses: refused, and the source may want in again at once", () => {
  // given: the market comes to our price while the order is on its way
  const sim = simulate({ ...rest, settings: normal(postOnly) });
  sim.decide();
  sim.quote({ bid: 639_990 });
  // when
  sim.advance(100);
  const isOver = sim.running === null;
  sim.decide();
  sim.advance(1_000);
  // then
  expect([isOver, sim.truth.open, sim.core.safeMode]).toEqual([true, ["e1"], null]);
});

test("[F-45] a post-only entry crosses and the reply is lost: given up by proof, not before", () => {
  // given
  const sim = simulate({
    ...rest,
    settings: normal(postOnly),
    faults: [{ on: "place-order e1", fault: { kind: "reply-lost" } }],
  });
  sim.decide();
  sim.quote({ bid: 639_990 });
  // when
  sim.advance(11_500);
  const early = sim.running !== null;
  sim.advance(20_000);
  // then
  expect([early, sim.running, sim.truth.open, reached(sim, "place-order e").length]).toEqual([true, null, [], 1]);
});

const reads = ["query-order e1", "GET openOrders", "GET positionRisk", "GET allOrders"];

test.each([3_000, 10_000])(
  "[F-45] a post-only entry is accepted, the reply is lost and reads lag %i ms: found in the end",
  (ms) => {
    // given: and the stream says nothing of it
    const sim = simulate({
      ...rest,
      settings: normal(postOnly),
      faults: [
        { on: "place-order e1", fault: { kind: "reply-lost" } },
        { on: "report e1*", fault: { kind: "untold" }, times: 20 },
        ...reads.map((on): ScriptedFault => ({ on, fault: { kind: "stale", ms }, times: 200 })),
      ],
    });
    // when
    sim.decide();
    sim.advance(1_000);
    sim.traded(639_999, 4, "sell");
    sim.advance(60_000);
    // then
    expect([entryLots(sim), sim.truth.position === 0 || sim.truth.coveringStops.length > 0]).toEqual([4, true]);
    sim.wire.heal();
    sim.advance(120_000);
    expectSettled(sim);
  },
);
