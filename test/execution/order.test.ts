/** The order state machine against every order of arrival. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { algoStatuses, orderStatuses } from "../../src/domain/order.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import {
  isBuried,
  mayExecuteUntold,
  mayTrade,
  missedLots,
  type Order,
  type OrderEvent,
  remaining,
  sentOrder,
  step,
} from "../../src/execution/order.ts";
import { after, start } from "../support/core.ts";

function sent(service: Order["service"]): Order {
  return sentOrder(
    {
      id: "id",
      role: service === "order" ? "e" : "f",
      attempt: 1,
      service,
      side: "buy",
      quantity: lots(50),
      price: ticks(1),
    },
    start,
  );
}

function play(order: Order, events: readonly OrderEvent[]): Order {
  return events.reduce((state, event) => step(state, event, start), order);
}

/** What must not depend on the order of arrival. */
function essence({ status, filled, applied, venueId }: Order): unknown {
  return { kind: status.kind, reason: status.kind === "closed" ? status.reason : null, filled, applied, venueId };
}

function report(status: (typeof orderStatuses)[number], filled: number): OrderEvent {
  return { kind: "reported", status, filled: lots(filled), venueId: "7" };
}

function algo(status: (typeof algoStatuses)[number], childId: string | null): OrderEvent {
  return { kind: "algo-reported", status, childId };
}

/** Reports of one order from its placement to its end; executions are told apart by the order manager. */
const executions = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 0, maxLength: 5 });

type History = { readonly events: readonly OrderEvent[]; readonly once: readonly OrderEvent[] };

function fillReports(sizes: readonly number[], end: (typeof orderStatuses)[number]): History {
  let filled = 0;
  const events: OrderEvent[] = [report("NEW", 0)];
  const once: OrderEvent[] = [];
  for (const size of sizes) {
    filled += size;
    once.push({ kind: "executed", quantity: lots(size) });
    events.push(report("PARTIALLY_FILLED", filled));
  }
  return { events: [...events, report(end, filled)], once };
}

const normalHistory: fc.Arbitrary<History> = fc
  .record({ sizes: executions, end: fc.constantFrom("FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH" as const) })
  .map(({ sizes, end }) => {
    const history = fillReports(sizes, end);
    return { ...history, events: [{ kind: "accepted" }, ...history.events] };
  });

const algoHistory: fc.Arbitrary<History> = fc.oneof(
  executions.map((sizes): History => {
    const child = fillReports(sizes, "FILLED");
    const parents = [algo("NEW", null), algo("TRIGGERING", null), algo("TRIGGERED", "7"), algo("FINISHED", "7")];
    return { ...child, events: [{ kind: "accepted" }, ...parents, ...child.events] };
  }),
  fc
    .constantFrom("CANCELED", "EXPIRED", "REJECTED" as const)
    .map((end): History => ({ events: [{ kind: "accepted" }, algo("NEW", null), algo(end, null)], once: [] })),
);

/** The same history with duplicates, lost replies and cancels in between, in any order of arrival. */
function shuffled(history: History): fc.Arbitrary<readonly OrderEvent[]> {
  const noise: readonly OrderEvent[] = [
    { kind: "lost" },
    { kind: "cancel-sent" },
    { kind: "asked" },
    { kind: "missed" },
  ];
  return fc
    .tuple(fc.subarray([...history.events]), fc.subarray([...noise]))
    .map(([twice, extra]) => [...history.events, ...history.once, ...twice, ...extra])
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
}

for (const [name, service, histories] of [
  ["a normal order", "order", normalHistory],
  ["a conditional order", "algo", algoHistory],
] as const) {
  test(`[ORD-1] reports of ${name} end in the same state in any order, with duplicates (F-20, F-49)`, () => {
    fc.assert(
      fc.property(
        histories.chain((history) => fc.record({ history: fc.constant(history), arrival: shuffled(history) })),
        ({ history, arrival }) => {
          const inOrder = play(sent(service), [...history.events, ...history.once]);
          expect(essence(play(sent(service), arrival))).toEqual(essence(inOrder));
        },
      ),
    );
  });
}

const anyEvent: readonly fc.Arbitrary<OrderEvent>[] = [
  fc.constantFrom<OrderEvent>(
    { kind: "accepted" },
    { kind: "refused", code: -2010 },
    { kind: "lost" },
    { kind: "cancel-sent" },
    { kind: "cancel-failed" },
    { kind: "doubted" },
    { kind: "asked" },
    { kind: "missed" },
    { kind: "absent" },
  ),
  fc
    .record({ status: fc.constantFrom(...orderStatuses), filled: fc.nat(50) })
    .map(({ status, filled }) => report(status, filled)),
  fc.integer({ min: 1, max: 10 }).map((quantity): OrderEvent => ({ kind: "executed", quantity: lots(quantity) })),
];

const anyAlgoReport = fc
  .record({ status: fc.constantFrom(...algoStatuses), childId: fc.constantFrom("7", null) })
  .map(({ status, childId }) => algo(status, childId));

