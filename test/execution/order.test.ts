/** The order state machine against every order of arrival. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { algoStatuses, orderStatuses } from "../../src/domain/order.ts";
import { lots, ticks } from "../../src/domain/units.ts";
import { mayTrade, missedLots, type Order, type OrderEvent, sentOrder, step } from "../../src/execution/order.ts";
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
