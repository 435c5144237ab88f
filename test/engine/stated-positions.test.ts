/** A position that the private stream speaks of, and that no trade of ours explains, while reads are older, late or lost. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { AlgoReport, Role } from "../../src/domain/order.ts";
import { lots, microsFromSeconds, signedLots } from "../../src/domain/units.ts";
import { fillOf } from "../execution/bench.ts";
import { decisionOf } from "../risk/support.ts";
import { after, instrument, secondInstrument, settingsWith } from "../support/core.ts";
import { CoreBench, entryOf, first, idOf, snapshotOf, stopOf, tradeA } from "./support.ts";

/** Flat, and the private stream says that somebody has opened a position. */
function told(position = 6): CoreBench {
  const bench = CoreBench.ready();
  bench.at(20_000);
  state(bench, position);
  return bench;
}

function state(bench: CoreBench, position: number, time = bench.now): void {
  bench.tell({ kind: "position-report", symbol: first, lots: signedLots(position), entryTicks: 640_000, time });
}

/** Reads that show so much, one after the other. @returns kinds of what was asked for since the first */
function read(bench: CoreBench, position: number, moments: readonly number[]): readonly string[] {
  return moments.flatMap((ms) => {
    const meanwhile = bench.at(ms);
    return [...meanwhile, ...bench.tell(snapshotOf(position, { requestedAt: bench.now }))];
  });
}

function mismatches(bench: CoreBench): readonly unknown[] {
  return bench.all.flatMap((output) =>
    output.kind === "notice" && output.code === "POSITION_MISMATCH" ? [output.fields["seen"]] : [],
  );
}

test("[I-01] a read that may be older than what the stream said is followed by another within seconds, not a minute", () => {
  const bench = told();
  const asked = [...read(bench, 0, [20_100]), ...bench.at(22_200)];
  expect(asked.filter((text) => text === "query-account")).toHaveLength(2);
});

test("[I-01] [F-27] somebody executes on a flat symbol, and the stream's word of the position is late: the account is read after a second", () => {
  const bench = CoreBench.ready();
  bench.at(20_000);
  bench.tell({ ...entryOf("web_1", 6, { status: "FILLED" }), source: "stream", time: bench.now });
  const asked = [20_900, 21_100].map((ms) => bench.at(ms).filter((text) => text === "query-account").length);
  expect(asked).toEqual([0, 1]);
});

/** Somebody sells so much, and the stream says nothing of the position that it leaves. */
function sellSilently(bench: CoreBench, quantity: number): void {
  const fill = fillOf(`web-${bench.now}`, quantity, 640_000, bench.now);
  const sold = { status: "FILLED", side: "sell", quantity: lots(quantity), source: "stream", fill } as const;
  bench.tell({ ...entryOf("web_abc", quantity, sold), time: bench.now });
}

/** What rests of the running trade. */
function restingOf({ trade }: CoreBench): readonly AlgoReport[] {
  const orders = [...(trade?.orders.values() ?? [])].filter(({ service }) => service === "algo");
  return orders.filter(({ status }) => status.kind === "live").map(({ id }) => stopOf(id));
}

/** Answers each read at once, until `endMs`. @returns when each was asked for, in milliseconds */
function answer(bench: CoreBench, beginMs: number, endMs: number, position: (ms: number) => number): readonly number[] {
  const asked: number[] = [];
  for (let ms = beginMs; ms <= endMs; ms += 100) {
    if (!bench.at(ms).includes("query-account")) continue;
    asked.push(ms);
    bench.tell(snapshotOf(position(ms), { algos: restingOf(bench), requestedAt: bench.now }));
  }
  return asked;
}

/** A long of ten lots with its stop. */
function long(): CoreBench {
  const bench = CoreBench.ready();
  bench.decide(decisionOf({ holdMicrosMax: microsFromSeconds(60) }));
  const id = [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
  bench.tell(entryOf(id, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000, after(10)) }));
  answerAlgos(bench, "NEW");
  return bench;
}

