/** What moves the wallet without a trade while nobody listens: it is read from the exchange's ledger. */

import { expect, test } from "vitest";
import { openLong } from "./support/given.ts";
import { normal } from "./support/settings.ts";
import { type Simulation, type Story, simulate } from "./support/simulate.ts";

const hour = 3_600_000;
const ways = ["plain", "rest"] as const;
const limits = { session: { max_daily_loss_abs: 500, max_daily_profit_abs: 500, max_drawdown_pct: 0.05 } };

function story(way: (typeof ways)[number], holdSeconds = 60): Story {
  const settings = {
    ...normal({ max_hold_seconds: holdSeconds }),
    risk: { cost: { enabled: false, factor: 1 }, ...limits },
  };
  return way === "plain" ? { settings } : { settings, through: way };
}

/** Down for so long, and up again. */
function sleep(sim: Simulation, ms: number, meanwhile: () => void = () => {}): void {
  sim.kill();
  meanwhile();
  sim.advance(ms);
  sim.restart();
  sim.advance(2_000);
}

function measuresOf(sim: Simulation) {
  const { dayStartEquity, limitEquity, dayPeakEquity, hold } = sim.core.session(sim.now);
  return [sim.core.equity, dayStartEquity, limitEquity, dayPeakEquity, hold.kind].map((value) =>
    typeof value === "number" ? Math.round(value) : value,
  );
}

function riskEvents(sim: Simulation): readonly string[] {
  return sim.outputs.flatMap((output) => (output.kind === "risk-event" ? [output.event] : []));
}

test.each(ways)("[ORD-4] funding that fell due while the daemon was down stands in the trade's summary (%s)", (way) => {
  // given: the next funding is five hours and twenty minutes away
  const sim = openLong(story(way, 20_000));
  // when
  sleep(sim, 6 * hour);
  sim.advance(60_000);
  // then
  const [row] = sim.trades;
  expect([row?.funding, row?.netPnl === (row?.grossPnl ?? 0n) - (row?.fees ?? 0n) + (row?.funding ?? 0n)]).toEqual([
    -6_400_000n,
    true,
  ]);
});

test.each(ways)("[ORD-4] so it does where the trade was closed meanwhile (%s)", (way) => {
  // given
  const sim = openLong(story(way, 40_000));
  // when
  sleep(sim, 7 * hour, () => {
    sim.advance(6 * hour);
    sim.foreign("POST", "order", { side: "SELL", type: "MARKET", quantity: "0.010" });
  });
  sim.advance(60_000);
  // then
  expect(sim.trades.map(({ funding }) => funding)).toEqual([-6_400_000n]);
});

test.each(ways)("[ORD-4] funding that fell due while the private stream was away is booked, and once (%s)", (way) => {
  // given
  const sim = openLong(story(way, 60_000));
  sim.advance(5 * hour);
  // when
  sim.disconnect();
  sim.advance(hour);
  sim.reconnect();
  sim.advance(5_000);
  sim.control("flatten");
  sim.advance(10_000);
  // then
  expect(sim.trades.map(({ funding }) => funding)).toEqual([-6_400_000n]);
});

test("[F-28] funding that the stream told before a break is not booked again from the ledger", () => {
  // given
  const sim = openLong(story("plain", 60_000));
  sim.advance(6 * hour);
  // when
  sim.disconnect();
  sim.advance(60_000);
  sim.reconnect();
  sim.advance(5_000);
  sim.control("flatten");
  sim.advance(10_000);
  // then
  expect(sim.trades.map(({ funding }) => funding)).toEqual([-6_400_000n]);
});

test.each(ways.flatMap((way) => ["-3000", "4000"].map((amount) => [amount, way] as const)))(
  "[RSK-4] %s USDT moved while the daemon was down are neither loss nor profit (%s)",
  (amount, way) => {
    // given
    const sim = simulate(story(way));
    // when
    sleep(sim, 60_000, () => sim.transfer(amount));
    // then
    const equity = 10_000 + Number(amount);
    expect([measuresOf(sim), riskEvents(sim)]).toEqual([[equity, equity, equity, equity, "none"], ["TRANSFERRED"]]);
  },
);

