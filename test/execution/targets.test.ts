/** Targets: one or two, their parts, what becomes of them as the position grows and shrinks. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { lots, micros, microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { targetLevels } from "../../src/execution/exit-rules.ts";
import { isFirstTargetDone, type TargetFacts, wantedTargets } from "../../src/execution/targets.ts";
import { instrument, instrumentWith, settings, settingsWith, stillRules } from "../support/core.ts";
import { Bench, briefOf, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const t1 = idOf("t1");
const t2 = idOf("t2");
const closeAll = { kind: "close-position" } as const;

const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };

/** A long of ten lots with its floor and both targets live. */
function entered(bench: Bench, changes: Parameters<typeof planOf>[0] = {}): void {
  bench.enterProtected(planOf({ ...two, ...changes }));
  bench.ok("place-algo", t1);
  bench.ok("place-algo", t2);
}

function facts(changes: Partial<TargetFacts> = {}): TargetFacts {
  return { ...two, firstShare: 0.5, entered: 10, taken: 0, exposed: 10, firstIsBehind: false, ...changes };
}

test("[ORD-3] the first of two targets closes its part, the second all the rest", () => {
  const bench = new Bench();
  entered(bench);
  expect([bench.algo(t1), bench.algo(t2)]).toMatchObject([
    { type: "TAKE_PROFIT_MARKET", trigger: 640_300, extent: { kind: "quantity", quantity: 5 } },
    { type: "TAKE_PROFIT_MARKET", trigger: 640_600, extent: closeAll },
  ]);
});

test("[IDM-4] what is open after the first target is told at what its entry cost", () => {
  const bench = new Bench();
  entered(bench);
  bench.report(t1, "FILLED", 5, fillOf("t1-1", 5, 640_300));
  const row = bench.outputs.findLast(({ kind }) => kind === "position");
  expect(row).toMatchObject({ lots: 5, entryTicks: 640_000 });
});

test("[ORD-3] the part is rounded down to the step of market orders", () => {
  expect(wantedTargets(instrument, facts({ entered: 9, exposed: 9 }))[0]?.extent).toEqual({
    kind: "quantity",
    quantity: 4,
  });
});

test("[ORD-6] a part below the exchange's minimum is folded into the last target", () => {
  expect(wantedTargets(instrument, facts({ entered: 3, exposed: 3, firstShare: 0.4 }))).toEqual([
    { role: "t2", trigger: 640_600, extent: closeAll },
  ]);
});

test("[ORD-6] a rest below the exchange's minimum is folded into the first target", () => {
  expect(wantedTargets(instrument, facts({ entered: 10, firstShare: 0.9 }))).toEqual([
    { role: "t1", trigger: 640_300, extent: closeAll },
  ]);
});

test("[ORD-3] a first target that a dear entry has left behind is folded into the last", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10, 640_301));
  bench.ok("place-algo", f1);
  expect([bench.sent().filter((text) => text.includes(" t")), bench.algo(t2).extent]).toEqual([
    ["place-algo t2_1"],
    closeAll,
  ]);
});

test("[ORD-3] targets wait until the stop is live", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  const before = bench.sent();
  bench.ok("place-algo", f1);
  expect([before, bench.sent()]).toEqual([
    ["place-order e1", "place-algo f1"],
    ["place-algo t1_1", "place-algo t2_1"],
  ]);
});

test("[ORD-3] two orders that close all at a profit never rest together (F-22)", () => {
  const bench = new Bench();
  bench.begin(planOf({ ...two, quantity: lots(20), exits: { ...stillRules, firstTargetShare: 0.9 } }));
  bench.fill(e1, "PARTIALLY_FILLED", 10, fillOf("a", 10));
  bench.ok("place-algo", f1);
  bench.ok("place-algo", t1);
  bench.at(1_000);
  bench.sent();
  bench.fill(e1, "FILLED", 20, fillOf("b", 10));
  const first = bench.sent();
  bench.algoReport(t1, "CANCELED");
  expect([first, bench.sent()]).toEqual([["cancel-algo t1_1"], ["place-algo t1_2", "place-algo t2_1"]]);
});

