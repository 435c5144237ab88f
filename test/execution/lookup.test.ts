/** Orders in doubt: when they are asked about, and when absence counts. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { placeOrder } from "../../src/execution/desk.ts";
import { isNotFound } from "../../src/execution/lookup.ts";
import { step } from "../../src/execution/order.ts";
import { newTrade, type Trade } from "../../src/execution/trade.ts";
import { after, settings, start } from "../support/core.ts";
import { Bench, fillOf, idOf, marketTerms, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const { lookup_interval_ms: lookup } = settings.protection;
const reply = settings.venue.reply_timeout_ms;
const proof = settings.protection.absence_proof_seconds * 1_000;
const terms = { type: "LIMIT", price: ticks(640_000), timeInForce: "GTC" } as const;

function idle(): { readonly bench: Bench; readonly trade: Trade } {
  return { bench: new Bench(), trade: newTrade(planOf()) };
}

/**
 * Look-ups do not find the stop from when it was sent, or had gone live, until after the proof time.
 *
 * @returns how many others had been sent before the first of them was answered, too
 */
function lostStop(since: "sent" | "live"): { readonly bench: Bench; readonly before: number } {
  const bench = new Bench();
  bench.enterProtected();
  const stop = present(bench.trade.orders.get(f1), "stop");
  if (since === "sent") bench.trade.orders.set(f1, { ...stop, seen: false, status: { kind: "sent" } });
  if (since === "sent") bench.lose("place-algo", f1);
  else bench.manager.onReportsMissed(bench.now);
  const before = bench.count("place-algo", idOf("f", 2));
  for (let ms = 1_000; ms <= proof + 1_000; ms += 500) {
    bench.at(ms);
    if (bench.trade.orders.get(f1)?.status.kind === "unknown") bench.refuse("query-algo", f1, -2013);
  }
  return { bench, before };
}

/** Times, in milliseconds, at which something was asked for. */
function askedAt(
  bench: Bench,
  kind: "query-order" | "query-fills" | "query-account",
  untilMs: number,
  stepMs = 10,
): readonly number[] {
  const times: number[] = [];
  let before = bench.commands.filter((command) => command.kind === kind).length;
  for (let ms = 0; ms <= untilMs; ms += stepMs) {
    bench.at(ms);
    const now = bench.commands.filter((command) => command.kind === kind).length;
    for (; before < now; before += 1) times.push(ms);
  }
  return times;
}

test("[I-21] an order in doubt is asked about at once, then after ever longer waits", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  expect(bench.count("query-order", e1)).toBe(1);
  const proof = settings.protection.absence_proof_seconds * 1_000;
  expect(askedAt(bench, "query-order", proof - 10)).toEqual([lookup, 3 * lookup, 7 * lookup, 15 * lookup]);
});

test("[I-05] look-ups that get no answer are repeated after waits that grow to eight times the interval, and no longer", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  const times: number[] = [];
  let asked = 0;
  for (let ms = 0; ms < 40 * lookup; ms += 10) {
    bench.at(ms);
    if (bench.count("query-order", e1) === asked) continue;
    asked += 1;
    times.push(ms / lookup);
    bench.lose("query-order", e1);
  }
  expect(times).toEqual([0, 1, 3, 7, 15, 23, 24, 32]);
});

test("[I-01] the first look-up that found nothing is followed by the next after the interval, then ever longer waits", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  bench.at(8_000);
  bench.refuse("query-order", e1, -2013);
  bench.trade.wakeAt = bench.now;
  const times: number[] = [];
  let asked = bench.count("query-order", e1);
  for (let ms = 8_000; ms < 8_000 + 5 * lookup; ms += 10) {
    bench.at(ms);
    if (bench.count("query-order", e1) === asked) continue;
    asked += 1;
    times.push(ms - 8_000);
    bench.refuse("query-order", e1, -2013);
  }
  expect(times).toEqual([lookup, 3 * lookup]);
});

