/** The stop that moves: when, how far, how often, and how its orders follow without a gap. */

import fc from "fast-check";
import { expect, test } from "vitest";
import type { ExitRules } from "../../src/domain/exit-rules.ts";
import { type Side, sides, sign } from "../../src/domain/order.ts";
import { microsFromSeconds, ticks } from "../../src/domain/units.ts";
import { exitRules } from "../../src/execution/exit-rules.ts";
import { instrumentWith, settings, settingsWith, stillRules } from "../support/core.ts";
import { Bench, fillOf, idOf, planOf } from "./bench.ts";

const e1 = idOf("e");
const f1 = idOf("f");
const r1 = idOf("r");
const r2 = idOf("r", 2);
const x1 = idOf("x");

/** R is 200 ticks: from 640,000 to 639,800. */
const trailing: ExitRules = { ...stillRules, trailFromR: 0.5, trailByR: 0.5 };

/** A protected position of ten lots at 640,000 that may be held for an hour. */
function entered(exits: ExitRules = trailing, side: Side = "buy"): Bench {
  const bench = new Bench();
  bench.enterProtected(planOf({ exits, side, holdMicros: microsFromSeconds(3_600) }));
  return bench;
}

function quote(bench: Bench, price: number): void {
  bench.touch.quote(price);
  bench.manager.onQuote(bench.now);
}

function levels(bench: Bench): readonly number[] {
  return bench.outputs.flatMap((output) => (output.kind === "stop-move" ? [output.to] : []));
}

test("[EXE-10] the stop begins to trail at +0.5 R, half an R behind the best price", () => {
  const bench = entered();
  quote(bench, 640_099);
  const before = bench.count("place-algo", r1);
  quote(bench, 640_100);
  expect([before, bench.algo(r1)]).toMatchObject([
    0,
    { side: "sell", type: "STOP_MARKET", trigger: 640_000, extent: { kind: "quantity", quantity: 10 } },
  ]);
});

test("[EXE-10] a short's stop trails downwards behind the best ask", () => {
  const bench = entered(trailing, "sell");
  quote(bench, 639_879);
  expect(bench.algo(r1)).toMatchObject({ side: "buy", trigger: 639_980 });
});

test("[EXE-10] trailing may begin at a gain over the margin instead", () => {
  const rules = exitRules(settingsWith({ exits: { trailing: { trail_activation_roi: 0.01 } } }), {
    feesBps: 10,
    leverage: 20,
    atrTicks: 30,
  });
  // 1 % of the margin at 20× is 5 basis points of the price: 320 ticks.
  const bench = entered({ ...rules, breakEvenBps: null });
  quote(bench, 640_319);
  const before = bench.count("place-algo", r1);
  quote(bench, 640_320);
  expect([before, bench.algo(r1).trigger]).toEqual([0, 640_220]);
});

test("[EXE-10] the distance may be in basis points", () => {
  const bench = entered({ ...trailing, trailByBps: 1 });
  quote(bench, 640_200);
  expect(bench.algo(r1).trigger).toBe(640_136);
});

test("[EXE-10] a stop never goes back when the price does", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(2_000);
  quote(bench, 640_060);
  expect([bench.manager.trade?.stopLevel, levels(bench)]).toEqual([640_050, [640_050]]);
});

test("[EXE-11] a move is at least the least step", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(2_000);
  quote(bench, 640_159);
  quote(bench, 640_160);
  expect(levels(bench)).toEqual([640_050, 640_060]);
});

test("[EXE-11] a move waits for the interval, and then goes to the best price since", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  quote(bench, 640_190);
  quote(bench, 640_170);
  bench.at(499);
  const before = levels(bench).length;
  bench.at(500);
  expect([before, levels(bench)]).toEqual([1, [640_050, 640_090]]);
});

test("[EXE-11] the moves of one trade are bounded", () => {
  const bench = entered({ ...trailing, movesMax: 3 });
  for (let move = 1; move <= 10; move += 1) {
    bench.at(1_000 * move);
    quote(bench, 640_100 + 20 * move);
  }
  expect(levels(bench)).toHaveLength(3);
});

test("[ORD-3] the new stop is live before the old one goes (F-05)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(1_000);
  bench.sent();
  quote(bench, 640_250);
  const first = bench.sent();
  bench.ok("place-algo", r2);
  expect([first, bench.sent()]).toEqual([["place-algo r2"], ["cancel-algo r1"]]);
});

test("[ORD-3] whatever else is told meanwhile, the old stop stays until the new one is live (F-05)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(1_000);
  quote(bench, 640_250);
  bench.algoReport(f1, "NEW");
  expect(bench.count("cancel-algo", r1)).toBe(0);
});

test("[ORD-3] one move after the other: a stop on its way is waited for", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(1_000);
  quote(bench, 640_250);
  bench.at(1_600);
  quote(bench, 640_350);
  const before = bench.count("place-algo", idOf("r", 3));
  bench.ok("place-algo", r2);
  expect([before, bench.algo(idOf("r", 3)).trigger]).toEqual([0, 640_250]);
});

