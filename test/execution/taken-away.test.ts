/** What an entry has filled is closed by somebody else, while the rest of it works. */

import { expect, test } from "vitest";
import type { Side } from "../../src/domain/order.ts";
import { signedLots } from "../../src/domain/units.ts";
import { after } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const floor = idOf("f");

/** Four lots of ten have filled after a tenth of a second, and the stop is live; or nothing has filled. */
function working(filled = 4, side: Side = "buy"): Bench {
  const bench = new Bench();
  bench.begin(planOf({ side }));
  bench.report(e1, "NEW", 0);
  bench.ok("place-order", e1);
  if (filled > 0) {
    bench.fill(e1, "PARTIALLY_FILLED", filled, fillOf("a", filled, 640_000, after(100)));
    bench.ok("place-algo", floor);
  }
  bench.sent();
  return bench;
}

test.each<readonly [string, Side, number]>([
  ["nothing is left", "buy", 0],
  ["less is left", "buy", 3],
  ["nothing is left", "sell", 0],
  ["it was turned around", "sell", 2],
])(
  "[F-82] the stream says that %s of a %s: its entry is cancelled, and the stop is asked about (%i lots)",
  (_what, side, left) => {
    const bench = working(4, side);
    bench.manager.onPositionStated(signedLots(left), after(101), bench.now);
    expect(bench.sent().toSorted()).toEqual(["cancel-order e1", "query-algo f1"]);
  },
);

test.each<readonly [string, number, number, number]>([
  ["what the books have", 4, 4, 101],
  ["more than they have", 4, 6, 101],
  ["less, of the moment of the last execution", 4, 0, 100],
  ["nothing, before anything has filled", 0, 0, 101],
])("[F-82] a word of %s leaves the entry working", (_what, filled, told, ms) => {
  const bench = working(filled);
  bench.manager.onPositionStated(signedLots(told), after(ms), bench.now);
  expect(bench.sent()).not.toContain("cancel-order e1");
});

test.each<readonly [number, readonly string[]]>([
  [2_100, []],
  [2_100.001, ["cancel-order e1", "query-algo f1"]],
])("[F-82] a read asked for at %d ms that lacks what has filled makes it send %j", (ms, sent) => {
  const bench = working();
  bench.manager.onPositionSeen(signedLots(0), after(ms), bench.now);
  expect(bench.sent().toSorted()).toEqual(sent);
});

test("[F-82] once the entry is over, less than the books have is for reads that agree to settle", () => {
  const bench = working();
  bench.report(e1, "CANCELED", 4);
  bench.sent();
  bench.manager.onPositionStated(signedLots(0), after(101), bench.now);
  expect(bench.sent()).toEqual([]);
});