test("[I-01] a naked position whose close was lost is closed again soon after look-ups are answered again", () => {
  const bench = new Bench();
  const x1 = idOf("x");
  bench.enterProtected();
  bench.algoReport(f1, "EXPIRED");
  bench.lose("place-order", x1);
  bench.at(20_000);
  const asked = bench.count("query-order", x1);
  bench.refuse("query-order", x1, -2013);
  bench.at(20_000 + lookup);
  const again = bench.count("query-order", x1) - asked;
  bench.refuse("query-order", x1, -2013);
  bench.at(20_000 + lookup + 10);
  expect([again, bench.count("place-order", idOf("x", 2))]).toEqual([1, 1]);
});

test("[I-21] executions that were told in sum are asked for after ever longer waits", () => {
  const bench = new Bench();
  bench.begin();
  bench.report(e1, "FILLED", 10, null, "reply");
  expect(askedAt(bench, "query-fills", 8_000)).toEqual([lookup, 2 * lookup, 4 * lookup, 8 * lookup, 16 * lookup]);
});

test("[SAF-2] executions cannot be asked for without the exchange's id of the order", () => {
  const bench = new Bench();
  bench.enterProtected();
  const order = present(bench.trade.orders.get(e1), "entry");
  bench.trade.orders.set(e1, { ...order, venueId: null, filled: lots(12) });
  bench.trade.wakeAt = bench.now;
  bench.at(20_000);
  expect(bench.count("query-fills", e1)).toBe(0);
});

test("[F-19] a silent entry makes the account read once before its fate is known", () => {
  const bench = new Bench();
  bench.begin();
  expect(askedAt(bench, "query-account", 2 * reply - 10)).toEqual([lookup]);
});

test("[F-19] a silent exit does not", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.manager.close("OPERATOR", bench.now);
  expect(askedAt(bench, "query-account", 2 * reply - 10)).toEqual([]);
});

test.each<readonly [number, boolean]>([
  [1, false],
  [2, true],
  [3, true],
])("[SAF-2] after %i look-ups that found nothing an order is not found: %s", (misses, expected) => {
  const { bench, trade } = idle();
  const order = placeOrder(bench.desk, trade, "e", "buy", lots(1), terms, start);
  const unknown = step(order, { kind: "lost" }, start);
  expect([isNotFound({ ...unknown, misses }), isNotFound({ ...order, misses })]).toEqual([expected, false]);
});

test("[F-17] a cancel without an answer makes the order looked up once twice the reply time has passed", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.manager.cancelEntry(bench.now);
  bench.at(2 * reply - 1);
  const before = bench.trade.orders.get(e1)?.status.kind;
  bench.at(4 * reply);
  expect([before, bench.trade.orders.get(e1)?.status.kind]).toEqual(["cancelling", "unknown"]);
});

test("[F-31] a position that our books do not explain puts a resting entry in doubt, after the interval", () => {
  const bench = new Bench();
  bench.begin();
  bench.report(e1, "NEW", 0);
  bench.trade.seenLots = 4;
  bench.trade.seenAt = bench.now;
  bench.trade.wakeAt = bench.now;
  bench.at(lookup - 1);
  const before = bench.trade.orders.get(e1)?.status.kind;
  bench.at(lookup);
  expect([before, bench.trade.orders.get(e1)?.status.kind, bench.count("query-order", e1)]).toEqual([
    "live",
    "unknown",
    1,
  ]);
});

test("[F-31] no other order is doubted for it", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.trade.seenLots = 14;
  bench.trade.wakeAt = bench.now;
  bench.at(1_000);
  expect(bench.trade.orders.get(f1)?.status.kind).toBe("live");
});

/** An entry that look-ups do not find, while the account shows more than our books. */
function traced(seen: number): Bench {
  const bench = new Bench();
  bench.begin(planOf({ holdUntil: after(600_000) }));
  bench.lose("place-order", e1);
  const proof = settings.protection.absence_proof_seconds * 1_000;
  for (let ms = 1_000; ms < 2 * proof; ms += 500) {
    bench.at(ms);
    bench.reads(seen);
    bench.refuse("query-order", e1, -2013);
    if (bench.manager.trade === null) return bench;
  }
  return bench;
}

test.each<readonly [number, boolean]>([
  [0, true],
  [4, false],
])("[F-19] with %i lots that nothing explains an entry that is not found counts as absent: %s", (seen, expected) => {
  expect(traced(seen).manager.trade === null || traced(seen).trade.orders.get(e1)?.status.kind === "closed").toBe(
    expected,
  );
});

