/** What the history of the exchange makes of the books, answer by answer. */

import { expect, test } from "vitest";
import { orderId, stopPathTrade } from "../../src/domain/order-id.ts";
import type { Output } from "../../src/domain/output.ts";
import { lots, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, instrument } from "../support/core.ts";
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
  tradeB,
} from "./support.ts";

const entry = entryOf(idOf(tradeA, "e"), 10, { status: "FILLED" });
const stopped = entryOf(idOf(tradeA, "f"), 10, { status: "FILLED", side: "sell", type: "MARKET", price: null });
const bought = fillOf("11", 10, 640_000, after(-9_000));
const sold = fillOf("12", 10, 639_700, after(-5_000));

/** A core that starts with this journal, on an account that is flat or holds ten lots behind a stop. */
function started(held: 0 | 10, openTrades: Parameters<typeof journalled>[0]): CoreBench {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(journalled(openTrades));
  bench.tell(snapshotOf(held, held === 0 ? {} : { algos: [stopOf(idOf(tradeA, "f"))] }));
  return bench;
}

function rowsOf(bench: CoreBench, kind: Output["kind"]): number {
  return bench.all.filter((output) => output.kind === kind).length;
}

test("[REC-1] orders that are filled without their executions explain nothing: the history is asked again", () => {
  const bench = started(0, [openTradeOf(tradeA, after(-20_000))]);
  bench.tell(historyOf([entry, stopped], []));
  const once = rowsOf(bench, "trade");
  bench.history = historyOf(
    [entry, stopped],
    [
      [entry.clientOrderId, "buy", bought],
      [stopped.clientOrderId, "sell", sold],
    ],
  );
  bench.at(900);
  const rows = bench.all.filter((output) => output.kind === "trade");
  expect([once, rows.map(({ exitReason }) => exitReason)]).toEqual([0, ["STOP_LOSS"]]);
});

test("[REC-1] that nothing was traded is not believed before the proof of absence", () => {
  const young = started(0, [openTradeOf(tradeB, after(-9_000)), openTradeOf(tradeA, after(-8_000))]);
  young.tell(historyOf([], []));
  const old = started(0, [openTradeOf(tradeB, after(-90_000))]);
  old.tell(historyOf([], []));
  const isPending = (bench: CoreBench) => bench.core.desks[0]?.history.isPending;
  expect([isPending(young), isPending(old)]).toEqual([true, false]);
});

test("[I-08] a past trade that executes after its history had nothing of it is told, not forgotten, where nothing explains it", () => {
  // given: the entry of the older trade was open when the history was asked first
  const bench = started(0, [openTradeOf(tradeA, after(-9_000)), openTradeOf(tradeB, after(-8_000))]);
  bench.tell(historyOf([entryOf(idOf(tradeA, "e"))], []));
  // when
  bench.history = historyOf([entry], [[entry.clientOrderId, "buy", fillOf("11", 10, 640_000, after(100))]]);
  bench.at(60_000);
  // then
  const told = bench.all.flatMap((row) =>
    row.kind === "notice" && row.code === "BOOKS_UNEXPLAINED" ? [row.fields["trade"]] : [],
  );
  expect([rowsOf(bench, "fill"), told.includes(tradeA)]).toEqual([1, true]);
});

/** An orphan behind a stop of ours, which the account and the history of so many milliseconds later know nothing of. */
function forgotten(milliseconds: number): CoreBench {
  const bench = started(10, []);
  bench.at(milliseconds);
  bench.tell(snapshotOf(0, { requestedAt: after(milliseconds), algos: [stopOf(idOf(tradeA, "f"))] }));
  bench.tell(historyOf([], []));
  return bench;
}

function cancelled(bench: CoreBench): number {
  return bench.all.filter((output) => output.kind === "cancel-algo").length;
}

test("[F-19] a read that lags does not take the stop from an orphan that was seen open (I-01)", () => {
  expect(cancelled(forgotten(3_000))).toBe(0);
});

test("[F-19] an orphan that reads know nothing of for longer than they lag is over, and its stop is cancelled", () => {
  expect(cancelled(forgotten(13_000))).toBe(1);
});

