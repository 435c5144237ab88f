/** What moves a stop or ends a position besides the price: decisions, volatility, candles, settings. */

import { expect, test } from "vitest";
import type { Candle } from "../../src/domain/candle.ts";
import type { ExitRules } from "../../src/domain/exit-rules.ts";
import type { Side } from "../../src/domain/order.ts";
import { lots, micros, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { tightenedRules } from "../../src/execution/exit-rules.ts";
import { after, start, stillRules } from "../support/core.ts";
import { Bench, idOf, planOf } from "./bench.ts";

const r1 = idOf("r");
const x1 = idOf("x");

/** R is 200 ticks: from 640,000 to 639,800. */
const trailing: ExitRules = { ...stillRules, trailFromR: 0.5, trailByR: 0.5 };

/** A protected position of ten lots at 640,000 that may be held for an hour. */
function entered(exits: ExitRules = trailing, side: Side = "buy"): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ exits, side, holdMicros: microsFromSeconds(3_600) }));
  return bench;
}

function levels(bench: Bench): readonly number[] {
  return bench.outputs.flatMap((output) => (output.kind === "stop-move" ? [output.to] : []));
}

test("[EXE-11] a newer decision's nearer stop is taken", () => {
  const bench = entered(stillRules);
  const taken = bench.manager.tighten(ticks(639_900), "decision", bench.now);
  expect([taken, bench.algo(r1).trigger]).toEqual([true, 639_900]);
});

test("[EXE-11] a nearer stop that comes within the interval of moves is taken when that is over", () => {
  const bench = entered(stillRules);
  bench.manager.tighten(ticks(639_850), "decision", bench.now);
  bench.ok("place-algo", r1);
  bench.at(100);
  const taken = bench.manager.tighten(ticks(639_900), "decision", bench.now);
  bench.at(499);
  const before = levels(bench);
  bench.at(10_000);
  expect([taken, before, levels(bench)]).toEqual([false, [639_850], [639_850, 639_900]]);
});

test("[EXE-11] of several stops within the interval the last word counts, also where it is to stay", () => {
  const nearer = entered(stillRules);
  nearer.manager.tighten(ticks(639_850), "decision", nearer.now);
  for (const level of [639_950, 639_900]) nearer.manager.tighten(ticks(level), "decision", nearer.now);
  nearer.at(10_000);
  const stays = entered(stillRules);
  stays.manager.tighten(ticks(639_850), "decision", stays.now);
  for (const level of [639_950, 639_850]) stays.manager.tighten(ticks(level), "decision", stays.now);
  stays.at(10_000);
  expect([levels(nearer), levels(stays)]).toEqual([[639_850, 639_900], [639_850]]);
});

test("[EXE-11] a stop that waited for the interval and would be hit at once by then is not taken", () => {
  const bench = entered(stillRules);
  bench.manager.tighten(ticks(639_850), "decision", bench.now);
  bench.manager.tighten(ticks(639_900), "decision", bench.now);
  bench.touch.quote(639_898);
  bench.at(1_000);
  bench.touch.quote(640_000);
  bench.at(10_000);
  expect([levels(bench), bench.count("place-order", x1)]).toEqual([[639_850], 0]);
});

test("[EXE-11] a newer decision's farther stop is not", () => {
  const bench = entered(stillRules);
  expect([bench.manager.tighten(ticks(639_700), "decision", bench.now), bench.manager.trade?.stopLevel]).toEqual([
    false,
    639_800,
  ]);
});

test("[EXE-11] a stop that would be hit at once is no stop, and is not taken", () => {
  const bench = entered(stillRules);
  expect([bench.manager.tighten(ticks(640_001), "risk", bench.now), bench.count("place-order", x1)]).toEqual([
    false,
    0,
  ]);
});

test("[EXE-11] the stop comes nearer in the proportion in which the average true range shrinks", () => {
  const bench = entered({ ...stillRules, atrAtEntry: 100 });
  bench.manager.onCandle(candleOf(640_000, 640_000), 75, bench.now);
  expect(bench.algo(r1).trigger).toBe(639_850);
});

test("[EXE-11] an average true range that grows moves nothing", () => {
  const bench = entered({ ...stillRules, atrAtEntry: 100 });
  bench.manager.onCandle(candleOf(640_000, 640_000), 150, bench.now);
  expect(levels(bench)).toEqual([]);
});

