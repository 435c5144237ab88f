/** The core between its events and its commands. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { lots, money, signedLots, ticks } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, settings, settingsWith } from "../support/core.ts";
import {
  CoreBench,
  entryOf,
  first,
  historyOf,
  idOf,
  journalled,
  openTradeOf,
  snapshotOf,
  stopOf,
  tradeA,
} from "./support.ts";

const refusedRead = {
  kind: "outcome",
  command: { kind: "query-account" },
  outcome: { kind: "refused", code: -1003, message: "too many" },
} as const;

/** The id of the entry that rests. */
function entryId(bench: CoreBench): string {
  return [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
}

/** An entry that rests on the exchange. */
function entering(withSettings = settings): CoreBench {
  const bench = CoreBench.ready(withSettings);
  bench.decide(decisionOf());
  bench.tell(entryOf(entryId(bench)));
  return bench;
}

/** Adopted with its stop; the hold is long. */
function holding(): CoreBench {
  const bench = new CoreBench(settingsWith({ trading: { normal: { max_hold_seconds: 3_600 } } }));
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(10, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: after(1) }));
  return bench;
}

test("[RSK-6] an approved decision becomes an intent and an entry", () => {
  const bench = CoreBench.ready();
  const commands = bench.decide(decisionOf());
  expect([commands, bench.outputs.map(({ kind }) => kind)]).toEqual([
    [`place-order ${entryId(bench)}`],
    ["intent", "order", "place-order", "decision", "session", "notice"],
  ]);
});

test("[RSK-4] the books of an entry are kept before the next event, whether or not its outputs were taken", () => {
  const bench = CoreBench.ready();
  bench.source.next = decisionOf();
  bench.core.handle({ kind: "timer" }, bench.now);
  bench.core.onGap(first, bench.now);
  expect(bench.core.session(bench.now).tradeTimes).toEqual([bench.now]);
});

test("[IDM-1] the same decision said twice is entered once, even after its trade has ended", () => {
  const bench = entering();
  bench.tell(entryOf(entryId(bench), 0, { status: "EXPIRED" }));
  bench.decide(decisionOf({ id: "d2", direction: "NO_TRADE", action: "NO_ACTION" }));
  bench.decide(decisionOf({ id: "d3", size: { kind: "notional", quote: 1 } }));
  expect([bench.decide(decisionOf()), bench.trade]).toEqual([[], null]);
});

test("[IDM-1] nothing is entered beside a running trade", () => {
  const bench = entering();
  expect([bench.decide(decisionOf({ id: "d2" })), bench.blocked]).toEqual([[], ["POSITION_OPEN"]]);
});

test("[RSK-8] nothing is entered while the exchange reports a position that is not in our books", () => {
  const bench = CoreBench.ready();
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(5), entryTicks: 640_000, time: bench.now });
  expect([bench.decide(decisionOf()), bench.blocked]).toEqual([[], ["POSITION_OPEN"]]);
});

test("[F-27] a position that somebody turned against the running trade is looked into at once", () => {
  const bench = holding();
  bench.at(1_000);
  const position = { symbol: first, lots: signedLots(-10), entryTicks: 640_000, time: bench.now } as const;
  expect(bench.tell({ kind: "position-report", ...position }).concat(bench.at(1_001))).toContain("query-account");
});

