/** Cases of the failure catalogue about streams, judged by what the exchange has and what reached it. */

import { expect, test } from "vitest";
import { answer } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const long = normal({ max_hold_seconds: 14_400 });

function goTo(sim: Simulation, bid: number, milliseconds = 1_000): void {
  sim.quote({ bid });
  sim.traded(bid, 1, "sell");
  sim.advance(milliseconds);
}

/** Time passes on a market that goes on, second by second, with a swing in each minute. */
function live(sim: Simulation, seconds: number): void {
  const { bid } = sim.quoted;
  for (let second = 1; second <= seconds; second += 1) {
    const swing = second % 60 === 20 ? 150 : second % 60 === 40 ? -150 : 0;
    sim.quote({ bid: bid + swing });
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.advance(1_000);
  }
}

/** Whether a new position is covered within a quarter of a second of its fill. */
function isHeard(sim: Simulation): boolean {
  sim.decide();
  sim.advance(200);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.advance(250);
  return sim.truth.position === 10 && sim.truth.coveringStops.length > 0;
}

test.each([1, 40, 90].flatMap((minutes) => [0, 1].map((told) => [minutes, told] as const)))(
  "[F-06] keep-alives fail for %i min and the key expires, told %i times: a new key and stream before entries go on",
  (minutes, told) => {
    // given: the key is gone from the start, and every request about it fails
    const sim = simulate({ ...rest, settings: normal() });
    live(sim, 60);
    sim.wire.script(["PUT listenKey", "POST listenKey"].map((on) => ({ on, fault: answer(500, ""), times: 100_000 })));
    sim.adapterWire.expireListenKey(sim.now, told);
    // when: until the keep-alive has had to find out, or the event has told
    live(sim, Math.max(minutes, told === 0 ? 61 : 1) * 60);
    sim.decide();
    sim.advance(2_000);
    const blind = reached(sim, "place-order e").length;
    sim.wire.heal();
    live(sim, 60);
    // then: entries only now, and what happens is heard at once
    expect([blind, isHeard(sim), reached(sim, "place-order e").length]).toEqual([0, true, 1]);
  },
);

test("[F-06] −1125 to a keep-alive: the stream of that key is given up at once", () => {
  // given: nobody tells that the key is gone, and no new one is to be had
  const sim = simulate({ ...rest, settings: normal() });
  sim.wire.script([{ on: "POST listenKey", fault: answer(500, ""), times: 100_000 }]);
  sim.adapterWire.expireListenKey(sim.now, 0);
  // when: the keep-alive after half an hour finds out
  live(sim, 31 * 60);
  sim.decide();
  sim.advance(1_000);
  const blind = reached(sim, "place-order e");
  sim.wire.heal();
  live(sim, 60);
  // then
  expect([blind, isHeard(sim)]).toEqual([[], true]);
});

const gaps = [100, 5_000, 7_200_000];

test.each(gaps)("[F-07] an entry fills in a gap of the private stream of %i ms: learnt, covered, booked", (ms) => {
  // given
  const sim = restingEntry({ ...rest, settings: normal({ max_hold_seconds: 14_400 }) });
  // when
  sim.disconnect();
  sim.advance(Math.min(ms / 4, 1_000));
  sim.traded(639_999, 10, "sell");
  sim.advance(ms);
  sim.reconnect();
  sim.advance(40_000);
  // then
  expect([sim.truth.coveringStops, sim.running?.ledger.position, sim.core.safeMode]).toEqual([[639_640], 10, null]);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(30_000);
  expectSettled(sim);
});

test.each(gaps)("[F-07] the stop triggers in a gap of the private stream of %i ms: learnt and booked", (ms) => {
  // given
  const sim = openLong({ ...rest, settings: long });
  // when
  sim.disconnect();
  sim.advance(ms / 4);
  goTo(sim, 639_600, (3 * ms) / 4);
  sim.reconnect();
  sim.advance(40_000);
  // then
  expectSettled(sim);
});

test.each(gaps)("[F-07] a human closes in a gap of the private stream of %i ms: learnt, and nothing is left", (ms) => {
  // given
  const sim = openLong({ ...rest, settings: long });
  // when
  sim.disconnect();
  sim.advance(ms / 4);
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true" });
  sim.advance((3 * ms) / 4);
  sim.reconnect();
  sim.advance(90_000);
  // then
  expectSettled(sim);
});

