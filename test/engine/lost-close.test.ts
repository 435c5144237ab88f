/** A wish to close that comes between a read that may lag and the adoption of what is open (failure-catalogue F-44). */

import { expect, test } from "vitest";
import { IntentSource } from "../../src/decision/intents.ts";
import { micros } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, settings } from "../support/core.ts";
import { CoreBench, first, historyOf, idOf, openTradeOf, snapshotOf, stopOf, tradeA } from "./support.ts";

test("[F-44] a close that was accepted is not told as executed beside a stop of ours and a trade whose end nobody knows", () => {
  const bench = new CoreBench(settings, [new IntentSource(settings.intents)]);
  const fill = { ...fillOf("t1", 10, 640_000), time: after(-1_500) };
  bench.tell({ kind: "journal", openTrades: [openTradeOf(tradeA, after(-2_000), [fill])], session: null });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: after(1) }));
  bench.quote();
  const decision = decisionOf({
    id: "close-1",
    source: "intents",
    direction: "FLAT",
    action: "EXIT",
    time: bench.now,
    validUntil: micros(bench.now + 60_000_000),
  });
  const intent = { decision, stopFraction: null, targetFraction: null, reverse: false };
  bench.tell({ kind: "outside", symbol: first, to: "intents", intent });
  bench.at(2);
  const row = bench.all.findLast((output) => output.kind === "decision" && output.decisionId === "close-1");
  const isToldAsDone = row?.kind === "decision" && row.approved;
  bench.history = historyOf([], []);
  const commands: string[] = [];
  for (const ms of [3_000, 6_000, 9_000, 12_000, 15_000, 20_000]) {
    commands.push(...bench.at(ms));
    bench.quote();
    commands.push(...bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now })));
  }
  const isClosed = commands.some((text) => text.startsWith("place-order"));
  expect([isToldAsDone, bench.trade?.plan.side, isClosed]).toEqual([false, "buy", false]);
});