test("[ORD-3] targets that change too often are watched by the core in the end", () => {
  const bench = new Bench();
  bench.begin(planOf({ ...two, quantity: lots(200), holdMicros: microsFromSeconds(600) }));
  for (let part = 1; part <= 50; part += 1) {
    bench.fill(e1, "PARTIALLY_FILLED", 3 * part, fillOf(`p${part}`, 3));
    if (part === 1) bench.ok("place-algo", f1);
    for (const { id, role, status } of [...(bench.manager.trade?.orders.values() ?? [])]) {
      if (role === "t1" && status.kind === "sent") bench.ok("place-algo", id);
      if (role === "t1" && status.kind === "cancelling") bench.algoReport(id, "CANCELED");
    }
    bench.now = micros(bench.now + 600_000);
  }
  const placed = bench.commands.filter((command) => command.kind === "place-algo" && command.role === "t1");
  expect([placed.length, bench.manager.trade?.watchTarget]).toEqual([20, true]);
});

test("[ORD-3] a target's part grows with the position", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  bench.ok("place-algo", t1);
  bench.ok("place-algo", t2);
  bench.at(1_000);
  bench.fill(e1, "FILLED", 10, fillOf("b", 6));
  bench.algoReport(t1, "CANCELED");
  expect([bench.algo(t1).extent, bench.algo(idOf("t1", 2)).extent]).toEqual([
    { kind: "quantity", quantity: 2 },
    { kind: "quantity", quantity: 5 },
  ]);
});

test("[ORD-3] a target is not moved again before the interval of moves is over", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  bench.ok("place-algo", t1);
  bench.fill(e1, "FILLED", 10, fillOf("b", 6));
  const early = bench.count("cancel-algo", t1);
  bench.at(500);
  expect([early, bench.count("cancel-algo", t1)]).toEqual([0, 1]);
});

test("[ORD-3] a target that somebody cancels is put back at once", () => {
  const bench = new Bench();
  entered(bench);
  bench.algoReport(t1, "CANCELED");
  expect(bench.algo(idOf("t1", 2)).extent).toEqual({ kind: "quantity", quantity: 5 });
});

test("[ORD-3] a target that keeps vanishing is watched by the core instead", () => {
  const bench = new Bench();
  entered(bench);
  for (let attempt = 1; attempt <= 4; attempt += 1) bench.algoReport(idOf("t1", attempt), "CANCELED");
  expect([bench.count("place-algo", idOf("t1", 5)), bench.manager.trade?.watchTarget]).toEqual([0, true]);
});

test("[ORD-3] when the first target fills, it is gone and the second stays", () => {
  const bench = new Bench();
  entered(bench);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_300));
  bench.at(5_000);
  expect([
    bench.count("place-algo", idOf("t1", 2)),
    bench.count("cancel-algo", t2),
    bench.manager.trade === null,
  ]).toEqual([0, 0, false]);
});

test("[ORD-3] when the second target fills, every other order of the trade is cancelled", () => {
  const bench = new Bench();
  entered(bench);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_300));
  bench.sent();
  bench.fill(t2, "FILLED", 5, fillOf("tp2", 5, 640_600));
  bench.states(0);
  expect(bench.sent()).toEqual(["cancel-algo f1"]);
});

test("[ORD-3] −2021 on the first target takes its part at market", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -2021);
  expect([bench.order(idOf("t1", 2)), bench.manager.trade?.closing]).toMatchObject([
    { role: "t1", side: "sell", quantity: 5, reduceOnly: true, terms: { type: "MARKET" } },
    null,
  ]);
});

test("[ORD-3] a part on its way to the market is not cancelled like a target that rests", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -2021);
  bench.ok("place-order", idOf("t1", 2));
  bench.at(900);
  expect(bench.count("cancel-order", idOf("t1", 2))).toBe(0);
});

test("[ORD-3] an entry that is told in sum before its executions is divided among the targets already", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.report(e1, "FILLED", 10, null, "reply");
  bench.ok("place-algo", f1);
  expect(bench.algo(t1).extent).toEqual({ kind: "quantity", quantity: 5 });
});

test("[ORD-3] a first target that is told in sum before its executions is not placed again", () => {
  const bench = new Bench();
  entered(bench);
  bench.report(t1, "FILLED", 5, null);
  expect([bench.count("place-algo", idOf("t1", 2)), bench.count("cancel-algo", t2)]).toEqual([0, 0]);
});

