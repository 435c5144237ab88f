import fc from "fast-check";
import { expect, test } from "vitest";
import { InvariantError } from "../../src/domain/assert.ts";
import { roles } from "../../src/domain/order.ts";
import { isPrefix, type OrderIdParts, orderId, parseOrderId, tradeIdFrom } from "../../src/domain/order-id.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const prefixes = fc.stringMatching(/^[A-Za-z0-9]{1,8}$/);

const anyParts: fc.Arbitrary<OrderIdParts> = fc.record({
  prefix: prefixes,
  trade: fc.string({ minLength: 1 }).map(tradeIdFrom),
  role: fc.constantFrom(...roles),
  attempt: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 999_999 })),
});

const sample: OrderIdParts = { prefix: "sd", trade: tradeIdFrom("demo:BTCUSDT:1"), role: "e", attempt: 2 };

test("[IDM-2] an order id gives back prefix, trade, role and attempt", () => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      expect(parseOrderId(orderId(parts), parts.prefix)).toEqual(parts);
    }),
  );
});

test.each(roles)("[IDM-2] role %s gives back its first hundred attempts", (role) => {
  for (let attempt = 1; attempt <= 100; attempt += 1) {
    const parts = { ...sample, role, attempt };
    expect(parseOrderId(orderId(parts), "sd")).toEqual(parts);
  }
});

test("[IDM-2] an order id has at most 36 characters of those that the exchange takes", () => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      expect(orderId(parts)).toMatch(/^[A-Za-z0-9_-]{1,36}$/);
    }),
  );
  const longest = { ...sample, prefix: "abcdefgh", role: "t1", attempt: 999_999 } as const;
  expect(orderId(longest).length).toBeLessThanOrEqual(36);
});

test("[IDM-2] different parts give different ids", () => {
  const distinct = fc.uniqueArray(anyParts, {
    selector: ({ prefix, trade, role, attempt }) => [prefix, trade, role, attempt].join("/"),
    minLength: 2,
    maxLength: 50,
  });
  fc.assert(
    fc.property(distinct, (all) => {
      expect(new Set(all.map(orderId)).size).toBe(all.length);
    }),
  );
});

test("[IDM-2] the spelling of an id stays, since orders on the exchange outlive a version", () => {
  expect(orderId({ prefix: "sd", trade: tradeIdFrom("demo:BTCUSDT:1"), role: "e", attempt: 2 })).toBe(
    "sd-7mf2zkau-e2-a0",
  );
  expect(orderId({ prefix: "sd", trade: tradeIdFrom("demo:BTCUSDT:1"), role: "t1", attempt: 11 })).toBe(
    "sd-7mf2zkau-t1_11-em",
  );
});

test("[IDM-2] an id with another prefix is not ours", () => {
  fc.assert(
    fc.property(anyParts, prefixes, (parts, other) => {
      fc.pre(other !== parts.prefix);
      expect(parseOrderId(orderId(parts), other)).toBeNull();
    }),
  );
});

test("[IDM-2] an id in which any one character was altered, the check included, is not ours", () => {
  const alteration = fc.record({ at: fc.nat(35), to: fc.constantFrom(...alphabet) });
  fc.assert(
    fc.property(anyParts, alteration, (parts, { at, to }) => {
      const id = orderId(parts);
      fc.pre(at < id.length && id[at] !== to);
      expect(parseOrderId(id.slice(0, at) + to + id.slice(at + 1), parts.prefix)).toBeNull();
    }),
    { numRuns: 5_000 },
  );
});

test("[IDM-2] no single alteration of one id passes, exhaustively", () => {
  const id = orderId(sample);
  const accepted = [...id].flatMap((old, at) =>
    [...alphabet]
      .filter((to) => to !== old && parseOrderId(id.slice(0, at) + to + id.slice(at + 1), "sd") !== null)
      .map((to) => `${at}: ${to}`),
  );
  expect(accepted).toEqual([]);
});

