/** The order manager against an exchange that loses, delays and doubles what it says. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Side, sides } from "../../src/domain/order.ts";
import { isCommand } from "../../src/domain/output.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import type { TradePlan } from "../../src/execution/trade.ts";
import { after, settingsWith, start, stillRules } from "../support/core.ts";
import { Bench, marketTerms, planOf } from "./bench.ts";
import { calm, type Faults, HostileVenue } from "./hostile-venue.ts";

type Story = {
  readonly seed: number;
  readonly faults: Faults;
  readonly side: Side;
  readonly market: boolean;
  readonly cross: boolean;
  /** two targets, and a stop that moves */
  readonly lively: boolean;
};

const stories: fc.Arbitrary<Story> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  faults: fc.record({
    lost: fc.constantFrom(0, 0.02, 0.2),
    silent: fc.constantFrom(0, 0.02, 0.2),
    doubled: fc.constantFrom(0, 0.3),
    delay: fc.constantFrom(5, 100, 2_000),
    lag: fc.constantFrom(0, 1_000, 10_000),
    throttled: fc.constantFrom(0, 0.1),
  }),
  side: fc.constantFrom(...sides),
  market: fc.boolean(),
  cross: fc.boolean(),
  lively: fc.boolean(),
});

const faultyMs = 60_000;
const healedMs = 400_000;

/** Faults for a minute, then none, until everything should have come to rest. */
function play({ seed, faults, side, market, cross, lively }: Story): {
  readonly venue: HostileVenue;
  readonly bench: Bench;
} {
  const random = randomFrom(seed);
  const bench = new Bench(settingsWith({ trading: { normal: { on_timeout: cross ? "cross" : "give-up" } } }));
  const venue = new HostileVenue(faults, random, side);
  const price = ticks(side === "buy" ? 640_000 : 640_001);
  const terms = market ? marketTerms : ({ type: "LIMIT", price, timeInForce: "GTC" } as const);
  bench.begin(planOf({ side, terms, quantity: lots(10), ...(lively ? livelyPlan(side) : {}) }));
  let sent = 0;
  let nextMarket = start + 100_000;
  const until = after(healedMs);
  for (let turns = 0; bench.now < until; turns += 1) {
    const commands = bench.outputs.filter(isCommand);
    for (const command of commands.slice(sent)) venue.send(command, bench.manager, bench.now);
    sent = commands.length;
    const due = Math.min(bench.manager.wakeAt, venue.nextDue, nextMarket);
    if (due > bench.now) turns = 0;
    if (turns > 1_000) throw new Error("a deadline never moves");
    bench.now = micros(Math.max(bench.now, Math.min(due, until)));
    if (bench.now >= after(faultyMs)) venue.faults = calm;
    if (bench.now >= nextMarket) {
      nextMarket = bench.now + 500_000;
      if (random() < 0.3) venue.fillEntry(random(), bench.manager, bench.now);
      if (random() < 0.03) venue.triggerAlgo(bench.manager, bench.now);
      if (lively) wander(bench, random);
    }
    venue.run(bench.now);
    bench.manager.onTimer(bench.now);
  }
  return { venue, bench };
}

function livelyPlan(side: Side): Partial<TradePlan> {
  const away = side === "buy" ? 1 : -1;
  const exits = { ...stillRules, breakEvenBps: 1, trailFromR: 0.1, trailByR: 0.3, atrAtEntry: 100 };
  return { exits, takeProfit: ticks(640_000 + 120 * away), secondTarget: ticks(640_000 + 240 * away) };
}

/** The touch goes somewhere near, in favour as often as not. */
function wander(bench: Bench, random: () => number): void {
  bench.touch.quote(640_000 + Math.floor((random() - 0.4) * 250));
  bench.manager.onQuote(bench.now);
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const { HOSTILE_RUNS = "300" } = process.env;

// One seed, so that a run says something of the code and not of its luck; another seed is another three hundred stories.
const runs = { numRuns: Number(HOSTILE_RUNS), seed: 19_072_024 };

test("[IDM-1] whatever is lost, entries never fill more than the plan, and never two at a time (I-03)", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { venue } = play(story);
      expect([venue.entered <= 10, venue.entriesAtOnceMost <= 1]).toEqual([true, true]);
    }),
    runs,
  );
});

test("[ORD-2] whatever is lost, no reduction turns the position around (I-02)", () => {
  fc.assert(
    fc.property(stories, (story) => {
      expect(play(story).venue.turned).toBe(0);
    }),
    runs,
  );
});

test("[ORD-1] whatever is lost, the trade ends flat with none of its orders left (I-06, I-21, I-23)", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { venue, bench } = play(story);
      expect([venue.position, venue.openOrders, bench.manager.trade]).toEqual([0, [], null]);
    }),
    runs,
  );
});

test("[ORD-2] whatever is lost, the books of the ended trade are the exchange's (I-08)", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { venue, bench } = play(story);
      const [over] = bench.closed;
      expect([over?.ledger.position, over?.tradedLots]).toEqual([0, 2 * venue.entered]);
    }),
    runs,
  );
});