test("[ORD-3] a part that was taken at market counts as the first target", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -2021);
  bench.fill(idOf("t1", 2), "FILLED", 5, fillOf("tp1", 5, 640_301));
  bench.at(5_000);
  expect([bench.count("place-algo", idOf("t1", 3)), bench.manager.trade?.firstTargetLots]).toEqual([0, 5]);
});

test("[ORD-3] a first target that may not rest is taken at market when the touch reaches it", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -4045);
  bench.touch.quote(640_299);
  bench.manager.onQuote(bench.now);
  const before = bench.count("place-order", idOf("t1", 2));
  bench.touch.quote(640_300);
  bench.manager.onQuote(bench.now);
  bench.manager.onQuote(bench.now);
  expect([before, bench.count("place-order", idOf("t1", 2)), bench.count("place-order", idOf("t1", 3))]).toEqual([
    0, 1, 0,
  ]);
});

/** A first target that the core watches, with the touch beyond it, and quotes of so many milliseconds. */
function watchedFor(bench: Bench, milliseconds: number): readonly string[] {
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -4045);
  bench.touch.quote(640_300);
  const from = bench.commands.length;
  for (let elapsed = 100; elapsed <= milliseconds; elapsed += 100) {
    bench.at(1_000 + elapsed);
    bench.manager.onQuote(bench.now);
    const last = bench.commands.at(-1);
    if (last?.kind === "place-order" && bench.trade.orders.get(last.clientOrderId)?.status.kind === "sent")
      bench.refuse("place-order", last.clientOrderId, -4005);
  }
  return bench.commands.slice(from).flatMap((one) => (one.kind === "place-order" ? [one.clientOrderId] : []));
}

test("[F-64] a first target whose taking is refused again and again is tried ever more seldom (I-21)", () => {
  const bench = new Bench();
  const tried = watchedFor(bench, 25_000);
  const times = tried.map((id) => bench.trade.orders.get(id)?.sentAt ?? Number.NaN);
  const waits = times.slice(1).map((time, index) => (time - (times[index] ?? Number.NaN)) / 1_000);
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000]);
});

test("[F-64] an execution ends the back-off of the first target", () => {
  const bench = new Bench();
  watchedFor(bench, 8_000);
  bench.at(20_000);
  bench.manager.onQuote(bench.now);
  const sliced = bench.commands.findLast((one) => one.kind === "place-order")?.clientOrderId ?? "";
  bench.fill(sliced, "EXPIRED", 2, fillOf("slice", 2, 640_300));
  bench.manager.onQuote(bench.now);
  expect(bench.commands.findLast((one) => one.kind === "place-order")).toMatchObject({ role: "t1", quantity: 3 });
});

test("[F-85] a first target that is larger than a market order may be is taken in slices", () => {
  const bench = new Bench(settings, instrumentWith({ marketMaxQuantity: "0.003" }));
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -4045);
  bench.touch.quote(640_300);
  const slices = [2, 3].map((attempt) => {
    bench.manager.onQuote(bench.now);
    const { clientOrderId, quantity } = bench.order(idOf("t1", attempt));
    bench.fill(clientOrderId, "FILLED", quantity, fillOf(`slice${attempt}`, quantity, 640_300));
    return quantity;
  });
  bench.manager.onQuote(bench.now);
  expect([slices, bench.count("place-order", idOf("t1", 4))]).toEqual([[3, 2], 0]);
});

test("[ORD-3] a position that is being closed takes no target beside it", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.refuse("place-algo", t1, -4045);
  bench.manager.close("OPERATOR", bench.now);
  bench.touch.quote(640_300);
  bench.manager.onQuote(bench.now);
  expect(bench.count("place-order", idOf("t1", 2))).toBe(0);
});

test("[ORD-3] a first target that rests is left to the exchange, though the second is watched", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.ok("place-algo", t1);
  bench.refuse("place-algo", t2, -4045);
  bench.touch.quote(640_300);
  bench.manager.onQuote(bench.now);
  expect(bench.count("place-order", idOf("t1", 2))).toBe(0);
});

test("[ORD-3] a target that fails when it triggers is taken at the next quote (F-40)", () => {
  const bench = new Bench();
  entered(bench);
  bench.algoReport(t1, "TRIGGERING");
  bench.algoReport(t1, "REJECTED");
  bench.touch.quote(640_310);
  bench.manager.onQuote(bench.now);
  expect(bench.order(idOf("t1", 2)).quantity).toBe(5);
});