/** An entry of a trade of ours that is over, and that no running one has sent, sells so much; no word of the position. */
function sellLeftOver(bench: CoreBench, quantity: number): void {
  const fill = fillOf("left-over", quantity, 640_000, bench.now);
  const sold = { status: "FILLED", side: "sell", quantity: lots(quantity), source: "stream", fill } as const;
  bench.tell({ ...entryOf(idOf(tradeA, "e"), quantity, sold), time: bench.now });
}

test.each([
  ["on a flat symbol somebody executes", () => CoreBench.ready(), sellSilently, 10, 0, -10],
  ["on a running trade somebody executes", long, sellSilently, 25, 10, -15],
  ["on a flat symbol an entry of ours executes that was left over", () => CoreBench.ready(), sellLeftOver, 10, 0, -10],
] as const)(
  "[I-01] [F-27] %s, the stream's word of the position is lost and reads lag for ten seconds: what is open has a stop within fifteen",
  (_, begin, sell, quantity, before, behind) => {
    const bench = begin();
    bench.at(20_000);
    bench.tell(snapshotOf(before, { algos: restingOf(bench), requestedAt: bench.now }));
    sell(bench, quantity);
    const known = bench.all.length;
    answer(bench, 20_000, 35_000, (ms) => (ms < 30_000 ? before : behind));
    const stops = bench.all.slice(known).filter((output) => output.kind === "place-algo" && output.side === "buy");
    expect(stops).not.toHaveLength(0);
  },
);

test.each([
  ["somebody's execution", sellSilently],
  ["the execution of an entry that was left over", sellLeftOver],
] as const)(
  "[I-01] [F-27] beside %s nothing is entered until the stream has told the position or a read can lag no more",
  (_, sell) => {
    const entered = [20_100, 31_000, 34_000].map((ms) => {
      const bench = CoreBench.ready();
      bench.at(20_000);
      sell(bench, 10);
      answer(bench, 20_000, ms, () => 0);
      bench.quote();
      return bench.decide(decisionOf({ time: bench.now, validUntil: after(ms + 10_000) })).length;
    });
    expect(entered).toEqual([0, 0, 1]);
  },
);

test("[EXE-1] beside somebody's execution that left nothing, as the stream says, an entry leaves at once", () => {
  const bench = CoreBench.ready();
  bench.at(20_000);
  sellSilently(bench, 10);
  state(bench, 0);
  bench.quote();
  expect(bench.decide(decisionOf({ time: bench.now, validUntil: after(30_000) }))).toHaveLength(1);
});

test("[I-21] [F-27] reads that follow somebody's execution are ever further apart, and end when they can lag no more", () => {
  const bench = CoreBench.ready();
  bench.at(20_000);
  sellSilently(bench, 10);
  expect(answer(bench, 20_000, 60_000, () => 0)).toEqual([21_000, 23_000, 26_000, 32_100]);
});

test("[I-21] [F-27] somebody who executes again and again has the account read every second at most", () => {
  const bench = CoreBench.ready();
  const asked: number[] = [];
  for (let ms = 20_000; ms < 50_000; ms += 300) {
    bench.at(ms);
    sellSilently(bench, 1);
    asked.push(...answer(bench, ms + 100, ms + 200, () => 0));
  }
  expect(asked.length).toBeLessThanOrEqual(30);
});

test.each([0, -10])(
  "[F-27] once the stream has told the position after somebody's execution (%i) no read repeats it",
  (position) => {
    const bench = CoreBench.ready();
    bench.at(20_000);
    state(bench, position);
    sellSilently(bench, 10);
    expect(answer(bench, 20_100, 31_000, () => position).filter((ms) => ms > 23_000)).toEqual([]);
  },
);

