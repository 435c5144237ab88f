/** Reads that are older than what we have closed since (failure-catalogue F-19). */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { AlgoReport, Side } from "../../src/domain/order.ts";
import { lots, type Micros, micros, plus, signedLots } from "../../src/domain/units.ts";
import { openLots } from "../../src/execution/trade.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { settings } from "../support/core.ts";
import { CoreBench, entryOf, first, historyOf, idOf, snapshotOf, stopOf } from "./support.ts";

/** Of ten lots that were bought the first target has just sold four. */
class Reduced {
  readonly bench = CoreBench.ready();
  readonly target: string;
  readonly #resting = new Map<string, AlgoReport>();

  /** @param earlier what the stream has told of positions that were not ours, in lots, a second after the start */
  constructor(earlier: readonly number[] = []) {
    const { bench } = this;
    if (earlier.length > 0) bench.at(1_000);
    for (const position of earlier) this.states(position, bench.now);
    bench.quote();
    bench.history = historyOf([], []);
    bench.decide(decisionOf({ time: bench.now, validUntil: plus(bench.now, micros(500_000)) }));
    const { plan, orders } = present(bench.trade, "trade");
    this.target = idOf(plan.trade, "t1");
    const [entry = "none"] = orders.keys();
    this.fill(entry, { side: "buy", filled: lots(10), fill: fillOf("11", 10, 640_000, bench.now) });
    this.#hear();
    bench.at(5_000);
    this.fill(this.target, { side: "sell", filled: lots(4), fill: fillOf("12", 4, 640_100, bench.now) });
  }

  /** Reads that show so much, and perhaps the target as if it still waited, so many milliseconds after it has filled. */
  reads(open: number, moments: readonly number[], isWaiting = true): void {
    const { bench, target } = this;
    for (const ms of moments) {
      bench.at(5_000 + ms);
      this.#hear();
      const algos = [...this.#resting.values()].filter(({ clientAlgoId: id }) => isWaiting || id !== target);
      bench.tell(snapshotOf(open, { requestedAt: bench.now, algos }));
      this.#hear();
    }
  }

  fill(id: string, changes: Parameters<typeof entryOf>[2]): void {
    const { bench } = this;
    bench.tell({ ...entryOf(id), status: "FILLED", source: "stream", time: bench.now, ...changes });
  }

  /** The kinds of what was placed in the algo service on that side, oldest first. */
  placed(side: Side): readonly string[] {
    return this.bench.all.flatMap((output) =>
      output.kind === "place-algo" && output.side === side ? [output.type] : [],
    );
  }

  /** The stop closes what is left, and what rests beside it is over. */
  stopOut(): void {
    const { bench } = this;
    const stop = idOf(present(bench.trade, "trade").plan.trade, "f");
    this.#hear();
    const fill = fillOf("13", 6, 639_700, bench.now);
    this.fill(stop, { side: "sell", quantity: lots(6), filled: lots(6), fill });
    for (const algo of this.#resting.values()) {
      if (algo.clientAlgoId !== stop) bench.tell({ ...algo, status: "EXPIRED", source: "stream" });
    }
    this.states(0, bench.now);
    this.#resting.clear();
  }

  states(position: number, time: Micros): void {
    const stated = { symbol: first, lots: signedLots(position), entryTicks: 640_000, time } as const;
    this.bench.tell({ kind: "position-report", ...stated });
  }

  /** What the journal is told of the target, one row after the other. */
  get rows(): readonly (readonly [string, number])[] {
    return this.bench.all.flatMap((output) =>
      output.kind === "order" && output.clientOrderId === this.target ? [[output.state, output.filled] as const] : [],
    );
  }

  /** All that is placed rests, and look-ups say so. */
  #hear(): void {
    for (const output of this.bench.unheard()) {
      if (output.kind === "place-algo") {
        const { clientAlgoId: id, trigger, type, extent } = output;
        const quantity = extent.kind === "quantity" ? extent.quantity : null;
        this.#resting.set(id, { ...stopOf(id, "sell", trigger), type, quantity, closePosition: quantity === null });
      }
      const isAbout = output.kind === "place-algo" || output.kind === "query-algo";
      const resting = isAbout ? this.#resting.get(output.clientAlgoId) : undefined;
      if (resting !== undefined) this.bench.tell(resting);
    }
  }
}

