/** The account's ledger as the adapter reads it. */

import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { ok, type Rig, refusal, restRig } from "./support.ts";

const second = 1_000;
const query = { kind: "query-income", since: micros(5_000_000) } as const;

function startedRig(): Rig {
  const rig = restRig().started();
  rig.events.length = 0;
  return rig;
}

function row(incomeType: string, changes: Readonly<Record<string, unknown>> = {}) {
  const base = { symbol: "", incomeType, income: "-1.50000000", asset: "USDT", info: incomeType, time: 6_000 };
  return { ...base, tranId: 9_007_199_254_740_993n, tradeId: "", ...changes };
}

const reportOf = (rig: Rig) => rig.events.find((event) => event.kind === "income-report")?.rows;

test("[ORD-4] the ledger is asked from its begin on, and tells what moved the wallet of its asset, with lossless ids", () => {
  const rig = startedRig();
  rig.on("GET /fapi/v1/income", () =>
    ok([
      row("TRANSFER"),
      row("FUNDING_FEE", { symbol: "BTCUSDT", income: "0.25" }),
      row("SPECIAL_FUNDING_FEE", { symbol: "BTCUSDT" }),
      row("COMMISSION", { symbol: "BTCUSDT" }),
      row("FUNDING_FEE", { symbol: "DOGEUSDT" }),
      row("TRANSFER", { asset: "BNB" }),
    ]),
  );
  rig.send(query);
  const [asked] = rig.http("/fapi/v1/income");
  const times = { time: 6_000_000 };
  expect([new URLSearchParams(asked?.query).get("startTime"), reportOf(rig), rig.kinds().at(-1)]).toEqual([
    "5000",
    [
      { kind: "transfer", id: "TRANSFER-9007199254740993", amount: -150_000_000n, ...times },
      { kind: "funding", symbol: 0, id: "FUNDING_FEE-9007199254740993", amount: 25_000_000n, ...times },
      { kind: "funding", symbol: 0, id: "SPECIAL_FUNDING_FEE-9007199254740993", amount: -150_000_000n, ...times },
      { kind: "other", id: "COMMISSION-9007199254740993", amount: -150_000_000n, ...times },
      { kind: "other", id: "FUNDING_FEE-9007199254740993", amount: -150_000_000n, ...times },
    ],
    "outcome",
  ]);
});

/** So many rows, `perMs` of them in each millisecond, paged as the exchange does. */
function longLedger(rig: Rig, rows: number, perMs: number): void {
  rig.on("GET /fapi/v1/income", (asked) => {
    const all = Array.from({ length: rows }, (_, index) =>
      row("TRANSFER", { tranId: index + 1, time: 5 * second + Math.floor(index / perMs) }),
    );
    return ok(all.filter(({ time }) => time >= Number(asked.get("startTime"))).slice(0, Number(asked.get("limit"))));
  });
}

test.each([
  [999, 1, 1],
  [1_000, 1, 2],
  [2_500, 1, 3],
  [2_500, 3, 3],
  [2_500, 700, 4],
])("[ORD-4] a ledger of %i rows, %i in a millisecond, is read page by page and each row once", (rows, perMs, pages) => {
  const rig = startedRig();
  longLedger(rig, rows, perMs);
  rig.send(query);
  const ids = reportOf(rig)?.map(({ id }) => id) ?? [];
  expect([ids.length, new Set(ids).size, rig.http("/fapi/v1/income").length]).toEqual([rows, rows, pages]);
});

test.each([
  ["never ends", 50_000, 1],
  ["has more in a millisecond than an answer holds", 2_500, 1_500],
])("[ORD-4] a ledger that %s is given up, and the outcome says so", (_, rows, perMs) => {
  const rig = startedRig();
  longLedger(rig, rows, perMs);
  rig.send(query);
  expect([reportOf(rig), rig.events.at(-1)]).toMatchObject([
    undefined,
    { kind: "outcome", command: query, outcome: { kind: "unknown", cause: "income is too long" } },
  ]);
});

test.each([
  ["refused", () => refusal(-1000, "no"), "unknown"],
  ["unreadable", () => ok([{ incomeType: "TRANSFER" }]), "unknown"],
  ["finer than money", () => ok([row("TRANSFER", { income: "0.123456789" })]), "unknown"],
])("[ORD-4] an answer that is %s tells nothing but its outcome", (_, answer, kind) => {
  const rig = startedRig();
  rig.on("GET /fapi/v1/income", answer);
  rig.send(query);
  expect(rig.events).toMatchObject([{ kind: "outcome", command: query, outcome: { kind } }]);
});
