/** The arbiter of protection, one situation at a time: what rests, and what is to be done about it. */

import { expect, test } from "vitest";
import type { Role } from "../../src/domain/order.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { type Order, type Status, sentOrder } from "../../src/execution/order.ts";
import { type Arrangement, arrange, type Situation } from "../../src/execution/protection-arbiter.ts";
import type { WantedTarget } from "../../src/execution/targets.ts";
import { after } from "../support/core.ts";

const floor = 639_800;
const now = after(10_000);
const live: Status = { kind: "live" };
const sent: Status = { kind: "sent" };
const unknown: Status = { kind: "unknown", since: after(9_000) };
const cancelled: Status = { kind: "closed", reason: "cancelled" };
const expired: Status = { kind: "closed", reason: "expired" };
const refusedStatus: Status = { kind: "closed", reason: "refused" };

function triggered(msAgo: number): Status {
  return { kind: "triggered", since: after(10_000 - msAgo) };
}

/** Ten lots of a long at 640,000; stops are at the floor unless it is said where. */
function order(role: Role, status: Status, changes: Partial<Order> = {}): Order {
  const quantity = role === "r" ? lots(10) : null;
  const what = { id: role, role, attempt: 1, service: "algo", side: "sell", quantity, price: ticks(floor) } as const;
  return { ...sentOrder(what, after(0)), status, seen: true, ...changes };
}

function refusal(role: Role, code: number, sentMsAgo = 5_000, changes: Partial<Order> = {}): Order {
  return order(role, refusedStatus, { refusal: code, sentAt: after(10_000 - sentMsAgo), ...changes });
}

function situation(orders: readonly Order[], changes: Partial<Situation> = {}): Situation {
  return {
    now,
    side: "buy",
    exposed: 10,
    cover: lots(10),
    settled: true,
    closesFail: false,
    floorLevel: ticks(floor),
    stopLevel: ticks(floor),
    targets: [],
    orders,
    isPassed: () => false,
    triggerMicros: micros(1_500_000),
    retryMicros: micros(500_000),
    resizeMicros: micros(500_000),
    ...changes,
  };
}

/** The steps as short text. */
function steps({ steps: all }: Arrangement): readonly string[] {
  return all.map((step) => {
    switch (step.kind) {
      case "place": {
        const extent = step.extent.kind === "quantity" ? step.extent.quantity : "all";
        return `place ${step.role} ${step.type} ${step.trigger} ${extent}`;
      }
      case "cancel":
        return `cancel ${step.order.id}`;
      case "take":
        return `take ${step.quantity}`;
      case "close":
        return `close ${step.reason}`;
      case "give-up":
        return `give-up ${step.detail}`;
      default:
        throw new TypeError(`unhandled step ${step satisfies never}`);
    }
  });
}

const placeFloor = `place f STOP_MARKET ${floor} all`;
const moved = { stopLevel: ticks(639_900) };
const placeMoved = "place r STOP_MARKET 639900 10";
const at639900 = { price: ticks(639_900) };

test("[ORD-3] a position without a stop gets its floor", () => {
  const arrangement = arrange(situation([]));
  expect([steps(arrangement), arrangement]).toMatchObject([
    [placeFloor],
    { covered: false, watchStop: false, watchTarget: false, wakeAt: Number.POSITIVE_INFINITY },
  ]);
});