test("[I-01] a read that had left before somebody executed does not take the place of the one that this has asked for", () => {
  const bench = CoreBench.ready();
  bench.at(20_000);
  const requestedAt = bench.now;
  bench.at(20_100);
  bench.tell({ ...entryOf("web_1", 6, { status: "FILLED" }), source: "stream", time: bench.now });
  bench.tell(snapshotOf(0, { requestedAt }));
  expect(bench.at(21_200).filter((text) => text === "query-account")).toHaveLength(1);
});

test("[I-01] the position is protected as soon as two reads show it, though one before them did not", () => {
  const bench = told();
  read(bench, 0, [20_100]);
  const commands = read(bench, 6, [22_200, 22_800]);
  expect(commands.map((text) => text.split(" ")[0])).toContain("place-algo");
});

/** Since when each mismatch stands of which people were told. */
function since(bench: CoreBench): readonly unknown[] {
  return bench.all.flatMap((output) =>
    output.kind === "notice" && output.code === "POSITION_MISMATCH" ? [output.fields["since"]] : [],
  );
}

test("[I-18] a position that is opened again a minute after it was gone is told as another one", () => {
  const bench = told();
  read(bench, 0, [33_000]);
  bench.at(90_000);
  state(bench, 0);
  state(bench, 6);
  read(bench, 6, [93_000]);
  expect(since(bench)).toEqual([after(20_000), after(90_000), after(90_000)]);
});

test("[I-18] a mismatch that reads which lag deny in between is one", () => {
  const bench = told();
  for (const [index, open] of [0, 6, 0, 6].entries()) read(bench, open, [33_000 + index * 2_500]);
  expect(since(bench)).toEqual([after(20_000), after(20_000), after(20_000)]);
});

test.each([
  ["that will be taken over", "adopt", true],
  ["that is left alone", "report", false],
] as const)("[RSK-5] a position of another symbol %s takes a place (%s): %s", (_, policy, isTaken) => {
  const limits = { guardrails: { max_positions: 1 }, reconcile: { orphan_position: policy } } as const;
  const bench = CoreBench.ready(settingsWith(limits), [], [instrument, secondInstrument]);
  const other = { symbol: secondInstrument.index, lots: signedLots(6), entryTicks: 640_000 };
  bench.at(20_000);
  bench.tell({ kind: "position-report", ...other, time: bench.now });
  if (policy === "report") {
    for (const ms of [23_000, 26_000]) {
      bench.at(ms);
      bench.tell(snapshotOf(0, { positions: [other], requestedAt: bench.now }));
    }
    bench.tell({ kind: "control", by: "test", action: "resume" });
  }
  bench.quote();
  bench.decide(decisionOf({ time: bench.now, validUntil: after(40_000) }));
  expect(bench.blocked.includes("MAX_POSITIONS")).toBe(isTaken);
});

test("[RSK-8] nothing is entered while an older read denies what the stream said", () => {
  const bench = told();
  read(bench, 0, [20_100]);
  bench.quote();
  expect([bench.decide(decisionOf({ validUntil: after(30_000) })), bench.blocked]).toEqual([[], ["POSITION_OPEN"]]);
});

test("[F-19] once reads can be no older than what the stream said, they are believed: nothing is there", () => {
  const bench = told();
  read(bench, 0, [20_100, 32_100]);
  bench.quote();
  expect([bench.decide(decisionOf({ validUntil: after(40_000) })).length, bench.core.safeMode]).toEqual([1, null]);
});