test("[F-19] the trace is waited for as long again as the proof, and no longer", () => {
  const bench = traced(4);
  const proof = settings.protection.absence_proof_seconds * 1_000;
  bench.at(2 * proof);
  bench.reads(4);
  bench.refuse("query-order", e1, -2013);
  expect(bench.trade.orders.get(e1)?.status).toEqual({ kind: "closed", reason: "not-accepted" });
});

const stops = ["sent", "live"] as const;

test.each(stops)(
  "[I-05] look-ups that find nothing bury no stop (%s) while lists cannot be read, and lists are asked for",
  (since) => {
    const { bench } = lostStop(since);
    expect([
      bench.trade.orders.get(f1)?.status.kind,
      bench.commands.some(({ kind }) => kind === "query-account"),
    ]).toEqual(["unknown", true]);
  },
);

test.each(stops)("[I-01] another stop does not wait for that (%s)", (since) => {
  const { bench, before } = lostStop(since);
  expect([before, bench.count("place-algo", idOf("f", 2))]).toEqual([0, 1]);
});

test("[F-65] a stop that was never seen gets no other one before look-ups could prove that it is gone", () => {
  const bench = new Bench();
  bench.begin();
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.lose("place-algo", f1);
  for (let ms = 500; ms < 1_500; ms += 100) {
    bench.at(ms);
    bench.refuse("query-algo", f1, -2013);
  }
  expect([bench.trade.orders.get(f1)?.status.kind, bench.count("place-algo", idOf("f", 2))]).toEqual(["unknown", 0]);
});

test.each([
  ["sent", "not-accepted"],
  ["live", "vanished"],
] as const)(
  "[I-05] a list that lacks it as well, and a look-up after it, prove that a stop is gone (%s)",
  (since, reason) => {
    const { bench } = lostStop(since);
    bench.at(proof + 2_000);
    bench.reads(10);
    const listed = bench.trade.orders.get(f1)?.status.kind;
    bench.at(proof + 10_000);
    bench.refuse("query-algo", f1, -2013);
    bench.at(proof + 10_010);
    expect([listed, bench.trade.orders.get(f1)?.status]).toEqual(["unknown", { kind: "closed", reason }]);
  },
);

test("[I-05] a list that names the stop does not bury it", () => {
  const { bench } = lostStop("live");
  bench.at(proof + 2_000);
  bench.manager.onOpenOrders(new Set([f1]), bench.now, bench.now);
  bench.at(proof + 10_000);
  bench.refuse("query-algo", f1, -2013);
  bench.at(proof + 10_010);
  expect(bench.trade.orders.get(f1)?.status.kind).toBe("unknown");
});

test("[F-17] a market entry that seems to rest is asked about until its end is known", () => {
  const bench = new Bench();
  bench.begin(planOf({ terms: marketTerms }));
  bench.ok("place-order", e1);
  bench.at(lookup);
  expect(bench.count("query-order", e1)).toBe(1);
  bench.fill(e1, "FILLED", 10, fillOf("a", 10));
  bench.at(1_000);
  expect(bench.count("query-order", e1)).toBe(1);
});

test("[F-17] a limit entry that rests is not asked about", () => {
  const bench = new Bench();
  bench.begin();
  bench.ok("place-order", e1);
  bench.at(1_500);
  expect(bench.count("query-order", e1)).toBe(0);
});

test("[F-19] one look-up that found nothing, however late, proves no absence", () => {
  const bench = new Bench();
  bench.begin();
  bench.lose("place-order", e1);
  const proof = settings.protection.absence_proof_seconds * 1_000;
  bench.at(proof + 100);
  bench.reads();
  bench.refuse("query-order", e1, -2013);
  const once = bench.trade.orders.get(e1)?.status.kind;
  bench.at(3 * proof);
  bench.refuse("query-order", e1, -2013);
  expect([once, bench.manager.trade]).toEqual(["unknown", null]);
});

test("[I-05] look-ups that find nothing bury no entry while positions and lists cannot be read", () => {
  const bench = new Bench();
  const { absence_proof_seconds } = settings.protection;
  bench.begin();
  bench.lose("place-order", e1);
  for (let ms = 1_000; ms < 5_000 * absence_proof_seconds; ms += 1_000) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  expect(bench.trade.orders.get(e1)?.status.kind).toBe("unknown");
});