test("[ORD-3] a ratchet that is too small does not hold its level: the core watches until the larger one is live", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: trailing }));
  bench.fill(e1, "CANCELED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.fill(e1, "CANCELED", 6, fillOf("late", 2));
  quote(bench, 640_040);
  expect(bench.order(x1).quantity).toBe(6);
});

test("[ORD-3] the floor stays beneath the ratchet until the position is flat", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(5_000);
  expect(bench.count("cancel-algo", f1)).toBe(0);
});

test("[ORD-3] a ratchet that the exchange refuses leaves the old one where it is (F-05)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(1_000);
  quote(bench, 640_250);
  bench.refuse("place-algo", r2, -4045);
  expect([bench.count("cancel-algo", r1), bench.manager.trade?.closing, bench.safeModes]).toEqual([0, null, []]);
});

test("[ORD-3] [F-05] a ratchet that is refused is tried ever more seldom, and the floor that rests keeps the position open", () => {
  const bench = entered();
  quote(bench, 640_150);
  const left: number[] = [];
  for (let ms = 0; ms <= 16_000; ms += 100) {
    bench.at(ms);
    const attempts = left.length + 1;
    if (bench.count("place-algo", idOf("r", attempts)) === 0) continue;
    left.push(ms);
    bench.refuse("place-algo", idOf("r", attempts), -4045);
  }
  const waits = left.slice(1).map((at, index) => at - (left[index] ?? 0));
  expect([waits, bench.count("place-order", x1), bench.safeModes]).toEqual([[500, 1_000, 2_000, 4_000, 8_000], 0, []]);
});

test("[ORD-3] moves that were refused do not count when the floor itself is lost", () => {
  const bench = entered();
  quote(bench, 640_150);
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    bench.refuse("place-algo", idOf("r", attempt), -4045);
    bench.at(8_000 * attempt);
  }
  bench.algoReport(idOf("f"), "CANCELED");
  expect([bench.count("place-algo", idOf("f", 2)), bench.count("place-order", x1)]).toEqual([1, 0]);
});

test("[ORD-3] while no stop rests at the level that it moved to, the core watches the price", () => {
  const bench = entered();
  quote(bench, 640_150);
  quote(bench, 640_050);
  expect([bench.order(x1).quantity, bench.manager.trade?.closing?.reason]).toEqual([10, "TRAILING_STOP"]);
});

test("[ORD-3] where the ratchet rests, the exchange is left to trigger it", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  quote(bench, 640_040);
  expect(bench.count("place-order", x1)).toBe(0);
});

test("[ORD-3] −2021 on the ratchet closes at market: it is hit (F-04)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.refuse("place-algo", r1, -2021);
  expect([bench.order(x1).quantity, bench.manager.trade?.closing?.reason]).toEqual([10, "TRAILING_STOP"]);
});

test("[ORD-3] a ratchet that fails when it triggers closes at market, though the floor is live (F-40)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.algoReport(r1, "TRIGGERING");
  bench.algoReport(r1, "REJECTED");
  expect(bench.order(x1).quantity).toBe(10);
});

test("[ORD-3] a ratchet whose child never comes is not waited for, though the floor is live (F-40)", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.algoReport(r1, "TRIGGERING");
  bench.at(settings.protection.unprotected_max_ms - 1);
  const before = bench.count("place-order", x1);
  bench.at(settings.protection.unprotected_max_ms);
  expect([before, bench.count("place-order", x1)]).toEqual([0, 1]);
});

test("[ORD-3] a ratchet that somebody cancels is put back at its level", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.algoReport(r1, "CANCELED");
  expect(bench.algo(r2)).toMatchObject({ trigger: 640_050, extent: { kind: "quantity", quantity: 10 } });
});

test("[ORD-3] a floor that vanishes beneath a ratchet is put back", () => {
  const bench = entered();
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.algoReport(f1, "CANCELED");
  expect(bench.algo(idOf("f", 2))).toMatchObject({ trigger: 639_800, extent: { kind: "close-position" } });
});

test("[ORD-3] a ratchet covers in advance what may still fill (F-24)", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: trailing }));
  bench.fill(e1, "PARTIALLY_FILLED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  quote(bench, 640_150);
  expect(bench.algo(r1).extent).toEqual({ kind: "quantity", quantity: 10 });
});

test("[ORD-3] a ratchet grows at once with a late fill, old one first live, then replaced (F-24)", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: trailing }));
  bench.fill(e1, "CANCELED", 4, fillOf("a", 4));
  bench.ok("place-algo", f1);
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.sent();
  bench.fill(e1, "CANCELED", 6, fillOf("late", 2));
  bench.ok("place-algo", r2);
  expect([bench.algo(r1).extent, bench.algo(r2).extent, bench.sent()]).toEqual([
    { kind: "quantity", quantity: 4 },
    { kind: "quantity", quantity: 6 },
    ["place-algo r2", "cancel-algo r1"],
  ]);
});

