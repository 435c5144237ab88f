/** When targets of a newer decision are taken (requirements DEC-6), to the tick. */

import { expect, test } from "vitest";
import { type Ticks, ticks } from "../../src/domain/units.ts";
import { moveTargets } from "../../src/execution/targets.ts";
import { settingsWith, stillRules } from "../support/core.ts";
import { Bench, briefOf, fillOf, idOf, planOf } from "./bench.ts";

type Where = readonly [nearer: number | null, farther: number | null];

/** Ten lots at 640,000; R is 200 ticks, so the least step is ten where it is a twentieth of R. */
const exits = { ...stillRules, moveStepR: 0.05, movesMax: 3 };
const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };
const one = { takeProfit: ticks(640_300), secondTarget: null };
const shortTwo = { side: "sell", takeProfit: ticks(639_700), secondTarget: ticks(639_400) } as const;

function held(changes: Parameters<typeof planOf>[0] = two): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ exits, ...changes }));
  return bench;
}

function moved(bench: Bench, ...levels: readonly number[]): boolean {
  return moveTargets(bench.desk, bench.trade, levels.map(ticks));
}

function where({ trade }: Bench): Where {
  return [trade.takeProfit, trade.secondTarget];
}

test.each<[string, Parameters<typeof planOf>[0], readonly number[], Where | null]>([
  ["the nearer by the least step", two, [640_310, 640_600], [640_310, 640_600]],
  ["the nearer by a tick less", two, [640_309, 640_600], null],
  ["the nearer inwards by the least step", two, [640_290, 640_600], [640_290, 640_600]],
  ["the farther by the least step", two, [640_300, 640_610], [640_300, 640_610]],
  ["the farther by a tick less", two, [640_300, 640_609], null],
  ["neither", two, [640_300, 640_600], null],
  ["one where there were two", two, [640_300], [640_300, null]],
  ["two where there was one", one, [640_300, 640_600], [640_300, 640_600]],
  ["the only one", one, [640_310], [640_310, null]],
  ["the only one, which stays", one, [640_300], null],
  ["the first of all", { takeProfit: null }, [640_300], [640_300, null]],
  ["a short's", shortTwo, [639_690, 639_400], [639_690, 639_400]],
  ["a short's by a tick less", shortTwo, [639_691, 639_400], null],
  ["none", two, [], null],
])("[DEC-6] targets move only by the least step: %s", (_, plan, levels, expected) => {
  const bench = held(plan);
  const before = where(bench);
  const isMoved = moved(bench, ...levels);
  expect([isMoved, where(bench)]).toEqual(expected === null ? [false, before] : [true, expected]);
});

test("[DEC-6] before the entry has filled a tick is enough, and the touch is what levels are measured from", () => {
  const bench = new Bench();
  bench.begin(planOf({ ...two, exits: { ...exits, moveStepR: 5 } }));
  expect([moved(bench, 640_300, 640_600), moved(bench, 640_301, 640_600), where(bench)]).toEqual([
    false,
    true,
    [640_301, 640_600],
  ]);
});

test("[DEC-6] where the least step is less than a tick, a tick is the least", () => {
  const bench = held({ ...two, exits: { ...exits, moveStepR: 0 } });
  expect([moved(bench, 640_300, 640_600), moved(bench, 640_301, 640_600)]).toEqual([false, true]);
});

test("[DEC-6] a level that is split is split between the entry and itself, before the entry between the touch and itself", () => {
  const split = settingsWith({ exits: { targets: "split" } });
  const open = new Bench(split);
  open.enterProtected(planOf({ ...two, exits }));
  const waiting = new Bench(split);
  waiting.begin(planOf({ ...two, exits }));
  for (const bench of [open, waiting]) {
    bench.touch.quote(640_100);
    moved(bench, 640_400);
  }
  expect([where(open), where(waiting)]).toEqual([
    [640_200, 640_400],
    [640_250, 640_400],
  ]);
});

