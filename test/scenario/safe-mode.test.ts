/** SAFE MODE over the embedded exchange: what enters it, what goes on in it, and what ends it. */

import { expect, test } from "vitest";
import type { CoreEvent } from "../../src/domain/event.ts";
import { micros } from "../../src/domain/units.ts";
import { openLong, restingEntry } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import { type Simulation, type Story, simulate } from "./support/simulate.ts";

const longHold = normal({ max_hold_seconds: 600 }, plainExits);
const atOnce = { ...longHold, safe_mode: { leave: "clean-reconciliation" } } as const;
const codeUnknown: CoreEvent = { kind: "venue-unknown", what: "code", detail: "-9999 what is this" };

/** On fresh market data. */
function enters(sim: Simulation): boolean {
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(100);
  return sim.sent().some((name) => name.startsWith("place-order e"));
}

const triggers: readonly (readonly [reason: string, event: CoreEvent])[] = [
  ["UNKNOWN_CODE", codeUnknown],
  ["UNKNOWN_STATUS", { kind: "venue-unknown", what: "status", detail: "PENDING_CANCEL" }],
  ["AUTHORITY_LOST", { kind: "venue-unknown", what: "authority", detail: "-2015 invalid key" }],
  ["STORE_FAILED", { kind: "store-failed", message: "disk full" }],
  ["CLOCK_JUMP", { kind: "clock-jump", by: micros(-3_600_000_000) }],
  ["INVALID_ORDER", { kind: "internal-error", what: "order", detail: "not a client id" }],
  ["UNEXPECTED_ERROR", { kind: "internal-error", what: "other", detail: "x is not a function" }],
];

test.each(triggers)(
  "[I-17] %s: within the same step no entry leaves any more, and it is told once",
  (reason, event) => {
    // given
    const sim = simulate({ settings: longHold });
    // when
    sim.tell(event, sim.now);
    sim.tell(event, sim.now);
    // then
    expect([enters(sim), sim.safeModes]).toEqual([false, [`entered ${reason}`]]);
  },
);

test("[I-17] INCONSISTENT_ACCOUNT: an account that contradicts itself once is read again, and again and again is a fault", () => {
  // given
  const sim = simulate({ settings: longHold });
  const unproven: CoreEvent = { kind: "account-unproven", cause: "no position, yet an unrealised profit" };
  // when
  for (let read = 0; read < 4; read += 1) sim.tell(unproven, sim.now);
  const before = sim.core.safeMode;
  sim.tell(unproven, sim.now);
  // then
  expect([before, sim.core.safeMode?.reason]).toEqual([null, "INCONSISTENT_ACCOUNT"]);
});

test("[SAF-3] an entry that rests is withdrawn", () => {
  // given
  const sim = restingEntry({ settings: longHold });
  // when
  sim.tell(codeUnknown, sim.now);
  sim.advance(200);
  // then
  expect([sim.truth.open, sim.running]).toEqual([[], null]);
});

test("[SAF-3] protection is kept up in it: a stop that vanishes is placed again", () => {
  // given
  const sim = openLong({ settings: longHold });
  sim.tell(codeUnknown, sim.now);
  // when
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  sim.advance(1_000);
  // then
  expect(sim.truth.coveringStops).toEqual([639_640]);
});

test("[SAF-3] exits and closes go on in it", () => {
  // given
  const sim = openLong({ settings: longHold });
  sim.tell(codeUnknown, sim.now);
  // when
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(1_000);
  // then
  expect([sim.truth.position, sim.truth.open]).toEqual([0, []]);
});

test("[SAF-3] it lasts until an operator resumes, however clean the reconciliations are", () => {
  // given
  const sim = simulate({ settings: longHold });
  sim.tell(codeUnknown, sim.now);
  sim.advance(300_000);
  const before = enters(sim);
  // when
  sim.control("resume");
  // then
  expect([before, enters(sim), sim.safeModes]).toEqual([false, true, ["entered UNKNOWN_CODE", "left UNKNOWN_CODE"]]);
});

test("[SAF-3] a program's resume ends no SAFE MODE", () => {
  const sim = simulate({ settings: longHold });
  sim.tell(codeUnknown, sim.now);
  sim.tell({ kind: "control", by: "supervisor", isAutomatic: true, action: "resume" }, sim.now);
  expect([enters(sim), sim.safeModes]).toEqual([false, ["entered UNKNOWN_CODE"]]);
});

test("[SAF-3] where it is so configured, the next clean reconciliation ends it", () => {
  // given
  const sim = simulate({ settings: atOnce });
  sim.tell(codeUnknown, sim.now);
  const inside = enters(sim);
  // when
  sim.advance(61_000);
  // then
  expect([inside, enters(sim), sim.safeModes.at(-1)]).toEqual([false, true, "left UNKNOWN_CODE"]);
});

