/** The arbiter against a model of an exchange that takes, refuses, drops and fills what it is asked for. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { type Side, sides, sign } from "../../src/domain/order.ts";
import { lots, micros, ticks } from "../../src/domain/units.ts";
import { type Order, sentOrder, step } from "../../src/execution/order.ts";
import { arrange, type Situation, type Step } from "../../src/execution/protection-arbiter.ts";
import { wantedTargets } from "../../src/execution/targets.ts";
import { instrument, start } from "../support/core.ts";

const entry = 640_000;

type Disturbance = "none" | "refused" | "lost" | "cancelled" | "moved" | "grown" | "reduced" | "foreign";
const disturbances: fc.Arbitrary<readonly Disturbance[]> = fc.array(
  fc.constantFrom<Disturbance>("none", "refused", "lost", "cancelled", "moved", "grown", "reduced", "foreign"),
  { maxLength: 12 },
);

/** A position with its orders, and an exchange that does what it is told unless it is disturbed. */
class Model {
  now = micros(start);
  exposed = 10;
  entered = 10;
  level: number;
  orders: Order[] = [];
  readonly steps: Step[] = [];
  /** moments at which a stop was cancelled although no other one held its level */
  naked = 0;
  /** the next order that closes all is refused because a foreign one rests */
  foreign = false;
  readonly side: Side;
  #ids = 0;

  constructor(side: Side) {
    this.side = side;
    this.level = entry - 200 * sign(side);
  }

  get situation(): Situation {
    const away = sign(this.side);
    const floorLevel = ticks(entry - 200 * away);
    const facts = { takeProfit: ticks(entry + 300 * away), secondTarget: ticks(entry + 600 * away) };
    return {
      now: this.now,
      side: this.side,
      exposed: this.exposed,
      cover: lots(this.exposed),
      settled: true,
      closesFail: false,
      floorLevel,
      stopLevel: ticks(this.level),
      targets: wantedTargets(instrument, {
        ...facts,
        firstShare: 0.5,
        entered: this.entered,
        taken: 0,
        exposed: this.exposed,
        firstIsBehind: false,
      }),
      orders: this.orders,
      isPassed: () => false,
      triggerMicros: micros(1_500_000),
      retryMicros: micros(500_000),
      resizeMicros: micros(500_000),
    };
  }

  /** Asks once and does what is asked; tells whether it was anything. */
  turn(): boolean {
    const { steps } = arrange(this.situation);
    for (const one of steps) this.#apply(one);
    this.steps.push(...steps);
    this.now = micros(this.now + 600_000);
    return steps.length > 0;
  }

  disturb(what: Disturbance): void {
    const away = sign(this.side);
    const live = this.orders.findIndex(({ status }) => status.kind === "live");
    switch (what) {
      case "none":
        return;
      case "refused":
        return this.#change(live, (order) => ({
          ...order,
          status: { kind: "closed", reason: "refused" },
          refusal: -1008,
        }));
      case "lost":
        return this.#change(live, (order) =>
          step(step(order, { kind: "doubted" }, this.now), { kind: "absent" }, this.now),
        );
      case "cancelled":
        return this.#change(live, (order) =>
          step(order, { kind: "algo-reported", status: "CANCELED", childId: null }, this.now),
        );
      case "moved":
        this.level += 30 * away;
        return;
      case "grown":
        this.exposed += 3;
        this.entered += 3;
        return;
      case "reduced":
        this.exposed = Math.max(1, this.exposed - 3);
        return;
      case "foreign":
        this.foreign = true;
        return;
      default:
        throw new TypeError(`unhandled disturbance ${what satisfies never}`);
    }
  }

  #apply(one: Step): void {
    if (one.kind === "cancel") {
      const stop = one.order.role === "f" || one.order.role === "r";
      if (stop && !this.#holdsLevel(one.order)) this.naked += 1;
      const at = this.orders.indexOf(one.order);
      return this.#change(at, (order) => {
        const cancelling = step(order, { kind: "cancel-sent" }, this.now);
        return step(cancelling, { kind: "algo-reported", status: "CANCELED", childId: null }, this.now);
      });
    }
    if (one.kind !== "place") return;
    this.#ids += 1;
    const quantity = one.extent.kind === "quantity" ? one.extent.quantity : null;
    const { role, trigger: price } = one;
    const what = {
      id: `o${this.#ids}`,
      role,
      attempt: this.#ids,
      service: "algo",
      side: this.side,
      quantity,
      price,
    } as const;
    const sent = sentOrder(what, this.now);
    const blocked = this.foreign && role === "f";
    if (blocked) this.foreign = false;
    const event = blocked ? ({ kind: "refused", code: -4130 } as const) : ({ kind: "accepted" } as const);
    this.orders = [...this.orders, step(sent, event, this.now)];
  }

  #holdsLevel(but: Order): boolean {
    return this.orders.some(
      ({ id, role, status, price, quantity }) =>
        id !== but.id &&
        (role === "f" || role === "r") &&
        status.kind === "live" &&
        price !== null &&
        (price - this.level) * sign(this.side) >= 0 &&
        (quantity === null || quantity >= this.exposed),
    );
  }

  #change(at: number, change: (order: Order) => Order): void {
    this.orders = this.orders.map((order, index) => (index === at ? change(order) : order));
  }
}

