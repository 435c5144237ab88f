/** Putting a symbol back together from the exchange and the journal. */

import { expect, test } from "vitest";
import { lots, money, ticks } from "../../src/domain/units.ts";
import { recoverSymbol } from "../../src/engine/recovery.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, instrument, settings, settingsWith, stillRules } from "../support/core.ts";
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
  texts,
  tradeA,
  tradeB,
} from "./support.ts";

const noTrades = { openTrades: [], session: null };

/** What a core does on its first sight of an account. */
function recoveredBy(snapshot: ReturnType<typeof snapshotOf>, openTrades: ReturnType<typeof openTradeOf>[] = []) {
  const bench = new CoreBench();
  bench.tell(journalled(openTrades));
  return { bench, commands: bench.tell(snapshot) };
}

test("[REC-3] a position whose stop rests needs nothing new", () => {
  const { bench, commands } = recoveredBy(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))] }));
  expect([commands, bench.trade?.plan.trade, bench.trade?.plan.stopLoss]).toEqual([[], tradeA, 639_700]);
});

test("[REC-3] the first command for a position without a stop is a stop, at the default distance", () => {
  const { bench, commands } = recoveredBy(snapshotOf(10));
  const [placed] = bench.outputs.filter(({ kind }) => kind === "place-algo");
  expect([commands[0]?.startsWith("place-algo"), placed]).toMatchObject([
    true,
    { side: "sell", trigger: 638_080, extent: { kind: "close-position" } },
  ]);
});

test("[REC-3] the stop of a short orphan lies above its entry", () => {
  const { bench } = recoveredBy(snapshotOf(-10));
  expect(bench.outputs.find(({ kind }) => kind === "place-algo")).toMatchObject({ side: "buy", trigger: 641_920 });
});

test("[REC-3] the stop goes back to the level of the journal", () => {
  const { bench } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-5_000))]);
  expect(bench.outputs.find(({ kind }) => kind === "place-algo")).toMatchObject({ trigger: 639_600 });
});

test.each([
  ["nothing", () => []],
  ["an older trade of that side of which no execution is known", () => [openTradeOf(tradeA, after(-2_400_000))]],
])(
  "[I-08] [F-37] a position belongs to the entry that rests and has filled it, where the journal knows %s",
  (_, known) => {
    const { bench } = recoveredBy(snapshotOf(6, { orders: [entryOf(idOf(tradeB, "e"), 6)] }), known());
    bench.at(1_000);
    const rest = fillOf("t9", 4, 640_000, after(1_000));
    bench.tell({ ...entryOf(idOf(tradeB, "e"), 10, { status: "FILLED", source: "stream" }), fill: rest });
    expect([bench.trade?.plan.trade, bench.trade?.ledger.position]).toEqual([tradeB, 10]);
  },
);

test("[REC-3] a position that executions of the journal explain is not that of another entry that rests", () => {
  const known = openTradeOf(tradeA, after(-5_000), [fillOf("t1", 6, 640_000, after(-4_000))]);
  const { bench } = recoveredBy(snapshotOf(6, { orders: [entryOf(idOf(tradeB, "e"), 6)] }), [known]);
  expect(bench.trade?.plan.trade).toBe(tradeA);
});

test("[REC-3] protection leaves before leftovers are cancelled (I-11)", () => {
  const { commands } = recoveredBy(snapshotOf(10, { orders: [entryOf(idOf(tradeB, "e"))] }), [
    openTradeOf(tradeA, after(-5_000)),
  ]);
  expect(commands.map((text) => text.split(" ")[0])).toEqual(["place-algo", "cancel-order"]);
});

test("[IDM-1] an intent that is not to be seen on the exchange is looked up, and not sent again", () => {
  const { bench, commands } = recoveredBy(snapshotOf(0), [openTradeOf(tradeA, after(-5_000))]);
  bench.now = after(0);
  const later = bench.at(20_000);
  const all = [...commands, ...later];
  expect([all.filter((text) => text.startsWith("place-")), commands]).toEqual([
    [],
    [`query-order ${idOf(tradeA, "e")}`, "query-account"],
  ]);
});