test("[IDM-2] an id in which two neighbours were swapped is not ours", () => {
  fc.assert(
    fc.property(anyParts, fc.nat(34), (parts, at) => {
      const id = orderId(parts);
      const swapped = id.slice(0, at) + (id[at + 1] ?? "") + (id[at] ?? "") + id.slice(at + 2);
      fc.pre(at + 1 < id.length && swapped !== id);
      expect(parseOrderId(swapped, parts.prefix)).toBeNull();
    }),
  );
});

test("[IDM-2] an id has one spelling: with or without the separator the other form is not ours", () => {
  const entry = orderId(sample);
  const target = orderId({ ...sample, role: "t1" });
  expect(parseOrderId(entry.replace("-e2-", "-e_2-"), "sd")).toBeNull();
  expect(parseOrderId(target.replace("-t1_2-", "-t12-"), "sd")).toBeNull();
});

test("[IDM-2] ids of other clients, cut, lengthened and empty ids are not ours", () => {
  const id = orderId(sample);
  const foreign = ["", "sd", "web_3k9f2x1a", "x-Cb7ytekJ3k9f2x1a", "autoclose-1700000000000", "adl_autoclose"];
  for (const other of [...foreign, id.slice(0, -1), `${id}a`, ` ${id}`, `${id}\n`, id.toUpperCase(), `x${id}`]) {
    expect(parseOrderId(other, "sd")).toBeNull();
  }
});

test("[IDM-2] arbitrary text is parsed without a throw, and hardly ever taken for ours", () => {
  const idLike = fc.stringMatching(/^sd-[0-9a-z]{8}-[efrx][1-9]-[0-9a-z]{2}$/);
  fc.assert(
    fc.property(fc.oneof(fc.string(), idLike), (text) => {
      const parts = parseOrderId(text, "sd");
      expect(parts === null || orderId(parts) === text).toBe(true);
    }),
  );
});

test.each([
  ["attempt 0", { attempt: 0 }],
  ["a fractional attempt", { attempt: 1.5 }],
  ["more attempts than an id can carry", { attempt: 1_000_000 }],
  ["an empty prefix", { prefix: "" }],
  ["a prefix with a separator", { prefix: "s-d" }],
  ["a prefix longer than eight", { prefix: "abcdefghi" }],
])("[IDM-2] parts that could not be read back are refused: %s", (_what, wrong) => {
  expect(() => orderId({ ...sample, ...wrong })).toThrow(InvariantError);
});

test("a prefix is one to eight letters and digits", () => {
  expect(["sd", "A", "abcdefg8"].map(isPrefix)).toEqual([true, true, true]);
  expect(["", "abcdefghi", "s_d", "s d", "é", "sd\n"].map(isPrefix)).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test("[IDM-2] the same source id gives the same trade id, of eight base-36 characters", () => {
  fc.assert(
    fc.property(fc.string(), (source) => {
      expect(tradeIdFrom(source)).toMatch(/^[0-9a-z]{8}$/);
      expect(tradeIdFrom(source)).toBe(tradeIdFrom(source));
    }),
  );
  expect(tradeIdFrom("demo:BTCUSDT:1")).toBe("7mf2zkau");
});

test.each([
  ["a counter", (n: number) => `${n}`],
  ["a counter behind a word", (n: number) => `d-${n}`],
  ["source, symbol and microseconds", (n: number) => `order-flow:BTCUSDT:${1_721_347_200_000_000 + n * 1_000}`],
  ["two symbols in turn", (n: number) => `demo:${n % 2 === 0 ? "BTCUSDT" : "ETHUSDT"}:${n >> 1}`],
])("[IDM-2] the trade ids of 10⁵ source ids are all different: %s", (_what, sourceId) => {
  const ids = new Set(Array.from({ length: 100_000 }, (_, n) => tradeIdFrom(sourceId(n))));
  expect(ids.size).toBe(100_000);
});
