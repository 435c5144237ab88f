/** Closing, told in words: its reasons, its alarms, and what follows a close that went wrong. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { type Order, step } from "../../src/execution/order.ts";
import { afterChange } from "../../src/execution/outcome.ts";
import { after, instrument, instrumentWith, settings, settingsWith, start } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const x1 = idOf("x");
const x2 = idOf("x", 2);
const t1 = idOf("t1");

const two = { takeProfit: ticks(640_300), secondTarget: ticks(640_600) };

function held(): Bench {
  const bench = new Bench();
  bench.enterProtected();
  return bench;
}

test("[EXE-10] a second reason to close does not replace the first, and the first is told", () => {
  const bench = held();
  bench.manager.close("DECISION_EXIT", bench.now);
  bench.manager.close("OPERATOR", bench.now);
  const told = bench.outputs.filter((output) => output.kind === "notice" && output.code === "CLOSING");
  expect(told).toEqual([
    {
      kind: "notice",
      level: "info",
      code: "CLOSING",
      symbol: instrument.index,
      fields: { trade: bench.trade.plan.trade, reason: "DECISION_EXIT" },
    },
  ]);
});

test("[EXE-6] at the end of the hold the reason is the hold", () => {
  const bench = held();
  bench.at(30_000);
  expect(bench.trade.closing?.reason).toBe("MAX_HOLD");
});

test("[F-54] the sixth close in a row is an alarm, in words", () => {
  const bench = held();
  bench.manager.close("OPERATOR", bench.now);
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    bench.refuse("place-order", idOf("x", attempt), -1008);
    if (attempt === 5) break;
    bench.at((bench.trade.wakeAt - start) / 1_000);
  }
  const before = [...bench.safeModes];
  for (let turn = 0; turn < 20 && bench.count("place-order", idOf("x", 6)) === 0; turn += 1) {
    bench.at((bench.trade.wakeAt - start) / 1_000);
  }
  expect([before, bench.details]).toEqual([[], ["BTCUSDT: 5 closes failed"]]);
});

test("[ORD-2] a position that has turned around is told in words, and closed for that", () => {
  const bench = held();
  bench.fill(f1, "FILLED", 13, fillOf("out", 13, 639_800));
  expect([bench.details, bench.trade.closing?.reason, bench.order(x1)]).toMatchObject([
    ["BTCUSDT: closed 3 lots too many"],
    "CANNOT_PROTECT",
    { side: "buy", quantity: 3 },
  ]);
});

test("[SAF-3] a position that cannot be protected is told in words", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.at(settings.protection.unprotected_max_ms);
  expect([bench.details, bench.trade.closing?.reason]).toEqual([
    ["BTCUSDT: no stop became live in time"],
    "CANNOT_PROTECT",
  ]);
});

test("[SAF-3] while it is being closed already, no second alarm is raised", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.manager.close("OPERATOR", bench.now);
  bench.at(settings.protection.unprotected_max_ms);
  expect(bench.safeModes).toEqual([]);
});

test("[F-54] a close that keeps failing gets a stop beside it, once the second has left", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  const first = [bench.count("place-order", x1), bench.count("place-algo", f1)];
  bench.refuse("place-order", x1, -1008);
  bench.at(settings.protection.close_retry_ms);
  bench.refuse("place-order", x2, -1008);
  expect([first, bench.count("place-algo", f1)]).toEqual([[1, 0], 1]);
});

test("[F-54] [I-01] a close whose fate stays unknown gets a stop beside it, however long its look-ups take", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.lose("place-order", x1);
  const patience = settings.protection.unprotected_max_ms;
  const stopsAt = [patience - 1, patience].map((ms) => {
    bench.at(ms);
    return bench.count("place-algo", f1);
  });
  expect([stopsAt, bench.count("place-order", x2)]).toEqual([[0, 1], 0]);
});

test("[I-01] a close whose fate stays unknown is asked about every second while no stop covers the position", () => {
  const bench = new Bench();
  bench.begin();
  bench.manager.close("OPERATOR", bench.now);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.lose("place-order", x1);
  const asked = [30_000, 60_000].map((ms) => {
    bench.at(ms);
    return bench.count("query-order", x1);
  });
  expect(asked[1]).toBe((asked[0] ?? 0) + 30_000 / (2 * settings.protection.lookup_interval_ms));
});

/** A position whose stop and closes are all refused, for so many seconds. */
function refusedFor(seconds: number, closesBy = -4141): Bench {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  for (let ms = 0; ms <= seconds * 1_000; ms += 100) {
    bench.at(ms);
    for (const { id, status, service } of [...bench.trade.orders.values()]) {
      if (status.kind !== "sent") continue;
      if (service === "algo") bench.refuse("place-algo", id, -4141);
      else bench.refuse("place-order", id, closesBy);
    }
  }
  return bench;
}

