/** What stands before the first entry, and what the account is charged beside fees. */

import { expect, test } from "vitest";
import { openLong } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import { simulate } from "./support/simulate.ts";

test("[ORD-5] nothing is entered before the account set-up is proven", () => {
  // given
  const sim = simulate({ setUp: { state: "pending", cause: "leverage is being set" } });
  // when
  sim.decide();
  // then
  expect([sim.sent(), Object.keys(sim.core.summary().blocked)]).toEqual([[], ["ACCOUNT_NOT_SET_UP"]]);
});

test("[F-12] where the exchange takes no stop from us, SAFE MODE is entered and nothing is opened", () => {
  // given
  const sim = simulate({ setUp: { state: "stop-refused", cause: "-4120" } });
  // when
  sim.decide();
  // then
  expect([sim.sent(), sim.core.safeMode?.reason]).toEqual([[], "CANNOT_PROTECT"]);
});

test("[ORD-5] leverage that somebody else changes does not end a trade that is open", () => {
  // given
  const sim = openLong({ settings: normal({ max_hold_seconds: 600 }) });
  // when
  sim.foreign("POST", "leverage", { leverage: "5" });
  sim.advance(5_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops]).toEqual([10, [639_640]]);
});

test("[ORD-4] funding that falls due while a position is open stands in its summary", () => {
  // given: the next funding is five hours and twenty minutes away
  const sim = openLong({ settings: normal({ max_hold_seconds: 20_000 }) });
  // when
  sim.advance(20_100_000);
  // then
  const [row] = sim.trades;
  expect([row?.funding, row === undefined ? null : row.netPnl === row.grossPnl - row.fees + row.funding]).toEqual([
    -6_400_000n,
    true,
  ]);
});