test("[EXE-11] a shrinking range does not put the stop beyond the price", () => {
  const bench = entered({ ...stillRules, atrAtEntry: 100 });
  bench.touch.quote(639_840);
  bench.manager.onCandle(candleOf(640_000, 639_840), 75, bench.now);
  expect([levels(bench), bench.manager.trade?.closing]).toEqual([[], null]);
});

test("[EXE-10] a large candle against the position closes it at once", () => {
  const bench = entered({ ...stillRules, adverseCandleAtr: 2 });
  bench.manager.onCandle(candleOf(640_000, 639_901), 50, bench.now);
  const before = bench.count("place-order", x1);
  bench.manager.onCandle(candleOf(640_000, 639_899), 50, bench.now);
  expect([before, bench.order(x1).quantity, bench.manager.trade?.closing?.reason]).toEqual([0, 10, "ADVERSE_CANDLE"]);
});

test("[EXE-10] a large candle with the position closes nothing", () => {
  const bench = entered({ ...stillRules, adverseCandleAtr: 2 }, "sell");
  bench.manager.onCandle(candleOf(640_000, 639_000), 50, bench.now);
  expect(bench.manager.trade?.closing).toBeNull();
});

test("[EXE-10] of a candle that began before the position only what came after the entry counts", () => {
  const bench = entered({ ...stillRules, adverseCandleAtr: 2 });
  bench.manager.onCandle(candleOf(640_500, 639_950, -30_000), 50, bench.now);
  expect(bench.manager.trade?.closing).toBeNull();
});

test("[EXE-10] a candle that had closed before the position says nothing about it", () => {
  const bench = entered({ ...stillRules, adverseCandleAtr: 2 });
  bench.manager.onCandle(candleOf(640_500, 639_000, -60_000), 50, bench.now);
  expect(bench.manager.trade?.closing).toBeNull();
});

test("[EXE-10] `on_decision: off` leaves the position to stop, targets and time", () => {
  const bench = entered({ ...stillRules, leavesOnDecision: false });
  bench.manager.leave(bench.now);
  expect(bench.manager.trade?.closing).toBeNull();
});

test("[EXE-10] a source's word to leave closes the position by default", () => {
  const bench = entered();
  bench.manager.leave(bench.now);
  expect(bench.manager.trade?.closing?.reason).toBe("DECISION_EXIT");
});

test("[CFG-4] a shorter hold applies to the open position, a longer one does not", () => {
  const bench = entered(stillRules);
  bench.manager.tightenRules(stillRules, microsFromSeconds(7_200), bench.now);
  const longer = bench.manager.trade?.holdUntil;
  bench.manager.tightenRules(stillRules, microsFromSeconds(60), bench.now);
  expect([longer, bench.manager.trade?.holdUntil]).toEqual([after(3_600_000), after(60_000)]);
});

test("[CFG-4] looser rules leave those of the open position as they are", () => {
  const frozen = { ...trailing, adverseCandleAtr: 2, breakEvenBps: 10 };
  const loose = {
    ...frozen,
    leavesOnDecision: false,
    trailFromR: 2,
    trailByR: 3,
    adverseCandleAtr: null,
    breakEvenBps: null,
  };
  expect(tightenedRules(frozen, loose)).toEqual(frozen);
});

test("[CFG-4] tighter rules apply to the open position", () => {
  const tight = { ...stillRules, trailFromR: 0.3, trailByR: 0.2, adverseCandleAtr: 1, breakEvenBps: 12 };
  expect(tightenedRules(trailing, tight)).toEqual(tight);
});

test("[CFG-4] of two distances beyond break-even the larger holds, whichever is the newer", () => {
  const [near, far] = [10, 12].map((breakEvenBps) => ({ ...stillRules, breakEvenBps }));
  const both = [near, far].flatMap((a) => [near, far].map((b) => (a && b ? tightenedRules(a, b).breakEvenBps : null)));
  expect(both).toEqual([10, 12, 12, 12]);
});

function candleOf(open: number, close: number, fromMs = 0): Candle {
  return {
    openTime: micros(start + fromMs * 1_000),
    open: ticks(open),
    high: ticks(Math.max(open, close)),
    low: ticks(Math.min(open, close)),
    close: ticks(close),
    volume: lots(10),
    takerBuyVolume: lots(5),
  };
}
