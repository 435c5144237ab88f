/** A trade of which the exchange says that nothing is open, while whatever it sends is lost (failure-catalogue I-06, F-27). */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { AlgoReport, Side } from "../../src/domain/order.ts";
import { type Command, isCommand, type PlaceAlgo } from "../../src/domain/output.ts";
import { type Micros, microsFromSeconds, plus, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { settingsWith } from "../support/core.ts";
import { CoreBench, entryOf, first, historyOf, snapshotOf, stopOf, texts } from "./support.ts";

/**
 * Somebody turns a long of ten lots around as it fills. What would protect or close the long is lost, the rest is taken; or
 * the stops of the short are lost, and those of the long taken.
 */
class Turned {
  readonly bench = CoreBench.ready();
  readonly #lostSide: Side;
  readonly #taken = new Map<string, AlgoReport>();
  /** what was lost */
  readonly lost: string[] = [];
  position = 10;
  #ms = 0;

  constructor(lostSide: Side = "sell") {
    const { bench } = this;
    this.#lostSide = lostSide;
    bench.history = historyOf([], []);
    bench.decide(decisionOf());
    const entry = [...present(bench.trade, "trade").orders.keys()][0] ?? "none";
    bench.tell(entryOf(entry));
    const fill = fillOf("11", 10, 640_000, bench.now);
    bench.tell({ ...entryOf(entry, 10, { status: "FILLED" }), fill, source: "stream", time: bench.now });
    bench.at(20);
    this.turn(-10);
  }

  turn(position: number): void {
    const { bench } = this;
    this.position = position;
    const stated = { symbol: first, lots: signedLots(position), entryTicks: 640_000, time: bench.now } as const;
    bench.tell({ kind: "position-report", ...stated });
    this.#hear();
  }

  /** A read of the account every two seconds. */
  until(milliseconds: number): void {
    const { bench } = this;
    for (let ms = this.#ms + 500; ms <= milliseconds; ms += 500) {
      this.#ms = ms;
      bench.at(ms);
      this.#hear();
      if (ms % 2_000 !== 0) continue;
      bench.tell(snapshotOf(this.position, { requestedAt: bench.now, algos: [...this.#taken.values()] }));
      this.#hear();
    }
  }

  /** What was lost was taken after all, and that is told late. */
  surface(stop: AlgoReport): void {
    this.#take(stop);
    this.#hear();
  }

  #take(stop: AlgoReport): void {
    this.#taken.set(stop.clientAlgoId, stop);
    this.bench.tell({ ...stop, source: "stream" });
  }

  #hear(): void {
    for (const output of this.bench.unheard()) if (isCommand(output)) this.#answer(output);
  }

  #answer(command: Command): void {
    const { bench } = this;
    if (command.kind === "cancel-algo" && this.#taken.delete(command.clientAlgoId)) {
      bench.tell({ kind: "outcome", command, outcome: { kind: "ok" } });
    }
    const isLookUp = command.kind === "query-algo" || command.kind === "query-order";
    const known = command.kind === "query-algo" ? this.#taken.get(command.clientAlgoId) : undefined;
    const refused = { kind: "refused", code: -2013, message: "Order does not exist." } as const;
    if (known !== undefined) bench.tell({ ...known, source: "query" });
    else if (isLookUp) bench.tell({ kind: "outcome", command, outcome: refused });
    if (command.kind !== "place-algo" && (command.kind !== "place-order" || !command.reduceOnly)) return;
    if (command.kind === "place-algo" && command.side !== this.#lostSide) {
      return this.#take(stopOf(command.clientAlgoId, command.side, command.trigger));
    }
    this.lost.push(command.kind);
    bench.tell({ kind: "outcome", command, outcome: { kind: "unknown", cause: "503" } });
  }
}

test("[I-06] the books follow a turned position although all that the former side sends is lost", () => {
  const world = new Turned();
  world.until(40_000);
  expect([world.bench.trade?.plan.side, world.bench.trade?.ledger.position]).toEqual(["sell", -10]);
});

test("[F-27] what a position was turned into has its stop at once, whatever is lost of the trade", () => {
  const { bench } = new Turned();
  const turned = present(bench.core.desks[0]?.turned.trade, "turned");
  expect([...turned.orders.values()].map(({ role, status }) => [role, status.kind])).toEqual([["f", "live"]]);
});

test("[CFG-4] what a position was turned into takes from new settings what tightens, too", () => {
  const { bench } = new Turned();
  bench.core.reconfigure(settingsWith({ exits: { trailing: { activation_r: 0.2, distance_r: 0.1 } } }), bench.now);
  expect(bench.core.desks[0]?.turned.trade?.rules).toMatchObject({ trailFromR: 0.2, trailByR: 0.1 });
});

test("[I-01] a position that is turned back is protected again at once", () => {
  const world = new Turned();
  world.until(8_000);
  const before = world.lost.length;
  world.until(14_000);
  const held = world.lost.length;
  world.turn(10);
  expect([held - before, world.lost.length - held > 0]).toEqual([0, true]);
});

test("[I-05] a position is turned around twice while the stop of what it was turned into is in doubt: it is asked about until it is known", () => {
  const world = new Turned("buy");
  const stop = [...present(world.bench.core.desks[0]?.turned.trade, "turned").orders.keys()][0];
  world.turn(5);
  world.until(30_000);
  const states = world.bench.all.flatMap((output) =>
    output.kind === "order" && output.clientOrderId === stop ? [output.state] : [],
  );
  const { trade } = world.bench.core.desks[0]?.turned ?? {};
  expect([world.bench.trade?.ledger.position, states, trade]).toEqual([5, ["sent", "unknown", "not-accepted"], null]);
});

test("[I-23] the stop of a position that is turned around twice was taken after all: it is cancelled at the next read", () => {
  const world = new Turned("buy");
  const [stop] = present(world.bench.core.desks[0]?.turned.trade, "turned").orders.keys();
  world.turn(5);
  world.until(8_000);
  world.surface(stopOf(stop ?? "none", "buy", 641_920));
  world.until(14_000);
  const cancels = world.bench.all.filter((output) => output.kind === "cancel-algo" && output.clientAlgoId === stop);
  expect([cancels.length, world.bench.core.desks[0]?.turned.trade]).toEqual([1, null]);
});

/** A long of ten lots, perhaps after another one that was closed just after a read had shown nothing of it. */
function afterAnother(isSecond: boolean): { readonly bench: CoreBench; readonly askedAt: Micros } {
  const bench = CoreBench.ready(settingsWith({ guardrails: { cooldown_seconds: 0 } }));
  bench.history = historyOf([], []);
  if (isSecond) {
    enterTen(bench, "11");
    const stop = present(lastStop(bench), "stop");
    const { target } = rest(bench, stop);
    bench.at(15_000);
    bench.tell(snapshotOf(0, { requestedAt: bench.now }));
    const fill = fillOf("12", 10, 639_700, bench.now);
    const hit = entryOf(stop.clientAlgoId, 10, { status: "FILLED", side: "sell", reduceOnly: true });
    bench.tell({ ...hit, fill, source: "stream", time: bench.now });
    bench.tell({ ...stopOf(target.clientAlgoId), status: "CANCELED", source: "stream" });
  }
  expect(bench.trade).toBeNull();
  bench.at(20_000);
  bench.quote();
  const askedAt = bench.now;
  bench.at(20_010);
  enterTen(bench, "13");
  return { bench, askedAt };
}

function enterTen(bench: CoreBench, tradeId: string): void {
  bench.decide(decisionOf({ id: tradeId, time: bench.now, validUntil: plus(bench.now, microsFromSeconds(1)) }));
  const entry = [...present(bench.trade, "trade").orders.keys()][0] ?? "none";
  const fill = fillOf(tradeId, 10, 640_000, bench.now);
  bench.tell({ ...entryOf(entry, 10, { status: "FILLED" }), fill, source: "stream", time: bench.now });
}

/** The stop rests from now on, and the target that was placed once it did. */
function rest(
  bench: CoreBench,
  stop: PlaceAlgo,
): { readonly target: PlaceAlgo; readonly algos: readonly AlgoReport[] } {
  const first = stopOf(stop.clientAlgoId, "sell", stop.trigger);
  bench.tell({ ...first, source: "stream" });
  const target = present(bench.all.filter((output) => output.kind === "place-algo").at(-1), "target");
  const second = { ...stopOf(target.clientAlgoId, "sell", target.trigger), type: target.type };
  bench.tell({ ...second, source: "stream" });
  return { target, algos: [first, second] };
}

function lastStop(bench: CoreBench): PlaceAlgo | undefined {
  return bench.all.filter((output) => output.kind === "place-algo").findLast(({ role }) => role === "f");
}

test.each([false, true])(
  "[I-01] a stop that was refused is sent again, whatever a read said of a trade that is over (there was one: %s)",
  (isSecond) => {
    const { bench, askedAt } = afterAnother(isSecond);
    bench.tell(snapshotOf(0, { requestedAt: askedAt }));
    const command = present(lastStop(bench), "stop");
    bench.tell({ kind: "outcome", command, outcome: { kind: "refused", code: -1008, message: "busy" } });
    bench.at(21_000);
    expect(lastStop(bench)?.clientAlgoId).not.toBe(command.clientAlgoId);
  },
);

test.each([false, true])(
  "[I-06] one read is not believed against a trade, whatever one said of another before (there was one: %s)",
  (isSecond) => {
    const { bench } = afterAnother(isSecond);
    const stop = present(lastStop(bench), "stop");
    const { algos } = rest(bench, stop);
    bench.at(40_000);
    bench.tell(snapshotOf(0, { algos, requestedAt: bench.now }));
    expect([bench.trade?.ledger.position, texts(bench.all).includes(`cancel-algo ${stop.clientAlgoId}`)]).toEqual([
      10,
      false,
    ]);
  },
);

test.each([0, 5])(
  "[I-06] a close in doubt is asked about every second while reads contradict the books (they say %d of 10 lots)",
  (reported) => {
    // given
    const { bench } = afterAnother(false);
    const { algos } = rest(bench, present(lastStop(bench), "stop"));
    bench.tell({ kind: "control", by: "test", action: "flatten" });
    bench.at(20_200);
    const orders = bench.all.filter((output) => output.kind === "place-order");
    const close = present(
      orders.findLast(({ role }) => role === "x"),
      "close",
    );
    bench.tell({ kind: "outcome", command: close, outcome: { kind: "unknown", cause: "503" } });
    // when
    const asked = asksWhileRead(bench, close.clientOrderId, reported, algos);
    // then
    expect(asked).toBeGreaterThanOrEqual(10);
  },
);

/** How often the order is looked up in twenty seconds, after twenty more; a read says the same every two. */
function asksWhileRead(bench: CoreBench, id: string, reported: number, algos: readonly AlgoReport[]): number {
  const asks = [40, 60].map((until) => {
    for (let seconds = until - 20; seconds < until; seconds += 2) {
      bench.at(seconds * 1_000 + 500);
      bench.tell(snapshotOf(reported, { algos, requestedAt: bench.now }));
    }
    return texts(bench.all).filter((text) => text.startsWith("query-") && text.endsWith(` ${id}`)).length;
  });
  return (asks[1] ?? 0) - (asks[0] ?? 0);
}

test("[I-06] a target in doubt is asked about every second while reads contradict the books", () => {
  // given
  const { bench } = afterAnother(false);
  const stop = present(lastStop(bench), "stop");
  const resting = stopOf(stop.clientAlgoId, "sell", stop.trigger);
  bench.tell({ ...resting, source: "stream" });
  const target = present(bench.all.filter((output) => output.kind === "place-algo").at(-1), "target");
  bench.tell({ kind: "outcome", command: target, outcome: { kind: "unknown", cause: "503" } });
  // when
  const asked = asksWhileRead(bench, target.clientAlgoId, -10, [resting]);
  // then
  expect(asked).toBeGreaterThanOrEqual(10);
});

test("[I-06] a stop that was hit is asked about every second while reads contradict the books", () => {
  // given
  const { bench } = afterAnother(false);
  const stop = present(lastStop(bench), "stop");
  const { algos } = rest(bench, stop);
  const hit = { ...stopOf(stop.clientAlgoId, "sell", stop.trigger), status: "TRIGGERED" } as const;
  bench.tell({ ...hit, source: "stream" });
  // when
  const asked = asksWhileRead(bench, stop.clientAlgoId, 0, algos.slice(1));
  // then
  expect(asked).toBeGreaterThanOrEqual(10);
});
