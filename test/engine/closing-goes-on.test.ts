/** A trade that an earlier run was closing when it ended. */

import { expect, test } from "vitest";
import { fillOf } from "../execution/bench.ts";
import { after } from "../support/core.ts";
import { CoreBench, idOf, journalled, openTradeOf, snapshotOf, stopOf, tradeA } from "./support.ts";

test.each([
  ["is what that run had open: it is closed", true, 10, ["EARLIER_RUN"]],
  ["is more, of which a part may be somebody's: it is kept", true, 16, []],
  ["is less, which somebody may want: it is kept", true, 4, []],
  ["is what a run had open that closed nothing: it is kept", false, 10, []],
])("[F-44] [REC-3] what is open %s", (_, isClosing, held, reasons) => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  const bought = fillOf("11", 10, 640_000, after(-9_000));
  bench.tell(journalled([{ ...openTradeOf(tradeA, after(-10_000), [bought]), isClosing }]));
  bench.tell(snapshotOf(held, { algos: [stopOf(idOf(tradeA, "f"))] }));
  const { closing } = bench.trade ?? {};
  expect([bench.trade?.plan.trade, closing ? [closing.reason] : []]).toEqual([tradeA, reasons]);
});
