/** Cases of the failure catalogue about closing and what is left after it, judged by what the exchange has. */

import { expect, test } from "vitest";
import { ticks } from "../../../src/domain/units.ts";
import { answer, of, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal, plainExits } from "../support/settings.ts";
import type { Simulation } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";
import type { Fault } from "../support/wire.ts";

const rest = { through: "rest" } as const;
const twoTargets = { takeProfits: [ticks(640_900), ticks(641_800)] };
const asDecided = { ...plainExits, targets: "as-decided" } as const;

function goTo(sim: Simulation, bid: number, milliseconds = 1_000): void {
  sim.quote({ bid });
  sim.traded(bid, 1, "sell");
  sim.advance(milliseconds);
}

const lostCancels: readonly (readonly [string, Fault])[] = [
  ["lost on the way", { kind: "request-lost" }],
  ["refused with −1008", refusal(-1008, 503)],
  ["answered with −1001", refusal(-1001, 500)],
  ["answered with HTML", answer(502, "<html>")],
];

test.each(lostCancels)(
  "[F-13] cancels after a close are %s: no old order opens anything, and all are gone",
  (_, fault) => {
    // given: two targets, the first of them for a quantity
    const measures = measured();
    const sim = openLong(
      {
        ...rest,
        settings: normal({ max_hold_seconds: 20 }, asDecided),
        watch: measures.watch,
        faults: [{ on: "cancel-algo*", fault, times: 4 }],
      },
      twoTargets,
    );
    sim.decide({ direction: "FLAT", action: "EXIT" });
    sim.advance(1_000);
    // when: in the other direction within a second, and then the old levels trade
    sim.decide({ direction: "SHORT" });
    sim.advance(500);
    sim.traded(sim.quoted.bid + 2, 10, "buy");
    sim.advance(500);
    goTo(sim, 639_700, 2_000);
    goTo(sim, 640_950, 2_000);
    goTo(sim, 641_900, 15_000);
    sim.advance(60_000);
    // then
    const opened = sim.truth.fills.filter(
      ({ before, after, order }) => order.role !== "e" && Math.abs(after) > Math.abs(before),
    );
    expect([opened, measures.of().exposure]).toEqual([[], 10]);
    expectSettled(sim);
  },
);

test.each(["−4118", "−2022"] as const)(
  "[F-14] targets rest and the close is refused with %s, cancels are slow: closed, the stop stays until then",
  (code) => {
    // given
    const measures = measured();
    const sim = openLong(
      {
        ...rest,
        settings: normal({ max_hold_seconds: 10 }, asDecided),
        watch: measures.watch,
        faults: [
          { on: "place-order x*", fault: refusal(code === "−4118" ? -4118 : -2022), times: 2 },
          { on: "cancel-algo t*", fault: { kind: "request-late", ms: 2_000 }, times: 4 },
        ],
      },
      twoTargets,
    );
    const before = measures.of().nakedMs;
    // when
    sim.advance(30_000);
    // then
    expect([measures.of().nakedMs, sim.core.safeMode]).toEqual([before, null]);
    expectSettled(sim);
  },
);

test("[F-15] a position below the minimum notional is protected and closed", () => {
  // given: one lot is worth 64 USDT, and the exchange takes no order below 100 that adds
  const sim = restingEntry({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
  // when
  sim.traded(639_999, 1, "sell");
  sim.advance(3_000);
  const covered = [sim.truth.position, sim.truth.coveringStops];
  sim.advance(20_000);
  // then
  expect(covered).toEqual([1, [639_640]]);
  expectSettled(sim);
});

test.each([
  ["the daily loss is hit", { session: { max_daily_loss_abs: 0.01 } }],
  ["no exposure is allowed any more", { base_risk_fraction: 0.0001, max_exposure_fraction: 0.0001 }],
] as const)("[F-15] %s while a position is open: it is closed all the same", (_, risk) => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 30 }) });
  // when: limits are tightened, and the price moves against the position
  sim.core.reconfigure(sim.settingsWith({ risk }), sim.now);
  goTo(sim, 639_800, 500);
  const covered = sim.truth.position === 0 || sim.truth.coveringStops.length > 0;
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(10_000);
  // then
  expect(covered).toBe(true);
  expectSettled(sim);
});

test.each([2_000, 5_000, 10_000])(
  "[F-31] reads serve the old position for %i ms after the closing fill: no stop and no trade comes of it",
  (ms) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
    const on = ["GET positionRisk", "GET openOrders", "GET openAlgoOrders", "GET balance"];
    sim.wire.script(on.map((name) => ({ on: name, fault: { kind: "stale" as const, ms }, times: 100 })));
    const before = reached(sim, "place-algo").length;
    // when: it is closed, and the account is read again and again
    sim.advance(10_500);
    for (let turn = 0; turn < 20; turn += 1) {
      sim.tell(
        { kind: "outcome", command: { kind: "query-account" }, outcome: { kind: "unknown", cause: "once more" } },
        sim.now,
      );
      sim.advance(1_000);
    }
    // then
    expect([reached(sim, "place-algo").length, sim.core.safeMode]).toEqual([before, null]);
    expectSettled(sim);
  },
);

