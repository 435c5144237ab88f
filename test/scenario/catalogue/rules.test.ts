/** Cases of the failure catalogue about rules, money and foreign orders, judged by what the exchange has. */

import { expect, test } from "vitest";
import { z } from "zod";
import { answer, refusal } from "../support/errors.ts";
import { openLong, restingEntry } from "../support/given.ts";
import { measured } from "../support/measures.ts";
import { normal } from "../support/settings.ts";
import { type Simulation, simulate } from "../support/simulate.ts";
import { expectSettled, reached } from "../support/verdict.ts";

const rest = { through: "rest" } as const;
const long = normal({ max_hold_seconds: 86_400 });

const Info = z.looseObject({
  symbols: z.array(z.looseObject({ symbol: z.string(), filters: z.array(z.looseObject({ filterType: z.string() })) })),
});

/** From now on the exchange tells these rules of the symbol, and it is looked at. */
function ruled(sim: Simulation, status: string, marketMax: string | null = null): void {
  const { body } = sim.exchange.request({ method: "GET", path: "/fapi/v1/exchangeInfo", params: {} }, sim.now);
  const info = Info.parse(body);
  const symbols = info.symbols.map((row) => ({
    ...row,
    status,
    filters: row.filters.map((filter) =>
      marketMax !== null && filter.filterType === "MARKET_LOT_SIZE" ? { ...filter, maxQty: marketMax } : filter,
    ),
  }));
  const text = JSON.stringify({ ...info, symbols });
  sim.wire.script([{ on: "GET exchangeInfo", fault: answer(200, text), times: 1_000 }]);
}

test.each(["SETTLING", "PENDING_TRADING", "PRE_DELIVERING", "BREAK"])(
  "[F-58] the symbol becomes %s with a position open: no entries, the stop stays, and the close goes on",
  (status) => {
    // given
    const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 4_000 }) });
    ruled(sim, status);
    // when: within the hour in which the rules are read again
    sim.advance(3_700_000);
    const covered = sim.truth.coveringStops;
    sim.advance(400_000);
    const entries = reached(sim, "place-order e").length;
    sim.quote(sim.quoted);
    sim.traded(sim.quoted.bid, 1, "sell");
    sim.decide();
    sim.advance(1_000);
    // then
    expect([covered, reached(sim, "place-order e").length - entries]).toEqual([[639_640], 0]);
    expectSettled(sim);
  },
);

test("[F-58] the position is settled by the exchange: booked as closed by it within seconds, and nothing is opened", () => {
  // given
  const sim = openLong({ ...rest, settings: long });
  // when
  const newClientOrderId = "settlement_autoclose-1721390000000";
  const order = { side: "SELL", type: "MARKET", quantity: "0.010", reduceOnly: "true", newClientOrderId };
  sim.foreign("POST", "order", order);
  sim.advance(6_000);
  // then
  expect([sim.truth.position, sim.truth.open, sim.running, sim.trades[0]?.exitReason]).toEqual([
    0,
    [],
    null,
    "EXTERNAL",
  ]);
  const opening = sim.sentCommands().filter((command) => command.kind === "place-order" && !command.reduceOnly);
  expect(opening).toEqual([]);
});

test("[F-58] the book empties with a position open: the stop stays, nothing is ordered in vain, and it closes later", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
  sim.loseBook();
  // when
  sim.advance(60_000);
  const tries = reached(sim, "place-order x").length;
  const covered = sim.truth.position === 0 || sim.truth.coveringStops.length > 0;
  sim.quote(sim.quoted);
  sim.advance(120_000);
  // then
  expect([covered, tries <= 40]).toEqual([true, true]);
  expectSettled(sim);
});

test("[F-85] the largest market order becomes smaller than the position: closed in parts that the exchange takes", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 4_000 }) });
  ruled(sim, "TRADING", "0.004");
  // when
  sim.advance(4_100_000);
  // then
  const exits = sim.commands.flatMap((one) => (one.kind === "place-order" && one.role === "x" ? [one.quantity] : []));
  expect(exits).toEqual([4, 4, 2]);
  expectSettled(sim);
});