test("[SAF-3] a reconciliation is not clean while a position is not protected", () => {
  // given: stops are refused, and so is every close
  const refused = { kind: "refused", code: -2010 } as const;
  const sim = restingEntry({
    settings: atOnce,
    faults: [
      { on: "place-algo f*", fault: refused, times: 9_999 },
      { on: "place-order x*", fault: refused, times: 9_999 },
    ],
  });
  sim.traded(639_999, 10, "sell");
  // when
  sim.advance(120_000);
  const during = [sim.truth.position, sim.core.safeMode?.reason];
  sim.wire.heal();
  sim.advance(130_000);
  // then
  expect([during, sim.truth.position, sim.core.safeMode]).toEqual([[10, "CANNOT_PROTECT"], 0, null]);
});

test("[SAF-3] nor while the stop of a position is only on its way", () => {
  // given: the stop is gone, and the next one arrives late
  const sim = openLong({
    settings: atOnce,
    faults: [{ on: "place-algo f2", fault: { kind: "request-late", ms: 1_000 } }],
  });
  sim.tell(codeUnknown, sim.now);
  const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
  sim.foreign("DELETE", "algoOrder", { clientAlgoId: floor?.id ?? "" });
  sim.advance(45);
  // when
  sim.disconnect();
  sim.reconnect();
  sim.advance(300);
  const passes = sim.notices("RECONCILED").filter(({ fields }) => fields["cause"] === "reconnect").length;
  const during = sim.core.safeMode?.reason;
  sim.advance(61_000);
  // then
  expect([passes, during, sim.core.safeMode]).toEqual([1, "UNKNOWN_CODE", null]);
});

test("[SAF-3] a failed store is not proven gone by anything that this run sees", () => {
  const sim = simulate({ settings: atOnce });
  sim.tell({ kind: "store-failed", message: "disk full" }, sim.now);
  sim.advance(300_000);
  sim.control("resume");
  expect(sim.safeModes).toEqual(["entered STORE_FAILED", "kept STORE_FAILED"]);
});

test("[SAF-3] lost authority is proven gone when the exchange takes a stop of ours again", () => {
  const sim = simulate({ settings: longHold });
  sim.tell({ kind: "venue-unknown", what: "authority", detail: "-2015" }, sim.now);
  sim.control("resume");
  sim.tell(
    {
      kind: "set-up",
      symbol: sim.instrument.index,
      state: "proven",
      leverage: 10,
      maintenance: [{ upTo: 300_000, rate: 0.004 }],
    },
    sim.now,
  );
  sim.control("resume");
  expect([sim.safeModes, enters(sim)]).toEqual([
    ["entered AUTHORITY_LOST", "kept AUTHORITY_LOST", "eased AUTHORITY_LOST", "left AUTHORITY_LOST"],
    true,
  ]);
});

test("[SAF-3] a clock that jumped is trusted again once the exchange's clock is measured anew", () => {
  const sim = simulate({ settings: atOnce });
  sim.tell({ kind: "clock-jump", by: micros(5_000_000) }, sim.now);
  sim.advance(61_000);
  const before = sim.core.safeMode?.reason;
  sim.tell({ kind: "clock-offset", offset: micros(0), error: micros(1_000) }, sim.now);
  sim.advance(61_000);
  expect([before, sim.core.safeMode]).toEqual(["CLOCK_JUMP", null]);
});

test("[I-17] a daemon that was killed in SAFE MODE starts in it, says so, and still manages its position", () => {
  // given
  const sim = openLong({ settings: longHold });
  sim.tell(codeUnknown, sim.now);
  sim.kill();
  sim.advance(1_000);
  // when
  sim.restart();
  sim.advance(1_000);
  // then
  expect([sim.safeModes, sim.core.safeMode?.reason, sim.truth.coveringStops]).toEqual([
    ["entered UNKNOWN_CODE", "restored UNKNOWN_CODE"],
    "UNKNOWN_CODE",
    [639_640],
  ]);
});

test("[I-17] a store's failure that reached the journal is proven gone by the next start, and waits for an operator", () => {
  // given
  const sim = simulate({ settings: longHold });
  sim.tell({ kind: "store-failed", message: "the intent log could not be written" }, sim.now);
  sim.kill();
  sim.restart();
  sim.advance(1_000);
  const before = enters(sim);
  // when
  sim.control("resume");
  // then
  expect([before, enters(sim)]).toEqual([false, true]);
});

test("[I-17] a run that was resumed before it was killed starts in normal mode", () => {
  const story: Story = { settings: longHold };
  const sim = simulate(story);
  sim.tell(codeUnknown, sim.now);
  sim.control("resume");
  sim.kill();
  sim.restart();
  sim.advance(1_000);
  expect([sim.core.safeMode, enters(sim)]).toEqual([null, true]);
});