test("[F-07] no entry leaves before the account was read after a gap", () => {
  // given: the read after it takes five seconds
  const sim = simulate({ ...rest, settings: normal() });
  sim.disconnect();
  sim.advance(5_000);
  sim.wire.script([{ on: "GET openOrders", fault: answer(500, ""), times: 5 }]);
  sim.reconnect();
  // when
  for (let turn = 0; turn < 40; turn += 1) {
    sim.decide();
    live(sim, 1);
  }
  // then: the sixth read is the first that succeeds
  const names = sim.adapterWire.arrivals.map(({ name }) => name);
  const from = names.lastIndexOf("POST listenKey");
  const entry = names.indexOf("place-order e1", from);
  const reads = names.slice(from, entry).filter((name) => name === "GET openOrders");
  expect([entry > from, reads.length >= 6]).toEqual([true, true]);
});

test.each([0, 500, 1_500])(
  "[F-17] the private stream is black-holed %i ms after an entry: looked up, covered, and renewed",
  (ms) => {
    // given: the connection stays up, and nothing comes on it any more
    const measures = measured();
    const sim = simulate({ ...rest, settings: normal({ max_hold_seconds: 120 }), watch: measures.watch });
    const keys = reached(sim, "POST listenKey").length;
    sim.decide();
    sim.advance(ms);
    sim.adapterWire.silencePrivate();
    // when: it fills
    sim.advance(100);
    sim.traded(639_999, 10, "sell");
    sim.advance(15_000);
    // then: the entry's time-out finds the fill at the latest
    expect([measures.of().nakedMs <= 2_250, sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([
      true,
      [639_640],
      10,
    ]);
    expect(reached(sim, "POST listenKey").length > keys).toBe(true);
    sim.advance(150_000);
    expectSettled(sim);
  },
);

test("[F-17] an idle private stream that was black-holed is renewed at the first order it does not speak of", () => {
  // given
  const sim = simulate({ ...rest, settings: normal({ max_hold_seconds: 30 }) });
  sim.adapterWire.silencePrivate();
  live(sim, 600);
  // when
  sim.decide();
  sim.advance(100);
  sim.traded(639_999, 10, "sell");
  live(sim, 60);
  expectSettled(sim);
  // then: the next one is heard at once
  expect([isHeard(sim), sim.trades.length]).toEqual([true, 1]);
});

const silences = [["touch"], ["depth"], ["trades"], ["mark"], ["touch", "depth", "trades", "mark"]] as const;

test.each(silences.map((kinds) => [kinds.join(", "), kinds] as const))(
  "[F-25] %s stop while the rest goes on: no entry, and exits go on",
  (_, kinds) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 60 }) });
    for (const kind of kinds) sim.silenced.add(kind);
    // when: long enough for every limit of age
    for (let second = 0; second < 120; second += 1) {
      sim.quote(sim.quoted);
      sim.traded(sim.quoted.bid, 1, "sell");
      sim.advance(1_000);
    }
    // then: closed by its time, although nothing fresh came
    expectSettled(sim);
    const before = reached(sim, "place-order e").length;
    sim.decide();
    sim.advance(500);
    const meanwhile = reached(sim, "place-order e").length - before;
    sim.silenced.clear();
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.advance(2_000);
    sim.decide();
    sim.advance(500);
    expect([meanwhile, reached(sim, "place-order e").length - before]).toEqual([0, 1]);
  },
);

test.each([0, 1, 2])(
  "[F-34] the key expires although keep-alives succeed, told %i times: one renewal, and a read of the account",
  (told) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    const keys = reached(sim, "POST listenKey").length;
    const reads = reached(sim, "GET positionRisk").length;
    // when
    sim.adapterWire.expireListenKey(sim.now, told);
    sim.advance(told === 0 ? 31 * 60_000 : 5_000);
    // then
    expect([reached(sim, "POST listenKey").length - keys, reached(sim, "GET positionRisk").length > reads]).toEqual([
      1,
      true,
    ]);
    goTo(sim, 639_600, 1_000);
    expectSettled(sim);
  },
);