test("[I-04] nothing is entered while the end of an earlier trade is not known", () => {
  const bench = started(0, [openTradeOf(tradeA, after(-30_000))]);
  bench.at(1);
  bench.tell(snapshotOf(0, { requestedAt: after(1) }));
  bench.quote();
  const before = bench.decide(decisionOf());
  const why = bench.blocked;
  bench.tell(historyOf([], []));
  const then = bench.decide(decisionOf({ id: "d2" }));
  expect([before, why, then.map((text) => text.split(" ")[0])]).toEqual([[], ["NOT_READY"], ["place-order"]]);
});

test("[F-28] executions that the journal has are not told again", () => {
  const bench = started(0, [openTradeOf(tradeA, after(-20_000), [bought])]);
  bench.tell(
    historyOf(
      [entry, stopped],
      [
        [entry.clientOrderId, "buy", bought],
        [stopped.clientOrderId, "sell", sold],
      ],
    ),
  );
  expect([rowsOf(bench, "fill"), rowsOf(bench, "trade")]).toEqual([1, 1]);
});

/** Rows of the execution with which somebody sold ten lots. */
function byHandIn(bench: CoreBench): readonly string[] {
  return bench.all.flatMap((row) => (row.kind === "fill" && row.tradeId === byHand.tradeId ? [String(row.trade)] : []));
}

const byHand = fillOf("22", 10, 640_000, after(-4_000));
const past = openTradeOf(tradeB, after(-20_000), [bought]);
const later = openTradeOf(tradeA, after(-8_000), [fillOf("21", 10, 640_000, after(-7_000))]);
const entryOfPast = entryOf(idOf(tradeB, "e"), 10, { status: "FILLED" });
const soldByHand = ["web_1", "sell", byHand] as const;

test("[I-07] what somebody closed of the running trade, as the journal says, is not booked to a past one", () => {
  const twenty = openTradeOf(tradeA, after(-8_000), [fillOf("21", 20, 640_000, after(-7_000))]);
  const running = {
    ...twenty,
    fills: [...twenty.fills, { clientOrderId: "web_1", side: "sell", fill: byHand }],
  } as const;
  const bench = started(10, [past, running]);
  bench.tell(historyOf([entryOfPast], [soldByHand]));
  expect([byHandIn(bench), rowsOf(bench, "trade"), bench.trade?.ledger.position]).toEqual([[], 0, 10]);
});

test.each([
  [
    ["22", "7"],
    [[], 0],
  ],
  [["7"], [[tradeB], 1]],
  [
    ["22", ...Array.from({ length: 5_000 }, (_, index) => `older-${index}`)],
    [[], 0],
  ],
])(
  "[I-07] an execution of somebody else closes a past trade unless the journal has it in another's books: case %#",
  (ids, booked) => {
    const bench = new CoreBench();
    bench.tell({ kind: "private-stream", alive: true });
    bench.tell({ ...journalled([past]), appliedTradeIds: new Map([[first, ids]]) });
    bench.tell(snapshotOf(0));
    bench.tell(historyOf([entryOfPast], [soldByHand]));
    expect([byHandIn(bench), rowsOf(bench, "trade")]).toEqual(booked);
  },
);

test("[I-07] one execution of somebody else closes one of two past trades", () => {
  const bench = started(0, [past, later]);
  bench.tell(historyOf([entryOfPast], [soldByHand]));
  expect([byHandIn(bench), rowsOf(bench, "trade")]).toEqual([[tradeB], 1]);
});

test("[I-07] of two past trades the one that has it in its books, as the journal says, is closed by it", () => {
  const closed = { ...later, fills: [...later.fills, { clientOrderId: "web_1", side: "sell", fill: byHand }] } as const;
  const bench = started(0, [past, closed]);
  bench.tell(historyOf([entryOf(idOf(tradeA, "e"), 10, { status: "FILLED" })], [soldByHand]));
  const rows = bench.all.flatMap((row) => (row.kind === "trade" ? [row.trade] : []));
  expect([byHandIn(bench), rows]).toEqual([[], [tradeA]]);
});

