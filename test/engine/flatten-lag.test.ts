/** A flattening that a restart cut short, where the first read of the account shows what was before the position. */

import { expect, test } from "vitest";
import { fillOf } from "../execution/bench.ts";
import { sessionOf } from "../risk/support.ts";
import { after } from "../support/core.ts";
import { historyOf, idOf, openTradeOf, snapshotOf, stopOf, tradeA } from "./support.ts";
import { Watched } from "./watched.ts";

test("[RSK-4] [F-19] a flattening is not over because the first read after a start, which may lag, shows nothing of the position", () => {
  const bench = new Watched();
  const hold = { kind: "halt", reason: "HALTED", by: "operator", until: null } as const;
  const fill = { ...fillOf("t1", 10, 640_000), time: after(-1_500) };
  bench.tell({
    kind: "journal",
    openTrades: [openTradeOf(tradeA, after(-2_000), [fill])],
    session: sessionOf({ hold, flattening: "operator" }),
  });
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  // The stop rests and is listed; the position, which is read elsewhere, is not shown yet.
  bench.tell(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: after(1) }));
  const tooEarly = [...bench.events];
  bench.history = historyOf([], []);
  const commands: string[] = [];
  for (const ms of [3_000, 6_000, 9_000, 12_000, 15_000, 20_000]) {
    commands.push(...bench.at(ms));
    bench.quote();
    commands.push(...bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now })));
    commands.push(...bench.at(ms + 10));
  }
  const isClosed = commands.some((text) => text.startsWith("place-order"));
  expect([tooEarly, bench.trade?.plan.side, isClosed]).toEqual([[], "buy", true]);
});
