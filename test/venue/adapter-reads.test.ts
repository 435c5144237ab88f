/** What is read of the account, of executions and of the history. */

import { expect, test } from "vitest";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { entry, ok, orderBody, type Rig, refusal, restRig } from "./support.ts";

const accountPaths = ["/fapi/v3/balance", "/fapi/v3/positionRisk", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"];

/** A rig whose orders go by REST. */
function startedRestRig(): Rig {
  const rig = restRig().started();
  rig.events.length = 0;
  return rig;
}

test("[F-17] a read without a reply in time is given up, so that repeated ones do not pile up", () => {
  const rig = startedRestRig();
  for (const path of accountPaths) rig.on(`GET ${path}`, () => "lost");
  rig.send({ kind: "query-account" });
  const asked = accountPaths.flatMap((path) => rig.http(path, "GET").at(-1)?.id ?? []);
  rig.advance(3_500);
  expect(rig.givenUp()).toEqual(asked);
});

test("[I-19] of look-ups that nobody answers, whose reply would be a fact even late, only the newest are kept under way", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/userTrades", () => "lost");
  for (let order = 1; order <= 40; order += 1) {
    rig.send({ kind: "query-fills", symbol: symbolIndex(0), clientOrderId: `x-${order}`, orderId: String(order) });
  }
  const asked = rig.http("/fapi/v1/userTrades", "GET").map(({ id }) => id);
  rig.advance(3_500);
  expect([asked.length, rig.givenUp()]).toEqual([40, asked.slice(0, 16)]);
});

test("[I-19] reads that are asked for in one moment are one, with one snapshot and an outcome for each", () => {
  const rig = startedRestRig();
  const before = rig.requests.length;
  rig.adapter.command({ kind: "query-account" }, rig.now);
  rig.send({ kind: "query-account" });
  expect([rig.requests.length - before, rig.kinds()]).toEqual([
    accountPaths.length,
    ["account-snapshot", "outcome", "outcome"],
  ]);
});

test("[F-26] a read of the account tells by both clocks when it was asked for", () => {
  const rig = restRig();
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: rig.now / 1_000 + 60_000 }));
  rig.started();
  const { now } = rig;
  rig.send({ kind: "query-account" });
  const snapshot = rig.events.findLast(({ kind }) => kind === "account-snapshot");
  expect(snapshot).toMatchObject({ requestedAt: now, asOf: now + 60_000_000 });
});

test("[F-26] a read of the account is no younger than market data say, where the exchange's gate is ahead of its engine", () => {
  // given
  const rig = restRig();
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: rig.now / 1_000 + 5_000 }));
  rig.started();
  const T = Math.floor(rig.now / 1_000);
  const touch = { b: "64000.00", B: "1.000", a: "64000.10", A: "1.000" };
  // when
  rig.say("public", { e: "bookTicker", u: 1, s: "BTCUSDT", ...touch, T, E: T });
  rig.send({ kind: "query-account" });
  // then
  const snapshot = rig.events.findLast(({ kind }) => kind === "account-snapshot");
  expect(snapshot).toMatchObject({ asOf: T * 1_000 + 1_000_000 });
});

test("[F-18] reads that come to nothing, asked for every second, leave look-ups their way", () => {
  const rig = startedRestRig();
  for (const path of accountPaths) rig.on(`GET ${path}`, () => "lost");
  rig.on("GET /fapi/v1/order", () => refusal(-2013, "Order does not exist."));
  for (let second = 0; second < 60; second += 1) {
    rig.send({ kind: "query-account" });
    rig.send({ kind: "query-order", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId });
    rig.advance(1_000);
  }
  expect(rig.http("/fapi/v1/order", "GET")).toHaveLength(60);
});

test("[F-07] [F-18] the first read, where others have used up the weight of the minute, leaves as the next one begins", () => {
  // given
  const rig = restRig();
  const headers = { usedWeight: 2_400 };
  rig.on("POST /fapi/v1/listenKey", () => ({ status: 200, body: { listenKey: "listenkey1" }, headers }));
  rig.started();
  const snapshots = (): number => rig.kinds().filter((kind) => kind === "account-snapshot").length;
  // when
  rig.advance(60_000 - (Math.floor(rig.now / 1_000) % 60_000) - 100);
  const before = snapshots();
  rig.advance(300);
  // then
  expect([before, snapshots()]).toEqual([0, 1]);
});