test("[F-27] [I-01] what is open keeps its stop where the running trade has turned back what somebody turned", () => {
  const bench = entering();
  const [entry, { plan }] = [entryId(bench), present(bench.trade, "trade")];
  const stated = { kind: "position-report", symbol: first, entryTicks: 640_000 } as const;
  bench.history = historyOf([], []);
  bench.at(100);
  bench.tell({ ...stated, lots: signedLots(-3), time: bench.now });
  const beside = present(bench.core.desks[0]?.turned.trade, "trade").plan;
  const besideStop = stopOf(idOf(beside.trade, "f"), "buy", 641_920);
  bench.tell({ ...besideStop, source: "stream" });
  bench.at(1_500);
  bench.tell(snapshotOf(-3, { orders: [entryOf(entry)], algos: [besideStop], requestedAt: bench.now }));
  bench.at(1_600);
  const fill = fillOf("11", 10, 640_000, bench.now);
  bench.tell({ ...entryOf(entry, 10, { status: "FILLED" }), fill, source: "stream", time: bench.now });
  bench.tell({ ...stated, lots: signedLots(7), time: bench.now });
  const stop = stopOf(idOf(plan.trade, "f"));
  bench.tell({ ...stop, source: "stream" });
  const target = [...present(bench.trade, "trade").orders.keys()].find((id) => id.includes("-t1"));
  const taking = { ...stopOf(target ?? "", "sell", 640_480), type: "TAKE_PROFIT_MARKET" } as const;
  bench.tell({ ...taking, source: "stream" });
  bench.at(8_000);
  const once = bench.tell(snapshotOf(7, { algos: [stop, taking], requestedAt: bench.now }));
  for (const rests of [stop, taking]) bench.tell(rests);
  const again = [bench.at(8_600), bench.tell(snapshotOf(7, { algos: [stop, taking], requestedAt: bench.now }))].flat();
  expect([beside.side, bench.core.safeMode?.reason, bench.trade?.plan.side]).toEqual([
    "sell",
    "UNKNOWN_POSITION",
    "buy",
  ]);
  expect([...once, ...again]).not.toContain(`cancel-algo ${stop.clientAlgoId}`);
});

test("[F-27] a position in the direction of the running trade asks for nothing", () => {
  const bench = holding();
  bench.at(1_000);
  const position = { symbol: first, lots: signedLots(10), entryTicks: 640_000, time: bench.now } as const;
  expect(bench.tell({ kind: "position-report", ...position }).concat(bench.at(1_001))).toEqual([]);
});

test("[RSK-8] nothing is entered before the account was read", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  bench.quote();
  expect([bench.decide(decisionOf()), bench.blocked]).toEqual([["query-account"], ["NOT_READY"]]);
});

test("[RSK-8] nothing is entered after the private stream came back until the account was read anew (I-04)", () => {
  const bench = CoreBench.ready();
  bench.at(1_000);
  bench.tell({ kind: "private-stream", alive: false });
  bench.tell({ kind: "private-stream", alive: true });
  bench.quote();
  bench.decide(decisionOf({ validUntil: after(9_000) }));
  const before = bench.blocked;
  bench.at(1_600);
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  bench.quote();
  expect([before, bench.decide(decisionOf({ id: "d2", validUntil: after(9_000) })).length]).toEqual([
    ["ACCOUNT_STALE"],
    1,
  ]);
});

test("[RSK-8] at the start an account that was read before the private stream lived is not ready, and no error", () => {
  const bench = new CoreBench();
  bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  bench.at(10);
  bench.tell({ kind: "private-stream", alive: true });
  bench.quote();
  bench.decide(decisionOf());
  const told = bench.outputs.filter((output) => output.kind === "notice" && output.level === "error");
  expect([bench.blocked, told]).toEqual([["NOT_READY"], []]);
});

test("[F-77] other bounds of the exchange hold from the next event on", () => {
  const bench = CoreBench.ready();
  const [desk] = bench.core.desks;
  const rules = present(desk, "desk").instrument.rules;
  bench.tell({ kind: "rules", symbol: first, rules: { ...rules, minNotional: "100000" } });
  bench.quote();
  bench.decide(decisionOf());
  const before = bench.blocked;
  bench.tell({ kind: "rules", symbol: first, rules });
  bench.quote();
  expect([before, bench.decide(decisionOf({ id: "d2" })).length]).toEqual([["SIZE_TOO_SMALL"], 1]);
});

test("[RSK-8] what is missing is told as an error once an episode", () => {
  const bench = CoreBench.ready(settingsWith({ guardrails: { account_stale_seconds: 1 } }));
  bench.at(2_500);
  bench.quote();
  const told = ["a", "b"].map((id) => {
    bench.decide(decisionOf({ id, validUntil: after(9_000) }));
    return bench.outputs.filter((output) => output.kind === "notice" && output.code === "RISK_INPUT_MISSING").length;
  });
  expect(told).toEqual([1, 0]);
});

test("[SAF-3] SAFE MODE cancels entries that rest, and nothing follows them", () => {
  const bench = entering();
  bench.tell({ kind: "store-failed", message: "disk full" });
  const commands = bench.at(10);
  bench.tell(entryOf(entryId(bench), 0, { status: "CANCELED" }));
  expect([commands, bench.trade, bench.blocked]).toEqual([[`cancel-order ${entryId(entering())}`], null, []]);
});