test("[IDM-1] an intent is over that is older than an entry is worked for and its absence takes to prove", () => {
  const { bench, commands } = recoveredBy(snapshotOf(0), [openTradeOf(tradeA, after(-28_000))]);
  expect([commands, bench.trade === null]).toEqual([[], true]);
});

test("[I-01] [F-19] the last entry of an intent, sent just before the crash, is protected when a read shows it at last", () => {
  const { bench } = recoveredBy(snapshotOf(0), [openTradeOf(tradeA, after(-14_000))]);
  bench.at(8_000);
  const commands = bench.tell(snapshotOf(10, { requestedAt: bench.now }));
  expect(commands.filter((text) => text.startsWith("place-algo")).length).toBe(1);
});

test("[IDM-1] an adopted entry is not crossed", () => {
  const { bench } = recoveredBy(snapshotOf(0, { orders: [entryOf(idOf(tradeA, "e"))] }), [
    openTradeOf(tradeA, after(-1_000)),
  ]);
  const cancelled = entryOf(idOf(tradeA, "e"), 0, { status: "CANCELED" });
  bench.tell(cancelled);
  bench.history = historyOf([cancelled], []);
  bench.tell(bench.history);
  bench.at(20_000);
  expect(texts(bench.all).filter((text) => text.startsWith("place-"))).toEqual([]);
});

test("[I-01] [F-19] another entry of an adopted trade, sent just before the crash, is protected when a read shows it at last", () => {
  // given: the account is shown as it was before the entry that rests was cancelled and the next one filled
  const { bench } = resting();
  const cancelled = entryOf(idOf(tradeA, "e"), 0, { status: "CANCELED" });
  bench.history = historyOf([cancelled], []);
  bench.tell(cancelled);
  bench.at(1_000);
  // when
  bench.at(8_000);
  const commands = bench.tell(snapshotOf(10, { requestedAt: bench.now }));
  // then
  expect([commands.filter((text) => text.startsWith("place-algo")).length, bench.trade?.plan.trade]).toEqual([
    1,
    tradeA,
  ]);
});

test("[IDM-1] an adopted entry that nothing came of is over once reads can lag no more", () => {
  const { bench } = resting();
  const cancelled = entryOf(idOf(tradeA, "e"), 0, { status: "CANCELED" });
  bench.history = historyOf([cancelled], []);
  bench.tell(cancelled);
  const trades = [1_000, 8_000, 30_000].map((ms) => {
    bench.at(ms);
    return bench.trade?.plan.trade ?? null;
  });
  expect(trades).toEqual([tradeA, tradeA, null]);
});

test("[REC-3] an entry that still rests after a long pause is cancelled and watched until it is gone", () => {
  const { bench, commands } = recoveredBy(snapshotOf(0, { orders: [entryOf(idOf(tradeA, "e"))] }));
  expect([commands, bench.trade?.plan.trade]).toEqual([[`cancel-order ${idOf(tradeA, "e")}`], tradeA]);
});

test("[REC-3] an entry that fills while it is being cancelled after a restart is protected", () => {
  const { bench } = recoveredBy(snapshotOf(0, { orders: [entryOf(idOf(tradeA, "e"))] }));
  const fill = fillOf("late", 4);
  const commands = bench.tell(entryOf(idOf(tradeA, "e"), 4, { fill, status: "CANCELED", source: "stream" }));
  expect(commands.map((text) => text.split(" ")[0])).toEqual(["place-algo"]);
});

/** An entry that rests beside a flat position, found after a restart. */
function resting(filled = 0, fills: Parameters<typeof openTradeOf>[2] = []) {
  return recoveredBy(snapshotOf(0, { orders: [entryOf(idOf(tradeA, "e"), filled)] }), [
    openTradeOf(tradeA, after(-5_000), fills),
  ]);
}

