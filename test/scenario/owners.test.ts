/** Orders with our prefix that this daemon did not send. */

import { expect, test } from "vitest";
import { orderId, type TradeId, tradeIdFrom } from "../../src/domain/order-id.ts";
import { openLong } from "./support/given.ts";
import { normal, plainExits } from "./support/settings.ts";
import { type Simulation, simulate } from "./support/simulate.ts";

const settings = normal({ max_hold_seconds: 600 }, plainExits);

function entersFor(sim: Simulation, trade: TradeId, role: "e" | "x" = "e"): void {
  const newClientOrderId = orderId({ prefix: "sd", trade, role, attempt: 7 });
  const limit = { side: "BUY", type: "LIMIT", timeInForce: "GTC", price: "60000", quantity: "0.004" };
  sim.foreign("POST", "order", { ...limit, newClientOrderId });
  sim.advance(100);
}

test("[F-59] an entry that this daemon did not send, long after the start, is another one's", () => {
  const sim = simulate({ settings });
  sim.advance(12_000);
  entersFor(sim, tradeIdFrom("another daemon's"));
  expect(sim.core.safeMode?.reason).toBe("ANOTHER_DAEMON");
});

test("[F-59] shortly after the start it may be one of an earlier run that arrives late", () => {
  const sim = simulate({ settings });
  entersFor(sim, tradeIdFrom("an earlier run's"));
  expect(sim.core.safeMode).toBeNull();
});

test("[F-59] an order in the name of our own running trade that we did not send is another one's at once", () => {
  const sim = openLong({ settings });
  const trade = sim.running?.plan.trade ?? tradeIdFrom("none");
  entersFor(sim, trade);
  expect(sim.core.safeMode?.reason).toBe("ANOTHER_DAEMON");
});

test("[F-59] a trade of an earlier run that the journal knows may still be spoken of", () => {
  // given
  const sim = openLong({ settings });
  const trade = sim.running?.plan.trade ?? tradeIdFrom("none");
  sim.kill();
  sim.restart();
  sim.advance(20_000);
  // when
  entersFor(sim, trade);
  // then
  expect(sim.core.safeMode).toBeNull();
});
