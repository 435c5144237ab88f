/** What may happen to a daemon, as commands that fast-check draws, replays and shrinks. */

import fc from "fast-check";
import { lots, ticks } from "../../src/domain/units.ts";
import type { Fault } from "../scenario/support/wire.ts";
import type { World } from "./world.ts";

/** What the commands themselves remember: only what makes some of them pointless. */
export type Expected = { connected: boolean };

type Happening = fc.Command<Expected, World>;

/** A command from its words, so that a failing run can be read. */
function happening(
  words: string,
  run: (world: World, expected: Expected) => void,
  check: (expected: Readonly<Expected>) => boolean = () => true,
): Happening {
  return {
    check,
    run: (expected, world) => {
      run(world, expected);
      world.check();
    },
    toString: () => words,
  };
}

/** Each word of the language of faults, on each kind of thing that can go wrong. */
const requests = [
  "place-order e*",
  "place-order x*",
  "place-algo f*",
  "place-algo r*",
  "place-algo t*",
  "cancel-order*",
  "cancel-algo*",
  "amend-order*",
  "query-order*",
  "query-algo*",
  "query-fills*",
  "query-account",
] as const;

const messages = [
  "report e*",
  "report x*",
  "report f*",
  "report r*",
  "report t*",
  "algo f*",
  "algo r*",
  "algo t*",
  "account",
];

const late = fc.constantFrom(10, 100, 700, 2_500, 4_000, 9_000);

const requestFaults: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: "request-lost" } as const),
  fc.constant({ kind: "reply-lost" } as const),
  fc.record({ kind: fc.constantFrom("request-late" as const, "reply-late" as const), ms: late }),
  // Passing troubles, and the exchange's word about what it has not got: true of reads for a while, never of placements.
  fc.record({ kind: fc.constant("refused" as const), code: fc.constantFrom(-1008, -1003, -1015, -1021) }),
);

const messageFaults: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant({ kind: "untold" } as const),
  fc.record({ kind: fc.constantFrom("told-late" as const, "told-twice" as const), ms: late }),
);

/** Refusals with a meaning, of the request that they are about. */
const refusals = fc.constantFrom(
  { on: "place-order e*", code: -5022 },
  { on: "place-order e*", code: -2019 },
  { on: "place-order x*", code: -4118 },
  { on: "place-order x*", code: -2022 },
  { on: "place-algo f*", code: -2021 },
  { on: "place-algo f*", code: -4130 },
  { on: "place-algo r*", code: -2021 },
  { on: "place-algo t*", code: -2021 },
  { on: "cancel-order*", code: -2011 },
  { on: "cancel-algo*", code: -2011 },
  { on: "query-order*", code: -2013 },
  { on: "query-algo*", code: -2013 },
);

const times = fc.integer({ min: 1, max: 3 });

const decision = fc.record({
  long: fc.boolean(),
  size: fc.integer({ min: 1, max: 20 }),
  two: fc.boolean(),
  /** half the width of the entry zone, ticks; null: none */
  zone: fc.constantFrom(null, null, 20, 100),
});

type Wanted = typeof decision extends fc.Arbitrary<infer Value> ? Value : never;

const decide = decision.map((wanted) => happening(`decide(${wordsOf(wanted)})`, (world) => enter(world, wanted)));

/** The source says it again, with a stop that is nearer to the price, or farther away. */
const decideAgain = fc.record({ long: fc.boolean(), by: fc.integer({ min: 1, max: 500 }) }).map(({ long, by }) =>
  happening(`again(${long ? "LONG" : "SHORT"}, stop ${by} ticks away)`, ({ sim }) => {
    sim.quote(sim.quoted);
    const stopLoss = ticks(sim.quoted.bid + (long ? -by : by));
    sim.decide({ direction: long ? "LONG" : "SHORT", stopLoss });
  }),
);

/** Decided, told, and met by somebody who trades: most of what can go wrong needs a position. */
const enterAndMeet = fc
  .record({ decision, wait: fc.constantFrom(0, 5, 30, 60, 400), met: fc.integer({ min: 1, max: 25 }) })
  .map(({ decision: wanted, wait, met }) =>
    happening(`enter(${wordsOf(wanted)}, met by ${met} lots after ${wait} ms)`, (world) => {
      enter(world, wanted);
      world.sim.advance(wait);
      world.meetEntry(met);
    }),
  );