test("[F-85] a close that is refused with −4005 has the rules read at once, and goes in parts", () => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 120 }) });
  ruled(sim, "TRADING", "0.004");
  sim.wire.script(["x1", "x2"].map((close) => ({ on: `place-order ${close}`, fault: refusal(-4005) })));
  // when
  sim.advance(150_000);
  // then
  const exits = sim.commands.flatMap((one) => (one.kind === "place-order" && one.role === "x" ? [one.quantity] : []));
  expect([...exits.slice(0, 2), Math.max(...exits.slice(2))]).toEqual([10, 5, 4]);
  expectSettled(sim);
});

test("[F-85] an entry that is refused with −4005 goes again with half of it, and not as it was", () => {
  // given
  const sim = simulate({
    ...rest,
    settings: normal({ entry_order: "market" }),
    faults: [{ on: "place-order e1", fault: refusal(-4005) }],
  });
  // when
  sim.decide();
  sim.advance(1_000);
  // then
  const entries = sim.commands.flatMap((one) => (one.kind === "place-order" && one.role === "e" ? [one.quantity] : []));
  expect(entries).toEqual([10, 5]);
});

const stopOrder = {
  symbol: "BTCUSDT",
  clientAlgoId: "web_stop",
  algoId: 77,
  algoStatus: "NEW",
  side: "SELL",
  orderType: "STOP_MARKET",
  triggerPrice: "63000.0",
  closePosition: false,
  quantity: "0.005",
  reduceOnly: true,
  updateTime: 1,
};

const optional = ["triggerPrice", "orderType", "closePosition", "quantity", "reduceOnly", "updateTime"] as const;