test("[F-32] the first target fills, and the stop triggers before it could be re-sized: flat, and never beyond", () => {
  // given
  const measures = measured();
  const sim = openLong(
    { ...rest, settings: normal({ max_hold_seconds: 60 }, asDecided), watch: measures.watch, latencyMs: 30 },
    twoTargets,
  );
  sim.advance(2_000);
  // when
  goTo(sim, 640_900, 10);
  goTo(sim, 639_600, 20_000);
  // then
  expect(sim.truth.fills.every(({ after }) => after >= 0)).toBe(true);
  expectSettled(sim);
});

test("[F-33] stop, time limit, word of the source and flatten in one millisecond, the closing fill told twice: sold once", () => {
  // given: the longest hold ends in this very moment
  const sim = openLong({
    ...rest,
    settings: normal({ max_hold_seconds: 10 }),
    faults: [{ on: "report*", fault: { kind: "told-twice", ms: 100 }, times: 20 }],
  });
  sim.advance(10_000 - 100 - 1);
  // when
  sim.quote({ bid: 639_600 });
  sim.traded(639_600, 1, "sell");
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.control("flatten");
  sim.advance(20_000);
  // then
  const sold = sim.truth.fills.filter(({ order }) => order.side === "SELL").reduce((sum, { lots }) => sum + lots, 0);
  expect([sold, sim.truth.fills.every(({ after }) => after >= 0)]).toEqual([10, true]);
  expectSettled(sim);
});

test.each(["REJECTED", "EXPIRED"] as const)(
  "[F-40] an accepted stop is %s when it triggers: closed at once at market",
  (status) => {
    // given
    const sim = openLong(rest);
    const floor = sim.truth.openAlgos.find(({ role }) => role === "f");
    sim.exchange.failTrigger({ clientAlgoId: floor?.id ?? "", status, reason: "Margin is insufficient." });
    const naked = measured();
    // when
    goTo(sim, 639_600, 2_000);
    // then
    expect([sim.truth.position, of(sim, "x"), naked !== null]).toEqual([0, ["place-order x1"], true]);
    expectSettled(sim);
  },
);

test("[F-40] −4117 to the cancel of a stop that is triggering: its outcome is waited for", () => {
  // given
  const sim = openLong({
    ...rest,
    settings: normal({ max_hold_seconds: 10 }),
    faults: [{ on: "cancel-algo*", fault: refusal(-4117), times: 3 }],
  });
  // when
  sim.advance(9_800);
  goTo(sim, 639_600, 20_000);
  // then
  expectSettled(sim);
});

test.each([0.01, 0.05, 0.2])("[F-41] a gap of %f across the stop: out at the market, whatever the price", (gap) => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 600 }) });
  // when
  goTo(sim, Math.round(640_000 * (1 - gap)), 30_000);
  sim.quote(sim.quoted);
  sim.advance(30_000);
  // then
  const stops = sim.commands.filter((command) => command.kind === "place-algo" && command.role !== "t1");
  expect(stops.every((command) => command.kind === "place-algo" && command.type === "STOP_MARKET")).toBe(true);
  expectSettled(sim);
});

const blocked: readonly (readonly [string, Fault])[] = [
  ["refused", refusal(-4045)],
  ["lost", { kind: "request-lost" }],
  ["throttled", refusal(-1008, 503)],
  ["answered with nonsense", answer(200, "[]")],
  ["held back by a ban", { ...answer(418, ""), retryAfterSeconds: 30 }],
];

test.each(blocked)(
  "[F-43] the placement of the stop is %s, whichever way: an alarm, and the position is closed",
  (_, fault) => {
    // given
    const sim = restingEntry({ ...rest, faults: [{ on: "place-algo*", fault, times: 1_000 }] });
    // when
    sim.traded(639_999, 10, "sell");
    sim.advance(3_000);
    const alarmed = sim.core.safeMode !== null;
    sim.advance(60_000);
    // then
    expect([alarmed, sim.truth.position]).toEqual([true, 0]);
  },
);

const readings: readonly (readonly [string, string])[] = [
  ["the symbol left out", "[]"],
  ["a side of hedge mode", '[{"symbol":"BTCUSDT","positionSide":"LONG","positionAmt":"0.010","entryPrice":"64000"}]'],
  ["nonsense", '[{"symbol":"BTCUSDT"}]'],
  ["an empty object", "{}"],
];

test.each(readings)(
  "[F-44] positions are answered with %s while a close is refused: flat is not concluded",
  (_, body) => {
    // given: the price moved, so that the balance shows a profit that is not realised
    const sim = openLong({
      ...rest,
      settings: normal({ max_hold_seconds: 10 }),
      faults: [
        { on: "place-order x*", fault: refusal(-2022), times: 3 },
        { on: "GET positionRisk", fault: answer(200, body), times: 4 },
      ],
    });
    sim.quote({ bid: 640_050 });
    // when
    sim.advance(11_500);
    const meanwhile = [sim.truth.position, sim.truth.coveringStops, sim.running !== null];
    sim.advance(60_000);
    // then
    expect(meanwhile).toEqual([10, [639_640], true]);
    expectSettled(sim);
  },
);
