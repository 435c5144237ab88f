/** Cases of the failure catalogue about limits and clocks, judged by what reached the exchange and what it has. */

import { expect, test } from "vitest";
import { exchangeLimits, Limits } from "../../../src/exchange/wire/limits.ts";
import { answer, arrived, html, levelOf } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const threeDays = 3 * 86_400;
const tooMany = '{"code":-1003,"msg":"Too many requests."}';

const silences = [
  ["429 with Retry-After", { ...answer(429, tooMany), retryAfterSeconds: 30 }, 30],
  ["429 without Retry-After", answer(429, tooMany), null],
  ["418 for two minutes", { ...answer(418, tooMany), retryAfterSeconds: 120 }, 120],
  ["418 without an end", answer(418, ""), 120],
  ["418 for three days", { ...answer(418, tooMany), retryAfterSeconds: threeDays }, threeDays],
  ["403 of the firewall", answer(403, html), null],
] as const;

test.each(silences)(
  "[F-18] %s with a position open: silence until the end, streams go on, an alarm",
  (_, fault, seconds) => {
    // given: the account is read once a minute
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 80_000 }) });
    const from = sim.now;
    sim.wire.script([{ on: "GET balance", fault }]);
    const refusal = () => sim.adapterWire.arrivals.find(({ name, at }) => name === "GET balance" && at > from);
    while (refusal() === undefined) sim.advance(20);
    const refusedAt = refusal()?.at ?? 0;
    const minuteEnd = (Math.floor(refusedAt / 60_000_000) + 1) * 60_000_000;
    const end = seconds === null ? minuteEnd : refusedAt + seconds * 1_000_000;
    // when: the stop triggers in the silence, if it lasts so long
    sim.quote({ bid: 639_600 });
    sim.traded(639_600, 1, "sell");
    sim.advance(1_000);
    const learnt = sim.running?.ledger.position ?? 0;
    sim.advance(Math.max(0, end - sim.now) / 1_000 + 30_000);
    // then: what had left before the answer came back arrives
    expect([arrived(sim, refusedAt + 40_000, (end - refusedAt - 60_000) / 1_000), learnt]).toEqual([[], 0]);
    expect(levelOf(sim, "VENUE_SILENCE").slice(0, 1)).toEqual(["error"]);
    expectSettled(sim);
  },
);

test.each([0, 0.5, 0.9, 1])(
  "[F-18] others behind the address use %f of a limit that was lowered: never banned, and the stop is there",
  (share) => {
    // given
    const measures = measured();
    const sim = restingEntry({
      ...rest,
      settings: normal({ max_hold_seconds: 300, order_timeout_seconds: 60, entry_max_seconds: 90 }),
      watch: measures.watch,
    });
    const weightPerMinute = 600;
    sim.adapterWire.limits = new Limits({ ...exchangeLimits, weightPerMinute });
    // when: in each minute the others come first
    for (let minute = 0; minute < 4; minute += 1) {
      sim.adapterWire.limits.chargeWeight(weightPerMinute * share, sim.now / 1_000);
      if (minute === 0) sim.traded(639_999, 10, "sell");
      sim.advance(60_000);
    }
    // then
    const refused = sim.notices("VENUE_SILENCE").map(({ fields }) => fields["status"]);
    expect([refused.includes(418), measures.of().nakedMs < 2_250]).toEqual([false, true]);
    sim.adapterWire.limits = new Limits(exchangeLimits);
    sim.advance(400_000);
    expectSettled(sim);
  },
);

test.each([3_600_000, -3_600_000, 6_000, -1_500])(
  "[F-26] the exchange's clock steps by %i ms: measured anew, and the stop goes with the same id",
  (step) => {
    // given
    const measures = measured();
    const sim = restingEntry({
      ...rest,
      settings: normal({ order_timeout_seconds: 10, entry_max_seconds: 15 }),
      watch: measures.watch,
    });
    // when
    sim.adapterWire.clockOffset = step;
    sim.traded(639_999, 10, "sell");
    sim.advance(2_000);
    // then
    const stops = sim.commands.filter((command) => command.kind === "place-algo" && command.role === "f");
    expect(levelOf(sim, "CLOCK_REFUSED")).toEqual(["error"]);
    expect([measures.of().until(sim.now).nakedMs < 1_250, sim.truth.coveringStops, stops.length]).toEqual([
      true,
      [639_640],
      1,
    ]);
    sim.advance(120_000);
    expectSettled(sim);
  },
);

test.each([100, -100])(
  "[F-26] clocks that drift apart by %i ppm for six hours: no request is refused for it",
  (ppm) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 86_400 }) });
    // when
    for (let minute = 0; minute < 360; minute += 1) {
      sim.adapterWire.clockOffset += (ppm * 60_000) / 1_000_000;
      sim.advance(60_000);
    }
    // then
    const codes = sim.notices("VENUE_RETRY").map(({ fields }) => String(fields["cause"]));
    expect(codes.filter((cause) => cause.includes("-1021"))).toEqual([]);
    sim.decide({ direction: "FLAT", action: "EXIT" });
    sim.advance(5_000);
    expectSettled(sim);
  },
);

test("[F-26] ten seconds between signing and arrival: the entry dies on the way, a close goes again", () => {
  // given
  const sim = restingEntry({
    ...rest,
    faults: [
      { on: "place-order e1", fault: { kind: "request-late", ms: 10_000 } },
      { on: "place-order x1", fault: { kind: "request-late", ms: 10_000 } },
    ],
  });
  sim.advance(40_000);
  expect([sim.truth.orders.size, sim.running]).toEqual([0, null]);
  // when
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(100);
  sim.traded(639_999, 10, "sell");
  sim.advance(100);
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(60_000);
  // then
  expect([reached(sim, "place-order x").length > 1, sim.truth.fills.length]).toEqual([true, 2]);
  expectSettled(sim);
});