test("[SAF-5] a stop cancels the entry and does not cross it", () => {
  const bench = entering();
  bench.at(1_999);
  const id = entryId(bench);
  const cancelled = bench.tell({ kind: "stop-requested", policy: "leave-protected" });
  bench.at(2_500);
  const followed = bench.tell(entryOf(id, 0, { status: "CANCELED" }));
  expect([cancelled, followed, bench.core.isFlat(bench.now)]).toEqual([[`cancel-order ${id}`], [], true]);
});

test("[SAF-5] `flatten` closes what is open, and its stop stays until it is flat", () => {
  const bench = holding();
  const commands = bench.tell({ kind: "stop-requested", policy: "flatten" });
  expect(commands.map((text) => text.split(" ")[0])).toEqual(["place-order"]);
});

test("[SAF-1] a refused read of the account is repeated ever more seldom (I-21)", () => {
  const bench = CoreBench.ready();
  let reads = 0;
  for (let ms = 60_000; ms < 120_000; ms += 10) {
    const asked = bench.at(ms).filter((text) => text === "query-account").length;
    reads += asked;
    if (asked > 0) bench.tell(refusedRead);
  }
  expect([reads > 3, reads <= 10]).toEqual([true, true]);
});

test("[SAF-1] a replay of old reports does not become a storm of reads", () => {
  const bench = CoreBench.ready();
  let reads = 0;
  for (let ms = 1_000; ms < 2_000; ms += 10) {
    bench.tell(entryOf(idOf(tradeA, "e"), 10, { status: "FILLED", source: "stream" }));
    reads += bench.at(ms).filter((text) => text === "query-account").length;
  }
  expect(reads).toBeLessThanOrEqual(3);
});

test("[REC-1] a position that contradicts our books twice is taken as it is, protected, and SAFE MODE entered (F-27)", () => {
  const bench = CoreBench.ready();
  bench.at(5_000);
  bench.tell(snapshotOf(-10, { requestedAt: bench.now }));
  const once = bench.trade;
  const asked = bench.at(5_600);
  const commands = bench.tell(snapshotOf(-10, { requestedAt: bench.now }));
  expect([once, asked, commands.map((text) => text.split(" ")[0]), bench.core.safeMode?.reason]).toEqual([
    null,
    ["query-account"],
    ["place-algo"],
    "UNKNOWN_POSITION",
  ]);
});

test("[REC-1] a history that was read while a stop was in doubt counts, as long as reads have said the same (I-06)", () => {
  const bench = entering();
  bench.history = historyOf([], []);
  const fill = fillOf("11", 10, 640_000, bench.now);
  bench.tell({ ...entryOf(entryId(bench), 10, { status: "FILLED" }), fill, source: "stream", time: bench.now });
  const stop = stopOf(idOf(present(bench.trade, "trade").plan.trade, "f"));
  bench.tell({ ...stop, source: "stream" });
  const target = [...present(bench.trade, "trade").orders.keys()].find((id) => id.includes("-t1"));
  const taking = { ...stopOf(target ?? "", "sell", 640_480), type: "TAKE_PROFIT_MARKET" } as const;
  const answered = () => {
    for (const report of [stop, taking]) bench.tell(report);
  };
  answered();
  bench.at(14_000);
  present(bench.core.desks[0], "desk").manager.onReportsMissed(bench.now);
  bench.tell(snapshotOf(-10, { algos: [stop, taking], requestedAt: bench.now }));
  // From now on the history is not to be had: no weight is left for it.
  bench.history = null;
  const sides = [17_000, 18_000].map((ms) => {
    bench.at(ms);
    answered();
    bench.tell(snapshotOf(-10, { algos: [stop, taking], requestedAt: bench.now }));
    return bench.trade?.plan.side;
  });
  expect(sides).toEqual(["buy", "sell"]);
});

test("[REC-1] an entry that is in doubt beside somebody else's position does not stay so for ever (I-05)", () => {
  const bench = CoreBench.ready();
  bench.history = historyOf([], []);
  bench.decide(decisionOf());
  const id = entryId(bench);
  const refused = { kind: "refused", code: -2013, message: "Order does not exist." } as const;
  const query = { kind: "query-order", symbol: first, clientOrderId: id } as const;
  for (let ms = 4_000; ms <= 60_000; ms += 500) {
    bench.at(ms);
    bench.tell(snapshotOf(5, { requestedAt: bench.now }));
    bench.tell({ kind: "outcome", command: query, outcome: refused });
  }
  expect(bench.all.filter((output) => output.kind === "order" && output.clientOrderId === id).at(-1)).toMatchObject({
    state: "not-accepted",
  });
});

