/** What the core must not conclude while orders are on the wire, and what it must not forget. */

import { expect, test } from "vitest";
import type { CoreEvent } from "../../src/domain/event.ts";
import { type Command, isCommand } from "../../src/domain/output.ts";
import { classify } from "../../src/venue/wire/outcome.ts";
import { CoreBench, entryOf, idOf, snapshotOf, stopOf, tradeA } from "../engine/support.ts";
import { after, settingsWith } from "../support/core.ts";

const longHold = settingsWith({ trading: { normal: { max_hold_seconds: 3_600 } } });

/** Adopted with or without its stop. */
function holding(stop: "covered" | "naked"): CoreBench {
  const bench = new CoreBench(longHold);
  bench.tell({ kind: "private-stream", alive: true });
  bench.at(1);
  const algos = stop === "covered" ? [stopOf(idOf(tradeA, "f"))] : [];
  bench.tell(snapshotOf(10, { algos, requestedAt: after(1) }));
  return bench;
}

const silence = { kind: "unknown", cause: "no reply in time" } as const;
const notFound = { kind: "refused", code: -2013, message: "Order does not exist." } as const;

/** Plays until so many milliseconds after the start on an exchange that gets no order and finds none. */
function playLosing(bench: CoreBench, first: readonly Command[], milliseconds: number): readonly string[] {
  const placed: string[] = [];
  let commands = first;
  for (let ms = 1; ms <= milliseconds; ms += 1) {
    while (commands.length > 0) {
      const told: Command[] = [];
      for (const command of commands) {
        if (command.kind === "place-order") placed.push(`${command.clientOrderId} ${command.reduceOnly}`);
        bench.tell(answerTo(command));
        told.push(...bench.outputs.filter(isCommand));
      }
      commands = told;
    }
    bench.now = after(ms);
    bench.tell({ kind: "timer" });
    commands = bench.outputs.filter(isCommand);
  }
  return placed;
}

function answerTo(command: Command): CoreEvent {
  const isQuestion = command.kind === "query-order" || command.kind === "query-algo";
  return { kind: "outcome", command, outcome: isQuestion ? notFound : silence };
}

function commandsOf(bench: CoreBench): readonly Command[] {
  return bench.outputs.filter(isCommand);
}

test("[I-06] a close on the wire explains a flat account: nothing is abandoned, and there is no SAFE MODE", () => {
  const bench = holding("covered");
  bench.at(20_000);
  bench.tell({ kind: "stop-requested", policy: "flatten" });
  for (const ms of [20_300, 20_900]) {
    bench.at(ms);
    bench.tell(snapshotOf(0, { requestedAt: bench.now }));
  }
  expect([bench.core.safeMode, bench.trade?.plan.trade]).toEqual([null, tradeA]);
});

test("[I-06] a position that differs from our books is first explained by asking what our orders have done", () => {
  const bench = holding("covered");
  bench.at(20_000);
  expect(bench.tell(snapshotOf(0, { requestedAt: bench.now }))).toEqual([`query-algo ${idOf(tradeA, "f")}`]);
});

test("[I-01] a naked position whose close was lost is closed again once look-ups do not find the first", () => {
  const bench = new CoreBench(longHold);
  bench.tell({ kind: "private-stream", alive: true });
  bench.tell(snapshotOf(10, { requestedAt: after(0) }));
  const closes = playLosing(bench, commandsOf(bench), 5_000).map((text) => {
    const [, attempt, reduceOnly] = /^sd-[0-9a-z]{8}-x(\d+)-.. (.*)$/.exec(text) ?? [];
    return { attempt: Number(attempt), reduceOnly };
  });
  const first = closes[0]?.attempt ?? Number.NaN;
  expect(closes.slice(0, 2)).toEqual([
    { attempt: first, reduceOnly: "true" },
    { attempt: first + 1, reduceOnly: "true" },
  ]);
});

test("[F-33] a covered position gets no second close before the first is proven lost", () => {
  const bench = holding("covered");
  bench.tell({ kind: "stop-requested", policy: "flatten" });
  expect(playLosing(bench, commandsOf(bench), 5_000)).toHaveLength(1);
});

test("[SAF-5] before the account was read nobody is told that nothing is open", () => {
  const bench = new CoreBench();
  bench.tell({ kind: "stop-requested", policy: "flatten" });
  expect([bench.core.isFlat(bench.now), bench.core.isAtRest(bench.now)]).toEqual([false, false]);
});

test("[SAF-5] a position that is found only after the stop was asked for is closed as well", () => {
  const bench = new CoreBench(longHold);
  bench.tell({ kind: "stop-requested", policy: "flatten" });
  const commands = bench.tell(snapshotOf(10));
  expect(commands.filter((text) => text.startsWith("place-order"))).toHaveLength(1);
});

test("[I-05] an entry of ours that turns up after its trade was given up is taken over and cancelled", () => {
  const bench = CoreBench.ready();
  bench.at(5_000);
  const lost = entryOf(idOf(tradeA, "e"));
  expect(bench.tell(snapshotOf(0, { orders: [lost], requestedAt: bench.now }))).toEqual([
    `cancel-order ${lost.clientOrderId}`,
  ]);
});

test("[F-22] a second close-position stop is a known refusal: a bridge answers it, not SAFE MODE", () => {
  const verdict = classify({ status: 400, body: { code: -4130, msg: "An open stop … is existing." } }, "algo");
  expect([verdict.outcome.kind, verdict.unlisted]).toEqual(["refused", false]);
});
