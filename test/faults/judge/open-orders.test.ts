/** What the daemon takes for over is not open at the exchange, and it knows what is. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf, orderRowOf } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const minute = 60_000_000;
const intent = intentOf();
let venueIds = 0;

/** A daemon with an intent. */
function watching(): Judge {
  const judge = new Judge(grids, 0);
  judge.scene.now = minute;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intent);
  return judge;
}

function said(judge: Judge, c: string, X: string): Judge {
  judge.scene.now += 1_000;
  venueIds += X === "NEW" ? 1 : 0;
  const o = { s: "BTCUSDT", c, S: "BUY", q: "0.010", z: "0", l: "0", X, i: String(venueIds) };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  return judge;
}

function taken(judge: Judge, id: string, state: string): Judge {
  judge.scene.now += 1_000;
  judge.row(orderRowOf(id, state));
  return judge;
}

/** What is said about orders. */
function found({ violations }: Judge): readonly string[] {
  const told = violations.map(({ invariant, detail }) => `${invariant} ${detail}`);
  return told.filter((text) => /is taken for|does not know/.test(text));
}

test.each(["filled", "cancelled", "expired", "vanished"])(
  "[I-05] an order that is taken for %s is not open",
  (state) => {
    const [open, over] = [watching(), watching()];
    for (const judge of [open, over]) said(judge, entry, "NEW");
    said(over, entry, "CANCELED");
    for (const judge of [open, over]) taken(judge, entry, state);
    expect([open, over].map(found)).toEqual([
      [`I-05 ${entry} is taken for ${state}, and it is open at the exchange`],
      [],
    ]);
  },
);

test("[I-05] of a request that the network made two orders of, the first may be over while the second is open", () => {
  const judge = watching();
  for (const state of ["NEW", "CANCELED", "NEW"]) said(judge, entry, state);
  taken(judge, entry, "cancelled");
  expect(found(judge)).toEqual([]);
});

test("[I-06] in the end the daemon knows each order of ours that is open, and need not know those of others", () => {
  const judged = [new Set<string>(), new Set([entry])].map((orders) => {
    const judge = said(said(watching(), entry, "NEW"), "web_1", "NEW");
    judge.audit({ isUp: true, unready: [], positions: [0], orders });
    return found(judge);
  });
  expect(judged).toEqual([[`I-06 ${entry} is open at the exchange, and the daemon does not know it`], []]);
});