test("[REC-1] a position that somebody reduced keeps its trade, its stop and its plan", () => {
  const bench = holding();
  bench.history = historyOf([], []);
  for (const ms of [20_000, 24_000, 25_000]) {
    bench.at(ms);
    bench.tell(snapshotOf(6, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now }));
    // The answer to the question whether the stop has filled without our hearing of it.
    bench.tell(stopOf(idOf(tradeA, "f")));
  }
  expect([bench.trade?.plan.trade, bench.trade?.ledger.position, bench.trade?.holdUntil]).toEqual([
    tradeA,
    6,
    after(1) + 3_600_000_000,
  ]);
});

test("[REC-1] what the history does not explain leads to SAFE MODE", () => {
  const bench = holding();
  bench.history = historyOf([], []);
  for (const ms of [20_000, 24_000, 25_000]) {
    bench.at(ms);
    bench.tell(snapshotOf(6, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now }));
    bench.tell(stopOf(idOf(tradeA, "f")));
  }
  expect(bench.core.safeMode?.reason).toBe("UNKNOWN_POSITION");
});

test("[REC-1] a later orphan is not taken for a trade that the journal named at the start", () => {
  const bench = new CoreBench();
  bench.tell(journalled([openTradeOf(tradeA, after(-60_000))]));
  bench.tell(snapshotOf(0));
  for (const ms of [20_000, 21_000]) {
    bench.at(ms);
    bench.tell(snapshotOf(10, { requestedAt: bench.now }));
  }
  expect([bench.trade === null, bench.trade?.plan.trade === tradeA]).toEqual([false, false]);
});

test("[REC-1] a stop that has vanished without a word is found at the next reconciliation and put back", () => {
  const bench = holding();
  const commands: string[] = [];
  bench.at(60_100);
  commands.push(...bench.tell(snapshotOf(10, { requestedAt: bench.now })));
  for (const ms of [60_110, 60_700]) {
    const command = { kind: "query-algo", symbol: first, clientAlgoId: idOf(tradeA, "f") } as const;
    bench.at(ms);
    commands.push(...bench.tell({ kind: "outcome", command, outcome: { kind: "refused", code: -2013, message: "" } }));
  }
  expect(commands.map((text) => text.split(" ")[0])).toEqual(["query-algo", "place-algo"]);
});

test("[REC-1] after the private stream came back, what counts as live is asked about (F-07)", () => {
  const bench = holding();
  bench.at(5_000);
  bench.tell({ kind: "private-stream", alive: false });
  const commands = bench.tell({ kind: "private-stream", alive: true });
  expect([commands, bench.trade?.exposedSince]).toEqual([[`query-algo ${idOf(tradeA, "f")}`], null]);
});

test("[REC-1] a snapshot that was asked for before the last change says nothing", () => {
  const bench = entering();
  const id = entryId(bench);
  bench.at(500);
  bench.tell(entryOf(id, 10, { status: "FILLED", fill: fillOf("a", 10, 640_000, after(500)), source: "stream" }));
  bench.tell(snapshotOf(0, { requestedAt: after(490) }));
  expect([bench.trade?.ledger.position, bench.core.safeMode]).toEqual([10, null]);
});

test("[ORD-3] orders of ours without a trade are swept up (I-23)", () => {
  const bench = CoreBench.ready();
  bench.at(20_000);
  const commands = bench.tell(snapshotOf(0, { algos: [stopOf(idOf(tradeA, "f"))], requestedAt: bench.now }));
  expect(commands).toEqual([`cancel-algo ${idOf(tradeA, "f")}`]);
});

test("[SAF-3] something unknown on an order path leads to SAFE MODE", () => {
  const bench = CoreBench.ready();
  bench.tell({ kind: "venue-unknown", what: "status", detail: "PENDING_NEW" });
  expect(bench.core.safeMode?.reason).toBe("UNKNOWN_STATUS");
});

test("[EXE-6] deadlines move: an hour without an answer to anything is played in bounded turns", () => {
  const bench = holding();
  bench.tell({ kind: "stop-requested", policy: "flatten" });
  const commands = bench.at(3_600_000);
  const perMinute = commands.length / 60;
  expect(perMinute).toBeLessThan(20);
});