test.each<readonly [string, Order, boolean]>([
  ["a live floor", order("f", live), true],
  ["a floor on the wire", order("f", sent), false],
  ["a floor in doubt that was live", order("f", unknown), true],
  ["a floor in doubt that was never seen", order("f", unknown, { seen: false }), false],
  ["a floor in doubt that a look-up did not find", order("f", unknown, { misses: 1 }), false],
  ["a floor that was cancelled", order("f", cancelled), false],
  ["a floor that has just been triggered", order("f", triggered(1_499)), true],
  ["a floor that was triggered too long ago", order("f", triggered(1_500)), false],
  ["a stop for all that is open", order("r", live), true],
  ["a stop for less", order("r", live, { quantity: lots(9) }), false],
  ["a live target", order("t1", live), false],
  ["a target that has just been triggered", order("t1", triggered(1)), true],
  ["a target for a part that was triggered", order("t1", triggered(1), { quantity: lots(5) }), false],
  ["a target that was triggered too long ago", order("t1", triggered(1_500)), false],
  ["a part that is being taken at market", order("t1", triggered(1), { service: "order" }), false],
])("[I-01] %s covers the position: %s", (_what, one, expected) => {
  expect(arrange(situation([one])).covered).toBe(expected);
});

test("[F-40] a triggered stop is looked at again when its time is over", () => {
  expect(arrange(situation([order("f", triggered(1_000))])).wakeAt).toBe(after(10_500));
});

test("[F-40] a live stop wakes nobody", () => {
  expect(arrange(situation([order("f", live)])).wakeAt).toBe(Number.POSITIVE_INFINITY);
});

test.each<readonly [string, Order, string]>([
  ["the floor failed when it triggered", order("f", expired), "STOP_LOSS"],
  ["the floor filled in part and ended", order("f", cancelled, { filled: lots(4) }), "STOP_LOSS"],
  ["the floor's child never came", order("f", triggered(1_500)), "STOP_LOSS"],
  ["a moved stop failed when it triggered", order("r", expired, at639900), "TRAILING_STOP"],
  ["the exchange says that the floor is passed", refusal("f", -2021), "STOP_PASSED"],
  ["the exchange says that a moved stop is passed", refusal("r", -2021, 5_000, at639900), "TRAILING_STOP"],
])("[F-40] where %s the rest is closed", (_what, one, reason) => {
  const target: WantedTarget = { role: "t1", trigger: ticks(640_300), extent: { kind: "close-position" } };
  const arrangement = arrange(situation([order("f", live), one], { targets: [target] }));
  expect(steps(arrangement)).toEqual([`close ${reason}`]);
});

test("[F-40] a live stop that has filled in part is at work, and nothing ends it", () => {
  expect(steps(arrange(situation([order("f", live, { filled: lots(4) })])))).toEqual([]);
});

test("[ORD-3] a floor that would be hit at once is not placed: the position is closed", () => {
  const isPassed = (level: number): boolean => level === floor;
  expect(steps(arrange(situation([], { isPassed })))).toEqual(["close STOP_PASSED"]);
});

test.each([-1003, -1008, -1015, -1016, -1021, -5028])(
  "[ORD-3] after %i a stop is tried again when the time has come",
  (code) => {
    const early = arrange(situation([refusal("f", code, 499)]));
    const then = arrange(situation([refusal("f", code, 500)]));
    expect([steps(early), early.wakeAt, steps(then)]).toEqual([[], after(10_001), [placeFloor]]);
  },
);

test.each([-4045, 1003, 1008, 1015, 1016, 1021, 5028])(
  "[SAF-3] a floor that is refused with %i ends the position",
  (code) => {
    expect(steps(arrange(situation([refusal("f", code)])))).toEqual([`give-up stop refused with ${code}`]);
  },
);

test("[SAF-3] a floor is given up although a moved stop covers", () => {
  const orders = [refusal("f", -4045), order("r", live, at639900)];
  expect(steps(arrange(situation(orders, { ...moved, targets: [whole] })))).toEqual([
    "give-up stop refused with -4045",
  ]);
});

