/** A stop that rests while the price is past it: how far, for how long, and what does not count (failure-catalogue F-53). */

import { expect, test } from "vitest";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { isStopIgnored } from "../../src/execution/ignored-stop.ts";
import { after, settingsWith } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const f1 = idOf("f");
/** Three basis points beyond the stops at 639,800 and 640,200, and one tick less. */
const far = { buy: 639_608, sell: 640_393 } as const;
const near = { buy: 639_609, sell: 640_392 } as const;
const limitMicros = 3_000_000;

function held(side: "buy" | "sell" = "buy", bench = new Bench()): Bench {
  bench.enterProtected(planOf({ side }));
  bench.trade.wakeAt = Number.POSITIVE_INFINITY;
  return bench;
}

function show(bench: Bench, side: "buy" | "sell", price: number): void {
  if (side === "buy") bench.touch.quote(price, price + 1_000);
  else bench.touch.quote(price - 1_000, price);
}

/** Asked at so many milliseconds, one after the other. */
function asked(bench: Bench, ...milliseconds: readonly number[]): readonly boolean[] {
  return milliseconds.map((at) => isStopIgnored(bench.desk, bench.trade, after(at)));
}

test.each(["buy", "sell"] as const)(
  "[F-53] of a %s: the price past the stop for three seconds, not a microsecond less",
  (side) => {
    const bench = held(side);
    show(bench, side, far[side]);
    const early = isStopIgnored(bench.desk, bench.trade, after(0));
    const last = isStopIgnored(bench.desk, bench.trade, micros(after(3_000) - 1));
    expect([early, last, isStopIgnored(bench.desk, bench.trade, after(3_000))]).toEqual([false, false, true]);
  },
);

test.each(["buy", "sell"] as const)("[F-53] of a %s: a price that is no farther than the margin is no sign", (side) => {
  const bench = held(side);
  show(bench, side, near[side]);
  expect([asked(bench, 0, 10_000), bench.trade.pastStopSince]).toEqual([[false, false], null]);
});

test("[F-53] the margin is measured to the last part: exactly three basis points are no sign", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ stopLoss: ticks(600_000) }));
  bench.touch.quote(599_820, 599_821);
  const onMargin = asked(bench, 0, 10_000);
  bench.touch.quote(599_819, 599_820);
  expect([onMargin, asked(bench, 20_000, 23_000)]).toEqual([
    [false, false],
    [false, true],
  ]);
});

test.each(["buy", "sell"] as const)(
  "[F-53] of a %s: it is the side at which it would be closed that counts",
  (side) => {
    const bench = held(side);
    if (side === "buy") bench.touch.quote(639_900, far.buy);
    else bench.touch.quote(far.sell, 640_100);
    expect(asked(bench, 0, 10_000)).toEqual([false, false]);
  },
);

test("[F-53] a price that comes back in between begins the time anew", () => {
  const bench = held();
  show(bench, "buy", far.buy);
  asked(bench, 0);
  show(bench, "buy", near.buy);
  asked(bench, 2_000);
  show(bench, "buy", far.buy);
  expect(asked(bench, 2_500, 5_499, 5_500)).toEqual([false, false, true]);
});

test("[F-53] it is looked at again when the time is over, and not after that", () => {
  const bench = held();
  show(bench, "buy", far.buy);
  asked(bench, 0);
  const first = bench.trade.wakeAt;
  bench.trade.wakeAt = Number.POSITIVE_INFINITY;
  asked(bench, 3_000);
  expect([first, bench.trade.wakeAt]).toEqual([after(0) + limitMicros, Number.POSITIVE_INFINITY]);
});

test("[F-53] a price that is not past the stop wakes nobody", () => {
  const bench = held();
  show(bench, "buy", near.buy);
  asked(bench, 0);
  expect(bench.trade.wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test("[F-53] an empty side of the book says nothing", () => {
  const bench = held();
  bench.touch.quote(0, 639_000);
  expect(asked(bench, 0, 10_000)).toEqual([false, false]);
});

test("[F-53] of a stop by the mark price the touch says nothing", () => {
  const bench = held("buy", new Bench(settingsWith({ protection: { working_type: "MARK_PRICE" } })));
  show(bench, "buy", far.buy);
  expect(asked(bench, 0, 10_000)).toEqual([false, false]);
});

test("[F-53] where nothing is open, nothing is past its stop", () => {
  const bench = new Bench();
  bench.begin();
  show(bench, "buy", far.buy);
  expect([asked(bench, 0, 10_000), bench.trade.pastStopSince]).toEqual([[false, false], null]);
});

test("[F-53] a stop that is being executed has its own time", () => {
  const bench = held();
  show(bench, "buy", far.buy);
  asked(bench, 0);
  bench.algoReport(f1, "TRIGGERED", "1");
  expect(asked(bench, 3_000)).toEqual([false]);
});

test("[F-53] it is the stop where it stands now: one that has moved is sooner passed", () => {
  const bench = held();
  bench.trade.stopLevel = bench.trade.plan.stopLoss;
  show(bench, "buy", 639_700);
  const before = asked(bench, 0, 3_000);
  bench.trade.stopLevel = ticks(639_900);
  expect([before, asked(bench, 4_000, 7_000)]).toEqual([
    [false, false],
    [false, true],
  ]);
});

test("[F-53] the position is closed at market, and the reason says that the stop was passed", () => {
  const bench = new Bench();
  bench.enterProtected();
  show(bench, "buy", far.buy);
  bench.at(1_000);
  bench.manager.onTimer(bench.now);
  bench.fills(idOf("e"), [fillOf("entry", 10)]);
  bench.at(10_000);
  expect([bench.order(idOf("x")), bench.trade.closing?.reason]).toMatchObject([
    { side: "sell", quantity: lots(10), reduceOnly: true },
    "STOP_PASSED",
  ]);
});
