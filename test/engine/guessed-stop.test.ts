/** An entry that was found resting without its decision: its stop is a guess until the exchange says what is open. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { after, settings } from "../support/core.ts";
import { CoreBench, entryOf, first, idOf, journalled, openTradeOf, snapshotOf, tradeA } from "./support.ts";

const entryId = idOf(tradeA, "e");

/** It rests at 640,000, and its cancel has arrived. */
function withdrawn(isJournalled = false): CoreBench {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  if (isJournalled) bench.tell(journalled([openTradeOf(tradeA, after(-5_000))]));
  bench.tell(snapshotOf(0, { orders: [entryOf(entryId)] }));
  bench.tell(entryOf(entryId, 0, { status: "CANCELED", source: "stream", time: after(1) }));
  return bench;
}

function state(bench: CoreBench, entryTicks: number): void {
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(6), entryTicks, time: after(2) });
}

function triggers({ all }: CoreBench): readonly number[] {
  return all.flatMap((output) => (output.kind === "place-algo" && output.role === "f" ? [output.trigger] : []));
}

function defaultStop(entryTicks: number): number {
  return entryTicks - Math.floor((entryTicks * settings.protection.default_stop_bps) / 1e4);
}

test("[I-09] [F-27] somebody opens at a better price beside such an entry: the stop lies below that, as the settings want it", () => {
  const bench = withdrawn();
  state(bench, 660_000);
  expect(triggers(bench)).toEqual([defaultStop(660_000)]);
});

test("[I-09] [F-27] where a read shows it first, too", () => {
  const bench = withdrawn();
  bench.at(6_000);
  const read = snapshotOf(6, { requestedAt: bench.now });
  bench.tell({ ...read, positions: read.positions.map((position) => ({ ...position, entryTicks: 660_000 })) });
  expect(triggers(bench)).toEqual([defaultStop(660_000)]);
});

test("[I-09] it never goes back: at a worse price it stays where the entry's own price puts it", () => {
  const bench = withdrawn();
  state(bench, 630_000);
  expect(triggers(bench)).toEqual([defaultStop(640_000)]);
});

test("[I-09] what the entry itself has filled has its stop below its own price, whatever average is told", () => {
  const bench = withdrawn();
  const filled = { status: "PARTIALLY_FILLED", source: "stream", fill: fillOf("7", 6, 640_000, after(1)) } as const;
  bench.tell(entryOf(entryId, 6, filled));
  state(bench, 660_000);
  const { plan, stopLevel } = present(bench.trade, "trade");
  expect([triggers(bench), plan.stopLoss, stopLevel]).toEqual([
    [defaultStop(640_000)],
    defaultStop(640_000),
    defaultStop(640_000),
  ]);
});

test("[I-09] the stop of a decision that is known is that of its plan", () => {
  const bench = withdrawn(true);
  state(bench, 660_000);
  expect(triggers(bench)).toEqual([639_600]);
});