const lag = 1_000 * settings.protection.absence_proof_seconds;

test("[F-19] reads that show what was open before our last close are not believed while reads may lag", () => {
  const world = new Reduced();
  world.reads(10, [3_000, 3_600, 5_000, 7_000, lag - 1_000]);
  expect([world.bench.core.safeMode, world.bench.trade?.ledger.position]).toEqual([null, 6]);
});

test("[F-19] once they can lag no more they are believed", () => {
  const world = new Reduced();
  world.reads(10, [lag + 100, lag + 700]);
  expect([world.bench.core.safeMode?.reason, world.bench.trade?.ledger.position]).toEqual(["UNKNOWN_POSITION", 10]);
});

test("[F-19] what the stream says as well is no older than our last close", () => {
  const world = new Reduced();
  world.states(10, world.bench.now);
  world.reads(10, [3_000, 3_600]);
  expect(world.bench.core.safeMode?.reason).toBe("UNKNOWN_POSITION");
});

test("[I-06] more than ever was ours is somebody else's doing, and believed as soon as two reads show it", () => {
  const world = new Reduced();
  world.reads(12, [3_000, 3_600]);
  expect([world.bench.core.safeMode?.reason, world.bench.trade?.ledger.position]).toEqual(["UNKNOWN_POSITION", 12]);
});

test("[I-07] an order that has filled stays filled, although a list that the position is adopted from has it waiting", () => {
  const world = new Reduced();
  world.reads(12, [3_000, 3_600]);
  world.reads(12, [6_000, 9_000], false);
  expect(world.rows.at(-1)).toEqual(["filled", 4]);
});

test("[I-07] an answer that comes after the position was adopted anew does not bring back an order that is over", () => {
  const world = new Reduced();
  world.reads(12, [3_000, 3_600], false);
  world.bench.tell({ ...stopOf(world.target, "sell", 640_100), type: "TAKE_PROFIT_MARKET", closePosition: false });
  expect([world.bench.trade?.ledger.position, world.bench.trade?.orders.has(world.target)]).toEqual([12, false]);
});

test("[I-07] an entry that has filled stays filled, although a history that lags shows it as waiting when its trade is taken over anew", () => {
  // given: six lots of ours, and ten that somebody adds
  const world = new Reduced();
  const { bench } = world;
  const [entry = "none"] = present(bench.trade, "trade").orders.keys();
  bench.history = historyOf([entryOf(entry, 1, { status: "PARTIALLY_FILLED" })], []);
  // when
  world.reads(16, [lag + 1_000, lag + 4_000, lag + 7_000], false);
  // then
  const states = bench.all.flatMap((output) =>
    output.kind === "order" && output.clientOrderId === entry ? [[output.state, output.filled]] : [],
  );
  const cancels = bench.all.filter((output) => output.kind === "cancel-order" && output.clientOrderId === entry);
  expect([openLots(present(bench.trade, "trade")), states.at(-1), cancels]).toEqual([16, ["filled", 10], []]);
});

test("[I-07] an entry that has filled stays filled, although a history that lags shows it working when its trade is left to the history", () => {
  // given: somebody closes all of it
  const world = new Reduced();
  const { bench } = world;
  const [entry = "none"] = present(bench.trade, "trade").orders.keys();
  bench.history = historyOf([entryOf(entry, 1, { status: "PARTIALLY_FILLED" })], []);
  // when
  world.reads(0, [lag + 1_000, lag + 4_000, lag + 7_000], false);
  // then
  const states = bench.all.flatMap((output) =>
    output.kind === "order" && output.clientOrderId === entry ? [output.state] : [],
  );
  expect([bench.core.safeMode?.reason, states.at(-1)]).toEqual(["UNKNOWN_POSITION", "filled"]);
});

