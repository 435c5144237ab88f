/** What the exchange says of the position, beside what our books know of it. */

import { expect, test } from "vitest";
import type { Side } from "../../src/domain/order.ts";
import { lots, signedLots, ticks } from "../../src/domain/units.ts";
import { sentOrder } from "../../src/execution/order.ts";
import { noteEntered, seePosition, statePosition } from "../../src/execution/position-evidence.ts";
import { after, settings, start } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const { lookup_interval_ms: lookup } = settings.protection;

/** An entry that may have filled. */
function pending(side: Side = "buy"): Bench {
  const bench = new Bench();
  bench.begin(planOf({ side }));
  return bench;
}

/** Ten lots of which the exchange last spoke ten seconds after the start. */
function unexplained(): Bench {
  const bench = new Bench();
  bench.enterProtected();
  bench.trade.unexplained = {
    lots: signedLots(10),
    statedAt: after(10_000),
    readAt: 0,
    enteredAt: 0,
    unbookedLots: 0,
    isSettled: false,
  };
  return bench;
}

test.each<readonly [Side, number, number]>([
  ["buy", 4, 4],
  ["buy", -4, 0],
  ["sell", -4, 4],
  ["sell", 4, 0],
])("[F-31] of a %s a position of %i lots is seen as %i in its direction", (side, told, seen) => {
  const bench = pending(side);
  statePosition(bench.desk, bench.trade, signedLots(told), after(1), after(2));
  expect([bench.trade.seenLots, bench.trade.seenAt]).toEqual([seen, after(2)]);
});

test.each<readonly [number, number]>([
  [0, 0],
  [1, 4],
])("[F-31] a word of %i µs after the last execution is seen as %i lots", (micro, seen) => {
  const bench = pending();
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1, 640_000, after(100)));
  statePosition(bench.desk, bench.trade, signedLots(4), after(100 + micro / 1_000), after(200));
  expect(bench.trade.seenLots).toBe(seen);
});

test.each<readonly [number, number]>([
  [2_000, 0],
  [2_000.001, 4],
  [-2_000, 0],
])("[F-31] a read asked for %d ms after the last execution is seen as %i lots", (ms, seen) => {
  const bench = pending();
  bench.fill(e1, "PARTIALLY_FILLED", 1, fillOf("a", 1, 640_000, after(100)));
  seePosition(bench.desk, bench.trade, signedLots(4), after(100 + ms), after(9_000));
  expect(bench.trade.seenLots).toBe(seen);
});

test.each<readonly [number, number, number]>([
  [9_999, 10, 10_000],
  [10_000, 6, 10_000],
  [10_001, 6, 10_001],
])("[REC-1] a word of %i ms leaves %i lots, stated at %i ms, as what is open", (ms, open, statedAt) => {
  const { desk, trade } = unexplained();
  statePosition(desk, trade, signedLots(6), after(ms), after(20_000));
  expect(trade.unexplained).toMatchObject({ lots: open, statedAt: after(statedAt) });
});

test.each<readonly [number, number]>([
  [12_000, 10],
  [12_000.001, 6],
  [8_000.001, 10],
])("[REC-1] a read asked for at %d ms leaves %i lots as what is open, and is no word of its own", (ms, open) => {
  const { desk, trade } = unexplained();
  seePosition(desk, trade, signedLots(6), after(ms), after(20_000));
  expect(trade.unexplained).toMatchObject({ lots: open, statedAt: after(10_000) });
});

/** Four lots more of an entry, as of so many milliseconds, where the exchange last spoke ten seconds after the start. */
function entered(ms: number, of: Bench = unexplained(), role: "e" | "x" = "e", seen = true): Bench {
  const side = of.trade.plan.side;
  const order = sentOrder(
    { id: "more", role, attempt: 2, service: "order", side, quantity: lots(9), price: null },
    start,
  );
  const before = { ...order, seen, filled: lots(2) };
  noteEntered(of.trade, before, { ...order, filled: lots(6) }, after(ms));
  return of;
}

test.each<readonly [number, number]>([
  [10_000, 10],
  [10_001, 14],
])("[I-01] an entry's sum of %i ms makes what is open %i lots", (ms, open) => {
  expect(entered(ms).trade.unexplained?.lots).toBe(open);
});

test("[I-01] the sum of a close says nothing of what was entered", () => {
  expect(entered(10_001, unexplained(), "x").trade.unexplained?.lots).toBe(10);
});

test.each<readonly [number, number, number]>([
  [13_000, 10, 14],
  [13_000.001, 10, 10],
  [13_000.001, 3, 7],
])("[I-01] beside a read asked for at %d ms that showed %i lots, a sum of 11 s makes them %i", (ms, read, open) => {
  const bench = unexplained();
  seePosition(bench.desk, bench.trade, signedLots(read), after(ms), after(20_000));
  expect(entered(11_000, bench).trade.unexplained?.lots).toBe(open);
});