/** Plays disturbances; one that ends the position ends the story. */
function play(side: Side, disturbed: readonly Disturbance[]): Model {
  const model = new Model(side);
  model.turn();
  for (const one of disturbed) {
    model.disturb(one);
    model.turn();
  }
  return model;
}

function hasEnded({ steps }: Model): boolean {
  return steps.some(({ kind }) => kind === "close" || kind === "give-up");
}

const turnsMax = 12;

test("[ORD-3] carrying out what the arbiter asks for leaves nothing to do: it converges", () => {
  fc.assert(
    fc.property(fc.constantFrom(...sides), disturbances, (side, disturbed) => {
      const model = play(side, disturbed);
      let turns = 0;
      while (!hasEnded(model) && model.turn()) turns += 1;
      expect(turns).toBeLessThan(turnsMax);
    }),
    { numRuns: 500 },
  );
});

test("[ORD-3] what rests in the end is the floor, the ratchet where the stop has moved, and both targets", () => {
  fc.assert(
    fc.property(fc.constantFrom(...sides), disturbances, (side, disturbed) => {
      const model = play(side, disturbed);
      for (let turn = 0; turn < turnsMax; turn += 1) model.turn();
      if (hasEnded(model)) return;
      const live = model.orders.filter(({ status }) => status.kind === "live");
      const stops = live.filter(({ role }) => role === "f" || role === "r");
      const tightest = Math.max(...stops.map(({ price }) => (price ?? 0) * sign(side)));
      expect(tightest).toBe(model.level * sign(side));
      expect(live.filter(({ role }) => role === "r").every(({ quantity }) => quantity === model.exposed)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("[ORD-3] no stop is ever cancelled before another one holds the level (F-05)", () => {
  fc.assert(
    fc.property(fc.constantFrom(...sides), disturbances, (side, disturbed) => {
      expect(play(side, disturbed).naked).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test("[EXE-10] no stop is ever placed beyond the first one, or beyond where the stop has moved (I-09)", () => {
  fc.assert(
    fc.property(fc.constantFrom(...sides), disturbances, (side, disturbed) => {
      const away = sign(side);
      const placed = play(side, disturbed).steps.filter((one) => one.kind === "place" && one.type === "STOP_MARKET");
      const levels = placed.map((one) => (one.kind === "place" ? (one.trigger - (entry - 200 * away)) * away : 0));
      expect(levels.every((level) => level >= 0)).toBe(true);
    }),
  );
});

test("[ORD-3] asked twice about the same, the arbiter says the same", () => {
  fc.assert(
    fc.property(fc.constantFrom(...sides), disturbances, (side, disturbed) => {
      const { situation } = play(side, disturbed);
      expect(arrange(situation)).toEqual(arrange(situation));
    }),
  );
});

test("[ORD-3] where all that should rest rests, nothing is asked for", () => {
  const model = play("buy", []);
  model.turn();
  expect(arrange(model.situation)).toMatchObject({ steps: [], covered: true, watchStop: false, watchTarget: false });
});