test.each<readonly [string, "PARTIALLY_FILLED" | "CANCELED", "query" | "reply"]>([
  ["a look-up", "PARTIALLY_FILLED", "query"],
  ["the reply to its cancel", "CANCELED", "reply"],
])("[I-01] what %s tells of an adopted entry in sum is protected at once", (_what, status, source) => {
  const { bench } = resting();
  const commands = bench.tell(entryOf(idOf(tradeA, "e"), 4, { status, source, time: after(-1) }));
  expect([commands.filter((text) => text.startsWith("place-algo")).length, bench.trade?.unexplained?.lots]).toEqual([
    1, 4,
  ]);
});

test("[I-01] what the history tells of an adopted entry in sum is protected at once", () => {
  const { bench } = resting();
  const commands = bench.tell(historyOf([entryOf(idOf(tradeA, "e"), 4, { time: after(-1) })], []));
  expect(commands.some((text) => text.startsWith("place-algo"))).toBe(true);
});

test("[I-01] what a resting entry had filled is protected, though the position was read before it", () => {
  expect(resting(4).commands.some((text) => text.startsWith("place-algo"))).toBe(true);
});

test("[REC-3] what a resting entry had filled, and the journal knows, is in the flat position", () => {
  expect(resting(4, [fillOf("known", 4)]).commands.some((text) => text.startsWith("place-algo"))).toBe(false);
});

test("[F-28] an execution of an adopted entry counts once, told in sum, asked for, and by the stream", () => {
  const { bench } = resting();
  const id = idOf(tradeA, "e");
  const exposed = () => bench.trade?.unexplained?.lots;
  bench.tell(entryOf(id, 4, { status: "CANCELED", time: after(-1) }));
  const sum = exposed();
  const fills = [fillOf("a", 1, 640_000, after(-2))];
  bench.tell({ kind: "fills-report", symbol: first, clientOrderId: id, orderId: "9", fills });
  const asked = exposed();
  const fill = fillOf("b", 3, 640_000, after(-1));
  bench.tell(entryOf(id, 4, { status: "CANCELED", fill, source: "stream", time: after(-1) }));
  expect([sum, asked, exposed()]).toEqual([4, 4, 4]);
});

test("[I-01] a list of executions that has more than the sum of an adopted entry counts for what it has", () => {
  const { bench } = resting();
  const id = idOf(tradeA, "e");
  bench.tell(entryOf(id, 1, { time: after(-2) }));
  const fills = [fillOf("a", 1, 640_000, after(-2)), fillOf("b", 2, 640_000, after(-1))];
  bench.tell({ kind: "fills-report", symbol: first, clientOrderId: id, orderId: "9", fills });
  expect(bench.trade?.unexplained?.lots).toBe(3);
});

test("[REC-3] what an earlier entry had filled, of which nobody knew, is in the adopted position", () => {
  const { bench } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-5_000))]);
  const earlier = entryOf(idOf(tradeA, "e"), 10, { status: "FILLED", time: after(-1) });
  bench.tell(historyOf([earlier], []));
  const afterHistory = bench.trade?.unexplained?.lots;
  bench.tell(entryOf(idOf(tradeA, "e", 2), 3, { status: "EXPIRED", source: "stream", time: after(-1) }));
  expect([afterHistory, bench.trade?.unexplained?.lots]).toEqual([10, 10]);
});

/** A position behind a stop of a trade that the journal knows to be over, with what else it knows. */
function besideEnded(openTrades: ReturnType<typeof openTradeOf>[] = []) {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell({ ...journalled(openTrades), endedTrades: new Map([[first, [tradeB, tradeA]]]) });
  return { bench, commands: bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))] })) };
}

test("[I-08] a position behind the stop of a trade that is over is another trade, with a stop of its own", () => {
  const { bench, commands } = besideEnded();
  const placed = bench.all.filter(({ kind }) => kind === "place-algo");
  expect(placed).toMatchObject([{ side: "sell", extent: { kind: "close-position" } }]);
  expect([bench.trade?.plan.trade === tradeA, bench.trade?.ledger.position]).toEqual([false, 10]);
  expect(commands.some((text) => text.startsWith("cancel-"))).toBe(false);
});