test("[ORD-3] a fill while a target is being cancelled is counted, and no second part is taken", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.fill(e1, "PARTIALLY_FILLED", 6, fillOf("a", 6));
  bench.ok("place-algo", f1);
  bench.ok("place-algo", t1);
  bench.ok("place-algo", t2);
  bench.at(1_000);
  bench.fill(e1, "CANCELED", 8, fillOf("b", 2));
  bench.fill(t1, "FILLED", 3, fillOf("tp1", 3, 640_300));
  bench.refuse("cancel-algo", t1, -2011);
  bench.at(5_000);
  // Four of eight are the part; the one lot that is left of it is below the minimum.
  expect([bench.count("cancel-algo", t1), bench.count("place-algo", idOf("t1", 2))]).toEqual([1, 0]);
});

test("[ORD-3] first target and stop in the same instant end flat, with nothing closed twice", () => {
  const bench = new Bench();
  entered(bench);
  bench.algoReport(t1, "TRIGGERED", "1");
  bench.algoReport(f1, "TRIGGERED", "2");
  bench.fill(f1, "FILLED", 5, fillOf("sl", 5, 639_790));
  bench.fill(t1, "FILLED", 5, fillOf("tp", 5, 640_300));
  bench.algoReport(t2, "EXPIRED");
  expect([
    bench.manager.trade,
    bench.safeModes,
    bench.closed[0]?.ledger.position,
    bench.count("place-order", idOf("x")),
  ]).toEqual([null, [], 0, 0]);
});

test("[ORD-3] a decision's two levels make two targets, the nearer first", () => {
  const levels = targetLevels(settings, "buy", ticks(640_000), ticks(640_300), [ticks(640_300), ticks(640_600)]);
  expect(levels).toEqual(two);
});

test("[ORD-3] one level makes one target that closes all", () => {
  const levels = targetLevels(settings, "sell", ticks(640_000), ticks(639_700), []);
  expect(levels).toEqual({ takeProfit: 639_700, secondTarget: null });
});

test("[ORD-3] `split` puts the first target on the way to the one level", () => {
  const split = settingsWith({ exits: { targets: "split" } });
  const levels = targetLevels(split, "sell", ticks(640_000), ticks(639_700), []);
  expect(levels).toEqual({ takeProfit: 639_850, secondTarget: 639_700 });
});

test("[ORD-3] `single` takes the first level for everything", () => {
  const single = settingsWith({ exits: { targets: "single" } });
  const levels = targetLevels(single, "buy", ticks(640_000), ticks(640_300), [ticks(640_300), ticks(640_600)]);
  expect(levels.secondTarget).toBeNull();
});

test("[DEC-6] a first target that is half filled is not moved before the exchange is done with it", () => {
  const bench = new Bench();
  entered(bench);
  bench.at(1_000);
  bench.algoReport(t1, "TRIGGERED", "1");
  bench.fill(t1, "PARTIALLY_FILLED", 2, fillOf("tp1", 2, 640_300));
  bench.manager.retarget([ticks(640_400), ticks(640_700)], bench.now);
  bench.ok("cancel-algo", t2);
  bench.algoReport(t2, "CANCELED");
  expect([
    bench.count("cancel-algo", t1),
    bench.count("place-algo", idOf("t1", 2)),
    bench.algo(idOf("t2", 2)),
  ]).toMatchObject([0, 0, { trigger: 640_700, extent: closeAll }]);
});

test("[DEC-6] what a half filled target left of its part goes to the new level, and no more than that", () => {
  const bench = new Bench();
  entered(bench);
  bench.at(1_000);
  bench.algoReport(t1, "TRIGGERED", "1");
  bench.fill(t1, "PARTIALLY_FILLED", 2, fillOf("tp1", 2, 640_300));
  bench.manager.retarget([ticks(640_400), ticks(640_700)], bench.now);
  bench.report(t1, "EXPIRED", 2);
  expect(bench.algo(idOf("t1", 2))).toMatchObject({ trigger: 640_400, extent: { kind: "quantity", quantity: 3 } });
});

test("[DEC-6] targets may be moved before the entry has filled", () => {
  const bench = new Bench();
  bench.begin(planOf(two));
  bench.manager.retarget([ticks(640_400), ticks(640_700)], bench.now);
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  bench.ok("place-algo", f1);
  expect([bench.algo(t1).trigger, bench.algo(t2).trigger]).toEqual([640_400, 640_700]);
});