test("[I-01] the sum of a sale makes a short longer", () => {
  const bench = pending("sell");
  bench.trade.unexplained = {
    lots: signedLots(0),
    statedAt: 0,
    readAt: 0,
    enteredAt: 0,
    unbookedLots: 0,
    isSettled: false,
  };
  expect(entered(1, bench).trade.unexplained?.lots).toBe(-4);
});

test.each<readonly [number, number]>([
  [14_000, 14],
  [14_000.001, 10],
])("[F-31] a read asked for at %d ms leaves %i lots beside a sum of 12 s", (ms, open) => {
  const { desk, trade } = entered(12_000);
  seePosition(desk, trade, signedLots(10), after(ms), after(20_000));
  expect(trade.unexplained?.lots).toBe(open);
});

test.each<readonly [number, number]>([
  [11_999, 14],
  [12_000, 10],
])("[F-31] a word of %i ms leaves %i lots beside a sum of 12 s", (ms, open) => {
  const { desk, trade } = entered(12_000);
  statePosition(desk, trade, signedLots(10), after(ms), after(20_000));
  expect(trade.unexplained?.lots).toBe(open);
});

test("[F-31] an older sum does not make way for an older word", () => {
  const { desk, trade } = entered(11_000, entered(12_000));
  statePosition(desk, trade, signedLots(10), after(11_500), after(20_000));
  expect(trade.unexplained?.lots).toBe(18);
});

test.each<readonly [string, () => Bench, number, boolean]>([
  ["more than the books, with an entry on the wire", pending, 4, true],
  ["what the books have", pending, 0, false],
  ["whatever, while the books are unexplained", unexplained, 10, true],
])("[F-31] a word of %s is acted on at once: %s %i %s", (_what, make, told, expected) => {
  const { desk, trade } = make();
  expect(statePosition(desk, trade, signedLots(told), after(20_000), after(20_000))).toBe(expected);
});

test("[I-01] what the stream says is open is protected before its execution is told", () => {
  const bench = pending();
  bench.manager.onPositionStated(signedLots(4), after(1), bench.now);
  expect(bench.sent()).toContain("place-algo f1");
});

test("[I-01] what a resting entry opened is protected at once, though its own report is late", () => {
  const bench = pending();
  bench.report(e1, "NEW", 0);
  bench.manager.onPositionStated(signedLots(4), after(1), bench.now);
  expect([bench.sent().includes("place-algo f1"), bench.trade.exposedSince]).toEqual([true, bench.now]);
});

test("[F-31] the late report of a resting entry is missed after the interval", () => {
  const bench = pending();
  bench.report(e1, "NEW", 0);
  bench.trade.wakeAt = Number.POSITIVE_INFINITY;
  bench.manager.onPositionStated(signedLots(4), after(1), bench.now);
  expect(bench.trade.wakeAt).toBeLessThanOrEqual(after(lookup));
});

test.each([0, 1])("[F-31] a position of %i lots that the books have wakes nobody", (held) => {
  const bench = pending();
  if (held > 0) bench.fill(e1, "PARTIALLY_FILLED", held, fillOf("a", held));
  bench.ok("place-order", e1);
  bench.trade.wakeAt = Number.POSITIVE_INFINITY;
  bench.manager.onPositionStated(signedLots(held), after(1), bench.now);
  expect(bench.trade.wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test("[F-31] a read of the account that shows what no execution told is protected", () => {
  const bench = pending();
  bench.lose("place-order", e1);
  bench.manager.onPositionSeen(signedLots(4), after(3_000), after(3_000));
  expect([bench.sent().includes("place-algo f1"), bench.trade.exposedSince]).toEqual([true, after(3_000)]);
});

test("[F-31] the sum of an entry that was not seen open at the adoption makes nothing larger", () => {
  const before = unexplained().trade.unexplained?.lots;
  expect(entered(12_000, unexplained(), "e", false).trade.unexplained?.lots).toBe(before);
});

test("[F-31] what was seen counts until the next execution, not beside it", () => {
  const bench = pending();
  bench.manager.onPositionStated(signedLots(4), after(1), bench.now);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  expect([bench.trade.seenLots, bench.trade.ledger.position]).toEqual([0, lots(4)]);
});

test("[F-31] without a trade a position is nobody's", () => {
  const bench = new Bench();
  bench.manager.onPositionStated(signedLots(4), start, start);
  bench.manager.onPositionSeen(signedLots(4), start, start);
  expect(bench.outputs).toEqual([]);
});

/** Ten lots that were closed, as the stream has just told, at the given side; the stop still rests. */
function flat(side: Side = "buy", filledAt = after(100)): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ side }));
  bench.manager.close("OPERATOR", bench.now);
  bench.sent();
  bench.fill(idOf("x"), "FILLED", 10, fillOf("exit", 10, 640_000, filledAt));
  return bench;
}

test("[F-27] beside flat books the stop waits for the exchange's word of what is left", () => {
  const bench = flat();
  const before = bench.sent();
  bench.states(0, after(100));
  expect([before, bench.sent()]).toEqual([[], ["cancel-algo f1"]]);
});

