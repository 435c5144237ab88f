/** What an operator from afar is told of positions. */

import { expect, test } from "vitest";
import { operatorOf } from "../../src/host/operator.ts";
import { CoreBench, snapshotOf } from "../engine/support.ts";
import { after, settingsWith } from "../support/core.ts";

function positionsOf({ core, now }: CoreBench): readonly string[] {
  const daemon = { core, readiness: () => [], control: async () => undefined };
  return operatorOf({ daemon, clock: () => now, directory: "", store: "" }).positions();
}

test("[I-18] before the account has been read nobody is told that nothing is open", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  expect(positionsOf(bench)).toEqual(["Positions", "Nothing is known yet: the account has not been read."]);
});

test("[I-18] a position that is only reported is told as open, though no trade of ours holds it", () => {
  const bench = new CoreBench(settingsWith({ reconcile: { orphan_position: "report" } }));
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(-10, { requestedAt: after(1) }));
  expect(positionsOf(bench)).toEqual(["Positions", "BTCUSDT -0.010: HELD BY NO TRADE OF OURS"]);
});

test("[OPS-2] an account that was read and holds nothing is told so", () => {
  expect(positionsOf(CoreBench.ready())).toEqual(["Positions", "none"]);
});
