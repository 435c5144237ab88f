/** What each comparison with the exchange does about what it finds, and what it says of it in the end. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../src/domain/order-id.ts";
import type { Notice } from "../../src/domain/output.ts";
import type { SettingsChanges } from "../support/core.ts";
import { openLong } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import { type Simulation, simulate } from "./support/simulate.ts";

const longHold = normal({ max_hold_seconds: 600 }, plainExits);
const market = { side: "BUY", type: "MARKET", quantity: "0.004" };
const limit = { side: "BUY", type: "LIMIT", timeInForce: "GTC", price: "60000", quantity: "0.004" };
const far = { algoType: "CONDITIONAL", side: "SELL", type: "STOP_MARKET", triggerPrice: "63000", quantity: "0.005" };

/** A run that starts on an account on which something happened while it was away. */
function restartAfter(happen: (sim: Simulation) => void, settings: SettingsChanges = longHold): Simulation {
  const sim = simulate({ settings });
  sim.kill();
  happen(sim);
  sim.advance(20_000);
  sim.sent();
  sim.restart();
  sim.advance(500);
  return sim;
}

function last(sim: Simulation): Notice["fields"] {
  return sim.notices("RECONCILED").at(-1)?.fields ?? {};
}

test("[REC-2] a comparison that finds nothing is summed up as well, whatever it was for", () => {
  // given
  const sim = openLong({ settings: longHold });
  // when
  sim.advance(61_000);
  sim.disconnect();
  sim.advance(100);
  sim.reconnect();
  sim.advance(200);
  // then
  const told = sim.notices("RECONCILED").map(({ level, fields }) => [level, fields["cause"], fields["detail"]]);
  expect(told.filter(([level]) => level !== "debug")).toEqual([
    ["info", "start", "nothing found"],
    ["info", "interval", "nothing found"],
    ["info", "reconnect", "nothing found"],
  ]);
});

test("[REC-1] an orphan position is adopted and protected, and the summary counts it", () => {
  const sim = restartAfter((one) => one.foreign("POST", "order", market));
  const { detail, isClean, warnings } =
    sim.notices("RECONCILED").findLast(({ fields }) => fields["cause"] === "start")?.fields ?? {};
  expect([sim.truth.coveringStops.length, sim.running?.plan.source, detail, isClean, warnings]).toEqual([
    1,
    "adopted",
    "1 orphan positions, 1 stops placed, 1 actions, 1 warnings",
    false,
    1,
  ]);
});

test("[REC-1] where it is so configured, an orphan position is told and left alone, and nothing is entered beside it", () => {
  // given
  const settings = { ...longHold, reconcile: { orphan_position: "report" } } as const;
  const sim = restartAfter((one) => one.foreign("POST", "order", market), settings);
  // when
  sim.advance(180_000);
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(100);
  // then
  expect([sim.sent(), sim.truth.position, sim.notices("ORPHAN_POSITION").length, sim.core.safeMode]).toEqual([
    [],
    4,
    1,
    null,
  ]);
  expect([last(sim)["orphans"], last(sim)["isClean"], Object.keys(sim.core.summary().blocked)]).toEqual([
    1,
    false,
    ["POSITION_OPEN"],
  ]);
});

test("[REC-1] left alone is not what a stop of ours protects, though the journal is lost", () => {
  // given
  const settings = { ...longHold, reconcile: { orphan_position: "report" } } as const;
  const sim = openLong({ settings });
  sim.kill();
  for (const output of sim.outputs.splice(0)) if (output.kind === "notice") sim.outputs.push(output);
  // when
  sim.restart();
  sim.advance(1_000);
  // then
  expect([sim.running?.ledger.position, sim.truth.coveringStops]).toEqual([10, [639_640]]);
});

test("[REC-1] an orphan position that appears while the daemon runs leads to SAFE MODE, also where it is left alone", () => {
  // given
  const settings = { ...longHold, reconcile: { orphan_position: "report" } } as const;
  const sim = simulate({ settings });
  // when
  sim.foreign("POST", "order", market);
  sim.advance(10_000);
  // then
  expect([sim.sent(), sim.core.safeMode?.reason]).toEqual([[], "UNKNOWN_POSITION"]);
});