test.each<readonly [string, readonly Order[], readonly string[]]>([
  ["three that somebody cancelled", Array(3).fill(order("f", cancelled)), [placeFloor]],
  ["four that somebody cancelled", Array(4).fill(order("f", cancelled)), ["give-up the stop keeps vanishing"]],
  ["four that we cancelled", Array(4).fill(order("f", cancelled, { cancels: 1 })), [placeFloor]],
  [
    "four that vanished",
    Array(4).fill(order("f", { kind: "closed", reason: "vanished" })),
    ["give-up the stop keeps vanishing"],
  ],
  [
    "four that vanished while we cancelled them",
    Array(4).fill(order("f", { kind: "closed", reason: "vanished" }, { cancels: 1 })),
    ["give-up the stop keeps vanishing"],
  ],
  ["one that look-ups do not find", [order("f", unknown, { misses: 2 })], [placeFloor]],
  ["one that a look-up did not find", [order("f", unknown, { misses: 1 })], []],
  [
    "four that look-ups do not find",
    Array(4).fill(order("f", unknown, { misses: 2 })),
    ["give-up the stop keeps vanishing"],
  ],
  ["one on the wire", [order("f", sent)], []],
  ["one being cancelled", [order("f", { kind: "cancelling", since: now })], [placeFloor]],
])("[ORD-3] with floors, %s, the next step is told", (_what, orders, expected) => {
  expect(steps(arrange(situation(orders)))).toEqual(expected);
});

test.each<readonly [string, readonly Order[], readonly string[]]>([
  ["gets a bridge beside it", [], [`place r STOP_MARKET ${floor} 10`]],
  ["keeps its bridge", [order("r", live)], []],
  ["waits for its bridge", [order("r", sent)], []],
  ["is tried again once its bridge is lost", [order("r", cancelled)], [placeFloor]],
])("[F-22] a floor that a foreign stop blocks %s", (_what, rest, expected) => {
  expect(steps(arrange(situation([refusal("f", -4130), ...rest])))).toEqual(expected);
});

test("[F-22] a floor may be blocked once more after its bridge was lost", () => {
  const orders = [refusal("f", -4130), order("r", cancelled), refusal("f", -4130)];
  expect(steps(arrange(situation(orders)))).toEqual([`place r STOP_MARKET ${floor} 10`]);
});

test("[F-22] where the price is past the level of a bridge the position is closed", () => {
  expect(steps(arrange(situation([refusal("f", -4130)], { isPassed: () => true })))).toEqual(["close STOP_PASSED"]);
});

test.each<readonly [string, Status, Status, readonly string[]]>([
  ["live, and the bridge", live, live, ["cancel r"]],
  ["on the wire, and the bridge", sent, live, []],
  ["live, and a bridge on the wire", live, sent, []],
])("[F-22] with the floor %s at its level", (_what, floorStatus, bridge, expected) => {
  expect(steps(arrange(situation([order("f", floorStatus), order("r", bridge)])))).toEqual(expected);
});

test("[ORD-3] a stop that has moved gets an order at its level, and is watched until it rests", () => {
  const arrangement = arrange(situation([order("f", live)], moved));
  expect([steps(arrangement), arrangement.watchStop]).toEqual([[placeMoved], true]);
});

test("[ORD-3] a moved level that is passed already closes the position", () => {
  const isPassed = (level: number): boolean => level === 639_900;
  expect(steps(arrange(situation([order("f", live)], { ...moved, isPassed })))).toEqual(["close TRAILING_STOP"]);
});

const ratchet = (status: Status, changes: Partial<Order> = {}): Order =>
  order("r", status, { ...at639900, ...changes });

