import { expect, test } from "vitest";
import { type Micros, micros } from "../../src/domain/units.ts";
import { RateBudget } from "../../src/venue/rate-budget.ts";
import { noHeaders } from "../../src/venue/transport.ts";

const minute: Micros = micros(60_000_000 * 29_856_383);
const query = { weight: 40, orders: 0, priority: "query" } as const;
const entry = { weight: 0, orders: 1, priority: "entry" } as const;
const protection = { weight: 0, orders: 1, priority: "protection" } as const;
const cancel = { weight: 1, orders: 0, priority: "cancel" } as const;

function seconds(count: number): Micros {
  return micros(minute + count * 1_000_000);
}

test("[SAF-1] queries leave the reserved share of the weight to protection and cancels", () => {
  const budget = new RateBudget(0.25);
  let admitted = 0;
  while (budget.admit(query, seconds(1)).ok) admitted += 1;
  expect([admitted * query.weight, budget.admit(cancel, seconds(1)).ok]).toEqual([1_800, true]);
});

test("[SAF-1] look-ups leave half of the reserved weight to cancels", () => {
  const budget = new RateBudget(0.25);
  let admitted = 0;
  while (budget.admit({ weight: 20, orders: 0, priority: "look-up" }, seconds(1)).ok) admitted += 20;
  expect([admitted, budget.admit(query, seconds(1)).ok, budget.admit(cancel, seconds(1)).ok]).toEqual([
    2_100,
    false,
    true,
  ]);
});

const tooManyOrders = (interval: string) => ({
  status: 429,
  code: -1015,
  message: `Too many new orders; current limit is 300 orders per ${interval}.`,
});

test.each([
  ["the ten seconds", tooManyOrders("10 SECOND"), null, 10.1],
  ["the minute", tooManyOrders("1 MINUTE"), null, 60.1],
  ["Retry-After", tooManyOrders("1 MINUTE"), 30, 31],
  ["the ten seconds where nothing is said", { ...tooManyOrders(""), message: "" }, null, 10.1],
] as const)(
  "[SAF-1] order pools that are used up stop orders until the end of %s",
  (_, said, retryAfterSeconds, end) => {
    const budget = new RateBudget(0.25);
    budget.silence(said, { ...noHeaders, retryAfterSeconds }, seconds(1));
    expect([end - 0.05, end].map((second) => budget.admit(protection, seconds(second)).ok)).toEqual([false, true]);
  },
);

test("[SAF-1] order pools that are used up stop no cancel and no look-up", () => {
  const budget = new RateBudget(0.25);
  budget.silence(tooManyOrders("1 MINUTE"), noHeaders, seconds(1));
  const requests = [cancel, { weight: 5, orders: 0, priority: "look-up" } as const, query];
  expect(requests.map((request) => budget.admit(request, seconds(1)).ok)).toEqual([true, true, true]);
});

test("[SAF-1] entries leave the reserved share of the order pools to protection", () => {
  const budget = new RateBudget(0.25);
  let admitted = 0;
  while (budget.admit(entry, seconds(1)).ok) admitted += 1;
  expect([admitted, budget.admit(protection, seconds(1)).ok]).toEqual([225, true]);
});

test("what the exchange counts wins over our own count, for others may share the address (F-18)", () => {
  const budget = new RateBudget(0.25);
  budget.learn({ ...noHeaders, usedWeight: 1_790 }, seconds(1));
  expect(budget.admit(query, seconds(1))).toEqual({
    ok: false,
    cause: "own rate budget is used up",
    until: seconds(60),
  });
});

test("the window is the exchange's clock minute", () => {
  const budget = new RateBudget(0.25);
  budget.learn({ ...noHeaders, usedWeight: 2_400 }, seconds(59));
  expect([budget.admit(query, seconds(59)).ok, budget.admit(query, seconds(60)).ok]).toEqual([false, true]);
});

test("limits are the exchange's own", () => {
  const budget = new RateBudget(0.25);
  budget.learnLimits([{ rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: 100 }], seconds(1));
  expect([budget.admit(query, seconds(1)).ok, budget.admit(query, seconds(1)).ok]).toEqual([true, false]);
});