test.each(ways.flatMap((way) => ["-3000", "4000"].map((amount) => [amount, way] as const)))(
  "[RSK-4] %s USDT moved while the private stream was away are neither loss nor profit (%s)",
  (amount, way) => {
    // given
    const sim = simulate(story(way));
    // when
    sim.disconnect();
    sim.advance(10_000);
    sim.transfer(amount);
    sim.advance(130_000);
    const meanwhile = measuresOf(sim);
    sim.reconnect();
    sim.advance(130_000);
    // then
    const equity = 10_000 + Number(amount);
    const measures = [equity, equity, equity, equity, "none"];
    expect([meanwhile, measuresOf(sim), riskEvents(sim)]).toEqual([measures, measures, ["TRANSFERRED"]]);
  },
);

test("[RSK-4] a transfer that the stream swallowed is found by the next read of the account", () => {
  // given
  const sim = simulate({ ...story("plain"), faults: [{ on: "account", fault: { kind: "untold" } }] });
  // when
  sim.transfer("-3000");
  sim.advance(70_000);
  // then
  expect([measuresOf(sim), riskEvents(sim)]).toEqual([[7_000, 7_000, 7_000, 7_000, "none"], ["TRANSFERRED"]]);
});

test("[F-28] a transfer counts once that the ledger and then the stream tells, and the other way round", () => {
  // given
  const late = { on: "account", fault: { kind: "told-late", ms: 65_000 } } as const;
  const sim = simulate({ ...story("plain"), faults: [late] });
  // when
  sim.transfer("-3000");
  sim.advance(130_000);
  sim.transfer("1000");
  sim.advance(1_000);
  sleep(sim, 5_000);
  // then
  expect([measuresOf(sim), riskEvents(sim)]).toEqual([
    [8_000, 8_000, 8_000, 8_000, "none"],
    ["TRANSFERRED", "TRANSFERRED"],
  ]);
});

test("[F-28] several starts read the same transfer and count it once", () => {
  // given
  const sim = simulate(story("rest"));
  sleep(sim, 5_000, () => sim.transfer("-3000"));
  // when
  for (let start = 0; start < 3; start += 1) sleep(sim, 5_000);
  // then
  expect([measuresOf(sim), riskEvents(sim)]).toEqual([[7_000, 7_000, 7_000, 7_000, "none"], ["TRANSFERRED"]]);
});

test("[RSK-4] a real loss of the time while the private stream was away is one", () => {
  // given
  const sim = openLong({
    ...story("rest", 60_000),
    settings: {
      ...story("rest", 60_000).settings,
      risk: { cost: { enabled: false, factor: 1 }, session: { max_daily_loss_abs: 1 } },
    },
  });
  // when
  sim.disconnect();
  sim.quote({ bid: 639_000 });
  sim.traded(639_000, 1, "sell");
  sim.advance(10_000);
  sim.reconnect();
  sim.advance(10_000);
  // then
  expect([sim.truth.position, riskEvents(sim)]).toEqual([0, ["DAILY_LOSS_HIT", "HALTED"]]);
});

test("[RSK-4] before the ledger is read nothing is entered; refused for good, what nobody explains counts as a loss", () => {
  // given
  const sim = simulate(story("plain"));
  sim.wire.script([{ on: "query-income", fault: { kind: "refused", code: -1003 }, times: 99 }]);
  sleep(sim, 60_000, () => sim.transfer("-3000"));
  // when
  sim.decide();
  const before = [sim.core.session(sim.now).hold.kind, sim.sent()];
  sim.advance(60_000);
  // then
  expect([before, sim.notices("INCOME_UNREAD").length, riskEvents(sim).slice(0, 1)]).toEqual([
    ["none", []],
    1,
    ["DAILY_LOSS_HIT"],
  ]);
});