test.each<readonly [string, (bench: Bench) => void]>([
  ["no word comes", () => {}],
  ["words are older than the last execution", (bench) => bench.states(10, after(99))],
])("[I-23] where %s the account is asked once its answer is news, and the stop goes when none comes", (_what, tell) => {
  const bench = flat();
  tell(bench);
  bench.at(2_000);
  const before = bench.sent();
  bench.at(2_001);
  const asked = bench.sent();
  bench.at(3_999);
  const again = bench.sent();
  bench.at(4_000);
  expect([before, asked, again.every((text) => text === "query-account"), bench.sent()]).toEqual([
    [],
    ["query-account"],
    true,
    ["cancel-algo f1"],
  ]);
});

test("[I-23] [F-26] where our clock is behind by a minute, the account is asked no later beside flat books", () => {
  const bench = flat("buy", after(60_000));
  bench.at(2_001);
  expect(bench.sent()).toEqual(["query-account"]);
});

test.each<readonly [Side, number, readonly string[], number]>([
  ["buy", 0, ["cancel-algo f1"], 0],
  ["sell", 0, ["cancel-algo f1"], 0],
  ["buy", 4, [], 4],
  ["sell", -4, [], 4],
  ["buy", -4, ["cancel-algo f1"], 0],
])(
  "[F-27] of a %s a read says that %i are left where no word comes: %j, and others have %i",
  (side, left, sent, others) => {
    const bench = flat(side);
    bench.at(2_101);
    bench.sent();
    bench.manager.onPositionSeen(signedLots(left), bench.now, bench.now);
    expect([bench.sent(), bench.closed[0]?.othersLots ?? 0]).toEqual([sent, others]);
  },
);

test("[F-27] a read that may be older than the last execution decides nothing about the stop", () => {
  const bench = flat();
  bench.at(2_000);
  bench.manager.onPositionSeen(signedLots(0), bench.now, bench.now);
  expect(bench.sent()).toEqual([]);
});

test.each<readonly [Side, number]>([
  ["buy", 4],
  ["sell", -4],
])(
  "[F-27] a %s of which somebody's part is left, says a later word, is over at once, and its stop stays",
  (side, left) => {
    const bench = flat(side);
    bench.states(left, after(101));
    expect([bench.manager.trade, bench.sent(), bench.closed[0]?.othersLots]).toEqual([null, [], 4]);
  },
);

test.each<readonly [Side, number]>([
  ["buy", 10],
  ["sell", -10],
])(
  "[F-27] what a word of the very millisecond of the last execution of a %s says is left keeps the stop",
  (side, left) => {
    const bench = flat(side);
    bench.states(left, after(100));
    const before = bench.closed.length;
    bench.at(lookup);
    expect([before, bench.closed[0]?.othersLots, bench.sent()]).toEqual([0, 10, []]);
  },
);

test.each<readonly [Side, number]>([
  ["buy", 4],
  ["sell", -4],
])(
  "[F-27] a later word that comes before the report of the execution that made a %s flat keeps the stop, too",
  (side, left) => {
    const bench = new Bench();
    bench.enterProtected(planOf({ side }));
    bench.manager.close("OPERATOR", bench.now);
    bench.sent();
    bench.states(left, after(101));
    bench.fill(idOf("x"), "FILLED", 10, fillOf("exit", 10, 640_000, after(100)));
    expect([bench.sent(), bench.closed[0]?.othersLots]).toEqual([[], 4]);
  },
);

test("[F-27] a later word of somebody's part that came while an entry was in doubt keeps the stop", () => {
  const bench = new Bench();
  bench.begin(planOf({ takeProfit: ticks(640_200) }));
  bench.ok("place-order", e1);
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("entry", 4, 640_000));
  bench.ok("place-algo", idOf("f"));
  bench.ok("place-algo", idOf("t1"));
  bench.fill(idOf("t1"), "FILLED", 4, fillOf("target", 4, 640_200, after(100)));
  bench.states(6, after(101));
  bench.sent();
  bench.report(e1, "CANCELED", 4);
  // For what the word made of it a second target had left.
  bench.ok("place-algo", idOf("t1", 2));
  bench.ok("cancel-algo", idOf("t1", 2));
  expect([bench.sent(), bench.closed[0]?.othersLots]).toEqual([["cancel-algo t1_2"], 6]);
});

test("[I-23] of words of one millisecond the last holds: where it is flat the stop goes", () => {
  const bench = flat();
  bench.states(4, after(100));
  const before = bench.sent();
  bench.states(0, after(100));
  expect([before, bench.sent()]).toEqual([[], ["cancel-algo f1"]]);
});

test("[F-27] a position that was turned around meanwhile keeps no stop of the former side", () => {
  const bench = flat();
  bench.states(-4, after(100));
  expect(bench.sent()).toEqual(["cancel-algo f1"]);
});
