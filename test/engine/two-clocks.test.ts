/** A machine whose clock is not the exchange's: executions are timed by the one, reads by the other (failure-catalogue F-26). */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import type { AlgoReport, Side } from "../../src/domain/order.ts";
import { type Micros, micros, microsPerMinute, microsPerSecond, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import {
  CoreBench,
  entryOf,
  first,
  historyOf,
  idOf,
  journalled,
  openTradeOf,
  snapshotOf,
  stopOf,
  tradeA,
} from "./support.ts";
import { ready } from "./watched.ts";

/** Ten lots are bought 5 s after the start, on a machine whose clock is ahead of the exchange's by so many seconds. */
class Apart {
  readonly bench = CoreBench.ready();
  readonly #ahead: number;
  readonly #resting = new Map<string, AlgoReport>();

  constructor(ahead: number) {
    const { bench } = this;
    this.#ahead = ahead;
    bench.history = historyOf([], []);
    bench.at(5_000);
    bench.quote();
    bench.decide(decisionOf({ time: bench.now, validUntil: micros(bench.now + microsPerSecond) }));
    const [entry = "none"] = present(bench.trade, "trade").orders.keys();
    this.executes(entry, "buy", "11");
  }

  /** What the exchange's clock says. */
  get there(): Micros {
    return micros(this.bench.now - this.#ahead * microsPerSecond);
  }

  /** All ten lots, just now; what rests is told as resting. */
  executes(id: string, side: Side, tradeId: string): void {
    const { there } = this;
    const fill = fillOf(tradeId, 10, 640_000, there);
    this.bench.tell({ ...entryOf(id, 10, { status: "FILLED", side, fill, time: there }), source: "stream" });
    this.#hear();
  }

  states(position: number): void {
    const stated = { symbol: first, lots: signedLots(position), entryTicks: 640_000, time: this.there } as const;
    this.bench.tell({ kind: "position-report", ...stated });
  }

  /** Reads that show so much, so many milliseconds after the start. */
  reads(position: number, moments: readonly number[]): void {
    const { bench } = this;
    for (const ms of moments) {
      bench.at(ms);
      this.#hear();
      bench.tell(
        snapshotOf(position, { requestedAt: bench.now, asOf: this.there, algos: [...this.#resting.values()] }),
      );
      this.#hear();
    }
  }

  /** Kind and side of what was placed in the algo service and cancelled there, since so many outputs. */
  algos(since = 0): readonly string[] {
    return this.bench.all.slice(since).flatMap((output) => {
      if (output.kind === "place-algo") return [`${output.type} ${output.side}`];
      return output.kind === "cancel-algo" ? [output.kind] : [];
    });
  }

  /** The stop closes all ten lots, and nothing of the trade rests any more. */
  stopsOut(): void {
    const ids = [...this.#resting.keys()];
    this.#resting.clear();
    const stop = present(this.bench.trade, "trade")
      .orders.values()
      .find(({ role }) => role === "f");
    this.executes(stop?.id ?? "none", "sell", "12");
    for (const id of ids) if (id !== stop?.id) this.bench.tell({ ...stopOf(id), status: "EXPIRED", source: "stream" });
    this.states(0);
  }

  /** All that is placed rests, and look-ups say so. */
  #hear(): void {
    const { bench } = this;
    for (const output of bench.unheard()) {
      if (output.kind === "place-algo") {
        const { clientAlgoId: id, side, trigger, type, extent } = output;
        const quantity = extent.kind === "quantity" ? extent.quantity : null;
        const terms = { type, quantity, closePosition: quantity === null, time: this.there };
        this.#resting.set(id, { ...stopOf(id, side, trigger), ...terms });
      }
      const isAbout = output.kind === "place-algo" || output.kind === "query-algo";
      const resting = isAbout ? this.#resting.get(output.clientAlgoId) : undefined;
      if (resting !== undefined) bench.tell(resting);
    }
  }
}

test("[I-01] [F-26] where our clock is ahead, reads of before our entry filled do not take its stop", () => {
  const world = new Apart(15);
  world.reads(0, [5_500, 6_100, 7_000]);
  expect([world.bench.core.safeMode, world.algos().includes("cancel-algo")]).toEqual([null, false]);
});

test("[I-01] [F-26] where our clock is behind, a read shows what somebody has turned our position into, and it gets its stop", () => {
  const world = new Apart(-60);
  const before = world.bench.all.length;
  world.reads(-15, [25_000]);
  expect(world.algos(before)).toContain("STOP_MARKET buy");
});

test.each([15, -60])(
  "[RSK-5] [F-26] a symbol cools down no less and no longer where our clock is ahead by %i s",
  (ahead) => {
    const [apart, same] = [ahead, 0].map((seconds) => {
      const world = new Apart(seconds);
      world.bench.tell({ kind: "clock-offset", offset: micros(-seconds * microsPerSecond), error: micros(0) });
      world.bench.at(8_000);
      world.stopsOut();
      return world.bench.core.session(world.bench.now).cooldowns;
    });
    expect([apart, apart?.length]).toEqual([same, 1]);
  },
);

test("[RSK-4] [F-26] where our clock is behind, a withdrawal that only the ledger tells is no loss", () => {
  // given
  const behind = 90 * microsPerSecond;
  const bench = ready();
  const there = (): Micros => micros(bench.now + behind);
  bench.at(60_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now, asOf: there() }));
  // when: it is made while the private stream is away
  bench.tell({ kind: "private-stream", alive: false });
  bench.at(70_000);
  bench.income = [{ kind: "transfer", id: "1", amount: moneyFromText("-5000"), time: there() }];
  bench.at(80_000);
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(snapshotOf(0, { wallet: moneyFromText("5000"), requestedAt: bench.now, asOf: there() }));
  // then
  expect(bench.events).toEqual(["TRANSFERRED"]);
});

test("[ORD-3] [F-26] where our clock is behind, a stop that was found and that a list lacks is looked up", () => {
  // given: by the exchange's clock it was placed twenty seconds before the start
  const behind = microsPerMinute;
  const stop = stopOf(idOf(tradeA, "f"));
  const bench = new CoreBench();
  const there = (): Micros => micros(bench.now + behind);
  const resting = { ...stop, time: micros(stop.time + behind) };
  bench.tell(snapshotOf(10, { algos: [resting], requestedAt: bench.now, asOf: there() }));
  // when
  bench.at(15_000);
  const commands = bench.tell(snapshotOf(10, { requestedAt: bench.now, asOf: there() }));
  // then
  expect(commands).toContain(`query-algo ${stop.clientAlgoId}`);
});

test("[I-01] [F-26] where our clock is behind, what an entry filled before a read that shows it is not counted once more", () => {
  // given: a position of ten lots is taken over, beside an entry that rests
  const behind = microsPerMinute;
  const entry = idOf(tradeA, "e");
  const bench = new CoreBench();
  const there = (): Micros => micros(bench.now + behind);
  bench.tell(journalled([openTradeOf(tradeA, bench.now)]));
  bench.tell(snapshotOf(10, { orders: [entryOf(entry)], requestedAt: bench.now, asOf: there() }));
  // when
  const time = micros(there() - 10 * microsPerSecond);
  bench.tell(entryOf(entry, 4, { time }));
  // then
  expect(bench.trade?.unexplained?.lots).toBe(10);
});