/** An entry that the market leaves behind, once or more often. */
const enterAndMiss = fc
  .record({
    decision,
    by: fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 3 }),
    met: fc.nat({ max: 5 }),
  })
  .map(({ decision: wanted, by, met }) =>
    happening(`miss(${wordsOf(wanted)}, met by ${met} lots, ${by.join(", ")} ticks away)`, (world) => {
      const { sim } = world;
      enter(world, wanted);
      sim.advance(60);
      if (met > 0) world.meetEntry(met);
      for (const ticksAway of by) {
        sim.quote({ bid: sim.quoted.bid + (wanted.long ? ticksAway : -ticksAway) });
        sim.advance(1_100);
      }
    }),
  );

/** A position that goes well: its stop follows. */
const enterAndRun = fc
  .record({ decision, by: fc.array(fc.integer({ min: -40, max: 150 }), { minLength: 1, maxLength: 5 }) })
  .map(({ decision: wanted, by }) =>
    happening(`run(${wordsOf(wanted)}, ${by.join(", ")} ticks with it)`, (world) => {
      const { sim } = world;
      enter(world, wanted);
      sim.advance(60);
      world.meetEntry(wanted.size);
      sim.advance(400);
      for (const ticksWith of by) {
        world.moveTo(sim.quoted.bid + (wanted.long ? ticksWith : -ticksWith), 1, 100);
        sim.advance(200);
      }
    }),
  );

function enter({ sim }: World, { long, size, two, zone }: Wanted): void {
  const { bid } = sim.quoted;
  const away = long ? 1 : -1;
  // What the heartbeat of a quiet market does not refresh.
  sim.quote(sim.quoted);
  sim.traded(bid, 1, "sell");
  sim.decide({
    direction: long ? "LONG" : "SHORT",
    size: { kind: "lots", quantity: lots(size) },
    takeProfits: two ? [ticks(bid + 200 * away), ticks(bid + 400 * away)] : [ticks(bid + 300 * away)],
    entryZone: zone === null ? null : { low: ticks(bid - zone), high: ticks(bid + zone) },
  });
}

function wordsOf({ long, size, two, zone }: Wanted): string {
  return `${long ? "LONG" : "SHORT"}, ${size} lots${two ? ", two targets" : ""}${zone === null ? "" : `, zone ±${zone}`}`;
}

const leave = fc.constantFrom("EXIT", "HOLD").map((action) =>
  happening(`decide(${action})`, ({ sim }) => {
    if (action === "EXIT") sim.decide({ direction: "FLAT", action: "EXIT" });
    else sim.decide({ direction: "NO_TRADE", action: "NO_ACTION" });
  }),
);

const advance = fc
  .constantFrom(1_100, 2_100, 3_100, 6_000, 13_000)
  .map((ms) => happening(`advance(${ms})`, ({ sim }) => sim.advance(ms)));

const settle = fc.constantFrom(15, 45, 150, 320).map((ms) => happening(`advance(${ms})`, ({ sim }) => sim.advance(ms)));

const pause = fc.constantFrom(100, 1_000, 4_000, 20_000).map((ms) =>
  happening(`pause(${ms})`, (world) => {
    world.trouble();
    world.sim.pause(ms);
    world.trouble();
  }),
);

const move = fc
  .record({
    by: fc.oneof(fc.integer({ min: -8, max: 8 }), fc.integer({ min: -250, max: 250 })),
    spread: fc.constantFrom(1, 1, 2, 10, 700),
    touchLots: fc.constantFrom(1, 5, 100),
  })
  .map(({ by, spread, touchLots }) =>
    happening(`move(${by}, spread ${spread}, ${touchLots} lots)`, (world) =>
      world.moveTo(world.sim.quoted.bid + by, spread, touchLots),
    ),
  );

const through = fc
  .record({ type: fc.constantFrom("STOP_MARKET", "TAKE_PROFIT_MARKET"), by: fc.integer({ min: 0, max: 30 }) })
  .map(({ type, by }) =>
    happening(`through(${type}, ${by})`, (world) => {
      const algo = world.conditional(type);
      if (algo === null) return;
      const isUp = (type === "STOP_MARKET") === (algo.side === "BUY");
      world.moveTo(algo.trigger + (isUp ? by : -by), 1, 100);
    }),
  );