/** The first read shows a trade of the journal as over; later ones show it open behind its stop. */
function seenAgain(): CoreBench {
  const bench = started(0, [openTradeOf(tradeA, after(-20_000), [bought])]);
  for (const milliseconds of [1_000, 4_000]) {
    bench.at(milliseconds);
    bench.tell(snapshotOf(10, { requestedAt: after(milliseconds), algos: [stopOf(idOf(tradeA, "f"))] }));
  }
  return bench;
}

const again = fillOf("21", 10, 640_000, after(-4_000));
const bothOfA = historyOf(
  [entry, stopped],
  [
    [entry.clientOrderId, "buy", bought],
    [stopped.clientOrderId, "sell", sold],
  ],
);

test("[I-07] a trade that was past, and that later reads show open, is one trade: its executions are booked once", () => {
  const bench = seenAgain();
  const running = bench.trade?.plan.trade;
  bench.tell(bothOfA);
  bench.at(5_000);
  bench.tell(snapshotOf(0, { requestedAt: after(5_000) }));
  bench.tell(bothOfA);
  // A close was sent as long as the read that lagged stood; nothing is left for it.
  for (const command of bench.all.filter((output) => output.kind === "place-order")) {
    bench.tell({ kind: "outcome", command, outcome: { kind: "refused", code: -2022, message: "words" } });
  }
  const told = bench.all.flatMap((row) => (row.kind === "fill" ? [row.tradeId] : []));
  expect([running, told, rowsOf(bench, "trade")]).toEqual([tradeA, [sold.tradeId], 1]);
});

test("[REC-3] a trade that was past, and that later reads show open, goes on as its journal says", () => {
  const { trade } = seenAgain();
  const { entryTime, executions, plan } = trade ?? {};
  expect([plan?.source, plan?.holdUntil, entryTime, executions?.has("11")]).toEqual([
    "test",
    after(10_000),
    after(-20_000),
    true,
  ]);
});

/** Of two past trades the stops rest, and the position of one of them is seen again. */
function oneOfTwo(): CoreBench {
  const bench = started(0, [
    openTradeOf(tradeB, after(-40_000), [bought]),
    openTradeOf(tradeA, after(-20_000), [again]),
  ]);
  const algos = [stopOf(idOf(tradeB, "f")), stopOf(idOf(tradeA, "f"))];
  for (const milliseconds of [1_000, 4_000]) {
    bench.at(milliseconds);
    bench.tell(snapshotOf(10, { requestedAt: after(milliseconds), algos }));
  }
  return bench;
}

test("[I-07] of two past trades whose stops rest one runs again, and the other is summed up once", () => {
  const bench = oneOfTwo();
  const stoppedB = { ...stopped, clientOrderId: idOf(tradeB, "f") };
  bench.tell(historyOf([stoppedB], [[stoppedB.clientOrderId, "sell", sold]]));
  const rows = bench.all.flatMap((row) => (row.kind === "trade" ? [row.trade] : []));
  expect([bench.trade?.plan.trade, rows]).toEqual([tradeA, [tradeB]]);
});

test("[REC-1] past trades are told of once, as positions that are gone", () => {
  const passes = oneOfTwo().all.flatMap((row) => (row.kind === "notice" && row.code === "RECONCILED" ? [row] : []));
  expect(passes.map(({ fields: { phantoms } }) => phantoms)).toEqual([2, 0, 0]);
});

test("[I-07] an entry of a past trade that is found resting is that trade's, and no other's", () => {
  const bench = started(0, [openTradeOf(tradeA, after(-20_000))]);
  bench.at(4_000);
  bench.tell(snapshotOf(0, { requestedAt: after(4_000), orders: [entryOf(idOf(tradeA, "e"))] }));
  const { trade } = bench;
  expect([trade?.plan.trade, trade?.plan.source, bench.core.desks[0]?.history.isPending]).toEqual([
    tradeA,
    "test",
    false,
  ]);
});

test("[REC-1] what an order of the trade's own executed explains it, whatever the journal says of it", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell({
    ...journalled([openTradeOf(tradeA, after(-20_000))]),
    appliedTradeIds: new Map([[first, ["11", "12"]]]),
  });
  bench.tell(snapshotOf(0));
  bench.tell(
    historyOf(
      [entry, stopped],
      [
        [entry.clientOrderId, "buy", bought],
        [stopped.clientOrderId, "sell", sold],
      ],
    ),
  );
  expect(rowsOf(bench, "trade")).toBe(1);
});

