import fc from "fast-check";
import { expect, test } from "vitest";
import { lotsFromQuantity, priceE8FromText, ticksFromPrice } from "../../../src/domain/instrument.ts";
import { micros, symbolIndex } from "../../../src/domain/units.ts";
import {
  FrameScanner,
  type FrameSink,
  frameBad,
  frameForeign,
  frameOther,
  frameTaken,
} from "../../../src/venue/wire/scan.ts";
import { btc, eth, payload } from "../support.ts";

const instruments = [btc, eth];
const encoder = new TextEncoder();
const received = micros(7);

type Seen = readonly unknown[];

function scan(text: string | Uint8Array): { readonly outcome: number; readonly seen: readonly Seen[] } {
  const seen: Seen[] = [];
  const sink: FrameSink = {
    onBookTicker: (...call) => seen.push(["ticker", ...call]),
    onDepth: (symbol, levels, time, at) => {
      const rows = Array.from({ length: levels.count }, (_, n) => [levels.side[n], levels.price[n], levels.size[n]]);
      seen.push(["depth", symbol, levels.firstId, levels.lastId, levels.previousId, rows, time, at]);
    },
    onTrade: (...call) => seen.push(["trade", ...call]),
    onMark: (...call) => seen.push(["mark", ...call]),
  };
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  return { outcome: new FrameScanner(instruments).scan(bytes, received, sink), seen };
}

const instrument = fc.constantFrom(btc, eth);
const id = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const time = fc.integer({ min: 0, max: 4_000_000_000_000 });

