/** What a long run keeps (failure-catalogue F-84), judged by what the garbage collector may take. */

import { setTimeout as passed } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled } from "../support/verdict.ts";

const trades = 200;
const faulty = ["place-order e*", "place-algo f*", "place-order x*", "cancel-algo*", "report*", "account"];

/** @returns the trade while it was open */
function lived(sim: Simulation, turn: number): WeakRef<object> | null {
  const on = faulty[turn % faulty.length] ?? "";
  const isNews = on === "report*" || on === "account";
  if (turn % 10 === 0) sim.wire.script([{ on, fault: { kind: isNews ? "untold" : "reply-lost" } }]);
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(100);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.advance(5_000);
  const ref = sim.running === null ? null : new WeakRef(sim.running);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(90_000);
  sim.wire.heal();
  return ref;
}

test("[F-84] of two hundred trades, one in ten with a fault, nothing is kept once they are over", async () => {
  // given
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  const risk = { cost: { enabled: false, factor: 1 }, session: { max_trades_per_hour: 1_000 } };
  const sim = simulate({ through: "rest", settings: { ...normal(), risk } });
  // when
  const refs = Array.from({ length: trades }, (_, turn) => lived(sim, turn)).filter((ref) => ref !== null);
  await passed(0);
  if (typeof collect === "function") collect();
  // then
  expect([refs.length > trades / 2, refs.filter((ref) => ref.deref() !== undefined).length]).toEqual([true, 0]);
  expectSettled(sim);
});
