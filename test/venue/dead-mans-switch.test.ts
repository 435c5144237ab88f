/** The adapter's part of the dead man's switch: when it is wound up, when not, and how it ends. */

import { expect, test } from "vitest";
import type { AdapterOptions } from "../../src/venue/adapter.ts";
import { ok, type Rig, refusal, restRig } from "./support.ts";

const terms: Partial<AdapterOptions> = { deadMansSwitch: { countdownMs: 120_000, renewMs: 30_000 } };
const path = "/fapi/v1/countdownCancelAll";

function rigWith(options: Partial<AdapterOptions>, orders: readonly unknown[] = []): Rig {
  return restRig(options)
    .on(`POST ${path}`, (params) => ok({ symbol: params.get("symbol"), countdownTime: params.get("countdownTime") }))
    .on("GET /fapi/v1/openOrders", () => ok(orders))
    .started();
}

/** The times that were set, in order. */
function countdowns(rig: Rig): readonly (string | null)[] {
  return rig.http(path, "POST").map(({ query }) => new URLSearchParams(query).get("countdownTime"));
}

function codes(rig: Rig): readonly string[] {
  return rig.notices.map(({ code }) => code).filter((code) => code.startsWith("DEAD_MANS"));
}

const byHand = {
  symbol: "BTCUSDT",
  clientOrderId: "by-hand",
  orderId: 5n,
  status: "NEW",
  side: "BUY",
  type: "LIMIT",
  price: "60000.00",
  origQty: "0.004",
  executedQty: "0.000",
  reduceOnly: false,
  positionSide: "BOTH",
  updateTime: 1_791_383_000_000,
};

test("[SAF-6] off, as it is delivered, nothing is sent", () => {
  const rig = rigWith({});
  rig.advance(300_000);
  expect(countdowns(rig)).toEqual([]);
});

test("[SAF-6] armed once the account is read, and wound up again every so often", () => {
  const rig = rigWith(terms);
  rig.advance(95_000);
  expect([countdowns(rig), codes(rig)]).toEqual([["120000", "120000", "120000", "120000"], ["DEAD_MANS_SWITCH_ARMED"]]);
});

test("[SAF-6] not armed where somebody else has an order, which is told once", () => {
  const rig = rigWith(terms, [byHand]);
  rig.send({ kind: "query-account" });
  rig.advance(95_000);
  expect([countdowns(rig), codes(rig)]).toEqual([[], ["DEAD_MANS_SWITCH_REFUSED"]]);
});

test("[SAF-6] armed when the last foreign order is gone", () => {
  const rig = rigWith(terms, [byHand]);
  rig.on("GET /fapi/v1/openOrders", () => ok([]));
  rig.send({ kind: "query-account" });
  expect(countdowns(rig)).toEqual(["120000"]);
});

/** Somebody else's order appears on the stream. */
function seeForeign(rig: Rig): void {
  const { clientOrderId: c, orderId: i, side: S, status: X, price: p, origQty: q, executedQty: z } = byHand;
  const o = { s: "BTCUSDT", c, S, o: "LIMIT", q, p, x: "NEW", X, i, l: "0", z, L: "0", T: 1, t: 0, m: false, R: false };
  rig.say("private", { e: "ORDER_TRADE_UPDATE", T: 1, E: 1, o: { ...o, f: "GTC", ap: "0", ps: "BOTH" } });
}

test("[SAF-6] disarmed at once when an order of somebody else appears", () => {
  const rig = rigWith(terms);
  seeForeign(rig);
  rig.advance(60_000);
  expect([countdowns(rig), codes(rig)]).toEqual([
    ["120000", "0"],
    ["DEAD_MANS_SWITCH_ARMED", "DEAD_MANS_SWITCH_REFUSED", "DEAD_MANS_SWITCH_DISARMED"],
  ]);
});

test("[SAF-6] a switch that could not be ended is not called disarmed, and tried again until it is", () => {
  const rig = rigWith(terms);
  rig.on(`POST ${path}`, () => refusal(-1008, "overloaded"));
  seeForeign(rig);
  rig.advance(2_500);
  const before = codes(rig);
  rig.on(`POST ${path}`, () => ok({}));
  rig.advance(60_000);
  const first = ["DEAD_MANS_SWITCH_ARMED", "DEAD_MANS_SWITCH_REFUSED", "DEAD_MANS_SWITCH_FAILED"];
  expect([before, codes(rig), new Set(countdowns(rig).slice(1))]).toEqual([
    first,
    [...first, "DEAD_MANS_SWITCH_DISARMED"],
    new Set(["0"]),
  ]);
});

test("[SAF-6] a switch that has run out is not ended any more", () => {
  const rig = rigWith(terms);
  rig.on(`POST ${path}`, () => refusal(-1102, "no"));
  seeForeign(rig);
  rig.advance(120_000);
  const asked = countdowns(rig).length;
  rig.advance(60_000);
  expect(countdowns(rig).length).toBe(asked);
});

test("[SAF-6] a renewal that fails is told once and tried again in its turn", () => {
  const rig = rigWith(terms);
  rig.on(`POST ${path}`, () => refusal(-1102, "no"));
  rig.advance(95_000);
  rig.on(`POST ${path}`, () => ok({}));
  rig.advance(30_000);
  expect([countdowns(rig).length, codes(rig)]).toEqual([5, ["DEAD_MANS_SWITCH_ARMED", "DEAD_MANS_SWITCH_FAILED"]]);
});

test("[SAF-6] disarmed at an orderly stop, and not armed again", () => {
  const rig = rigWith(terms);
  let isDone = false;
  rig.adapter.disarm(rig.now, () => {
    isDone = true;
  });
  rig.pump();
  rig.send({ kind: "query-account" });
  rig.advance(60_000);
  expect([isDone, countdowns(rig)]).toEqual([true, ["120000", "0"]]);
});

test("[SAF-6] an exchange that does not answer keeps no stop waiting", () => {
  const rig = rigWith(terms);
  rig.on(`POST ${path}`, () => "lost");
  let isDone = false;
  rig.adapter.disarm(rig.now, () => {
    isDone = true;
  });
  rig.pump();
  rig.advance(3_100);
  expect(isDone).toBe(true);
});