test("[I-01] the stop of a trade that is over is cancelled once another one covers what it was left to", () => {
  const { bench } = besideEnded();
  const left = stopOf(idOf(tradeA, "f"));
  const placed = bench.all.find((output) => output.kind === "place-algo");
  if (placed === undefined) throw new Error("no stop was placed");
  const own = { ...stopOf(placed.clientAlgoId, "sell", placed.trigger), algoId: "6" };
  bench.tell(historyOf([], []));
  bench.tell(own);
  const before = texts(bench.all).filter((text) => text.startsWith("cancel-"));
  bench.at(20_000);
  bench.tell(snapshotOf(10, { algos: [left, own], requestedAt: after(20_000) }));
  const cancels = texts(bench.all).filter((text) => text.startsWith("cancel-"));
  expect([before, cancels]).toEqual([[], [`cancel-algo ${left.clientAlgoId}`]]);
});

test("[REC-3] a trade that the journal has as open runs on behind its stop, also where it is named among those that are over", () => {
  const { bench } = besideEnded([openTradeOf(tradeA, after(-5_000))]);
  const placed = bench.all.filter(({ kind }) => kind === "place-algo");
  expect([bench.trade?.plan.trade, placed]).toEqual([tradeA, []]);
});

test("[REC-3] leftovers of a flat symbol are cancelled", () => {
  const target = { ...stopOf(idOf(tradeA, "t1")), type: "TAKE_PROFIT_MARKET" } as const;
  const { commands, bench } = recoveredBy(snapshotOf(0, { algos: [target] }));
  expect([commands, bench.trade]).toEqual([[`cancel-algo ${idOf(tradeA, "t1")}`], null]);
});

test("[I-01] [F-19] a stop of a trade that the journal has lost stays until reads can lag no more", () => {
  // given
  const stop = stopOf(idOf(tradeA, "f"));
  const { commands, bench } = recoveredBy(snapshotOf(0, { algos: [stop] }));
  const lag = settings.protection.absence_proof_seconds * 1_000;
  // when
  const cancels = [2_500, lag - 500, lag + 500].map((ms) => {
    bench.at(ms);
    return bench.tell(snapshotOf(0, { algos: [stop], requestedAt: bench.now }));
  });
  // then
  expect([commands, ...cancels]).toEqual([[], [], [], [`cancel-algo ${stop.clientAlgoId}`]]);
});

test("[I-01] [F-19] the stop of a trade that the journal knows to have filled stays until reads can lag no more", () => {
  const filled = openTradeOf(tradeA, after(-1_500), [fillOf("11", 10, 640_000, after(-1_000))]);
  const { commands } = recoveredBy(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))] }), [filled]);
  expect(commands.filter((text) => text.startsWith("cancel-"))).toEqual([]);
});

test("[I-08] nothing is entered beside a stop that stays only because reads may lag", () => {
  const { bench } = recoveredBy(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))] }));
  bench.tell({ kind: "private-stream", alive: true });
  bench.quote();
  const early = bench.decide(decisionOf());
  bench.at(13_000);
  bench.tell(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now }));
  bench.quote();
  const late = bench.decide(decisionOf({ id: "d2", time: bench.now, validUntil: after(14_000) }));
  const entries = [early, late].map((texts) => texts.filter((text) => text.startsWith("place-order")).length);
  expect([entries, bench.blocked]).toEqual([[0, 1], ["NOT_READY"]]);
});

test("[I-01] [F-19] it stays, too, beside an entry of another trade that is being looked for", () => {
  // given
  const filled = openTradeOf(tradeB, after(-1_500), [fillOf("11", 10, 640_000, after(-1_000))]);
  const stop = stopOf(idOf(tradeB, "f"));
  const { commands, bench } = recoveredBy(snapshotOf(0, { algos: [stop] }), [
    openTradeOf(tradeA, after(-10_000)),
    filled,
  ]);
  // when
  bench.at(3_000);
  const later = bench.tell(snapshotOf(0, { algos: [stop], requestedAt: bench.now }));
  // then
  expect([...commands, ...later].filter((text) => text.startsWith("cancel-algo"))).toEqual([]);
});