test("[I-01] a position that is opened just after an entry of ours ended without an execution is not taken for our own", () => {
  const bench = CoreBench.ready();
  bench.decide(decisionOf());
  const id = [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
  bench.tell(entryOf(id));
  bench.at(50);
  bench.tell(entryOf(id, 0, { status: "EXPIRED" }));
  // The exchange's clock is behind ours.
  state(bench, 6, after(-600));
  const commands = read(bench, 6, [100, 2_200, 2_800]);
  expect([bench.trade?.plan.source, commands.map((text) => text.split(" ")[0]).includes("place-algo")]).toEqual([
    "adopted",
    true,
  ]);
});

test("[I-18] it is told at once, before any read, and once", () => {
  const bench = told();
  state(bench, 6);
  expect(mismatches(bench)).toEqual([0]);
});

test("[I-18] it is told anew when it is another, and when it was gone meanwhile", () => {
  const bench = told();
  state(bench, 7);
  state(bench, 0);
  state(bench, 7);
  expect(mismatches(bench)).toEqual([0, 0, 0]);
});

test("[I-18] before the account was first read nothing is told: the position may be that of a trade of ours", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "private-stream", alive: true });
  state(bench, 6);
  expect(mismatches(bench)).toEqual([]);
});

test("[I-18] what was left alone on the operator's word is not told again", () => {
  const bench = new CoreBench(settingsWith({ reconcile: { orphan_position: "report" } }));
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  bench.tell(snapshotOf(6, { requestedAt: after(1) }));
  bench.at(20_000);
  state(bench, 6);
  expect(mismatches(bench)).toEqual([]);
});

function answerAlgos(bench: CoreBench, status: "NEW" | "CANCELED", roles: readonly Role[] = ["f", "t1", "t2"]): void {
  for (const { id, role } of [...(bench.trade?.orders.values() ?? [])]) {
    if (roles.includes(role)) bench.tell({ ...stopOf(id), status });
  }
}

/**
 * A trade of ours is over; its exit was executed at `after(30)`.
 *
 * @param left what the stream has said of the very millisecond; null: nothing was said
 */
function over(left: number | null = null): CoreBench {
  const bench = CoreBench.ready();
  bench.decide(decisionOf());
  const id = [...(bench.trade?.orders.keys() ?? [])][0] ?? "none";
  bench.tell(entryOf(id, 10, { status: "FILLED", source: "stream", fill: fillOf("t1", 10, 640_000, after(10)) }));
  answerAlgos(bench, "NEW");
  bench.tell({ kind: "control", by: "test", action: "flatten" });
  bench.at(20);
  const exit = bench.all.findLast((output) => output.kind === "place-order");
  const fill = fillOf("t2", 10, 640_000, after(30));
  const sold = { side: "sell", status: "FILLED", reduceOnly: true, source: "stream", fill } as const;
  bench.tell(entryOf(present(exit, "exit").clientOrderId, 10, sold));
  bench.at(40);
  if (left !== null) state(bench, left, after(30));
  const isKept = left !== null && left > 0;
  answerAlgos(bench, "CANCELED", isKept ? ["t1", "t2"] : undefined);
  if (isKept) bench.at(600);
  return bench;
}

test.each([
  [0, 0],
  [null, 1],
])(
  "[F-27] where the stream tells what our last execution has left (%s) the account is asked %i times",
  (left, times) => {
    const bench = over(left);
    expect(bench.at(1_100).filter((text) => text === "query-account")).toHaveLength(times);
  },
);

test("[F-31] what the stream says of before our last execution is neither told nor kept against a read", () => {
  const bench = over();
  bench.at(50);
  state(bench, 10, after(10));
  const asked = [...read(bench, 0, [3_000]), ...bench.at(10_000)];
  expect([bench.trade, mismatches(bench), asked.filter((text) => text === "query-account").length]).toEqual([
    null,
    [],
    1,
  ]);
});

test("[I-23] a stop that was left beside a position that is not there is gone within seconds", () => {
  const bench = over(10);
  const stop = present(bench.all.find((output) => output.kind === "place-algo")?.clientAlgoId, "stop");
  const flat = () => snapshotOf(0, { algos: [stopOf(stop)], requestedAt: bench.now });
  const young = bench.tell(flat());
  const asked = bench.at(3_000);
  expect([bench.trade, young, asked, bench.tell(flat())]).toEqual([
    null,
    [],
    ["query-account"],
    [`cancel-algo ${stop}`],
  ]);
});