test("[F-54] [I-01] [I-21] while a symbol is closed, stops are tried as well as closes, and neither in a storm", () => {
  const within = (seconds: number): readonly number[] => {
    const { commands } = refusedFor(seconds);
    return (["place-algo", "place-order"] as const).map((kind) => commands.filter((one) => one.kind === kind).length);
  };
  const [first, second] = [within(60), within(120)];
  const more = second.map((count, index) => count - present(first[index], "count"));
  expect([first, more]).toEqual([
    [8, 11],
    [4, 6],
  ]);
});

test("[I-21] closes that are refused as too large whatever their size go in no storm", () => {
  const closes = (seconds: number): number =>
    refusedFor(seconds, -4005).commands.filter(({ kind }) => kind === "place-order").length;
  const first = closes(60);
  expect([first, closes(120) - first]).toEqual([12, 6]);
});

test("[F-43] while limits of the address hold closes back no stop is tried beside them: the close goes first", () => {
  const { commands } = refusedFor(60, -1003);
  expect(commands.filter(({ kind }) => kind === "place-algo")).toHaveLength(1);
});

/**
 * A position without a stop in a silence of the exchange, as its adapter tells it: what is sent is refused with the end.
 *
 * @returns when closes left that late or later, in milliseconds
 */
function closesFrom(fromMs: number, endMs: number, said: number | null = endMs): readonly number[] {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  const until = said === null ? {} : { until: after(said) };
  const refused = { kind: "refused", code: -1003, message: "silence", ...until } as const;
  const left: number[] = [];
  for (let ms = 0; ms <= endMs + 20_000; ms += 100) {
    bench.at(ms);
    for (const { id, role, status, sentAt } of [...bench.trade.orders.values()]) {
      if (status.kind !== "sent") continue;
      if (role === "x") left.push((sentAt - start) / 1_000);
      if (ms < endMs) bench.outcome(role === "x" ? "place-order" : "place-algo", id, refused);
    }
    if (left.some((at) => at >= endMs)) break;
  }
  return left.filter((at) => at >= fromMs);
}

test("[F-18] [F-54] [I-01] a close that a silence of the exchange held back goes again when that ends", () => {
  expect(closesFrom(30_000, 35_000)).toEqual([35_000]);
});

test.each([[0], [1_500]])(
  "[I-21] an end that is past (%i ms) says nothing of the next close, which waits for its back-off",
  (said) => {
    expect(closesFrom(21_000, 35_000, said)).toEqual(closesFrom(21_000, 35_000, null));
  },
);

test("[I-21] a silence whose end moves on makes no storm of closes", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  for (let ms = 0; ms <= 60_000; ms += 100) {
    bench.at(ms);
    for (const { id, role, status } of [...bench.trade.orders.values()]) {
      if (status.kind !== "sent") continue;
      const refused = { kind: "refused", code: -1003, message: "silence", until: after(ms + 3_100) } as const;
      bench.outcome(role === "x" ? "place-order" : "place-algo", id, refused);
    }
  }
  expect(bench.commands.filter(({ kind }) => kind === "place-order").length).toBeLessThanOrEqual(15);
});

test("[F-54] [I-01] a position that loses its stop while its closes fail is closed at once, whatever their back-off", () => {
  // given: closes that have failed behind a stop for so long that the next is many seconds away
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  for (let ms = 0; ms <= 40_000; ms += 100) {
    bench.at(ms);
    for (const { id, status } of bench.trade.orders.values()) {
      if (status.kind === "sent") bench.refuse("place-order", id, -4131);
    }
  }
  const closes = (): number => bench.commands.filter(({ kind }) => kind === "place-order").length;
  const before = closes();
  // when
  bench.at(41_000);
  const waiting = closes();
  bench.algoReport(f1, "EXPIRED");
  // then
  expect([waiting - before, closes() - before]).toEqual([0, 1]);
});

test("[F-54] [I-18] a position that loses its stop while its closes fail is told of once, SAFE MODE or not", () => {
  const bench = refusedFor(60);
  const told = bench.outputs.flatMap((output) =>
    output.kind === "notice" && output.code === "CLOSING_WITHOUT_STOP" ? [output] : [],
  );
  expect(told).toMatchObject([
    { level: "error", symbol: instrument.index, fields: { trade: bench.trade.plan.trade, lots: 10, since: start } },
  ]);
});

test("[F-54] [I-01] the first stop that is taken beside failing closes covers the position", () => {
  const bench = refusedFor(60);
  const before = bench.trade.exposedSince;
  for (let ms = 60_100; bench.trade.exposedSince !== null && ms < 80_000; ms += 100) {
    bench.at(ms);
    for (const { id, status, role } of [...bench.trade.orders.values()]) {
      if (status.kind !== "sent") continue;
      if (role === "f") bench.ok("place-algo", id);
      else bench.refuse("place-order", id, -4141);
    }
  }
  expect([before, bench.trade.exposedSince]).toEqual([start, null]);
});