test("[I-09] [F-19] a position that only later reads show, and the journal explains to the lot, gets the stop of its own trade", () => {
  const filled = openTradeOf(tradeA, after(-1_500), [fillOf("11", 10, 640_000, after(-1_000))]);
  const { bench } = recoveredBy(snapshotOf(0), [filled]);
  const commands = [600, 1_200].flatMap((ms) => {
    bench.at(ms);
    bench.tell(snapshotOf(10, { requestedAt: bench.now }));
    return bench.outputs.filter(({ kind }) => kind === "place-algo");
  });
  expect([commands, bench.trade?.plan.trade]).toMatchObject([[{ role: "f", trigger: 639_600 }], tradeA]);
});

test("[I-01] a position that the first read after a start did not show yet keeps its stop", () => {
  const stop = stopOf(idOf(tradeA, "f"));
  const { bench } = recoveredBy(snapshotOf(0, { algos: [stop] }));
  for (const ms of [2_500, 5_000, 7_500]) {
    bench.at(ms);
    bench.tell(snapshotOf(10, { algos: [stop], requestedAt: bench.now }));
  }
  bench.at(20_000);
  expect([bench.trade?.ledger.position, texts(bench.all).filter((text) => text.startsWith("cancel-"))]).toEqual([
    10,
    [],
  ]);
});

test("[REC-3] orders that are not ours are never touched (I-12)", () => {
  const foreign = [stopOf("web_abc"), stopOf("xx-0000abcd-f1-00"), stopOf(`${idOf(tradeA, "f").slice(0, -2)}zz`)];
  const { commands } = recoveredBy(snapshotOf(0, { algos: foreign, orders: [entryOf("x-A6SIDXVS1")] }));
  expect(commands).toEqual([]);
});

test("[IDM-2] the same orphan found twice gives the same trade", () => {
  const once = recoverSymbol(instrument, settings, snapshotOf(10), noTrades, after(0));
  const again = recoverSymbol(
    instrument,
    settings,
    snapshotOf(10, { requestedAt: after(9_000) }),
    noTrades,
    after(9_000),
  );
  expect(again.trade?.plan.trade).toBe(once.trade?.plan.trade);
});

test("[IDM-2] another orphan gives another trade", () => {
  const once = recoverSymbol(instrument, settings, snapshotOf(10), noTrades, after(0));
  const other = recoverSymbol(instrument, settings, snapshotOf(11), noTrades, after(0));
  expect(other.trade?.plan.trade).not.toBe(once.trade?.plan.trade);
});

test("[IDM-2] a recovered trade uses no id that its earlier life may have used", () => {
  const { bench } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-5_000))]);
  const placed = bench.outputs.flatMap((output) => (output.kind === "place-algo" ? [output.clientAlgoId] : []));
  expect(placed).toEqual([idOf(tradeA, "f", 15)]);
});

test("[IDM-2] an orphan that is found again uses no id of its first stop (I-07)", () => {
  const [first, again] = [after(0), after(60_000)].map((now) => {
    const bench = new CoreBench();
    const { trade } = recoverSymbol(instrument, settings, snapshotOf(10, { requestedAt: now }), noTrades, now);
    bench.now = now;
    bench.tell(journalled([]));
    bench.tell(snapshotOf(10, { requestedAt: now }));
    const stops = bench.outputs.flatMap((output) => (output.kind === "place-algo" ? [output.clientAlgoId] : []));
    return { trade: trade?.plan.trade, stop: stops[0] };
  });
  expect([again?.trade, again?.stop === first?.stop]).toEqual([first?.trade, false]);
});

test("[REC-3] a position that was left alone for a week is protected all the same", () => {
  const week = 7 * 24 * 3_600_000;
  const { bench } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-week))]);
  expect(bench.outputs.find(({ kind }) => kind === "place-algo")).toMatchObject({
    clientAlgoId: idOf(tradeA, "f", 500_001),
  });
});

