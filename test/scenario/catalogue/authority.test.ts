/** Cases of the failure catalogue about lost permissions, judged by what reached the exchange and what it has. */

import { expect, test } from "vitest";
import { refusal } from "../support/errors.ts";
import { openLong } from "../support/given.ts";
import { normal } from "../support/settings.ts";
import type { Simulation } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const settings = { ...normal({ max_hold_seconds: 7_200 }), safe_mode: { leave: "clean-reconciliation" } } as const;
const accountReads = ["GET balance", "GET positionRisk", "GET openOrders", "GET openAlgoOrders"];
const listenKey = ["POST listenKey", "PUT listenKey"];

function refuse(sim: Simulation, names: readonly string[]): void {
  sim.wire.script(names.map((on) => ({ on, fault: refusal(-2015, 401), times: 10_000 })));
}

test.each([
  ["reads of the account", accountReads, false],
  ["the listen key", listenKey, true],
  ["both", [...accountReads, ...listenKey], true],
] as const)(
  "[F-56] −2015 to %s alone with a position open: SAFE MODE and one alarm, the stop stays, and it ends with them",
  (_, names, cuts) => {
    // given
    const sim = openLong({ ...rest, settings });
    refuse(sim, names);
    // when
    if (cuts) {
      sim.disconnect();
      sim.advance(1_000);
      sim.reconnect();
    }
    sim.advance(600_000);
    const meanwhile = [sim.safeModes, sim.truth.coveringStops, sim.core.safeMode?.reason];
    sim.decide();
    const blocked = Object.keys(sim.core.summary().blocked);
    const asked = reached(sim, "GET balance").length + reached(sim, "POST listenKey").length;
    sim.wire.heal();
    sim.advance(300_000);
    // then
    expect([meanwhile, blocked, asked < 100]).toEqual([
      [["entered AUTHORITY_LOST"], [639_640], "AUTHORITY_LOST"],
      ["SAFE_MODE"],
      true,
    ]);
    expect(sim.safeModes.at(-1)).toBe("left AUTHORITY_LOST");
    sim.control("flatten");
    sim.advance(60_000);
    expectSettled(sim);
  },
);

test("[F-56] −2015 to every signed call for an hour with a position open: one alarm, the stop fills meanwhile, and the books are right after it", () => {
  // given
  const sim = openLong({ ...rest, settings });
  const all = ["POST *", "DELETE *", "PUT *", "place-*", "cancel-*", "query-*", "GET user*", "GET all*", "GET income"];
  refuse(sim, [...accountReads, ...listenKey, ...all, "GET symbolConfig", "GET leverageBracket"]);
  sim.advance(120_000);
  // when
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.advance(3_600_000);
  const entered = sim.safeModes.filter((text) => text.startsWith("entered"));
  const meanwhile = sim.core.safeMode?.reasons;
  sim.wire.heal();
  sim.advance(300_000);
  // then
  expect([entered, meanwhile?.includes("AUTHORITY_LOST"), sim.truth.position]).toEqual([
    ["entered AUTHORITY_LOST"],
    true,
    0,
  ]);
  expect(sim.safeModes.at(-1)?.startsWith("left")).toBe(true);
  expectSettled(sim);
});
