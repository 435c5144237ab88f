/** The embedded exchange inside the process: the same set-up and the same words as on the wire. */

import { expect, test } from "vitest";
import { ConfigError } from "../../src/config/error.ts";
import type { CoreEvent } from "../../src/domain/event.ts";
import { lots, micros, symbolIndex, ticks } from "../../src/domain/units.ts";
import { type AccountWishes, accountWishes } from "../../src/host/account-wishes.ts";
import { InProcessVenue } from "../../src/host/in-process-venue.ts";
import { Venue, venue } from "../exchange/harness.ts";
import { settings, settingsWith } from "../support/core.ts";
import { entry } from "../venue/support.ts";

class Bench {
  readonly sim: Venue;
  readonly venue: InProcessVenue;
  readonly events: CoreEvent[] = [];

  constructor(sim: Venue = venue()) {
    this.sim = sim;
    this.venue = new InProcessVenue(sim.exchange, micros(5_000), 2_000);
    sim.events();
  }

  /** Everything that is due within a second. */
  run(): this {
    const end = this.sim.now + 1_000_000;
    for (let due = this.venue.nextDue(); due <= end; due = this.venue.nextDue()) {
      this.sim.now = Math.max(this.sim.now, due);
      this.venue.run(micros(this.sim.now), (event) => this.events.push(event));
    }
    this.sim.now = end;
    return this;
  }

  setUp(wishes: AccountWishes = accountWishes(settings)): this {
    this.venue.setUp(wishes, micros(this.sim.now));
    return this.run();
  }

  of(kind: CoreEvent["kind"]): readonly CoreEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }
}

test("[ORD-5] in process every symbol gets its own leverage and its stop path proven, and nothing is left", () => {
  const sim = venue();
  sim.book([[400_000, 10]], [[400_001, 10]], 1);
  sim.mark(400_000, 0, 1, 1_000_000);
  const overrides = { ETHUSDT: { risk: { max_leverage: 3 } } };
  const bench = new Bench(sim).setUp(accountWishes(settingsWith({ symbols: ["BTCUSDT", "ETHUSDT"], overrides })));
  expect([bench.of("set-up"), sim.rows("GET v1/symbolConfig"), sim.rows("GET v1/openAlgoOrders")]).toMatchObject([
    [
      { symbol: 0, state: "proven", leverage: settings.risk.max_leverage },
      { symbol: 1, state: "proven", leverage: 3 },
    ],
    [{ leverage: settings.risk.max_leverage }, { leverage: 3 }],
    [],
  ]);
});

test("[ORD-5] before there is a price the set-up waits, and is proven once there is one", () => {
  const bench = new Bench(new Venue()).setUp();
  const before = bench.of("set-up").map((event) => "state" in event && event.state);
  bench.sim.mark(640_000);
  bench.sim.mark(400_000, 0, 1, 1_000_000);
  bench.run();
  expect([new Set(before), bench.of("set-up").slice(-2)]).toMatchObject([
    new Set(["pending"]),
    [{ state: "proven" }, { state: "proven" }],
  ]);
});

test.each([
  ["a leverage above the bracket", { leverageOf: () => 126 }, "risk.max_leverage 126 for BTCUSDT: the exchange allows"],
  ["isolated margin, which it lacks", { marginType: "ISOLATED" }, "cannot set margin type ISOLATED of BTCUSDT: -1020"],
] as const)("[CFG-5] %s is a clear error", (_, changed, words) => {
  const wishes = { ...accountWishes(settings), ...changed };
  expect(() => new Bench().setUp(wishes)).toThrow(ConfigError);
  expect(() => new Bench().setUp(wishes)).toThrow(words);
});

test("an amendment is executed in process, and told by reply and stream", () => {
  const bench = new Bench();
  const terms = { type: "LIMIT", price: ticks(630_000), timeInForce: "GTC" } as const;
  const { symbol, clientOrderId, side } = entry;
  const amend = {
    kind: "amend-order",
    symbol,
    clientOrderId,
    side,
    quantity: lots(12),
    price: ticks(635_000),
  } as const;
  bench.venue.send({ ...entry, terms }, micros(bench.sim.now));
  bench.venue.send(amend, micros(bench.sim.now));
  bench.run();
  const amended = bench.of("order-report").filter((event) => "price" in event && event.price === 635_000);
  expect([amended.length, bench.of("outcome").at(-1)]).toMatchObject([2, { command: amend, outcome: { kind: "ok" } }]);
});

test("[RSK-4] a deposit and a funding fee are told in process for what they are", () => {
  const bench = new Bench();
  bench.sim.order("BUY", "0.010");
  bench.sim.mark(640_000, 0.0001);
  bench.sim.events();
  bench.sim.exchange.transfer("500", micros(bench.sim.now));
  bench.sim.exchange.advance(micros(bench.sim.exchange.nextDeadline()));
  bench.venue.collect(micros(bench.sim.now));
  bench.run();
  expect(bench.events).toMatchObject([
    { kind: "wallet", transfer: 50_000_000_000n },
    { kind: "wallet", transfer: 0n },
    { kind: "funding", symbol: symbolIndex(0), amount: -6_400_000n },
  ]);
});