/** A minute passes, and closes with a trade. */
const minute = fc.integer({ min: -900, max: 900 }).map((by) =>
  happening(`minute(${by})`, (world) => {
    world.moveTo(world.sim.quoted.bid + by, 1, 100);
    world.sim.advance(60_000);
    world.moveTo(world.sim.quoted.bid, 1, 100);
    world.sim.advance(100);
  }),
);

const meet = fc
  .integer({ min: 1, max: 12 })
  .map((count) => happening(`meet(${count} lots)`, (world) => world.meetEntry(count)));

const requestFault = fc.record({ on: fc.constantFrom(...requests), fault: requestFaults, times }).map((scripted) =>
  happening(`fault(${JSON.stringify(scripted)})`, (world) => {
    world.trouble();
    world.fault(scripted);
  }),
);

const messageFault = fc.record({ on: fc.constantFrom(...messages), fault: messageFaults, times }).map((scripted) =>
  happening(`fault(${JSON.stringify(scripted)})`, (world) => {
    world.trouble();
    world.fault(scripted);
  }),
);

/** Several things at once. */
const storm = fc
  .array(
    fc.record({
      on: fc.constantFrom(...requests, ...messages),
      fault: fc.oneof(requestFaults, messageFaults),
      times: fc.integer({ min: 1, max: 6 }),
    }),
    { minLength: 3, maxLength: 8 },
  )
  .map((faults) =>
    happening(`storm(${JSON.stringify(faults)})`, (world) => {
      for (const fault of faults) world.fault(fault);
    }),
  );

const refusal = fc
  .record({ refusals, times })
  .map(({ refusals: { on, code }, times: often }) =>
    happening(`refuse(${on}, ${code}, ${often} times)`, (world) =>
      world.fault({ on, fault: { kind: "refused", code }, times: often }),
    ),
  );

const foreignCancel = fc
  .nat({ max: 4 })
  .map((choice) => happening(`foreign cancel(${choice})`, (world) => world.foreignCancel(choice)));

const foreignClose = fc
  .integer({ min: 1, max: 12 })
  .map((count) => happening(`foreign close(${count} lots)`, (world) => world.foreignClose(count)));

const loseBook = fc.constantFrom(10, 800, 3_000).map((ms) =>
  happening(`no book for ${ms} ms`, (world) => {
    world.trouble(ms + 4_000);
    world.sim.loseBook();
    world.sim.advance(ms);
    world.sim.quote(world.sim.quoted);
  }),
);

/** The price jumps and the mark price follows later: meanwhile market orders and triggered stops may be refused (F-40, F-52). */
const jump = fc
  .record({ by: fc.integer({ min: -50_000, max: 50_000 }), ms: fc.constantFrom(50, 1_000, 5_000) })
  .map(({ by, ms }) =>
    happening(`jump(${by} ticks, mark follows after ${ms} ms)`, (world) => {
      const { bid, mark } = world.sim.quoted;
      const to = Math.max(300_000, bid + by);
      world.trouble(ms + 20_000);
      world.sim.quote({ bid: to, mark });
      world.sim.traded(to, 1, "sell");
      world.sim.advance(ms);
      world.sim.quote({ bid: to });
    }),
  );

const disconnect = fc.constant(
  happening(
    "disconnect",
    (world, expected) => {
      expected.connected = false;
      world.trouble();
      world.sim.disconnect();
    },
    ({ connected }) => connected,
  ),
);

const reconnect = fc.constant(
  happening(
    "reconnect",
    (world, expected) => {
      expected.connected = true;
      world.trouble();
      world.sim.reconnect();
    },
    ({ connected }) => !connected,
  ),
);

const control = fc.constantFrom("halt" as const, "flatten" as const).map((action) =>
  happening(`control(${action}, then resume)`, ({ sim }) => {
    sim.control(action);
    sim.advance(300);
    sim.control("resume");
  }),
);

/** Repeated where it is to come more often. */
export const happenings: fc.Arbitrary<Happening>[] = [
  decide,
  enterAndMeet,
  enterAndMeet,
  enterAndMiss,
  enterAndMiss,
  enterAndRun,
  enterAndRun,
  decideAgain,
  leave,
  settle,
  settle,
  settle,
  advance,
  advance,
  pause,
  move,
  move,
  move,
  through,
  through,
  meet,
  meet,
  meet,
  requestFault,
  requestFault,
  messageFault,
  messageFault,
  refusal,
  storm,
  minute,
  foreignCancel,
  foreignClose,
  loseBook,
  jump,
  disconnect,
  reconnect,
  reconnect,
  reconnect,
  control,
];