test("[ORD-3] a ratchet that has become too large is replaced after the interval, not at once", () => {
  const bench = new Bench();
  bench.enterProtected(
    planOf({
      exits: trailing,
      takeProfit: ticks(640_300),
      secondTarget: ticks(640_600),
      holdMicros: microsFromSeconds(600),
    }),
  );
  bench.ok("place-algo", idOf("t1"));
  bench.ok("place-algo", idOf("t2"));
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.fill(idOf("t1"), "FILLED", 5, fillOf("tp1", 5, 640_300));
  const early = bench.count("place-algo", r2);
  bench.at(600);
  expect([early, bench.algo(r2).extent]).toEqual([0, { kind: "quantity", quantity: 5 }]);
});

test("[ORD-3] a bridge beside a foreign stop trails too (F-22)", () => {
  const bench = new Bench();
  bench.begin(planOf({ exits: trailing }));
  bench.fill(e1, "FILLED", 10, fillOf("entry", 10));
  bench.refuse("place-algo", f1, -4130);
  bench.ok("place-algo", r1);
  bench.sent();
  quote(bench, 640_150);
  bench.ok("place-algo", r2);
  expect([bench.algo(r2).trigger, bench.sent()]).toEqual([640_050, ["place-algo r2", "cancel-algo r1"]]);
});

test("[ORD-6] a ratchet's size is on the market's step, rounded up: it only reduces", () => {
  const bench = new Bench(settings, instrumentWith({ marketStepSize: "0.003" }));
  bench.enterProtected(planOf({ exits: trailing }));
  quote(bench, 640_150);
  expect(bench.algo(r1).extent).toEqual({ kind: "quantity", quantity: 12 });
});

test("[ORD-6] a ratchet is no larger than a market order may be, and is not placed again for that (F-85)", () => {
  const bench = new Bench(settings, instrumentWith({ marketMaxQuantity: "0.006" }));
  bench.enterProtected(planOf({ exits: trailing }));
  quote(bench, 640_150);
  bench.ok("place-algo", r1);
  bench.at(2_000);
  expect([bench.algo(r1).extent, bench.count("place-algo", r2)]).toEqual([{ kind: "quantity", quantity: 6 }, 0]);
});

test("[ORD-4] the journal's position has the level that the stop has moved to", () => {
  const bench = new Bench();
  bench.enterProtected(planOf({ exits: trailing }));
  quote(bench, 640_150);
  bench.fill(f1, "PARTIALLY_FILLED", 4, fillOf("part", 4, 639_800));
  expect(bench.outputs.findLast(({ kind }) => kind === "position")).toMatchObject({ lots: 6, stopLoss: 640_050 });
});

const paths = fc.array(
  fc.record({
    move: fc.integer({ min: -150, max: 150 }),
    wait: fc.integer({ min: 0, max: 1_500 }),
    answer: fc.constantFrom("ok", "refuse", "lose", "cancel"),
  }),
  { minLength: 1, maxLength: 40 },
);

test("[EXE-10] whatever the price does, the stop only moves towards less risk (I-09)", () => {
  fc.assert(
    fc.property(paths, fc.constantFrom(...sides), (path, side) => {
      const bench = entered({ ...trailing, atrAtEntry: 100 }, side);
      let price = 640_000;
      let now = 0;
      for (const { move, wait } of path) {
        price += move;
        now += wait;
        bench.at(now);
        quote(bench, price);
      }
      const all = [side === "buy" ? 639_800 : 640_200, ...levels(bench)];
      expect(all.every((level, index) => index === 0 || (level - (all[index - 1] ?? level)) * sign(side) > 0)).toBe(
        true,
      );
    }),
  );
});

test("[ORD-3] whatever becomes of its orders, some stop is live as long as the position is open (I-01)", () => {
  fc.assert(
    fc.property(paths, (path) => {
      const bench = entered();
      let price = 640_000;
      let now = 0;
      for (const { move, wait, answer } of path) {
        price += move;
        now += wait;
        bench.at(now);
        quote(bench, price);
        const trade = bench.manager.trade;
        if (trade === null || trade.closing !== null) return;
        const sent = [...trade.orders.values()].find(({ status, role }) => role === "r" && status.kind === "sent");
        if (sent !== undefined && answer === "ok") bench.ok("place-algo", sent.id);
        if (sent !== undefined && answer === "refuse") bench.refuse("place-algo", sent.id, -1008);
        if (sent !== undefined && answer === "lose") bench.lose("place-algo", sent.id);
        const live = [...trade.orders.values()].filter(({ status, role }) => role === "r" && status.kind === "live");
        if (answer === "cancel") for (const { id } of live) bench.algoReport(id, "CANCELED");
        expect(trade.closing !== null || trade.exposedSince === null).toBe(true);
      }
    }),
  );
});
