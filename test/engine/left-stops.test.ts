/** What is remembered of stops that an ended trade left to somebody's part of the position (failure-catalogue F-27). */

import { expect, test } from "vitest";
import type { AlgoReport } from "../../src/domain/order.ts";
import { lots, signedLots } from "../../src/domain/units.ts";
import { LeftStops } from "../../src/engine/left-stops.ts";
import { tradeBeside } from "../../src/engine/recovery.ts";
import { type Order, sentOrder, step } from "../../src/execution/order.ts";
import { after, instrument, settings } from "../support/core.ts";
import { entryOf, stopOf } from "./support.ts";

const now = after(0);
const triggered: AlgoReport = { ...stopOf("r1"), status: "TRIGGERING" };

test("[F-27] one that is hit is told as triggered", () => {
  expect(stops("r1").hit(triggered, now)?.status.kind).toBe("triggered");
});

test("[F-27] the child tells of it, too: it is reported as an order under the same id", () => {
  expect(stops("r1").hit(entryOf("r1", 10), now)?.id).toBe("r1");
});

test("[F-27] one that rests, and one that nobody left, are not hit", () => {
  const left = stops("r1");
  expect([left.hit(stopOf("r1"), now), left.hit({ ...triggered, clientAlgoId: "r2" }, now)]).toEqual([null, null]);
});

test("[F-27] what is no stop is not left to anybody", () => {
  const left = new LeftStops();
  left.find([{ ...stop("t"), role: "t1" }]);
  expect(left.askAbout(new Set(), now)).toEqual([]);
});

test.each(["CANCELED", "EXPIRED", "REJECTED"] as const)(
  "[F-27] one that is %s is not asked about any more",
  (status) => {
    const left = stops("r1");
    left.hit({ ...stopOf("r1"), status }, now);
    expect(left.askAbout(new Set(), now)).toEqual([]);
  },
);

test("[F-19] one that has ended stays ended, although a list that lags names it still", () => {
  const left = stops("r1");
  left.forget("r1");
  left.find([stop("r1")]);
  expect(left.hit(triggered, now)).toBeNull();
});

test("[F-07] only what a list does not name is asked about", () => {
  expect(stops("r1", "r2").askAbout(new Set(["r1"]), now)).toEqual(["r2"]);
});

test("[I-21] one that no answer tells of is asked about five times, also where it is found again", () => {
  const left = stops("r1");
  const asked = Array.from({ length: 8 }, () => {
    left.find([stop("r1")]);
    return left.askAbout(new Set(), now).length;
  });
  expect(asked).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
});

test("[F-27] the newest twenty are remembered", () => {
  const names = Array.from({ length: 25 }, (_, index) => `r${index}`);
  expect(stops(...names).askAbout(new Set(), now)).toEqual(names.slice(5));
});

test("[I-08] what one has closed was open the other way", () => {
  const left = stops("r1");
  const closed = [entryOf("r1", 7), triggered].map((report) => left.closedBy(stop("r1"), report));
  expect(closed.map((part) => part.lots)).toEqual([7, 0]);
});

test("[I-08] what an earlier trade was left to says nothing of a stop that a list names later", () => {
  const left = new LeftStops();
  const trade = tradeBeside("left", instrument, settings, signedLots(10), 640_000, now);
  trade.orders.set("r1", stop("r1"));
  left.leave(trade, 640_000);
  left.find([stop("r2")]);
  const averages = ["r1", "r2"].map((id) => left.closedBy(stop(id), entryOf(id, 7)).entryTicks);
  expect(averages).toEqual([640_000, 0]);
});

function stops(...names: readonly string[]): LeftStops {
  const left = new LeftStops();
  left.find(names.map(stop));
  return left;
}

function stop(id: string): Order {
  const what = { id, role: "r", attempt: 1, service: "algo", side: "sell", quantity: lots(10), price: null } as const;
  return step(sentOrder(what, now), { kind: "accepted" }, now);
}
