/** When funding is paid: at the times that the market data name. @see binance-usdm.md §9, §5.3 */

import { expect, test } from "vitest";
import { micros, microsPerMinute, microsPerSecond } from "../../src/domain/units.ts";
import { type Venue, venue } from "./harness.ts";

const second = microsPerSecond;
const hour = 60 * microsPerMinute;

/** A long position of 0.010 BTC, whose funding is told to be due in an hour at 0.01 %. */
function long(): { readonly sim: Venue; readonly due: number } {
  const sim = venue();
  sim.order("BUY", "0.010");
  const due = sim.now + hour;
  tell(sim, 0.0001, due);
  return { sim, due };
}

/** A mark price that tells rate and time of the next funding. */
function tell(sim: Venue, rate: number, nextFunding: number, price = 640_000): void {
  sim.mark(price, rate, 0, 10_000_000, nextFunding);
}

/** The same of the other symbol. */
function tellOther(sim: Venue, rate: number, nextFunding: number): void {
  sim.mark(340_000, rate, 1, 1_000_000, nextFunding);
}

function advance(sim: Venue, to: number): void {
  sim.now = to;
  sim.exchange.advance(micros(to));
}

/** What was paid, and at which millisecond. */
function paid(sim: Venue): readonly unknown[] {
  return sim.rows("GET v1/income", { incomeType: "FUNDING_FEE" }).map(({ income, time }) => [income, time]);
}

test("[SIM-1] funding is paid at the time that the market names, not before", () => {
  const { sim, due } = long();
  advance(sim, due - second);
  const before = paid(sim);
  advance(sim, due);
  expect([before, paid(sim)]).toEqual([[], [["-0.06400000", due / 1_000]]]);
});

test("[SIM-1] where the market names funding every hour it is paid every hour", () => {
  const { sim, due } = long();
  for (const count of [0, 1, 2]) {
    advance(sim, due + count * hour + 1);
    tell(sim, 0.0001, due + (count + 1) * hour);
  }
  expect(paid(sim)).toHaveLength(3);
});

test("[SIM-1] whoever runs the exchange is told when funding is due", () => {
  const { sim, due } = long();
  expect(sim.exchange.nextDeadline()).toBe(due);
});

test("[SIM-1] each symbol tells its own next funding", () => {
  const { sim, due } = long();
  tellOther(sim, 0, due + second);
  const next = sim.rows("GET v1/premiumIndex").map((row) => row["nextFundingTime"]);
  expect(next).toEqual([due / 1_000, due / 1_000 + 1_000]);
});

test("[SIM-1] funding of one symbol is not paid for another", () => {
  const { sim, due } = long();
  tellOther(sim, 0.01, due - 2 * second);
  advance(sim, due - second);
  expect(paid(sim)).toEqual([]);
});

test("[SIM-1] what a mark price after the funding tells is of the next one: the rate from before is paid", () => {
  const { sim, due } = long();
  sim.now = due;
  tell(sim, -0.01, due + hour, 650_000);
  expect(paid(sim)).toEqual([["-0.06400000", due / 1_000]]);
});

test("[SIM-1] a funding time that is told once more after the payment is not paid twice", () => {
  const { sim, due } = long();
  advance(sim, due);
  tell(sim, 0.0001, due);
  advance(sim, due + hour);
  expect(paid(sim)).toHaveLength(1);
});

test("[SIM-2] a tape that begins anew before its funding does not put it off for ever", () => {
  const { sim, due } = long();
  for (const lap of [1, 2, 3, 4, 5, 6]) {
    advance(sim, due - hour + (lap * hour) / 5);
    tell(sim, 0.0001, sim.now + hour);
  }
  expect(paid(sim)).toEqual([["-0.06400000", due / 1_000]]);
});

test("[SIM-1] funding that is told to be earlier is paid earlier", () => {
  const { sim, due } = long();
  tell(sim, 0.0001, due - hour / 2);
  advance(sim, due - hour / 2);
  expect(paid(sim)).toHaveLength(1);
});