test.each([
  ["429 with Retry-After", 429, "", 30, 31],
  ["429 without an end lasts until the minute ends", 429, "", null, 60.1],
  ["403 of the firewall lasts until the minute ends", 403, "", null, 60.1],
  ["418 names its end", 418, `Way too many requests; banned until ${(minute + 90_000_000) / 1_000}.`, null, 90],
  ["418 without an end lasts two minutes", 418, "", null, 121],
] as const)("%s: silence for all, protection too (F-18)", (_, status, message, retryAfterSeconds, end) => {
  const budget = new RateBudget(0.25);
  budget.silence({ status, code: -1003, message }, { ...noHeaders, retryAfterSeconds }, seconds(1));
  const admitted = [end - 0.05, end].map((second) => budget.admit(protection, seconds(second)).ok);
  expect(admitted).toEqual([false, true]);
});

test("[F-18] [F-26] a ban lasts as long as it says by the exchange's clock, also where ours is a minute ahead", () => {
  const budget = new RateBudget(0.25);
  const [saidAt, ours] = [seconds(1), seconds(61)];
  const message = `Way too many requests; banned until ${(minute + 91_000_000) / 1_000}.`;
  budget.silence({ status: 418, code: -1003, message }, { ...noHeaders, saidAt }, ours);
  const admitted = [149.9, 151].map((second) => budget.admit(protection, seconds(second)).ok);
  expect(admitted).toEqual([false, true]);
});

test("[F-18] a 429 that names no end asks for the rest of the minute, also where an earlier one has named a nearer end", () => {
  const budget = new RateBudget(0.25);
  budget.silence({ status: 429, code: -1003, message: "" }, { ...noHeaders, retryAfterSeconds: 10 }, seconds(1));
  budget.silence({ status: 429, code: -1003, message: "" }, noHeaders, seconds(2));
  expect([60, 60.1].map((second) => budget.admit(protection, seconds(second)).ok)).toEqual([false, true]);
});

const late = { ...noHeaders, saidAt: seconds(59) };

test.each([
  ["429", 429, -1003, 60.1],
  ["429 for the order pools", 429, -1015, 60.1],
  ["403", 403, null, 60.1],
] as const)("[F-18] a %s that arrives after its minute silences no other minute", (_, status, code, end) => {
  const budget = new RateBudget(0.25);
  budget.silence({ status, code, message: "1200 orders per 1 MINUTE" }, late, seconds(60.05));
  expect([60.05, end].map((second) => budget.admit(protection, seconds(second)).ok)).toEqual([false, true]);
});

test.each([
  ["usedWeight", { ...late, usedWeight: 2_400 }, query],
  ["orders1m", { ...late, orders1m: 1_200 }, protection],
  ["orders10s", { ...late, orders10s: 300 }, protection],
] as const)("[SAF-1] %s that is told of a window which has ended says nothing of this one", (_, headers, request) => {
  const budget = new RateBudget(0.25);
  budget.learn(headers, seconds(60.05));
  expect(budget.admit(request, seconds(61)).ok).toBe(true);
});

test("[F-18] a 429 of a minute that has not begun by our idea of the clock lasts until that minute ends", () => {
  const budget = new RateBudget(0.25);
  const headers = { ...noHeaders, saidAt: seconds(60) };
  budget.silence({ status: 429, code: -1003, message: "" }, headers, seconds(59.98));
  expect([120, 120.1].map((second) => budget.admit(protection, seconds(second)).ok)).toEqual([false, true]);
});

test.each([
  ["ahead", 130],
  ["behind", 10],
] as const)("[F-26] where our clock is far %s, a 429 lasts until the minute of its arrival ends", (_, ours) => {
  const budget = new RateBudget(0.25);
  budget.silence({ status: 429, code: -1003, message: "" }, { ...noHeaders, saidAt: seconds(70) }, seconds(ours));
  const end = Math.ceil(ours / 60) * 60;
  expect([end, end + 0.1].map((second) => budget.admit(protection, seconds(second)).ok)).toEqual([false, true]);
});

test("a later, shorter silence does not end an earlier one", () => {
  const budget = new RateBudget(0.25);
  budget.silence({ status: 418, code: null, message: "" }, { ...noHeaders, retryAfterSeconds: 600 }, seconds(1));
  budget.silence({ status: 429, code: -1003, message: "" }, { ...noHeaders, retryAfterSeconds: 1 }, seconds(2));
  expect(budget.admit(protection, seconds(500)).ok).toBe(false);
});