test.each(optional.flatMap((field) => [[field, undefined] as const, [field, null] as const]))(
  "[F-79] a stop of somebody else is read with %s %s: left alone, told, and ours is as before",
  (field, value) => {
    // given
    const sim = openLong({ ...rest, settings: long });
    const own = sim.exchange.request({ method: "GET", path: "/fapi/v1/openAlgoOrders", params: {} }, sim.now).body;
    const rows = [...z.array(z.unknown()).parse(own), { ...stopOrder, [field]: value }];
    const text = JSON.stringify(rows, (_, one) => (typeof one === "bigint" ? Number(one) : one));
    sim.wire.script([{ on: "GET openAlgoOrders", fault: answer(200, text), times: 3 }]);
    sim.sent();
    // when
    sim.advance(180_000);
    // then
    expect([sim.sent(), sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([[], [639_640], 10]);
  },
);

test("[F-81] news of the account about symbols that nobody configured is told, and invents no position", () => {
  // given
  const sim = openLong({ ...rest, settings: long });
  sim.sent();
  // when: before and after a restart, whose first words they are
  for (const name of ["XYZUSDT", "測試USDT"]) sim.adapterWire.tellPrivate(foreignUpdate(name), sim.now);
  sim.advance(1_000);
  const before = [sim.sent(), sim.running?.ledger.position, sim.core.safeMode];
  sim.kill();
  sim.restart();
  for (const name of ["XYZUSDT", "測試USDT"]) sim.adapterWire.tellPrivate(foreignUpdate(name), sim.now);
  sim.advance(5_000);
  // then
  expect(before).toEqual([[], 10, null]);
  expect([sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([[639_640], 10]);
});

function foreignUpdate(symbol: string): string {
  const P = [{ s: symbol, pa: "5", ep: "1.5", up: "0", mt: "cross", iw: "0", ps: "BOTH" }];
  return JSON.stringify({ e: "ACCOUNT_UPDATE", E: 1, T: 1, a: { m: "ORDER", B: [], P } });
}

test("[F-81] a fill is told while the next run still starts: not lost, and covered", () => {
  // given: killed with an entry resting
  const measures = measured();
  const sim = restingEntry({ ...rest, settings: long, watch: measures.watch });
  sim.kill();
  sim.advance(1_000);
  // when: it fills in the moment in which the next run begins
  sim.restart();
  sim.traded(639_999, 10, "sell");
  sim.advance(10_000);
  // then
  expect([sim.truth.position, sim.truth.coveringStops, sim.running?.ledger.position]).toEqual([10, [639_640], 10]);
  sim.tell({ kind: "stop-requested", policy: "flatten" }, sim.now);
  sim.advance(60_000);
  expectSettled(sim);
});

test.each(["−2011", "lost"] as const)(
  "[F-83] the end of an entry is not told and every cancel of it is answered with %s: looked up, and over",
  (how) => {
    // given
    const sim = restingEntry({ ...rest, settings: normal({ order_timeout_seconds: 5, entry_max_seconds: 8 }) });
    for (const { id } of sim.truth.openOrders) {
      sim.wire.script([
        { on: "report e1*", fault: { kind: "untold" }, times: 10 },
        {
          on: "cancel-order e1",
          fault: how === "lost" ? { kind: "request-lost" } : refusal(-2011),
          times: 1_000,
        },
      ]);
      sim.foreign("DELETE", "order", { origClientOrderId: id });
    }
    // when
    sim.advance(120_000);
    // then
    expect([sim.running, reached(sim, "cancel-order").length <= 10, sim.core.safeMode]).toEqual([null, true, null]);
  },
);

test.each([-2011, -20121])("[F-83] every cancel of a target that is gone is answered with %i: it ends", (code) => {
  // given
  const sim = openLong({ ...rest, settings: normal({ max_hold_seconds: 10 }) });
  sim.wire.script([
    { on: "algo t1*", fault: { kind: "untold" }, times: 10 },
    { on: "cancel-algo t1*", fault: refusal(code), times: 1_000 },
  ]);
  // when
  sim.advance(10_000 + 600_000);
  // then
  expect(reached(sim, "cancel-algo t1").length).toBeLessThanOrEqual(10);
  expect([sim.truth.position, sim.running]).toEqual([0, null]);
});

test("[F-88] funding that is paid while a position is open is in the trade's own result, to the unit", () => {
  // given: a long over the end of a funding period, which pays
  const sim = openLong({ ...rest, settings: long });
  // when
  for (let hour = 0; hour < 9; hour += 1) {
    sim.quote(sim.quoted);
    sim.advance(3_600_000);
  }
  sim.decide({ direction: "FLAT", action: "EXIT" });
  sim.advance(10_000);
  // then
  const [row] = sim.trades;
  const wallet = z
    .array(z.object({ balance: z.string() }))
    .parse(sim.exchange.request({ method: "GET", path: "/fapi/v3/balance", params: {} }, sim.now).body);
  const change = BigInt(Math.round((Number(wallet[0]?.balance) - 10_000) * 1e8));
  expect([(row?.funding ?? 0n) < 0n, row?.netPnl]).toEqual([true, change]);
  expectSettled(sim);
});

test("[F-88] the day's loss is measured by the exchange's equity, fees and funding included", () => {
  // given: both fees are a third of a dollar, the limit is a tenth of one
  const sim = openLong({
    ...rest,
    settings: {
      ...normal({ max_hold_seconds: 10 }),
      risk: { cost: { enabled: false, factor: 1 }, session: { max_daily_loss_abs: 0.1 } },
    },
  });
  // when: bought and sold at one price
  sim.advance(30_000);
  expectSettled(sim);
  const before = reached(sim, "place-order e").length;
  sim.quote(sim.quoted);
  sim.traded(sim.quoted.bid, 1, "sell");
  sim.decide();
  sim.advance(1_000);
  // then
  expect(reached(sim, "place-order e").length - before).toBe(0);
});