test.each<readonly [string, readonly Order[], readonly string[], boolean]>([
  ["rests", [ratchet(live)], [], false],
  ["is on the wire", [ratchet(sent)], [], true],
  ["is in doubt", [ratchet(unknown)], [], true],
  ["is not found", [ratchet(unknown, { misses: 2 })], [placeMoved], true],
  ["rests at the old level", [order("r", live)], [placeMoved], true],
  ["is on the wire for the old level", [order("r", sent)], [], true],
  ["rests for less", [ratchet(live, { quantity: lots(9) })], [placeMoved], true],
  ["rests for more, for long", [ratchet(live, { quantity: lots(11) })], [placeMoved], false],
  ["is no stop for a quantity", [ratchet(live, { quantity: null })], [placeMoved], false],
  ["rests beside the old one", [order("r", live, { id: "old" }), ratchet(live)], ["cancel old"], false],
  ["is on the wire beside the old one", [order("r", live, { id: "old" }), ratchet(sent)], [], true],
  ["rests, with another on the wire", [ratchet(live), ratchet(sent)], [], false],
  [
    "rests beside the old one, with another on the wire",
    [order("r", live, { id: "old" }), ratchet(live), ratchet(sent)],
    ["cancel old"],
    false,
  ],
  ["rests twice", [ratchet(live, { id: "old" }), ratchet(live)], ["cancel old"], false],
  ["rests beside one that is gone", [order("r", cancelled, { id: "old" }), ratchet(live)], [], false],
  ["was cancelled by somebody", [ratchet(cancelled)], [placeMoved], true],
])("[ORD-3] with a stop at the moved level that %s", (_what, rest, expected, watchStop) => {
  const arrangement = arrange(situation([order("f", live), ...rest], moved));
  expect([steps(arrangement), arrangement.watchStop]).toEqual([expected, watchStop]);
});

test.each<readonly [number, readonly string[], number]>([
  [499, [], 10_001],
  [500, [placeMoved], Number.POSITIVE_INFINITY],
])("[ORD-3] a stop that is too large for %i ms", (ms, expected, wakeMs) => {
  const large = ratchet(live, { quantity: lots(11), sentAt: after(10_000 - ms) });
  const arrangement = arrange(situation([order("f", live), large], moved));
  expect([steps(arrangement), arrangement.wakeAt]).toEqual([
    expected,
    Number.isFinite(wakeMs) ? after(wakeMs) : wakeMs,
  ]);
});

test.each<readonly ["buy" | "sell", number, boolean]>([
  ["buy", 639_900, false],
  ["buy", 639_901, false],
  ["buy", 639_899, true],
  ["sell", 640_100, false],
  ["sell", 640_099, false],
  ["sell", 640_101, true],
])("[ORD-3] of a %s a live stop at %i leaves the moved level to be watched: %s", (side, price, expected) => {
  const away = side === "buy" ? 1 : -1;
  const levels = { floorLevel: ticks(640_000 - 200 * away), stopLevel: ticks(640_000 - 100 * away) };
  const orders = [order("f", live, { price: levels.floorLevel }), order("r", live, { price: ticks(price) })];
  expect(arrange(situation(orders, { side, ...levels })).watchStop).toBe(expected);
});

test("[ORD-3] where the stop has not moved, nothing is watched though nothing rests", () => {
  expect(arrange(situation([order("f", sent)])).watchStop).toBe(false);
});

test.each<readonly [string, readonly Order[], readonly string[]]>([
  ["is tried again while the floor covers", [order("f", live), refusal("r", -4045, 500, at639900)], [placeMoved]],
  ["waits for its time", [order("f", live), refusal("r", -4045, 499, at639900)], []],
  [
    "ends the position where nothing covers",
    [order("f", sent), refusal("r", -4045, 500, at639900)],
    ["give-up stop refused with -4045"],
  ],
  ["is not held against a foreign stop", [order("f", live), refusal("r", -4130, 0, at639900)], [placeMoved]],
])("[F-05] a moved stop that was refused %s", (_what, orders, expected) => {
  expect(steps(arrange(situation(orders, moved)))).toEqual(expected);
});

const whole: WantedTarget = { role: "t1", trigger: ticks(640_300), extent: { kind: "close-position" } };
const part: WantedTarget = { role: "t1", trigger: ticks(640_300), extent: { kind: "quantity", quantity: lots(5) } };
const last: WantedTarget = { role: "t2", trigger: ticks(640_600), extent: { kind: "close-position" } };
const at640300 = { price: ticks(640_300) };
const resting = (status: Status, changes: Partial<Order> = {}): Order =>
  order("t1", status, { ...at640300, quantity: lots(5), ...changes });