test("[DEC-6] a position that is being closed keeps the targets that it has", () => {
  const bench = new Bench();
  entered(bench);
  bench.manager.close("OPERATOR", bench.now);
  bench.manager.retarget([ticks(640_400)], bench.now);
  expect(bench.manager.trade?.takeProfit).toBe(640_300);
});

test("[DEC-6] moves of targets in one trade are bounded like those of the stop", () => {
  const bench = new Bench();
  entered(bench, { exits: { ...stillRules, movesMax: 3 } });
  for (let move = 1; move <= 10; move += 1) bench.manager.retarget([ticks(640_300 + 100 * move)], bench.now);
  expect(bench.manager.trade?.takeProfit).toBe(640_600);
});

test("[DEC-6] in scalp mode the mode's own targets stand", () => {
  const bench = new Bench();
  entered(bench, { entry: briefOf({ mode: "scalp" }) });
  bench.manager.retarget([ticks(640_900)], bench.now);
  expect(bench.manager.trade?.takeProfit).toBe(640_300);
});

const anyFacts = fc.record({
  entered: fc.integer({ min: 1, max: 500 }),
  taken: fc.integer({ min: 0, max: 500 }),
  closed: fc.integer({ min: 0, max: 500 }),
  firstShare: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
});

test("[ORD-2] whatever has filled, targets never ask for more than is open, and one of them closes all", () => {
  fc.assert(
    fc.property(anyFacts, ({ entered: most, taken, closed, firstShare }) => {
      const gone = Math.min(most - 1, taken + closed);
      const exposed = most - gone;
      const wanted = wantedTargets(
        instrument,
        facts({ entered: most, taken: Math.min(taken, gone), exposed, firstShare }),
      );
      const sizes = wanted.map(({ extent }) => (extent.kind === "quantity" ? extent.quantity : exposed));
      expect(sizes.every((size) => size > 0 && size <= exposed)).toBe(true);
      expect(wanted.filter(({ extent }) => extent.kind === "close-position")).toHaveLength(1);
    }),
  );
});

test("[ORD-6] no part and no rest is below the market's minimum or off its step", () => {
  const coarse = instrumentWith({ marketStepSize: "0.003", marketMinQuantity: "0.006" });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
      (most, firstShare) => {
        const wanted = wantedTargets(coarse, facts({ entered: most, exposed: most, firstShare }));
        const part = wanted.find(({ extent }) => extent.kind === "quantity")?.extent;
        if (part?.kind !== "quantity") return;
        expect([part.quantity >= 6, part.quantity % 3, most - part.quantity >= 6]).toEqual([true, 0, true]);
      },
    ),
  );
});

test("[ORD-3] the first target is done when less than the minimum of its part is left", () => {
  const done = [0, 2, 4, 5].map((taken) => isFirstTargetDone(instrument, facts({ taken, exposed: 10 - taken })));
  expect(done).toEqual([false, false, true, true]);
});

test("[EXE-10] after the first target the stop goes to break-even, fees covered", () => {
  const bench = new Bench();
  entered(bench, { exits: { ...stillRules, breakEvenBps: 10 } });
  bench.touch.quote(640_900);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_700));
  expect(bench.algo(idOf("r"))).toMatchObject({
    type: "STOP_MARKET",
    trigger: 640_640,
    extent: { kind: "quantity", quantity: lots(5) },
  });
});

test("[EXE-10] without the rule the stop stays where it was after the first target", () => {
  const bench = new Bench();
  entered(bench);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_300));
  expect([bench.manager.trade?.stopLevel, bench.count("place-algo", idOf("r"))]).toEqual([639_800, 0]);
});

test("[EXE-10] where break-even lies beyond the price, the stop waits for the price to get there", () => {
  const bench = new Bench();
  entered(bench, { exits: { ...stillRules, breakEvenBps: 10 } });
  bench.touch.quote(640_300);
  bench.fill(t1, "FILLED", 5, fillOf("tp1", 5, 640_300));
  const before = bench.manager.trade?.stopLevel;
  bench.touch.quote(640_650);
  bench.manager.onQuote(bench.now);
  expect([before, bench.manager.trade?.stopLevel, bench.manager.trade?.closing]).toEqual([639_800, 640_640, null]);
});