/** Anything that can be told of an order of either service, in any order. */
const anyHistory = fc.oneof(
  fc.record({ service: fc.constant("order" as const), events: fc.array(fc.oneof(...anyEvent), { maxLength: 30 }) }),
  fc.record({
    service: fc.constant("algo" as const),
    events: fc.array(fc.oneof(...anyEvent, anyAlgoReport), { maxLength: 30 }),
  }),
);

/** Every state from first to last. */
function states(service: Order["service"], events: readonly OrderEvent[]): readonly Order[] {
  const all = [sent(service)];
  for (const event of events) all.push(step(all.at(-1) ?? sent(service), event, start));
  return all;
}

test("[ORD-1] the filled amount never falls, whatever comes", () => {
  fc.assert(
    fc.property(anyHistory, ({ service, events }) => {
      const filled = states(service, events).map((order) => order.filled);
      expect(filled).toEqual([...filled].sort((a, b) => a - b));
    }),
  );
});

test("[ORD-1] a closed order never reopens, and keeps its reason, whatever comes", () => {
  fc.assert(
    fc.property(anyHistory, ({ service, events }) => {
      const all = states(service, events);
      const closed = all.filter(({ status }) => status.kind === "closed");
      expect([
        new Set(closed.map(({ status }) => JSON.stringify(status))).size <= 1,
        all.slice(all.length - closed.length),
      ]).toEqual([true, closed]);
    }),
  );
});

/** @see failure-catalogue, Legal order transitions; `closed` has its reasons for FILLED … NOT-ACCEPTED */
const legal: Readonly<Record<Order["status"]["kind"], readonly Order["status"]["kind"][]>> = {
  sent: ["live", "unknown", "triggered", "closed"],
  unknown: ["live", "triggered", "closed"],
  live: ["cancelling", "unknown", "triggered", "closed"],
  cancelling: ["unknown", "triggered", "closed"],
  triggered: ["closed"],
  closed: [],
};

test("[ORD-1] states change along the legal transitions alone, whatever comes", () => {
  fc.assert(
    fc.property(anyHistory, ({ service, events }) => {
      const kinds = states(service, events).map(({ status }) => status.kind);
      const illegal = kinds.filter((kind, index) => {
        const before = kinds[index - 1];
        return before !== undefined && before !== kind && !legal[before].includes(kind);
      });
      expect(illegal).toEqual([]);
    }),
  );
});

const signsOfLife: readonly OrderEvent[] = [
  { kind: "accepted" },
  report("NEW", 0),
  report("PARTIALLY_FILLED", 3),
  algo("NEW", null),
  { kind: "executed", quantity: lots(1) },
];

test("[ORD-1] a refusal after a sign of life changes nothing (F-09)", () => {
  fc.assert(
    fc.property(fc.constantFrom(...signsOfLife), anyHistory, (life, { service, events }) => {
      const alive = play(step(sent(service), life, start), events);
      expect(step(alive, { kind: "refused", code: -4116 }, start)).toEqual(alive);
    }),
  );
});

test("[ORD-1] a refusal closes an order of which nothing was seen", () => {
  const refused = play(sent("order"), [{ kind: "lost" }, { kind: "refused", code: -2019 }]);
  expect(refused).toMatchObject({ status: { kind: "closed", reason: "refused" }, refusal: -2019 });
});

test("[SAF-2] a lost reply makes an order unknown, and it may still trade", () => {
  const unknown = step(sent("order"), { kind: "lost" }, start);
  expect([unknown.status.kind, mayTrade(unknown)]).toEqual(["unknown", true]);
});

test("[SAF-2] absence is told apart: never accepted, or seen and vanished", () => {
  const never = play(sent("order"), [{ kind: "lost" }, { kind: "absent" }]);
  const vanished = play(sent("order"), [{ kind: "accepted" }, { kind: "doubted" }, { kind: "absent" }]);
  expect([never.status, vanished.status]).toEqual([
    { kind: "closed", reason: "not-accepted" },
    { kind: "closed", reason: "vanished" },
  ]);
});

test("[ORD-1] a late fill enlarges a cancelled order and leaves it closed", () => {
  const late = play(sent("order"), [
    report("CANCELED", 2),
    { kind: "executed", quantity: lots(2) },
    report("CANCELED", 5),
  ]);
  expect([late.status.kind, late.filled, missedLots(late)]).toEqual(["closed", 5, 3]);
});

test("[ORD-1] a conditional order stays triggered since the first word of it", () => {
  const first = step(sent("algo"), algo("TRIGGERING", null), start);
  const later = step(first, report("PARTIALLY_FILLED", 1), after(5));
  expect(later.status).toEqual({ kind: "triggered", since: start });
});

const nothing: Pick<Order, "service" | "price"> = { service: "order", price: null };