function targets(wanted: readonly WantedTarget[], orders: readonly Order[]): Arrangement {
  return arrange(situation([order("f", live), ...orders], { targets: wanted }));
}

test("[ORD-3] while no stop covers, no target is placed", () => {
  const arrangement = arrange(situation([order("f", sent)], { targets: [part, last] }));
  expect([steps(arrangement), arrangement.watchTarget]).toEqual([[], false]);
});

const placePart = "place t1 TAKE_PROFIT_MARKET 640300 5";
const placeLast = "place t2 TAKE_PROFIT_MARKET 640600 all";

test.each<readonly [string, readonly WantedTarget[], readonly Order[], readonly string[], boolean]>([
  ["both that are wanted", [part, last], [], [placePart, placeLast], false],
  ["none that rests as it should", [part], [resting(live)], [], false],
  ["none that is on the wire", [part], [resting(sent)], [], false],
  ["one whose order ended untold", [part], [resting({ kind: "closed", reason: "vanished" })], [placePart], false],
  ["none that is not wanted", [], [resting(live)], ["cancel t1"], false],
  ["none that is gone and not wanted", [], [resting(cancelled)], [], false],
  ["none that is on the wire and not wanted", [], [resting(sent)], [], false],
  ["none in place of another price yet", [part], [resting(live, { price: ticks(640_310) })], ["cancel t1"], false],
  ["none in place of another size yet", [part], [resting(live, { quantity: lots(4) })], ["cancel t1"], false],
  ["none in place of one on the wire", [part], [resting(sent, { quantity: lots(4) })], [], false],
  [
    "none beside a part on its way to the market",
    [part],
    [resting(live, { quantity: lots(4), service: "order" })],
    [],
    false,
  ],
  [
    "none where it would be hit: the part is taken",
    [part],
    [resting(refusedStatus, { refusal: -2021 })],
    ["take 5"],
    false,
  ],
  [
    "none where it would be hit: the whole is closed",
    [whole],
    [resting(refusedStatus, { refusal: -2021 })],
    ["close TAKE_PROFIT"],
    false,
  ],
  ["none that was refused", [part], [resting(refusedStatus, { refusal: -4045 })], [], true],
  ["none that failed when it triggered", [part], [resting(expired)], [], true],
  ["one after a part of it filled", [part], [resting(expired, { filled: lots(1) })], [placePart], false],
  ["one after three were lost", [part], Array(3).fill(resting(cancelled)), [placePart], false],
  ["none after four were lost", [part], Array(4).fill(resting(cancelled)), [], true],
  ["one after four that filled", [part], Array(4).fill(resting(cancelled, { filled: lots(1) })), [placePart], false],
  [
    "one after nineteen that we cancelled",
    [part],
    Array(19).fill(resting(cancelled, { cancels: 1 })),
    [placePart],
    false,
  ],
  ["none after twenty that we cancelled", [part], Array(20).fill(resting(cancelled, { cancels: 1 })), [], true],
  [
    "none that closes all beside another",
    [whole],
    [order("t2", live, { price: ticks(640_600) })],
    ["cancel t2"],
    false,
  ],
  [
    "one that closes all beside one that is gone",
    [whole],
    [order("t2", cancelled)],
    ["place t1 TAKE_PROFIT_MARKET 640300 all"],
    false,
  ],
  ["the last beside a part", [part, last], [resting(live)], [placeLast], false],
  ["not the last while the first closes all", [part, last], [resting(sent, { quantity: null })], [], false],
])("[ORD-3] of targets the arbiter places %s", (_what, wanted, orders, expected, watchTarget) => {
  const arrangement = targets(wanted, orders);
  expect([steps(arrangement), arrangement.watchTarget]).toEqual([expected, watchTarget]);
});