test.each([429, 418])(
  "[F-18] history and ledger refused with %i after a start are asked again: fees, funding and transfers are booked",
  (status) => {
    // given
    const sim = openLong(story("rest", 20_000));
    const [all, income] = ["GET allOrders", "GET income"] as const;
    const fault = { kind: "answered", status, body: "", retryAfterSeconds: 240 } as const;
    sim.kill();
    sim.advance(19_999_000);
    sim.transfer("-3000");
    // when
    sim.wire.script([
      { on: all, fault },
      { on: income, fault },
    ]);
    sim.restart();
    sim.advance(900_000);
    // then
    const [row] = sim.trades;
    expect([
      row?.funding,
      (row?.fees ?? 0n) > 12_800_000n,
      sim.notices("BOOKS_UNEXPLAINED"),
      sim.notices("INCOME_UNREAD"),
    ]).toEqual([-6_400_000n, true, [], []]);
    expect(riskEvents(sim)).toEqual(["TRANSFERRED"]);
  },
);

/** So many USDT are moved just before the private stream is back, and reads of that path are answered with what was before. */
function movedUnseen(amount: string, path: string, times: number): Simulation {
  const sim = simulate(story("rest"));
  sim.disconnect();
  sim.advance(5_000);
  sim.wire.script([{ on: path, fault: { kind: "stale", ms: 5_000 }, times }]);
  sim.transfer(amount);
  sim.advance(1_000);
  sim.reconnect();
  sim.advance(1_000);
  return sim;
}

test.each(["-3000", "4000"])(
  "[RSK-4] [F-07] %s USDT that the ledger names later than the balance are neither loss nor profit",
  (amount) => {
    const sim = movedUnseen(amount, "GET income", 1);
    const meanwhile = riskEvents(sim);
    sim.advance(60_000);
    const equity = 10_000 + Number(amount);
    expect([meanwhile, measuresOf(sim), riskEvents(sim)]).toEqual([
      [],
      [equity, equity, equity, equity, "none"],
      ["TRANSFERRED"],
    ]);
  },
);

test.each(["-3000", "4000"])(
  "[RSK-4] [F-07] %s USDT that a read of the account shows later than the ledger are neither loss nor profit",
  (amount) => {
    const sim = movedUnseen(amount, "GET balance", 1);
    sim.advance(120_000);
    const equity = 10_000 + Number(amount);
    expect([measuresOf(sim), riskEvents(sim)]).toEqual([[equity, equity, equity, equity, "none"], ["TRANSFERRED"]]);
  },
);

test("[RSK-4] [F-07] what the ledger does not name for more than a minute is a loss", () => {
  const sim = movedUnseen("-3000", "GET income", 0);
  sim.wire.script([{ on: "GET income", fault: { kind: "answered", status: 200, body: "[]" }, times: 99 }]);
  sim.disconnect();
  sim.transfer("-2000");
  sim.advance(500);
  sim.reconnect();
  sim.advance(50_000);
  const meanwhile = riskEvents(sim);
  sim.advance(30_000);
  expect([meanwhile, riskEvents(sim).slice(0, 2)]).toEqual([["TRANSFERRED"], ["TRANSFERRED", "DAILY_LOSS_HIT"]]);
});

test.each([
  ["-3000", 7_000],
  ["4000", 14_000],
] as const)(
  "[RSK-4] [F-07] %s USDT moved just before a start that reads what was before count once",
  (amount, left) => {
    const sim = simulate(story("rest"));
    sim.kill();
    sim.advance(5_000);
    sim.wire.script([{ on: "GET balance", fault: { kind: "stale", ms: 5_000 } }]);
    sim.transfer(amount);
    sim.advance(1_000);
    sim.restart();
    sim.advance(60_000);
    expect([measuresOf(sim), riskEvents(sim)]).toEqual([[left, left, left, left, "none"], ["TRANSFERRED"]]);
  },
);

test("[RSK-4] [F-07] nothing is entered before ledger and account tell of the same", () => {
  const sim = movedUnseen("4000", "GET income", 1);
  const entered = [0, 30_000].map((ms) => {
    sim.advance(ms);
    sim.quote({ bid: 640_000 });
    sim.traded(640_000, 1, "sell");
    sim.decide();
    sim.advance(1_000);
    return sim.running !== null;
  });
  expect(entered).toEqual([false, true]);
});