test.each<readonly [string, readonly OrderEvent[], boolean]>([
  ["on the wire", [], true],
  ["in doubt", [{ kind: "lost" }], true],
  ["being cancelled", [{ kind: "accepted" }, { kind: "cancel-sent" }], true],
  ["triggered", [algo("TRIGGERED", "7")], true],
  ["resting", [{ kind: "accepted" }], false],
  ["closed", [report("CANCELED", 0)], false],
])("[ORD-2] an order %s: %j may have executed untold: %s", (_what, events, expected) => {
  expect(mayExecuteUntold(play(sent("order"), events))).toBe(expected);
});

test.each<readonly [string, Partial<Order>, boolean]>([
  ["market order", nothing, true],
  ["limit order", { service: "order" }, false],
  ["conditional order", { ...nothing, service: "algo" }, false],
])("[ORD-2] a %s that seems to live may have executed untold: %s %s", (_what, changes, expected) => {
  const live = step({ ...sent("order"), ...changes }, { kind: "accepted" }, start);
  expect(mayExecuteUntold(live)).toBe(expected);
});

test.each<readonly [string, readonly OrderEvent[], boolean]>([
  ["was never seen and is proven absent", [{ kind: "lost" }, { kind: "absent" }], true],
  ["had been seen and is proven absent", [{ kind: "accepted" }, { kind: "doubted" }, { kind: "absent" }], true],
  ["was cancelled", [report("CANCELED", 0)], false],
  ["was refused", [{ kind: "refused", code: -2010 }], false],
  ["filled", [report("FILLED", 50)], false],
  ["expired", [report("EXPIRED", 0)], false],
  ["is in doubt", [{ kind: "lost" }], false],
])("[ORD-1] an order that %s is closed without a word: %j %s", (_what, events, expected) => {
  expect(isBuried(play(sent("order"), events))).toBe(expected);
});

test.each<readonly [Order["quantity"], number, number]>([
  [lots(50), 20, 30],
  [lots(50), 50, 0],
  [lots(50), 60, 0],
  [null, 20, 0],
])("[RSK-5] of %s lots with %i filled, %i may still fill", (quantity, filled, expected) => {
  expect(remaining({ ...sent("order"), quantity, filled: lots(filled) })).toBe(expected);
});

test("[SAF-2] only what is on the wire or in doubt is accepted anew: a cancel on its way is not forgotten", () => {
  const cancelling = play(sent("order"), [{ kind: "accepted" }, { kind: "cancel-sent" }]);
  expect(step(cancelling, { kind: "accepted" }, start).status).toEqual({ kind: "cancelling", since: start });
});

test.each(["order", "algo"] as const)("[ORD-1] a report of `NEW` does not take back a cancel (%s)", (service) => {
  const cancelling = play(sent(service), [{ kind: "accepted" }, { kind: "cancel-sent" }]);
  const told = service === "order" ? report("NEW", 0) : algo("NEW", null);
  expect(step(cancelling, told, after(5)).status).toEqual({ kind: "cancelling", since: start });
});

test("[ORD-1] a late `NEW` does not make a triggered order rest again", () => {
  const triggered = play(sent("algo"), [algo("TRIGGERED", "7")]);
  expect(step(triggered, algo("NEW", null), after(5)).status).toEqual({ kind: "triggered", since: start });
});

test("[ORD-1] a refusal is a refusal when the report says so, too", () => {
  expect(step(sent("order"), report("REJECTED", 0), start).status).toEqual({ kind: "closed", reason: "refused" });
});

test("[ORD-1] a conditional order that was cancelled says so", () => {
  expect(step(sent("algo"), algo("CANCELED", null), start).status).toEqual({ kind: "closed", reason: "cancelled" });
});

test("[EXE-7] an amendment that is told after the end changes nothing", () => {
  const closed = step(sent("order"), report("FILLED", 50), start);
  expect(step(closed, { kind: "amended", price: ticks(2), quantity: lots(60) }, start)).toBe(closed);
});

test("[SAF-2] a list that does not name an order is remembered with the time of its asking", () => {
  const unknown = step(sent("order"), { kind: "lost" }, start);
  expect(step(unknown, { kind: "unlisted", requestedAt: after(3) }, after(9))).toMatchObject({
    unlistedAt: after(3),
    misses: 0,
  });
});

test.each<readonly [string, number, number]>([
  ["more than was known begins the wait for its executions anew", 5, 0],
  ["what is known already does not", 3, 2],
])("[ORD-2] a report of %s", (_what, filled, asks) => {
  const asked = play(sent("order"), [report("PARTIALLY_FILLED", 3), { kind: "asked" }, { kind: "asked" }]);
  expect(step(asked, report("PARTIALLY_FILLED", filled), after(7))).toMatchObject({
    asks,
    askedAt: asks === 0 ? after(7) : start,
  });
});

test("[ORD-1] whatever is told of a conditional order is a sign of life", () => {
  const unseen = algoStatuses.filter((status) => !step(sent("algo"), algo(status, null), start).seen);
  expect(unseen).toEqual([]);
});

test("[SAF-2] a resting conditional order that is told to rest keeps the count of its askings", () => {
  const live = play(sent("algo"), [{ kind: "accepted" }, { kind: "asked" }]);
  expect(step(live, algo("NEW", null), after(5)).asks).toBe(1);
});