test("[F-17] who asks for a read while none may begin is told of the next one", () => {
  // given: the start has read it once
  const rig = startedRestRig();
  for (let read = 0; read < 9; read += 1) {
    rig.send({ kind: "query-account" });
    rig.advance(1);
  }
  const before = rig.outcomes().length;
  rig.advance(4_000);
  expect([before, rig.kinds().filter((kind) => kind === "account-snapshot").length, rig.outcomes().length]).toEqual([
    5, 6, 9,
  ]);
});

test("[F-35] reads whose requests could not be handed over do not count as under way", () => {
  const rig = startedRestRig();
  rig.brokenPath = "/fapi/v3/positionRisk";
  for (let read = 0; read < 5; read += 1) expect(() => rig.send({ kind: "query-account" })).toThrow("broken");
  rig.brokenPath = null;
  rig.events.length = 0;
  // when
  rig.send({ kind: "query-account" });
  // then
  expect(rig.kinds()).toEqual(["account-snapshot", "outcome"]);
});

test("[F-60] [F-77] a position that comes to lie between two lots is read as the next larger one, and told once", () => {
  const rig = startedRestRig();
  const row = { symbol: "BTCUSDT", positionSide: "BOTH", entryPrice: "64000.0" };
  const read = (positionAmt: string): void => {
    rig.on("GET /fapi/v3/positionRisk", () => ok([{ ...row, positionAmt }]));
    rig.send({ kind: "query-account" });
    rig.advance(10_000);
  };
  // when: it is so twice in a row, is not so, and is so again
  for (const amount of ["0.0105", "0.0105", "0.010", "0.0105"]) read(amount);
  // then
  const held = rig.events.flatMap((event) => (event.kind === "account-snapshot" ? [event.positions[0]?.lots] : []));
  const told = rig.notices.filter(({ code }) => code === "POSITION_OFF_GRID");
  expect([held, told.map(({ level }) => level)]).toEqual([
    [11, 11, 10, 11],
    ["error", "error"],
  ]);
});

test("query-account answers with a snapshot and then its outcome", () => {
  const rig = startedRestRig();
  rig.send({ kind: "query-account" });
  expect(rig.kinds()).toEqual(["account-snapshot", "outcome"]);
});

test("an empty position list beside an unrealised profit proves nothing (F-44)", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v3/balance", () =>
    ok([{ asset: "USDT", balance: "10000", crossUnPnl: "-1.50000000", availableBalance: "9000" }]),
  );
  rig.send({ kind: "query-account" });
  expect([rig.kinds(), rig.outcomes()]).toEqual([
    ["account-unproven", "outcome"],
    [{ kind: "unknown", cause: "no position, yet an unrealised profit" }],
  ]);
});

test("query-fills answers with the executions, oldest first", () => {
  const rig = startedRestRig();
  const row = {
    symbol: "BTCUSDT",
    orderId: 77n,
    price: "64000.00",
    qty: "0.005",
    commission: "0.16",
    commissionAsset: "USDT",
    maker: false,
  };
  rig.on("GET /fapi/v1/userTrades", () =>
    ok([
      { ...row, id: 11, time: 2 },
      { ...row, id: 9, time: 1 },
    ]),
  );
  rig.send({ kind: "query-fills", symbol: symbolIndex(0), clientOrderId: entry.clientOrderId, orderId: "77" });
  const report = rig.events.find((event) => event.kind === "fills-report");
  expect(report?.fills.map(({ tradeId }) => tradeId)).toEqual(["9", "11"]);
});

const history = { kind: "query-history", symbol: symbolIndex(0) } as const;
const historyTrade = {
  symbol: "BTCUSDT",
  price: "64000.00",
  qty: "0.005",
  commission: "0.16",
  commissionAsset: "USDT",
  maker: false,
};