/** A close of a covered position whose request was lost; look-ups find nothing of it. */
function lostClose(seconds: number, isRead: boolean): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ holdUntil: after(600_000) }));
  bench.manager.close("OPERATOR", bench.now);
  bench.lose("place-order", idOf("x"));
  for (let ms = 500; ms <= 1_000 * seconds; ms += 500) {
    bench.at(ms);
    if (isRead) bench.reads(10);
    if (bench.trade.orders.get(idOf("x"))?.status.kind === "unknown") bench.refuse("query-order", idOf("x"), -2013);
  }
  return bench;
}

test.each([
  [false, "unknown"],
  [true, "closed"],
] as const)(
  "[I-05] a close that look-ups do not find counts as absent only beside a read (read: %s): %s",
  (isRead, kind) => {
    const bench = lostClose(2 * settings.protection.absence_proof_seconds, isRead);
    expect(bench.trade.orders.get(idOf("x"))?.status.kind).toBe(kind);
  },
);

test("[I-01] the next close of a covered position goes when that takes as long as a proof, also where nothing can be read", () => {
  const seconds = settings.protection.absence_proof_seconds;
  const closes = [seconds - 1, seconds + 1].map((until) => lostClose(until, false).count("place-order", idOf("x", 2)));
  expect(closes).toEqual([0, 1]);
});

test("[I-05] a list that was asked for before the proof time buries no entry", () => {
  const bench = new Bench();
  const proof = settings.protection.absence_proof_seconds * 1_000;
  bench.begin();
  bench.lose("place-order", e1);
  bench.at(proof - 100);
  bench.reads();
  bench.refuse("query-order", e1, -2013);
  bench.at(proof + 100);
  bench.refuse("query-order", e1, -2013);
  expect(bench.trade.orders.get(e1)?.status.kind).toBe("unknown");
});

test("[I-05] an entry that was cancelled while nothing could be read is asked about once more, and found", () => {
  const bench = new Bench();
  const proof = settings.protection.absence_proof_seconds * 1_000;
  bench.begin();
  bench.lose("place-order", e1);
  for (const ms of [1_000, proof + 100]) {
    bench.at(ms);
    bench.refuse("query-order", e1, -2013);
  }
  bench.at(proof + 1_000);
  bench.sent();
  bench.reads();
  const asked = bench.sent();
  bench.report(e1, "CANCELED", 0);
  expect([asked, bench.closed[0]?.orders.get(e1)?.status]).toEqual([
    ["query-order e1"],
    { kind: "closed", reason: "cancelled" },
  ]);
});

test("[I-05] the account is read with the look-up that is made as soon as absence can be proven", () => {
  const bench = new Bench();
  const proof = settings.protection.absence_proof_seconds * 1_000;
  bench.begin();
  bench.lose("place-order", e1);
  bench.at(proof - 1);
  bench.sent();
  bench.at(proof);
  expect(bench.sent()).toContain("query-account");
});

test("[F-20] answers that came too late for their look-ups prove absence as others do, by when those had left", () => {
  const judged = [-1, 1].map((ms) => {
    const bench = new Bench();
    bench.enterProtected();
    const stop = present(bench.trade.orders.get(f1), "stop");
    bench.trade.orders.set(f1, { ...stop, seen: false, status: { kind: "sent" } });
    bench.lose("place-algo", f1);
    bench.at(proof + 10_000);
    bench.manager.onOpenOrders(new Set(), micros(stop.sentAt + proof * 1_000), bench.now);
    const askedAt = micros(stop.sentAt + (proof + ms) * 1_000);
    for (let answers = 0; answers < 2; answers += 1) bench.manager.onFoundNothing(f1, askedAt, bench.now);
    return bench.trade.orders.get(f1)?.status.kind;
  });
  expect(judged).toEqual(["unknown", "closed"]);
});

test("[F-20] an answer to a look-up from before the doubt says nothing of it", () => {
  const bench = new Bench();
  bench.enterProtected();
  bench.at(5_000);
  bench.manager.onReportsMissed(bench.now);
  bench.manager.onFoundNothing(f1, micros(bench.now - 1), bench.now);
  expect(bench.trade.orders.get(f1)?.misses).toBe(0);
});