test.each<readonly [number, readonly string[], number]>([
  [499, [], 10_001],
  [500, ["cancel t1"], Number.POSITIVE_INFINITY],
])("[ORD-3] a target of the wrong size that was sent %i ms ago", (ms, expected, wakeMs) => {
  const arrangement = targets([part], [resting(live, { quantity: lots(4), sentAt: after(10_000 - ms) })]);
  expect([steps(arrangement), arrangement.wakeAt]).toEqual([
    expected,
    Number.isFinite(wakeMs) ? after(wakeMs) : wakeMs,
  ]);
});

const failing = { closesFail: true };

test.each<readonly [string, readonly Order[], Partial<Situation>, readonly string[]]>([
  ["was refused for good", [refusal("f", -4141)], {}, ["give-up stop refused with -4141", placeFloor]],
  ["was said to be passed", [refusal("f", -2021)], {}, ["close STOP_PASSED", placeFloor]],
  ["failed when it triggered", [order("f", expired)], {}, ["close STOP_LOSS", placeFloor]],
  ["is passed by the touch", [], { isPassed: () => true }, ["close STOP_PASSED", placeFloor]],
  ["is passed, and one is on the wire", [order("f", sent)], { isPassed: () => true }, []],
  [
    "failed when it triggered, and another is on the wire",
    [order("f", expired), order("f", sent)],
    {},
    ["close STOP_LOSS"],
  ],
  [
    "is in doubt, and two look-ups have found nothing of it",
    [refusal("f", -4141, 20_000), order("f", unknown, { seen: false, misses: 2, sentAt: after(-10_000) })],
    {},
    [placeFloor],
  ],
  [
    "is in doubt, and one look-up has found nothing of it",
    [refusal("f", -4141, 20_000), order("f", unknown, { seen: false, misses: 1, sentAt: after(-10_000) })],
    {},
    [],
  ],
  [
    "is another's, and we may rest one beside it",
    [order("f", expired), refusal("f", -4130)],
    {},
    ["close STOP_LOSS", `place r STOP_MARKET ${floor} 10`],
  ],
])("[F-54] while closes fail a stop is tried again even where the last one %s", (_what, orders, changes, expected) => {
  expect(steps(arrange(situation(orders, { ...failing, ...changes })))).toEqual(expected);
});

test("[F-54] while a triggered target is closing, no stop is tried beside it", () => {
  const orders = [refusal("f", -4141), order("t1", triggered(1))];
  expect(steps(arrange(situation(orders, failing)))).toEqual(["give-up stop refused with -4141"]);
});

test.each([
  [1, 500],
  [2, 1_000],
  [4, 4_000],
  [5, 8_000],
  [6, 15_000],
  [60, 15_000],
])("[I-21] after %i refused stops the next beside closes that fail waits for %i ms", (count, ms) => {
  const refused = (ago: number): readonly Order[] => Array.from({ length: count }, () => refusal("f", -4141, ago));
  const early = arrange(situation(refused(ms - 1), failing));
  const late = arrange(situation(refused(ms), failing));
  expect([early.steps.length, early.wakeAt, late.steps.length]).toEqual([1, after(10_001), 2]);
});

test.each([
  [10_001, 0, 10_001],
  [10_000, 1, Number.POSITIVE_INFINITY],
])(
  "[F-18] [I-01] a stop beside closes that fail which a silence held back until %i ms goes then, whatever its back-off",
  (endMs, placed, wakeMs) => {
    const refused = Array.from({ length: 6 }, () => refusal("f", -4141, 8_000));
    const held = refusal("f", -1003, 6_000, { refusedUntil: after(endMs) });
    const arrangement = arrange(situation([...refused, held], failing));
    expect([steps(arrangement).filter((step) => step === placeFloor).length, arrangement.wakeAt]).toEqual([
      placed,
      Number.isFinite(wakeMs) ? after(wakeMs) : wakeMs,
    ]);
  },
);