test("[REC-1] query-history answers with orders and executions joined by the exchange's ids, and then its outcome", () => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/allOrders", () => ok([orderBody({ orderId: 9007199254740993n, status: "FILLED" })]));
  rig.on("GET /fapi/v1/userTrades", () =>
    ok([
      { ...historyTrade, id: 11, orderId: 9007199254740993n, time: 2 },
      { ...historyTrade, id: 9, orderId: 9007199254740993n, time: 1 },
      { ...historyTrade, id: 12, orderId: 9007199254740992n, time: 3 },
    ]),
  );
  rig.send(history);
  const report = rig.events.find((event) => event.kind === "history-report");
  const { clientOrderId } = entry;
  expect([rig.kinds(), report?.executions.map((one) => [one.clientOrderId, one.fill.tradeId])]).toEqual([
    ["history-report", "outcome"],
    [
      [clientOrderId, "9"],
      [clientOrderId, "11"],
    ],
  ]);
});

/** An account that has made so many orders, one a second and each with one execution, and pages as the exchange does. */
function longHistory(rig: Rig, rows: number): void {
  const page = (query: URLSearchParams, from: string): readonly number[] => {
    const all = Array.from({ length: rows }, (_, index) => index + 1);
    const [start, id] = [query.get("startTime"), query.get(from)];
    const found = all.filter((row) => row >= Number(id ?? 0) && row * 1_000 >= Number(start ?? 0));
    return start === null && id === null ? found.slice(-1_000) : found.slice(0, 1_000);
  };
  rig.on("GET /fapi/v1/allOrders", (query) =>
    ok(page(query, "orderId").map((row) => orderBody({ orderId: row, status: "FILLED", time: row * 1_000 }))),
  );
  rig.on("GET /fapi/v1/userTrades", (query) =>
    ok(page(query, "fromId").map((row) => ({ ...historyTrade, id: row, orderId: row, time: row * 1_000 }))),
  );
}

test.each([
  ["less than one answer holds", 999, 0, 999, 1],
  ["what one answer holds", 1_000, 0, 1_000, 2],
  ["one more than that", 1_001, 0, 1_001, 2],
  ["several pages", 3_500, 0, 3_500, 4],
  ["several pages, of which the last begins after the wanted begin", 3_500, 3_000_000_000, 1_000, 1],
  ["several pages, from the middle", 3_500, 1_500_000_000, 2_001, 3],
])("[F-78] a history of %s is read to its wanted begin", (_, rows, since, found, pages) => {
  const rig = startedRestRig();
  longHistory(rig, rows);
  rig.send({ ...history, since: micros(since) });
  const report = rig.events.find((event) => event.kind === "history-report");
  expect([
    report?.orders.length,
    new Set(report?.executions.map(({ fill }) => fill.tradeId)).size,
    rig.http("/fapi/v1/allOrders").length,
    rig.kinds().at(-1),
  ]).toEqual([found, found, pages, "outcome"]);
});

test("[F-78] without a wanted begin the newest page is enough", () => {
  const rig = startedRestRig();
  longHistory(rig, 3_500);
  rig.send(history);
  expect(rig.http("/fapi/v1/userTrades")).toHaveLength(1);
});

test("[F-78] a history that never ends is given up, and the outcome says so", () => {
  const rig = startedRestRig();
  longHistory(rig, 30_000);
  rig.send({ ...history, since: micros(0) });
  const outcomes = rig.events.flatMap((event) => (event.kind === "outcome" ? [event.outcome] : []));
  expect([outcomes, rig.http("/fapi/v1/userTrades").length]).toEqual([
    [{ kind: "unknown", cause: "history is too long" }],
    21,
  ]);
});

test.each([
  ["orders are an error", "GET /fapi/v1/allOrders", { code: -1003, msg: "Too many requests." }],
  [
    "executions are of another symbol",
    "GET /fapi/v1/userTrades",
    [{ ...historyTrade, symbol: "ETHUSDT", id: 1, orderId: 1, time: 1 }],
  ],
  ["executions cannot be read", "GET /fapi/v1/userTrades", [{ id: 1 }]],
])("nothing is concluded from a history when %s", (_, call, body) => {
  const rig = startedRestRig();
  rig.on("GET /fapi/v1/allOrders", () => ok([]));
  rig.on("GET /fapi/v1/userTrades", () => ok([]));
  rig.on(call, () => ok(body));
  rig.send(history);
  expect([rig.kinds(), rig.outcomes()]).toEqual([["outcome"], [expect.not.objectContaining({ kind: "ok" })]]);
});