test("[ORD-3] with marks as the working price the touch does not say whether a stop is passed", () => {
  const bench = new Bench(settingsWith({ protection: { working_type: "MARK_PRICE" } }));
  bench.begin();
  bench.touch.quote(639_700);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  expect(bench.algo(f1)).toMatchObject({ trigger: 639_800, workingType: "MARK_PRICE" });
});

test("[EXE-6] a close that expired without a fill makes us look around", () => {
  const bench = held();
  bench.manager.close("OPERATOR", bench.now);
  bench.sent();
  bench.report(x1, "EXPIRED", 0);
  expect(bench.sent()).toEqual(["query-account", "query-algo f1"]);
});

test("[EXE-6] a close that was refused for its rate does not", () => {
  const bench = held();
  bench.manager.close("OPERATOR", bench.now);
  bench.sent();
  bench.refuse("place-order", x1, -1008);
  expect([bench.sent(), bench.trade.closing?.clearsTargets]).toEqual([[], false]);
});

test("[EXE-6] the end of another order says nothing of the close", () => {
  const bench = new Bench();
  bench.enterProtected(planOf(two));
  bench.ok("place-algo", t1);
  bench.manager.close("OPERATOR", bench.now);
  const attempts = bench.trade.closing?.attempts;
  bench.fill(t1, "FILLED", 5, fillOf("tp", 5, 640_300));
  expect([attempts, bench.trade.closing?.attempts]).toEqual([1, 1]);
});

test("[F-33] a covered position waits for the fate of its close, a naked one no longer than two look-ups", () => {
  const at = (covered: boolean): number => {
    const bench = new Bench();
    bench.begin();
    bench.fill(e1, "FILLED", 10, fillOf("a", 10));
    if (covered) bench.ok("place-algo", f1);
    bench.manager.close("OPERATOR", bench.now);
    bench.lose("place-order", x1);
    for (const ms of [1_000, 3_000]) {
      bench.at(ms);
      bench.refuse("query-order", x1, -2013);
    }
    return bench.count("place-order", x2);
  };
  expect([at(true), at(false)]).toEqual([0, 1]);
});

test.each<readonly [number, number]>([
  [-1111, 4],
  [-2022, 3],
  [-4118, 3],
])("[F-46] after %i a crumb of three lots goes again as %i", (code, quantity) => {
  const bench = new Bench(settings, instrumentWith({ marketMinQuantity: "0.004" }));
  bench.enterProtected(planOf({ quantity: lots(3) }));
  bench.manager.close("OPERATOR", bench.now);
  bench.refuse("place-order", x1, code);
  bench.at(20_000);
  expect(bench.order(x2).quantity).toBe(quantity);
});

test("[F-46] the least quantity of market orders is closed as it is", () => {
  const bench = new Bench(settings, instrumentWith({ marketMinQuantity: "0.004", marketStepSize: "0.002" }));
  bench.enterProtected(planOf({ quantity: lots(4) }));
  bench.manager.close("OPERATOR", bench.now);
  expect(bench.order(x1).quantity).toBe(4);
});

test("[ORD-6] a refusal is told with its code and the exchange's words", () => {
  const bench = new Bench();
  bench.begin();
  bench.refuse("place-order", e1, -2019);
  expect(bench.outputs).toContainEqual({
    kind: "notice",
    level: "warn",
    code: "ORDER_REFUSED",
    symbol: instrument.index,
    fields: { order: e1, refusal: -2019, message: "refused" },
  });
});

test("[EXE-6] only the end of an exit, and only once, brings the close forward", () => {
  const bench = held();
  bench.manager.close("OPERATOR", bench.now);
  const before = present(bench.trade.orders.get(x1), "exit");
  const ended = step(
    { ...before, filled: lots(4), applied: lots(4) },
    { kind: "reported", status: "EXPIRED", filled: lots(4), venueId: "1" },
    start,
  );
  const { closing } = bench.trade;
  const attempts = (from: Order, to: Order): number | undefined => {
    if (closing !== null) closing.attempts = 3;
    afterChange(bench.desk, bench.trade, from, to, start);
    return closing?.attempts;
  };
  expect([attempts(before, ended), attempts(ended, ended), attempts(before, { ...before, filled: lots(4) })]).toEqual([
    0, 3, 3,
  ]);
});

test("[F-49] while an entry may still tell of a fill, more closed than open is no overfill", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("in", 4));
  bench.ok("place-algo", f1);
  bench.fill(f1, "FILLED", 6, fillOf("out", 6, 639_800));
  expect([bench.safeModes, bench.trade.closing, bench.count("place-order", x1)]).toEqual([[], null, 0]);
});
