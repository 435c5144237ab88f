/** Cases of the failure catalogue about odd numbers, statuses and limits, judged by what was asked of the exchange. */

import { expect, test } from "vitest";
import { ticks } from "../../../src/domain/units.ts";
import { answer, levelOf, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;

/** A decision a second, on a market that goes on. */
function wanting(sim: Simulation, seconds: number): void {
  for (let second = 0; second < seconds; second += 1) {
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.decide();
    sim.advance(1_000);
  }
}

/** What was ordered in numbers that are none, not positive, or not whole. */
function oddOrders(sim: Simulation): readonly unknown[] {
  return sim.commands.filter((command) => {
    const numbers =
      command.kind === "place-order"
        ? [command.quantity, command.terms.type === "LIMIT" ? command.terms.price : 1]
        : command.kind === "place-algo"
          ? [command.trigger, command.extent.kind === "quantity" ? command.extent.quantity : 1]
          : command.kind === "amend-order"
            ? [command.quantity, command.price]
            : [];
    return numbers.some((number) => !Number.isSafeInteger(number) || number <= 0);
  });
}

const wallet = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify([{ asset: "USDT", ...fields }]);
const balances: readonly (readonly [string, string])[] = [
  ["no row", "[]"],
  ["missing fields", wallet({})],
  ["null", wallet({ balance: null, crossUnPnl: null, availableBalance: null })],
  ["empty texts", wallet({ balance: "", crossUnPnl: "", availableBalance: "" })],
  ["nothing", wallet({ balance: "0", crossUnPnl: "0", availableBalance: "0" })],
  ["nothing in exponent form", wallet({ balance: "0.0E-8", crossUnPnl: "0.0E-8", availableBalance: "0.0E-8" })],
  ["a debt", wallet({ balance: "-5", crossUnPnl: "-1", availableBalance: "-6" })],
  ["no number", wallet({ balance: "NaN", crossUnPnl: "Infinity", availableBalance: "NaN" })],
];

test.each(balances)("[F-51] the balance is answered with %s: no order leaves, odd or not", (_, body) => {
  // given
  const sim = simulate({
    ...rest,
    settings: { ...normal(), protection: { reconcile_seconds: 5 } },
  });
  sim.wire.script([{ on: "GET balance", fault: answer(200, body), times: 1_000 }]);
  sim.wire.disconnect(sim.now);
  sim.advance(1_000);
  sim.wire.reconnect(sim.now);
  sim.advance(5_000);
  const before = reached(sim, "place-order").length;
  // when
  wanting(sim, 10);
  // then
  expect([reached(sim, "place-order").length - before, oddOrders(sim)]).toEqual([0, []]);
});

test.each(balances)(
  "[F-51] the balance is answered with %s after a partial fill: the part is covered, and nothing odd leaves",
  (_, body) => {
    // given
    const sim = restingEntry({ ...rest, settings: normal({ max_hold_seconds: 20 }) });
    sim.wire.script([{ on: "GET balance", fault: answer(200, body), times: 3 }]);
    // when
    sim.traded(639_999, 4, "sell");
    sim.advance(1_000);
    const covered = sim.truth.coveringStops.length;
    sim.advance(120_000);
    // then
    expect([covered, oddOrders(sim)]).toEqual([1, []]);
    expectSettled(sim);
  },
);

test("[F-51] a stop at the price of the entry is refused, and nothing is divided by its distance", () => {
  const sim = simulate({ ...rest, settings: normal() });
  sim.decide({ stopLoss: ticks(640_000) });
  sim.advance(1_000);
  expect(reached(sim, "place-order")).toEqual([]);
});

const statuses = ["NEW_INSURANCE", "NEW_ADL", "SOMETHING_NEW"] as const;

test.each(statuses)(
  "[F-63] an order that is answered as %s: an alarm, no entries, and never taken for filled",
  (status) => {
    // given
    const body = JSON.stringify({
      symbol: "BTCUSDT",
      clientOrderId: "",
      orderId: 1,
      status,
      side: "BUY",
      positionSide: "BOTH",
      type: "LIMIT",
      price: "64000",
      origQty: "0.010",
      executedQty: "0.004",
      reduceOnly: false,
      updateTime: 1,
    });
    // when
    const sim = restingEntry({ ...rest, faults: [{ on: "place-order e1", fault: answer(200, body, true) }] });
    sim.advance(1_000);
    // then
    expect([sim.core.safeMode?.reason, sim.running?.ledger.position ?? 0]).toEqual(["UNKNOWN_STATUS", 0]);
    sim.advance(120_000);
    expect([sim.truth.position, sim.truth.open]).toEqual([0, []]);
  },
);

test.each([0, 4])("[F-63] an entry that expires with %i of its lots is over with those", (lots) => {
  // given: an immediate entry into a book that holds no more
  const sim = simulate({ ...rest, settings: normal({ entry_order: "market", max_hold_seconds: 10 }) });
  sim.quote({ bid: 640_000, askLots: Math.max(1, lots) });
  // when
  sim.decide();
  sim.advance(3_000);
  // then
  expect(sim.truth.position === 0 || sim.truth.coveringStops.length > 0).toBe(true);
  sim.quote({ bid: 640_000, askLots: 100 });
  sim.advance(60_000);
  expectSettled(sim);
});

test("[F-87] the leverage is cut under an open position: protected, and closed in its time", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 30 }) });
  sim.wire.script([{ on: "POST leverage", fault: refusal(-4028), times: 1_000 }]);
  // when
  sim.foreign("POST", "leverage", { leverage: "2" });
  sim.advance(10_000);
  const covered = sim.truth.coveringStops;
  sim.advance(60_000);
  // then
  expect(covered).toEqual([639_640]);
  expectSettled(sim);
});

test("[F-87] a leverage that cannot be set back keeps entries off, and says why", () => {
  // given
  const sim = simulate({ ...rest, settings: normal() });
  sim.wire.script([{ on: "POST leverage", fault: refusal(-4028), times: 1_000 }]);
  // when
  sim.foreign("POST", "leverage", { leverage: "2" });
  sim.advance(5_000);
  wanting(sim, 5);
  // then
  expect([reached(sim, "place-order e"), levelOf(sim, "ACCOUNT_NOT_SET_UP").length > 0]).toEqual([[], true]);
});