test("[F-28] an execution that the history told first and the stream later is booked once", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  bench.tell(historyOf([entry], [[entry.clientOrderId, "buy", bought]]));
  bench.tell({ ...entry, fill: bought, source: "stream" });
  expect([bench.trade?.ledger.position, bench.trade?.unexplained]).toEqual([10, null]);
});

test("[ORD-1] what the stream tells before the history is not counted on top of the adopted position", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(10), entryTicks: 640_000, time: after(-1) });
  bench.tell({ ...entry, fill: bought, source: "stream" });
  const before = bench.trade?.unexplained?.lots;
  bench.tell(historyOf([entry], [[entry.clientOrderId, "buy", bought]]));
  expect([before, bench.trade?.ledger.position]).toEqual([10, 10]);
});

test("[REC-1] executions of somebody else that are not exactly what is missing are not booked", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  bench.tell(historyOf([entry], [[entry.clientOrderId, "buy", bought]]));
  const byHand = { ...entryOf("web_1", 3), side: "sell", quantity: lots(3), status: "FILLED" } as const;
  bench.history = historyOf(
    [entry, byHand],
    [
      [entry.clientOrderId, "buy", bought],
      ["web_1", "sell", fillOf("13", 3, 640_000, after(1_000))],
    ],
  );
  const before = rowsOf(bench, "fill");
  for (const ms of [4_000, 5_000]) {
    bench.at(ms);
    bench.tell(snapshotOf(6, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now }));
    bench.tell(stopOf(idOf(tradeA, "f")));
  }
  expect([rowsOf(bench, "fill") - before, bench.core.safeMode?.reason]).toEqual([0, "UNKNOWN_POSITION"]);
});

test("[I-08] [F-12] what proved the stop path and was hit has closed a part of the trade", () => {
  const bench = started(0, [openTradeOf(tradeA, after(-20_000), [bought])]);
  const proof = orderId({ prefix: "sd", trade: stopPathTrade(instrument.symbol), role: "f", attempt: 7 });
  const nine = { ...entryOf(idOf(tradeA, "x"), 9), side: "sell", status: "FILLED" } as const;
  bench.tell(
    historyOf(
      [entry, nine],
      [
        [entry.clientOrderId, "buy", bought],
        [proof, "sell", fillOf("13", 1, 640_000, after(-8_000))],
        [nine.clientOrderId, "sell", fillOf("14", 9, 640_000, after(-7_000))],
      ],
    ),
  );
  expect([rowsOf(bench, "fill"), rowsOf(bench, "trade")]).toEqual([2, 1]);
});

test("[I-21] a history that nobody answers is asked for a bounded number of times", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  bench.at(300_000);
  expect([rowsOf(bench, "query-history"), bench.trade?.unexplained?.isSettled]).toEqual([6, true]);
});

test("[I-01] what an adopted entry has filled stays protected where no history ever explains it", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(journalled([openTradeOf(tradeA, after(-1_000))]));
  bench.tell(snapshotOf(0, { orders: [entryOf(idOf(tradeA, "e"))] }));
  bench.tell(entryOf(idOf(tradeA, "e"), 4, { status: "CANCELED", time: after(-1) }));
  const stop = bench.all.flatMap((output) => (output.kind === "place-algo" ? [output.clientAlgoId] : [])).at(-1) ?? "";
  bench.tell(stopOf(stop));
  bench.at(5_000);
  bench.tell(snapshotOf(4, { algos: [stopOf(stop)], requestedAt: bench.now }));
  for (let ms = 5_000; ms <= 25_000; ms += 500) {
    bench.at(ms);
    const command = bench.outputs.find(({ kind }) => kind === "query-history");
    if (command?.kind !== "query-history") continue;
    bench.tell({ kind: "outcome", command, outcome: { kind: "unknown", cause: "503" } });
  }
  const before = [bench.trade?.unexplained?.isSettled, bench.trade?.ledger.position, rowsOf(bench, "cancel-algo")];
  const fill = fillOf("13", 4, 639_700, bench.now);
  bench.tell(
    entryOf(stop, 4, { status: "FILLED", side: "sell", price: null, fill, source: "stream", time: bench.now }),
  );
  bench.tell({ ...stopOf(stop), status: "FINISHED", source: "stream" });
  expect([before, bench.trade, rowsOf(bench, "trade")]).toEqual([[true, 4, 0], null, 1]);
});

