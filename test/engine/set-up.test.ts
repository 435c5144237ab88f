/** What the core makes of the account's set-up and of what the exchange says of the wallet. */

import { expect, test } from "vitest";
import type { SetUp } from "../../src/domain/event.ts";
import { orderId, stopPathTrade } from "../../src/domain/order-id.ts";
import { decisionOf } from "../risk/support.ts";
import { after, settings, settingsWith } from "../support/core.ts";
import { CoreBench, first, idOf, journalled, openTradeOf, snapshotOf, stopOf, texts, tradeA } from "./support.ts";

function told(bench: CoreBench, setUp: SetUp): readonly string[] {
  return bench.tell({ kind: "set-up", symbol: first, ...setUp });
}

const pending: SetUp = { state: "pending", cause: "leverage is 50" };
const refused: SetUp = { state: "stop-refused", cause: "-4120 use the algo service" };
const proven: SetUp = { state: "proven", leverage: 10, maintenance: [{ upTo: 300_000, rate: 0.004 }] };

test("[ORD-5] no entry leaves while the account is not set up for the symbol", () => {
  const bench = CoreBench.ready();
  told(bench, pending);
  expect([bench.decide(decisionOf({})), bench.trade, bench.blocked]).toEqual([[], null, ["ACCOUNT_NOT_SET_UP"]]);
});

test("[ORD-5] entries leave once it is proven", () => {
  const bench = CoreBench.ready();
  told(bench, pending);
  told(bench, proven);
  expect(bench.decide(decisionOf({})).map((text) => text.split(" ")[0])).toEqual(["place-order"]);
});

test("[F-12] an exchange that takes no stop ends in SAFE MODE before anything was opened", () => {
  const bench = CoreBench.ready();
  told(bench, refused);
  expect([bench.core.safeMode, bench.decide(decisionOf({}))]).toMatchObject([
    { reason: "CANNOT_PROTECT", detail: "no stop path for BTCUSDT: -4120 use the algo service" },
    [],
  ]);
});

test("[ORD-5] a position stays protected while the set-up is not proven", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  told(bench, pending);
  const commands = bench.tell(snapshotOf(10, { requestedAt: after(0) }));
  expect(commands.some((text) => text.startsWith("place-algo") || text.startsWith("place-order"))).toBe(true);
});

const proof = orderId({ prefix: settings.order_id_prefix, trade: stopPathTrade("BTCUSDT"), role: "f", attempt: 7 });

test("[I-23] a stop that an earlier run left over from its proof is cancelled", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  expect(bench.tell(snapshotOf(0, { algos: [stopOf(proof, "sell", 614_400)] }))).toEqual([`cancel-algo ${proof}`]);
});

test("[I-01] such a stop is never taken for the protection of a position", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(journalled([openTradeOf(tradeA, after(-60_000))]));
  const commands = bench.tell(snapshotOf(10, { algos: [stopOf(proof, "sell", 614_400)] }));
  expect([
    bench.trade?.plan.trade,
    commands.at(-1),
    commands.some((text) => text.includes(idOf(tradeA, "f", 1).slice(0, 14))),
  ]).toEqual([tradeA, `cancel-algo ${proof}`, true]);
});

test("[I-01] nor without a journal: the position is an orphan that gets a stop of its own", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(snapshotOf(10, { algos: [stopOf(proof, "sell", 614_400)] }));
  expect([bench.trade?.plan.trade === stopPathTrade("BTCUSDT"), texts(bench.outputs).length > 1]).toEqual([
    false,
    true,
  ]);
});

test("[F-12] a stop that is refused is not forgotten while it is tried again: SAFE MODE stays until one is taken", () => {
  const bench = CoreBench.ready(settingsWith({ safe_mode: { leave: "clean-reconciliation" } }));
  const modes = [refused, pending, proven].map((setUp, index) => {
    told(bench, setUp);
    const milliseconds = 1_000 * (index + 1);
    bench.at(milliseconds);
    bench.tell(snapshotOf(0, { requestedAt: after(milliseconds) }));
    return bench.core.safeMode?.reason ?? null;
  });
  expect(modes).toEqual(["CANNOT_PROTECT", "CANNOT_PROTECT", null]);
});