test("[I-07] an entry that has filled is not taken over as working, although a list that lags names it when its trade is left to the history", () => {
  // given: somebody closes all of it
  const world = new Reduced();
  const { bench } = world;
  const [entry = "none"] = present(bench.trade, "trade").orders.keys();
  world.reads(0, [lag + 1_000, lag + 4_000, lag + 7_000], false);
  // when
  bench.at(5_000 + lag + 8_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now, orders: [entryOf(entry, 1)] }));
  // then
  const cancels = bench.all.filter(({ kind }) => kind === "cancel-order").length;
  expect([bench.core.safeMode?.reason, cancels, bench.trade === null]).toEqual(["UNKNOWN_POSITION", 0, true]);
});

test("[I-07] the stop that closed a trade is booked once, although a list that lags names it still", () => {
  // given
  const bench = CoreBench.ready();
  bench.history = historyOf([], []);
  bench.decide(decisionOf());
  const { plan, orders } = present(bench.trade, "trade");
  const [entry = "none"] = orders.keys();
  const told = (id: string, side: Side, tradeId: string) => ({
    ...entryOf(id, 10, { status: "FILLED", side }),
    ...{ fill: fillOf(tradeId, 10, 640_000, bench.now), source: "stream" as const, time: bench.now },
  });
  bench.tell(told(entry, "buy", "11"));
  const stop = idOf(plan.trade, "f");
  bench.tell({ ...stopOf(stop), source: "stream" });
  bench.at(5_000);
  bench.tell({ ...stopOf(idOf(plan.trade, "t1")), status: "EXPIRED", source: "stream" });
  bench.tell(told(stop, "sell", "12"));
  const rows = bench.all.filter(({ kind }) => kind === "trade").length;
  // when
  for (const [ms, algos] of [
    [8_000, [stopOf(stop)]],
    [12_000, [stopOf(stop)]],
  ] as const) {
    bench.at(ms);
    bench.tell(snapshotOf(0, { requestedAt: bench.now, algos }));
  }
  const somebodys = { symbol: first, lots: signedLots(5), entryTicks: 640_000, time: bench.now } as const;
  bench.tell({ kind: "position-report", ...somebodys });
  bench.tell({ ...told(stop, "sell", "12"), fill: null, source: "query" });
  // then
  expect([rows, bench.trade === null]).toEqual([1, true]);
});

test("[I-01] what somebody has turned our position into gets its stop as soon as a read shows it, for no older read could", () => {
  const world = new Reduced();
  world.reads(-6, [7_100]);
  expect(world.placed("buy")).toEqual(["STOP_MARKET"]);
});

test("[F-19] soon after a start it may be what an earlier run had open, and is not believed while reads may lag", () => {
  const world = new Reduced();
  world.reads(-6, [2_100, 2_700]);
  expect([world.placed("buy"), world.bench.trade?.ledger.position]).toEqual([[], 6]);
});

test("[F-19] nor is one that shows what somebody else had open before our trade, the other way around", () => {
  const world = new Reduced([-6, 0]);
  world.reads(-6, [7_100, 7_700]);
  expect([world.placed("buy"), world.bench.trade?.ledger.position]).toEqual([[], 6]);
});

test("[F-19] a read that shows the trade before, which was the other way around, is not believed while reads may lag", () => {
  // given: the stop closes what is left of ten lots, and a second later ten are sold short
  const world = new Reduced();
  const { bench } = world;
  world.stopOut();
  bench.at(6_000);
  bench.quote();
  bench.decide(
    decisionOf({ id: "d2", direction: "SHORT", time: bench.now, validUntil: plus(bench.now, micros(500_000)) }),
  );
  const [entry = "none"] = present(bench.trade, "trade").orders.keys();
  world.fill(entry, { side: "sell", filled: lots(10), fill: fillOf("14", 10, 640_000, bench.now) });
  const before = world.placed("sell").length;
  // when
  world.reads(10, [3_100, 3_700, 6_000]);
  // then
  expect([world.placed("sell").length - before, bench.trade?.ledger.position]).toEqual([0, -10]);
});