test("[ORD-2] the journal's executions make exact books", () => {
  const fills = [fillOf("a", 4, 640_001), fillOf("b", 6, 640_003)];
  const { trade } = recoverSymbol(
    instrument,
    settings,
    snapshotOf(10),
    { openTrades: [openTradeOf(tradeA, after(-5_000), fills)], session: null },
    after(0),
  );
  expect(trade).toMatchObject({
    ledger: { cash: -(4 * 640_001 + 6 * 640_003), boughtLots: 10 },
    fees: 2_000n,
    makerLots: 10,
  });
});

test("[ORD-2] a commission in another asset is not added to the fees", () => {
  const fills = [{ ...fillOf("a", 10), commission: money(5n), commissionAsset: "BNB" }];
  const { trade } = recoverSymbol(
    instrument,
    settings,
    snapshotOf(10),
    { openTrades: [openTradeOf(tradeA, after(-5_000), fills)], session: null },
    after(0),
  );
  expect(trade?.fees).toBe(0n);
});

test("[ORD-2] executions that do not explain the position leave it as the exchange says", () => {
  const { trade } = recoverSymbol(
    instrument,
    settings,
    snapshotOf(10),
    { openTrades: [openTradeOf(tradeA, after(-5_000), [fillOf("a", 4, 640_001)])], session: null },
    after(0),
  );
  expect(trade?.ledger).toMatchObject({ position: 10, cash: -6_400_000 });
});

test("[ORD-2] an execution that the adopted position contains is not counted again when it is told late (F-37)", () => {
  const id = idOf(tradeA, "e");
  const { bench } = recoveredBy(snapshotOf(4, { orders: [entryOf(id, 4)], algos: [stopOf(idOf(tradeA, "f"))] }));
  bench.tell(entryOf(id, 4, { fill: fillOf("before", 4), source: "stream" }));
  bench.tell(entryOf(id, 7, { fill: fillOf("after", 3), source: "stream" }));
  expect(bench.trade?.ledger.position).toBe(7);
});

test("[REC-3] where stops of two trades rest, the journal's trade is taken and keeps its own; the other goes once reads can lag no more", () => {
  const algos = [stopOf(idOf(tradeA, "f")), stopOf(idOf(tradeB, "f"), "sell", 639_000)];
  const { bench, commands } = recoveredBy(snapshotOf(10, { algos }), [openTradeOf(tradeA, after(-5_000))]);
  bench.at(14_000);
  const later = bench.tell(snapshotOf(10, { algos, requestedAt: bench.now }));
  const cancels = [commands, later].map((texts) => texts.filter((text) => text.startsWith("cancel-")));
  expect([bench.trade?.plan.trade, ...cancels]).toEqual([tradeA, [], [`cancel-algo ${idOf(tradeB, "f")}`]]);
});

test("[REC-3] a stop on the wrong side belongs to no position", () => {
  const { bench, commands } = recoveredBy(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"), "buy", 641_000)] }));
  expect([bench.trade?.plan.trade === tradeA, commands.map((text) => text.split(" ")[0])]).toEqual([
    false,
    ["place-algo"],
  ]);
});

test("[REC-3] a trade that was entered and is flat again is over (F-37)", () => {
  const { bench, commands } = recoveredBy(snapshotOf(0), [openTradeOf(tradeA, after(-5_000), [fillOf("a", 10)])]);
  expect([bench.trade, commands]).toEqual([null, []]);
});

test("[EXE-6] a hold that ended while the daemon was away is ended now, after protection", () => {
  const { commands } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-60_000))]);
  expect(commands.map((text) => text.split(" ")[0])).toEqual(["place-algo", "place-order"]);
});

test("[REC-3] the adopted size is the exchange's, whatever was planned", () => {
  const { bench } = recoveredBy(snapshotOf(7), [openTradeOf(tradeA, after(-5_000))]);
  expect([bench.trade?.ledger.position, bench.core.account.reportedLots(first), lots(7)]).toEqual([7, 7, 7]);
});

