/** A position that was taken over is closed before its history is known. */

import { expect, test } from "vitest";
import { openLong } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import { simulate } from "./support/simulate.ts";
import { expectSettled } from "./support/verdict.ts";

const long = normal({ max_hold_seconds: 600 });

test.each(["told-late", "untold"] as const)(
  "[F-33] a close of an adopted position that is answered filled is not followed by a second while its execution is %s",
  (kind) => {
    // given
    const sim = openLong({ settings: long });
    sim.kill();
    sim.advance(5_000);
    const fault = kind === "untold" ? ({ kind } as const) : ({ kind, ms: 1_500 } as const);
    sim.wire.script([
      { on: "query-history", fault: { kind: "reply-late", ms: 900 }, times: 3 },
      { on: "report x*", fault, times: 9 },
      { on: "account", fault, times: 9 },
    ]);
    sim.restart();
    sim.advance(50);
    // when
    sim.control("flatten");
    sim.advance(60_000);
    // then
    const closes = sim.commands.filter((command) => command.kind === "place-order" && command.role === "x");
    expect([closes.length, sim.notices("ORDER_REFUSED")]).toEqual([1, []]);
    expectSettled(sim);
  },
);

test("[F-33] what a close of an adopted position leaves open is closed by the next", () => {
  // given: the market takes four lots of ten
  const sim = openLong({ settings: long });
  sim.kill();
  sim.advance(5_000);
  sim.wire.script([{ on: "query-history", fault: { kind: "reply-late", ms: 900 }, times: 3 }]);
  sim.restart();
  sim.advance(50);
  // when
  sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.004", newClientOrderId: "web_1" });
  sim.control("flatten");
  sim.advance(120_000);
  // then
  expect([sim.truth.position, sim.running]).toEqual([0, null]);
});

test("[F-33] the same without a restart", () => {
  const sim = simulate({ settings: long });
  sim.decide();
  sim.advance(100);
  sim.traded(sim.quoted.bid - 1, 10, "sell");
  sim.wire.script([{ on: "report x*", fault: { kind: "told-late", ms: 1_500 }, times: 9 }]);
  sim.advance(1_000);
  sim.control("flatten");
  sim.advance(30_000);
  expect(sim.notices("ORDER_REFUSED")).toEqual([]);
  expectSettled(sim);
});
