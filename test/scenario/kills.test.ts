/**
 * Kills at random instants of random trading: whatever was on its way, and whatever the journal lost, in the end it holds
 * each execution of the exchange once, and the profit to the last unit (requirements REC-3; failure-catalogue I-06).
 *
 * KILL_RUNS says how many runs and KILL_SEED which.
 */

import fc from "fast-check";
import { expect, test } from "vitest";
import { ticks } from "../../src/domain/units.ts";
import { expectExact } from "./support/exact.ts";
import { normal } from "./support/settings.ts";
import { type Simulation, simulate } from "./support/simulate.ts";

const { KILL_RUNS, KILL_SEED } = process.env;
const numRuns = Number(KILL_RUNS ?? 150);
const seed = Number(KILL_SEED ?? 19_072_024);

type Step = { readonly words: string; readonly run: (sim: Simulation) => void };

function step(words: string, run: (sim: Simulation) => void): Step {
  return { words, run };
}

const decide = fc.record({ long: fc.boolean(), two: fc.boolean() }).map(({ long, two }) =>
  step(`decide ${long ? "LONG" : "SHORT"}${two ? ", two targets" : ""}`, (sim) => {
    const { bid } = sim.quoted;
    const away = long ? 1 : -1;
    sim.quote(sim.quoted);
    sim.traded(bid, 1, "sell");
    const takeProfits = (two ? [200, 400] : [300]).map((by) => ticks(bid + by * away));
    sim.decide({ direction: long ? "LONG" : "SHORT", takeProfits });
  }),
);

const leave = fc.constant(step("leave", (sim) => sim.decide({ direction: "FLAT", action: "EXIT" })));

const meet = fc.integer({ min: 1, max: 12 }).map((count) =>
  step(`meet ${count}`, (sim) => {
    const entry = sim.truth.openOrders.find(({ role }) => role === "e");
    if (entry === undefined) return;
    const isBuy = entry.side === "BUY";
    sim.traded(entry.price + (isBuy ? -1 : 1), count, isBuy ? "sell" : "buy");
  }),
);

const wait = fc
  .constantFrom(0, 1, 10, 19, 20, 21, 39, 40, 41, 60, 150, 1_500)
  .map((ms) => step(`wait ${ms}`, (sim) => sim.advance(ms)));

const move = fc.integer({ min: -450, max: 450 }).map((by) =>
  step(`move ${by}`, (sim) => {
    sim.quote({ bid: sim.quoted.bid + by });
    sim.traded(sim.quoted.bid, 1, "sell");
  }),
);

const late = fc
  .record({
    on: fc.constantFrom(
      "place-order e*",
      "place-order x*",
      "place-algo f*",
      "query-account",
      "query-history",
      "cancel*",
    ),
    kind: fc.constantFrom("request-late" as const, "reply-late" as const),
    ms: fc.constantFrom(15, 60, 130, 400),
  })
  .map(({ on, kind, ms }) => step(`${kind} ${on} ${ms}`, (sim) => sim.wire.script([{ on, fault: { kind, ms } }])));

/** Alive again after so long; meanwhile the market goes on. */
const kill = fc
  .record({
    lostMs: fc.constantFrom(0, 0, 50, 50, 3_000),
    downMs: fc.constantFrom(1, 20, 100, 5_000, 30_000),
    by: fc.integer({ min: -450, max: 450 }),
    metBy: fc.nat({ max: 12 }),
  })
  .map(({ lostMs, downMs, by, metBy }) =>
    step(`kill, ${lostMs} ms lost, down ${downMs}, met by ${metBy}, move ${by}`, (sim) => {
      sim.kill();
      sim.advance(downMs / 2);
      const entry = sim.truth.openOrders.find(({ role }) => role === "e");
      if (entry !== undefined && metBy > 0) {
        const isBuy = entry.side === "BUY";
        sim.traded(entry.price + (isBuy ? -1 : 1), metBy, isBuy ? "sell" : "buy");
      }
      sim.quote({ bid: sim.quoted.bid + by });
      sim.traded(sim.quoted.bid, 1, "sell");
      sim.advance(downMs / 2);
      sim.restart({ lostMs });
    }),
  );

const steps = fc.array(fc.oneof(decide, decide, leave, meet, meet, wait, wait, wait, move, late, kill, kill), {
  minLength: 4,
  maxLength: 40,
});

test(`[REC-3] whenever the daemon is killed, the journal ends with the exchange's executions (seed ${seed})`, () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(1, 20, 90), fc.boolean(), (story, latencyMs, isMarket) => {
      const entry = isMarket ? "market" : "limit";
      const sim = simulate({ latencyMs, settings: normal({ max_hold_seconds: 600, entry_order: entry }) });
      const told: string[] = [];
      for (const { words, run } of story) {
        told.push(words);
        run(sim);
      }
      sim.wire.heal();
      sim.advance(30_000);
      sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
      sim.advance(120_000);
      const end = [sim.truth.position, sim.truth.open, sim.core.isFlat(sim.now), sim.core.safeMode];
      expect(end, told.join("; ")).toEqual([0, [], true, null]);
      expectExact(sim);
    }),
    { numRuns, seed },
  );
});