test("[CFG-4] a restart keeps the exit rules that the trade was opened with, where they are tighter", () => {
  const known = openTradeOf(tradeA, after(-5_000));
  const exits = { ...stillRules, breakEvenBps: 30, trailFromR: 0.2, trailByR: 0.1, adverseCandleAtr: 1 };
  const { bench } = recoveredBy(snapshotOf(10), [{ ...known, intent: { ...known.intent, exits } }]);
  expect(bench.trade?.rules).toMatchObject({ breakEvenBps: 30, trailFromR: 0.2, trailByR: 0.1, adverseCandleAtr: 1 });
});

test("[CFG-4] a restart takes from the settings in force what is tighter than what the trade was opened with", () => {
  const known = openTradeOf(tradeA, after(-5_000));
  const exits = { ...stillRules, trailFromR: 0.7, trailByR: 0.6, adverseCandleAtr: 3 };
  const { bench } = recoveredBy(snapshotOf(10), [{ ...known, intent: { ...known.intent, exits } }]);
  expect(bench.trade?.rules).toMatchObject({ trailFromR: 0.5, trailByR: 0.5, adverseCandleAtr: 2 });
});

test("[CFG-4] a restart takes nothing from the common settings that the symbol's own are looser than", () => {
  const known = openTradeOf(tradeA, after(-5_000));
  const exits = { ...stillRules, trailFromR: 0.9, trailByR: 0.8 };
  const trailing = { activation_r: 0.9, distance_r: 0.8 };
  const bench = new CoreBench(settingsWith({ overrides: { BTCUSDT: { exits: { trailing } } } }));
  bench.tell(journalled([{ ...known, intent: { ...known.intent, exits } }]));
  bench.tell(snapshotOf(10));
  expect(bench.trade?.rules).toMatchObject({ trailFromR: 0.9, trailByR: 0.8 });
});

test("[CFG-4] a trade whose intent has no rules takes the configured ones", () => {
  const { bench } = recoveredBy(snapshotOf(10), [openTradeOf(tradeA, after(-5_000))]);
  expect(bench.trade?.rules).toMatchObject({ trailFromR: 0.5, trailByR: 0.5, adverseCandleAtr: 2 });
});

test("[EXE-10] a stop that had moved and still rests is not placed again after a restart", () => {
  const moved = { ...stopOf(idOf(tradeA, "r"), "sell", 639_900), closePosition: false, quantity: lots(10) };
  const { bench, commands } = recoveredBy(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f")), moved] }));
  expect([commands, bench.trade?.plan.stopLoss, bench.trade?.stopLevel]).toEqual([[], 639_700, 639_900]);
});

test("[EXE-10] a stop that had moved goes back to where it was, not to the first level (I-09)", () => {
  const known = openTradeOf(tradeA, after(-5_000));
  const { bench } = recoveredBy(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"), "sell", 639_600)] }), [
    { ...known, stopLevel: ticks(639_850) },
  ]);
  expect(bench.outputs.filter(({ kind }) => kind === "place-algo")).toMatchObject([
    { role: "r", trigger: 639_850, extent: { kind: "quantity", quantity: 10 } },
  ]);
});

test("[ORD-3] a first target that had filled before the restart is not placed again", () => {
  const known = openTradeOf(tradeA, after(-5_000), [fillOf("entry", 10)]);
  const taken = { clientOrderId: idOf(tradeA, "t1"), side: "sell", fill: fillOf("tp1", 5, 640_300) } as const;
  const intent = { ...known.intent, takeProfit: ticks(640_300), secondTarget: ticks(640_600), exits: stillRules };
  const { bench } = recoveredBy(snapshotOf(5, { algos: [stopOf(idOf(tradeA, "f"), "sell", 639_600)] }), [
    { ...known, intent, fills: [...known.fills, taken] },
  ]);
  const targets = bench.outputs.filter((output) => output.kind === "place-algo" && output.role.startsWith("t"));
  expect(targets).toMatchObject([{ role: "t2", trigger: 640_600, extent: { kind: "close-position" } }]);
});