test.each<[string, Parameters<typeof planOf>[0], number, number, boolean]>([
  ["above the entry and not reached", two, 640_000, 640_100, true],
  ["at the price, above the entry", two, 640_100, 640_100, true],
  ["behind the price, above the entry", two, 640_200, 640_100, true],
  ["at the entry, which the price is past", two, 640_200, 640_000, false],
  ["at a loss, and reached", two, 639_950, 639_950, false],
  ["at a loss, and not reached", two, 639_899, 639_950, true],
  ["a tick above the stop", two, 639_700, 639_801, true],
  ["at the stop", two, 639_700, 639_800, false],
  ["behind the stop", two, 639_600, 639_700, false],
  ["of a short, below the entry and reached", shortTwo, 639_799, 639_900, true],
  ["of a short, at a loss and reached", shortTwo, 640_049, 640_050, false],
  ["of a short, at a loss and not reached", shortTwo, 640_050, 640_050, true],
  ["of a short, at the stop", shortTwo, 640_300, 640_200, false],
])("[DEC-6] a target may close at once only at a gain: %s", (_, plan, bid, level, isTaken) => {
  const bench = held(plan);
  bench.touch.quote(bid);
  expect([moved(bench, level), bench.trade.takeProfit === level]).toEqual([isTaken, isTaken]);
});

test("[DEC-6] where no price is known, a level at a loss counts as reached", () => {
  const bench = held();
  bench.touch.quote(0);
  expect([moved(bench, 639_950), moved(bench, 640_100)]).toEqual([false, true]);
});

test("[DEC-6] before the entry has filled a level that is reached is not taken", () => {
  const bench = new Bench();
  bench.begin(planOf({ ...two, exits }));
  bench.touch.quote(640_100);
  expect([moved(bench, 640_100), moved(bench, 640_101)]).toEqual([false, true]);
});

test("[DEC-6] a position that is being closed, a scalp and a trade whose moves are used up keep theirs", () => {
  const closing = held();
  closing.manager.close("OPERATOR", closing.now);
  const scalp = held({ ...two, entry: briefOf({ mode: "scalp" }) });
  const used = held();
  used.trade.targetMoves = 3;
  const last = held();
  last.trade.targetMoves = 2;
  expect([closing, scalp, used, last].map((bench) => moved(bench, 640_400))).toEqual([false, false, false, true]);
});

test("[DEC-6] an adopted trade, whose entry nobody plans, takes targets too", () => {
  expect(moved(held({ ...two, entry: null }), 640_400)).toBe(true);
});

test("[DEC-6] each move is counted, and told with the levels before and after", () => {
  const bench = held();
  moved(bench, 640_400, 640_700);
  const told = bench.outputs.filter((output) => output.kind === "notice" && output.code === "TARGETS_MOVED");
  expect([bench.trade.targetMoves, told]).toMatchObject([
    1,
    [
      {
        level: "info",
        fields: { fromTicks: 640_300, secondFromTicks: 640_600, toTicks: 640_400, secondToTicks: 640_700 },
      },
    ],
  ]);
});

test.each<["buy" | "sell", number, boolean]>([
  ["buy", 640_299, false],
  ["buy", 640_300, true],
  ["sell", 639_701, false],
  ["sell", 639_700, true],
])("[ORD-3] of a %s at %i the first target is behind: %s", (side, price, isBehind) => {
  const bench = new Bench();
  const targets = side === "buy" ? two : { takeProfit: ticks(639_700), secondTarget: ticks(639_400) };
  const stopLoss: Ticks = ticks(side === "buy" ? 639_800 : 640_200);
  bench.begin(planOf({ side, ...targets, stopLoss, exits }));
  bench.fill(idOf("e"), "FILLED", 10, fillOf("entry", 10, price));
  bench.ok("place-algo", idOf("f"));
  expect(bench.count("place-algo", idOf("t1"))).toBe(isBehind ? 0 : 1);
});