/** A long of ten lots with its stop live, by a decision, in a core with these exit settings. */
function inPosition(exits: Parameters<typeof settingsWith>[0]["exits"] = {}): CoreBench {
  const bench = CoreBench.ready(settingsWith({ trading: { normal: { max_hold_seconds: 600 } }, exits: exits ?? {} }));
  bench.tell({ kind: "fees", symbol: first, makerE8: 20_000, takerE8: 50_000 });
  bench.decide(decisionOf());
  const quantity = bench.trade?.plan.quantity ?? 0;
  bench.tell(
    entryOf(entryId(bench), quantity, { status: "FILLED", quantity: lots(quantity), fill: fillOf("t", quantity) }),
  );
  const stop = [...(bench.trade?.orders.values() ?? [])].find(({ role }) => role === "f");
  bench.tell(stopOf(stop?.id ?? "none", "sell", stop?.price ?? 0));
  return bench;
}

test("[EXE-10] a large one-minute candle against the position closes it when the minute is over", () => {
  const bench = inPosition({ trailing: { enabled: false }, adverse_candle: { atr_multiple: 0.5 } });
  const traded = (price: number, ms: number): void => {
    bench.at(ms);
    bench.core.onTrade(first, ms, ticks(price), lots(1), true, bench.now, bench.now);
  };
  // The first minute was not seen whole. The average true range is 300 ticks before the second, and near that after it.
  traded(640_000, 60_500);
  traded(639_801, 119_000);
  const before = bench.trade?.closing;
  traded(639_801, 120_500);
  expect([before, bench.trade?.closing?.reason]).toEqual([null, "ADVERSE_CANDLE"]);
});

test("[EXE-10] `exits.on_decision: off` leaves a position to stop, targets and time", () => {
  const bench = inPosition({ on_decision: "off" });
  bench.decide(decisionOf({ id: "out", direction: "FLAT", action: "EXIT" }));
  expect(bench.trade?.closing).toBeNull();
});

test("[EXE-11] a newer decision for the same side brings its nearer stop", () => {
  const bench = inPosition();
  const nearer = ticks((bench.trade?.stopLevel ?? 0) + 50);
  bench.decide(decisionOf({ id: "newer", stopLoss: nearer }));
  expect([bench.trade?.stopLevel, bench.blocked]).toEqual([nearer, ["POSITION_OPEN"]]);
});

test("[EXE-11] a newer decision for the other side moves nothing", () => {
  const bench = inPosition();
  const before = bench.trade?.stopLevel;
  bench.decide(decisionOf({ id: "newer", direction: "SHORT", stopLoss: ticks((before ?? 0) + 50) }));
  expect(bench.trade?.stopLevel).toBe(before);
});

test("[ORD-4] funding is booked on the open trade", () => {
  const bench = inPosition();
  bench.tell({ kind: "funding", symbol: first, amount: money(-123n), time: bench.now });
  expect(bench.trade?.funding).toBe(-123n);
});

test("[CFG-4] an open position keeps the exit rules that it was opened with", () => {
  const bench = inPosition();
  const frozen = bench.trade?.rules;
  const loose = { trailing: { enabled: false }, break_even: { enabled: false }, adverse_candle: { enabled: false } };
  bench.core.reconfigure(settingsWith({ trading: { normal: { max_hold_seconds: 600 } }, exits: loose }), bench.now);
  expect(bench.trade?.rules).toEqual(frozen);
});

test("[CFG-4] an open position takes from new settings what tightens", () => {
  const bench = inPosition();
  const tight = { trailing: { activation_r: 0.2, distance_r: 0.1 } };
  bench.core.reconfigure(settingsWith({ trading: { normal: { max_hold_seconds: 60 } }, exits: tight }), bench.now);
  expect([bench.trade?.rules, (bench.trade?.holdUntil ?? 0) <= after(60_000)]).toMatchObject([
    { trailFromR: 0.2, trailByR: 0.1 },
    true,
  ]);
});

test("[EXE-10] the rules of a trade cover the fees of entry and exit at break-even", () => {
  const bench = inPosition();
  // A taker's fee of 5 basis points, twice, and half a point.
  expect(bench.trade?.rules.breakEvenBps).toBeCloseTo(10.5, 9);
});
