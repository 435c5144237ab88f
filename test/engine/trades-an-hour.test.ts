/** Which trades count in the limit of an hour, also over a restart. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf, sessionOf } from "../risk/support.ts";
import { after, settings } from "../support/core.ts";
import { entryOf, historyOf, idOf, snapshotOf, tradeA, tradeB } from "./support.ts";
import { ready, Watched } from "./watched.ts";

test("[RSK-4] an entry counts in the hour when it leaves, and no more when nothing of it fills", () => {
  const bench = ready();
  bench.decide(decisionOf());
  const during = bench.core.session(bench.now).tradeTimes.length;
  bench.tell(entryOf(bench.entryId, 0, { status: "EXPIRED" }));
  expect([during, bench.core.session(bench.now).tradeTimes.length]).toEqual([1, 0]);
});

test("[RSK-4] an entry that was found, and ends without a fill, takes no trade out of the hour", () => {
  const bench = ready();
  bench.decide(decisionOf());
  const [id, counted] = [bench.entryId, bench.core.session(bench.now).tradeTimes];
  bench.tell(entryOf(id, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000) }));
  bench.answerAlgos("NEW");
  bench.answerAlgos("NEW");
  const stop = present(
    [...(bench.trade?.orders.values() ?? [])].find(({ role }) => role === "f"),
    "stop",
  );
  const hit = { side: "sell", status: "FILLED", source: "stream", time: bench.now } as const;
  bench.tell({ ...entryOf(stop.id, 10, hit), fill: fillOf("t2", 10, 639_700) });
  bench.answerAlgos("CANCELED");
  const isOver = bench.trade === null;
  bench.at(30_000);
  bench.history = historyOf([], []);
  const found = idOf(tradeB, "e");
  bench.tell(snapshotOf(0, { orders: [entryOf(found)], requestedAt: bench.now }));
  const adopted = bench.trade?.plan.trade;
  bench.tell(entryOf(found, 0, { status: "CANCELED" }));
  bench.at(60_000);
  expect([isOver, adopted, bench.trade, bench.core.session(bench.now).tradeTimes]).toEqual([
    true,
    tradeB,
    null,
    counted,
  ]);
});

test("[RSK-4] the trades of the hour survive a restart, also the one whose row was lost", () => {
  const tradeTimes = Array.from({ length: 99 }, (_, index) => after(-100 + index));
  const bench = new Watched();
  const intent = { ...entryIntent(), time: after(-1) };
  bench.tell({
    kind: "journal",
    openTrades: [{ intent, fills: [], stopLevel: null }],
    session: sessionOf({ tradeTimes }),
  });
  expect(bench.core.session(bench.now).tradeTimes).toHaveLength(100);
});

test("[RSK-4] two entries that left in the same moment are two trades after a restart, also where neither row is there", () => {
  const counted = [0, 1, 2].map((rows) => {
    const bench = new Watched();
    const fills = [{ clientOrderId: "x", side: "buy", fill: fillOf("t", 1) }] as const;
    const openTrades = [tradeA, tradeB].map((trade) => ({
      intent: { ...entryIntent(), trade, time: after(-1_000) },
      fills,
      stopLevel: null,
    }));
    const tradeTimes = Array.from({ length: rows }, () => after(-1_000));
    bench.tell({ kind: "journal", openTrades, session: sessionOf({ tradeTimes }) });
    return bench.core.session(bench.now).tradeTimes.length;
  });
  expect(counted).toEqual([2, 2, 2]);
});

test("[RSK-4] an entry of long ago of which nothing filled is no trade that a restart brings back", () => {
  const bench = new Watched();
  const trades = [
    { intent: { ...entryIntent(), time: after(-12_000) }, fills: [], stopLevel: null },
    {
      intent: { ...entryIntent(), time: after(-13_000) },
      fills: [{ clientOrderId: "x", side: "buy", fill: fillOf("t", 1) }],
      stopLevel: null,
    },
  ] as const;
  bench.tell({ kind: "journal", openTrades: trades, session: sessionOf() });
  expect(bench.core.session(bench.now).tradeTimes).toEqual([after(-13_000)]);
});

test("[RSK-4] an entry of long ago that filled while nobody was there counts in the hour once it is found", () => {
  const bench = new Watched();
  const intent = { ...entryIntent(), time: after(-13_000) };
  bench.tell({ kind: "journal", openTrades: [{ intent, fills: [], stopLevel: null }], session: sessionOf() });
  const before = bench.core.session(bench.now).tradeTimes;
  bench.tell(snapshotOf(10));
  expect([before, bench.core.session(bench.now).tradeTimes]).toEqual([[], [after(-13_000)]]);
});

function entryIntent() {
  const bench = ready();
  bench.decide(decisionOf());
  const intent = bench.told.find((output) => output.kind === "intent");
  if (intent === undefined) throw new Error("no intent");
  return intent;
}

test("[RSK-4] the window of trades is exact: the hundred-and-first leaves when the first is an hour old", () => {
  const tradeTimes = Array.from({ length: 100 }, () => after(-3_599_000));
  const bench = ready(settings, sessionOf({ tradeTimes }));
  const before = [bench.tries("d1"), bench.whyNot];
  bench.at(999);
  const still = bench.tries("d2").length;
  bench.at(1_000);
  expect([before, still, bench.tries("d3").length]).toEqual([[[], ["MAX_TRADES_PER_HOUR_REACHED"]], 0, 1]);
});