test("[REC-1] a flatten ends although an orphan position that is left alone stays open", () => {
  // given
  const settings = { ...longHold, reconcile: { orphan_position: "report" } } as const;
  const sim = restartAfter((one) => one.foreign("POST", "order", market), settings);
  sim.advance(1_000);
  // when
  sim.control("flatten");
  sim.advance(1_000);
  // then
  const flattened = sim.outputs.filter((output) => output.kind === "risk-event" && output.event === "FLATTENED");
  expect([sim.truth.position, flattened.length, sim.core.session(sim.now).flattening]).toEqual([4, 1, null]);
});

test("[REC-1] a flatten goes on while the orphan position that was left alone is another than it was", () => {
  // given
  const settings = { ...longHold, reconcile: { orphan_position: "report" } } as const;
  const sim = restartAfter((one) => one.foreign("POST", "order", market), settings);
  sim.advance(1_000);
  // when
  sim.foreign("POST", "order", market);
  sim.advance(100);
  sim.control("flatten");
  sim.advance(100);
  const early = sim.core.session(sim.now).flattening;
  sim.advance(30_000);
  // then
  expect([early === null, sim.core.session(sim.now).flattening]).toEqual([false, null]);
});

test("[REC-1] a phantom position is closed in the books with its real executions, and its protection is gone", () => {
  const sim = openLong({
    settings: longHold,
    faults: ["algo f1*", "report f1*", "account"].map((on) => ({ on, fault: { kind: "untold" }, times: 9 })),
  });
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(90_000);
  const phantoms = sim.notices("RECONCILED").map(({ fields }) => Number(fields["phantoms"]));
  expect([sim.trades[0]?.exitReason, sim.truth.open, Math.max(...phantoms)]).toEqual(["STOP_LOSS", [], 1]);
});

test("[REC-1] a stop that is gone is placed again, and the summary says so", () => {
  // given
  const sim = openLong({ settings: longHold });
  sim.kill();
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  // when
  sim.restart();
  sim.advance(200);
  // then
  const start = sim.notices("RECONCILED").findLast(({ fields }) => fields["cause"] === "start");
  expect([start?.level, start?.fields["stops"], sim.truth.coveringStops]).toEqual(["warn", 1, [639_640]]);
});

test("[REC-1] an order of ours without a trade is cancelled, and the summary counts it", () => {
  // given
  const clientAlgoId = orderId({ prefix: "sd", trade: tradeIdFrom("earlier"), role: "r", attempt: 1 });
  // when
  const sim = restartAfter((one) => one.foreign("POST", "algoOrder", { ...far, reduceOnly: "true", clientAlgoId }));
  // then
  sim.advance(15_000);
  const leftovers = sim.notices("RECONCILED").map(({ fields }) => Number(fields["leftovers"]));
  expect([sim.truth.open, Math.max(...leftovers)]).toEqual([[], 1]);
});

test("[REC-1] orders that are not ours are told once, counted each time, and left alone", () => {
  // given
  const sim = simulate({ settings: longHold });
  sim.foreign("POST", "order", { ...limit, newClientOrderId: "by-hand" });
  sim.foreign("POST", "algoOrder", { ...far, reduceOnly: "true", clientAlgoId: "by-hand-too" });
  sim.advance(100);
  const before = sim.notices("FOREIGN_ORDER").length;
  // when
  sim.advance(185_000);
  // then
  expect([sim.truth.open.toSorted(), last(sim)["foreign"], sim.sent()]).toEqual([["by-hand", "too"], 2, []]);
  expect(sim.notices("FOREIGN_ORDER").length - before).toBe(2);
});

test("[REC-1] where it is so configured, orders that are not ours are cancelled", () => {
  // given
  const settings = { ...longHold, reconcile: { foreign_orders: "cancel" } } as const;
  const sim = openLong({ settings });
  sim.foreign("POST", "order", { ...limit, newClientOrderId: "by-hand" });
  sim.foreign("POST", "algoOrder", { ...far, reduceOnly: "true", clientAlgoId: "by-hand-too" });
  // when
  sim.advance(65_000);
  // then
  expect(sim.truth.open).toEqual(["f1", "t1_1"]);
});