/** Decimal text on a grid, with as many trailing zeros as the wire may have. */
function onGrid(decimals: number, min: number): fc.Arbitrary<string> {
  return fc.tuple(fc.integer({ min, max: 2_000_000_000 }), fc.integer({ min: 0, max: 3 })).map(([count, zeros]) => {
    const digits = String(count).padStart(decimals + 1, "0");
    return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}${"0".repeat(zeros)}`;
  });
}

const price = ({ tickDecimals }: typeof btc): fc.Arbitrary<string> => onGrid(tickDecimals, 1);
const quantity = ({ stepDecimals }: typeof btc): fc.Arbitrary<string> => onGrid(stepDecimals, 0);

/** Unknown members of any shape, with names that are none of ours. */
const extras = fc.dictionary(
  fc.string({ minLength: 1 }).map((name) => `x-${name}`),
  fc.jsonValue({ maxDepth: 3 }),
  { maxKeys: 4 },
);

/** JSON text with the members in a drawn order, white space or none, in the wrapper of a combined stream or bare. */
function text(members: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  return fc.tuple(extras, fc.boolean(), fc.constantFrom(0, 1, "\t")).chain(([more, isWrapped, space]) =>
    fc
      .shuffledSubarray(Object.entries({ ...more, ...members }), {
        minLength: Object.keys({ ...more, ...members }).length,
      })
      .chain((entries) => {
        const event = Object.fromEntries(entries);
        const wrapped = [
          ["stream", 'btcusdt@"\\x'],
          ["data", event],
        ];
        return fc
          .shuffledSubarray(wrapped, { minLength: 2 })
          .map((parts) => JSON.stringify(isWrapped ? Object.fromEntries(parts) : event, null, space));
      }),
  );
}

const tickers = instrument.chain((one) =>
  fc
    .record({ u: id, b: price(one), B: quantity(one), a: price(one), A: quantity(one), T: time, E: time })
    .chain((event) => text({ e: "bookTicker", s: one.symbol, ...event }).map((json) => ({ one, event, json }))),
);

test("[MKT-1] a book ticker is read as JSON.parse and exact conversion read it, in any key order", () => {
  fc.assert(
    fc.property(tickers, ({ one, event, json }) => {
      expect(scan(json)).toEqual({
        outcome: frameTaken,
        seen: [
          [
            "ticker",
            one.index,
            event.u,
            ticksFromPrice(one, event.b),
            lotsFromQuantity(one, event.B),
            ticksFromPrice(one, event.a),
            lotsFromQuantity(one, event.A),
            event.T * 1_000,
            received,
          ],
        ],
      });
    }),
  );
});

const depths = instrument.chain((one) => {
  const side = fc.array(fc.tuple(price(one), quantity(one)), { maxLength: 30 });
  return fc
    .record({ U: id, u: id, pu: id, b: side, a: side, T: time, E: time })
    .chain((event) => text({ e: "depthUpdate", s: one.symbol, ...event }).map((json) => ({ one, event, json })));
});

test("[MKT-1] a depth message is read as JSON.parse and exact conversion read it, in any key order", () => {
  fc.assert(
    fc.property(depths, ({ one, event, json }) => {
      const rows = (levels: readonly (readonly [string, string])[], side: number): readonly number[][] =>
        levels.map(([p, q]) => [side, ticksFromPrice(one, p), lotsFromQuantity(one, q)]);
      const byPlace = (row: readonly (number | undefined)[]): string => row.join();
      const { outcome, seen } = scan(json);
      const [depth] = seen;
      const found = (depth?.[5] ?? []) as number[][];
      // Sides come in the order of the message; within a side the order is kept.
      expect([outcome, [...(depth ?? [])].toSpliced(5, 1), found.map(byPlace).sort()]).toEqual([
        frameTaken,
        ["depth", one.index, event.U, event.u, event.pu, event.T * 1_000, received],
        [...rows(event.b, 0), ...rows(event.a, 1)].map(byPlace).sort(),
      ]);
    }),
  );
});

const trades = instrument.chain((one) =>
  fc
    .record({ a: id, p: price(one), q: quantity(one), m: fc.boolean(), T: time, E: time, f: id, l: id })
    .chain((event) => text({ e: "aggTrade", s: one.symbol, ...event }).map((json) => ({ one, event, json }))),
);

test("[MKT-1] an aggregated trade is read as JSON.parse and exact conversion read it, in any key order", () => {
  fc.assert(
    fc.property(trades, ({ one, event, json }) => {
      expect(scan(json).seen).toEqual([
        [
          "trade",
          one.index,
          event.a,
          ticksFromPrice(one, event.p),
          lotsFromQuantity(one, event.q),
          event.m,
          event.T * 1_000,
          received,
        ],
      ]);
    }),
  );
});

const rate = fc
  .tuple(fc.constantFrom("", "-"), fc.integer({ min: 0, max: 99_999_999 }))
  .map(([sign, count]) => `${sign}0.${String(count).padStart(8, "0")}`);
const marks = instrument.chain((one) =>
  fc
    .record({ p: onGrid(8, 1), i: onGrid(8, 1), r: fc.oneof(rate, fc.constant("")), T: time, E: time })
    .chain((event) => text({ e: "markPriceUpdate", s: one.symbol, ...event }).map((json) => ({ one, event, json }))),
);

test("[MKT-1] a mark price is read as JSON.parse and exact conversion read it, in any key order", () => {
  fc.assert(
    fc.property(marks, ({ one, event, json }) => {
      const [mark] = scan(json).seen;
      expect(mark?.map((value) => (value === 0 ? 0 : value))).toEqual([
        "mark",
        one.index,
        priceE8FromText(event.p),
        event.r === "" ? 0 : Number(event.r) + 0,
        event.T * 1_000,
        event.E * 1_000,
        received,
      ]);
    }),
  );
});

test.each([
  "live.ws.bookTicker.json",
  "live.ws.aggTrade.json",
  "live.ws.markPrice_1s.json",
  "live.ws.depth20_100ms.json",
])("[MKT-1] the recorded message %s is understood", (name) => {
  expect(scan(JSON.stringify(payload(name))).outcome).toBe(frameTaken);
});

test("a symbol that is not configured is told apart from an unreadable message", () => {
  expect(scan('{"e":"bookTicker","u":1,"s":"BNBUSDT","b":"1.0","B":"1","a":"1.1","A":"1","T":1}').outcome).toBe(
    frameForeign,
  );
});

test("an acknowledgement is no market event", () => {
  expect(scan('{"result":null,"id":1}').outcome).toBe(frameOther);
});

const ticker = { e: "bookTicker", u: 1, s: "BTCUSDT", b: "64000.0", B: "1.000", a: "64000.1", A: "1.000", T: 1, E: 1 };

test.each([
  ["a price off the grid", { ...ticker, b: "64000.05" }],
  ["a price of zero", { ...ticker, b: "0.0" }],
  ["a negative price", { ...ticker, b: "-1.0" }],
  ["a price in exponent form", { ...ticker, b: "1e3" }],
  ["an endless price", { ...ticker, b: `1${"0".repeat(300)}` }],
  ["a price that is a number", { ...ticker, b: 64_000 }],
  ["a missing quantity", { ...ticker, B: undefined }],
  ["an update id beyond 2⁵³", { ...ticker, u: 2 ** 60 }],
  ["a fractional update id", { ...ticker, u: 1.5 }],
  ["a time in the year 300000", { ...ticker, T: 9_400_000_000_000_000 }],
])("%s is not understood, and nothing is told (S-23)", (_, event) => {
  expect(scan(JSON.stringify(event))).toEqual({ outcome: frameBad, seen: [] });
});

test("a depth message with more levels than any message has is not understood", () => {
  const b = Array.from({ length: 9_000 }, () => ["64000.0", "1.000"]);
  const event = { e: "depthUpdate", s: "BTCUSDT", U: 1, u: 2, pu: 0, T: 1, E: 1, b, a: [] };
  expect(scan(JSON.stringify(event)).outcome).toBe(frameBad);
});

test("no bytes whatever make the scanner throw (S-23)", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect([frameBad, frameOther]).toContain(scan(bytes).outcome);
    }),
    { numRuns: 2_000 },
  );
});

test("a message with bytes cut out, doubled or changed never makes the scanner throw (S-23)", () => {
  const whole = fc.oneof(tickers, depths, trades, marks).map(({ json }) => encoder.encode(json));
  const broken = fc
    .tuple(whole, fc.nat(), fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 8 }))
    .map(([bytes, at, length, put]) => {
      const start = at % (bytes.length + 1);
      return Uint8Array.from([...bytes.subarray(0, start), ...put, ...bytes.subarray(start + length)]);
    });
  fc.assert(
    fc.property(broken, (bytes) => {
      expect([frameTaken, frameForeign, frameOther, frameBad]).toContain(scan(bytes).outcome);
    }),
    { numRuns: 2_000 },
  );
});

test("[MKT-1] the REST snapshot of a book is read by the same scanner", () => {
  const bytes = encoder.encode(JSON.stringify(payload("live.rest.depth.limit5.json")));
  const snapshot = new FrameScanner(instruments).snapshot(bytes, symbolIndex(0));
  expect([
    snapshot?.levels.lastId,
    snapshot?.levels.count,
    snapshot?.levels.price[0],
    snapshot?.levels.size[5],
  ]).toEqual([11_757_092_217_378, 10, 830_843, 4_632]);
});
