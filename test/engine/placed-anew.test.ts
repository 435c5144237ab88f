/** A request that arrives twice: what it had placed was over, its client id was free again, and it rests once more. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { AlgoReport } from "../../src/domain/order.ts";
import { stopPathTrade } from "../../src/domain/order-id.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, instrument } from "../support/core.ts";
import { CoreBench, entryOf, idOf, snapshotOf, stopOf } from "./support.ts";

/** A long of ten lots whose first stop somebody cancelled, and whose second one rests. */
function replaced(): { readonly bench: CoreBench; readonly stop: string } {
  const bench = CoreBench.ready();
  bench.decide(decisionOf());
  const id = [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
  bench.tell(entryOf(id, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000, after(10)) }));
  const stop = conditionals(bench)[0] ?? "none";
  stream(bench, stop, { status: "NEW" });
  stream(bench, stop, { status: "CANCELED" });
  bench.at(600);
  for (const id of conditionals(bench)) if (id !== stop) stream(bench, id, { status: "NEW", algoId: `of ${id}` });
  return { bench, stop };
}

function conditionals(bench: CoreBench): readonly string[] {
  return [...(bench.trade?.orders.values() ?? [])].filter(({ service }) => service === "algo").map(({ id }) => id);
}

function stream(bench: CoreBench, stop: string, changes: Partial<AlgoReport>): void {
  bench.tell({ ...stopOf(stop), source: "stream", ...changes });
}

/** The same bench once the position was closed and its trade is over. */
function over({ bench, stop }: ReturnType<typeof replaced>): typeof stop {
  bench.tell({ kind: "control", by: "test", action: "flatten" });
  bench.at(700);
  const exit = present(bench.all.findLast((output) => output.kind === "place-order")?.clientOrderId, "exit");
  const fill = fillOf("t2", 10, 640_000, after(710));
  bench.tell(entryOf(exit, 10, { side: "sell", status: "FILLED", reduceOnly: true, source: "stream", fill }));
  for (const id of conditionals(bench)) stream(bench, id, { status: "EXPIRED" });
  bench.at(3_000);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  return stop;
}

function reads(commands: readonly string[]): number {
  return commands.filter((text) => text === "query-account").length;
}

test("[F-28] a stop that a repeated request placed anew beside its running trade is read for within seconds", () => {
  const { bench, stop } = replaced();
  stream(bench, stop, { status: "NEW", algoId: "7" });
  expect(reads(bench.at(6_000))).toBe(1);
});

test("[F-28] a word of an ended stop that is told once more sets nothing off", () => {
  const { bench, stop } = replaced();
  stream(bench, stop, { status: "NEW" });
  expect(reads(bench.at(6_000))).toBe(0);
});

test.each([
  ["7", 1],
  ["5", 0],
])(
  "[I-23] an ended stop of the running trade that is listed with the exchange's id %s (it had 5) is cancelled %i times",
  (algoId, times) => {
    const { bench, stop } = replaced();
    bench.at(20_000);
    const algos = conditionals(bench).map((id) => ({ ...stopOf(id), algoId: id === stop ? algoId : `of ${id}` }));
    const commands = bench.tell(snapshotOf(10, { algos, requestedAt: bench.now }));
    expect(commands).toEqual(Array.from({ length: times }, () => `cancel-algo ${stop}`));
  },
);

test("[I-23] a stop that a repeated request placed when its trade was over is read for, and cancelled", () => {
  const given = replaced();
  const { bench } = given;
  const stop = over(given);
  stream(bench, stop, { status: "NEW", algoId: "7" });
  const asked = reads(bench.at(9_000));
  const commands = bench.tell(snapshotOf(0, { algos: [{ ...stopOf(stop), algoId: "7" }], requestedAt: bench.now }));
  expect([bench.trade, asked, commands]).toEqual([null, 1, [`cancel-algo ${stop}`]]);
});

test("[I-19] what proves the stop path is the adapter's: nothing is asked for on account of it", () => {
  const bench = CoreBench.ready();
  stream(bench, idOf(stopPathTrade(instrument.symbol), "f"), { status: "NEW" });
  expect(reads(bench.at(9_000))).toBe(0);
});