test("[F-18] the account is read again where a history explains nothing, and not where the question failed", () => {
  const [answered, failed] = [0, 1].map(() => started(10, [openTradeOf(tradeA, after(-20_000))]));
  const command = failed?.all.find((output) => output.kind === "query-history");
  if (answered === undefined || failed === undefined || command === undefined) throw new Error("nothing was asked");
  answered.tell(historyOf([], []));
  failed.tell({ kind: "outcome", command, outcome: { kind: "unknown", cause: "503" } });
  for (const bench of [answered, failed]) bench.at(1_000);
  const reads = [answered, failed].map((bench) => rowsOf(bench, "query-account"));
  expect([reads, rowsOf(failed, "query-history")]).toEqual([[1, 0], 2]);
});

test("[I-06] once it is given up to explain an adopted trade, what is open is read at once", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  let failures = 0;
  for (let ms = 500; bench.trade?.unexplained?.isSettled === false; ms += 500) {
    bench.at(ms);
    const command = bench.outputs.find(({ kind }) => kind === "query-history");
    if (command?.kind !== "query-history") continue;
    failures += 1;
    bench.tell({ kind: "outcome", command, outcome: { kind: "unknown", cause: "503" } });
  }
  bench.at((bench.now - after(0)) / 1_000 + 1);
  expect([failures > 3, rowsOf(bench, "query-account") > 0]).toEqual([true, true]);
});

test.each([
  ["it is given up to ask", false],
  ["the history has nothing of it", true],
])(
  "[I-01] [F-27] somebody opens beside an adopted entry that never filled: when %s, the stop stays",
  (_, isAnswered) => {
    const bench = started(0, [openTradeOf(tradeA, after(-5_000))]);
    bench.history = isAnswered ? historyOf([], []) : null;
    bench.tell(entryOf(idOf(tradeA, "e"), 0, { status: "CANCELED" }));
    for (let ms = 500; ms <= 60_000 && bench.trade?.plan.trade === tradeA; ms += 500) {
      bench.at(ms);
      for (const output of bench.unheard()) {
        if (output.kind === "place-algo") bench.tell(stopOf(output.clientAlgoId));
        const isAsked = output.kind === "query-history" && !isAnswered;
        if (isAsked) bench.tell({ kind: "outcome", command: output, outcome: { kind: "unknown", cause: "503" } });
      }
      if (ms % 1_000 === 0) {
        const algos = [...(bench.trade?.orders.values() ?? [])].filter(({ service }) => service === "algo");
        bench.tell(snapshotOf(6, { requestedAt: bench.now, algos: algos.map(({ id }) => stopOf(id)) }));
      }
    }
    expect([cancelled(bench), rowsOf(bench, "place-algo") > 0]).toEqual([0, true]);
  },
);

test("[I-09] a stop of an earlier life that surfaces late and is nearer holds its level", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  const moved = { ...stopOf(idOf(tradeA, "r"), "sell", 639_900), closePosition: false, quantity: lots(10) };
  bench.tell({ ...moved, source: "stream" });
  expect([bench.trade?.orders.has(idOf(tradeA, "r")), bench.trade?.stopLevel]).toEqual([true, 639_900]);
});

test("[F-80] an order of another trade, or of somebody else, is not taken into the trade", () => {
  const bench = started(10, [openTradeOf(tradeA, after(-20_000))]);
  const before = bench.trade?.orders.size;
  for (const id of [idOf(tradeB, "x"), "web_1", `${idOf(tradeA, "x").slice(0, -2)}zz`]) {
    bench.tell(entryOf(id, 5, { side: "sell", fill: fillOf(id, 5), source: "stream", reduceOnly: true }));
  }
  expect([bench.trade?.orders.size, bench.trade?.ledger.position]).toEqual([before, 10]);
});
