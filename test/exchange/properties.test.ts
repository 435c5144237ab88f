import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { type Row, type Venue, venue } from "./harness.ts";

type Step =
  | { readonly kind: "order"; readonly side: "BUY" | "SELL"; readonly lots: number; readonly reduceOnly: boolean }
  | { readonly kind: "limit"; readonly side: "BUY" | "SELL"; readonly lots: number; readonly offset: number }
  | { readonly kind: "target"; readonly lots: number; readonly offset: number }
  | { readonly kind: "stop"; readonly offset: number; readonly all: boolean }
  | { readonly kind: "trade"; readonly side: "BUY" | "SELL"; readonly lots: number; readonly offset: number }
  | { readonly kind: "book"; readonly shift: number; readonly size: number }
  | { readonly kind: "mark"; readonly offset: number; readonly rate: number }
  | { readonly kind: "time"; readonly hours: number };

const side = fc.constantFrom("BUY", "SELL");
const lots = fc.integer({ min: 1, max: 40 });
const offset = fc.integer({ min: -12, max: 12 });

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("order"), side, lots, reduceOnly: fc.boolean() }),
  fc.record({ kind: fc.constant("limit"), side, lots, offset }),
  fc.record({ kind: fc.constant("target"), lots, offset }),
  fc.record({ kind: fc.constant("stop"), offset, all: fc.boolean() }),
  fc.record({ kind: fc.constant("trade"), side, lots, offset }),
  fc.record({ kind: fc.constant("book"), shift: fc.integer({ min: -5, max: 5 }), size: lots }),
  fc.record({ kind: fc.constant("mark"), offset, rate: fc.integer({ min: -300, max: 300 }) }),
  fc.record({ kind: fc.constant("time"), hours: fc.integer({ min: 1, max: 9 }) }),
);
const steps = fc.array(step, { minLength: 1, maxLength: 60 });

const center = 640_000;
const quantity = (amount: number) => (amount / 1_000).toFixed(3);
const price = (ticks: number) => (ticks / 10).toFixed(2);

function play(sim: Venue, one: Step): void {
  const held = Number(sim.position());
  switch (one.kind) {
    case "order":
      sim.order(one.side, quantity(one.lots), one.reduceOnly ? { reduceOnly: "true" } : {});
      return;
    case "limit":
      sim.order(one.side, quantity(one.lots), { price: price(center + one.offset) });
      return;
    case "target": {
      const closing = held > 0 ? "SELL" : "BUY";
      sim.order(closing, quantity(one.lots), { price: price(center + one.offset), reduceOnly: "true" });
      return;
    }
    case "stop": {
      const amount: Record<string, string> = one.all
        ? { closePosition: "true" }
        : { quantity: "0.010", reduceOnly: "true" };
      sim.algoCode(held > 0 ? "SELL" : "BUY", price(center + one.offset), amount);
      return;
    }
    case "trade":
      sim.trade(center + one.offset, one.lots, one.side);
      return;
    case "book": {
      const middle = center + one.shift;
      const level = (away: number) => [middle + away, one.size] as const;
      sim.book([-1, -2, -4].map(level), [1, 2, 4].map(level));
      return;
    }
    case "mark":
      sim.mark(center + one.offset, one.rate / 1e6);
      return;
    case "time":
      sim.now += one.hours * 3_600_000_000;
      return;
    default:
      throw new TypeError(`unknown step ${one satisfies never}`);
  }
}

const AccountChange = z.object({ B: z.array(z.record(z.string(), z.unknown())) });

/** Decimal text with eight places or fewer to whole 10⁻⁸. */
function e8(text: unknown): bigint {
  const [whole = "0", fraction = ""] = String(text).replace("-", "").split(".");
  const value = BigInt(whole + fraction.padEnd(8, "0"));
  return String(text).startsWith("-") ? -value : value;
}

function sum(rows: readonly Row[], key: string): bigint {
  return rows.reduce((total, row) => total + e8(row[key]), 0n);
}

test("[SIM-2] wallet = start + realised − fees + funding, to the last unit, whatever is done", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const sim = venue();
      for (const one of played) play(sim, one);
      const trades = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT", limit: "1000" });
      const funding = sim.rows("GET v1/income", { incomeType: "FUNDING_FEE", limit: "1000" });
      const expected = e8("10000") + sum(trades, "realizedPnl") - sum(trades, "commission") + sum(funding, "income");
      expect(e8(sim.wallet())).toBe(expected);
    }),
  );
});

test("[SIM-2] the position is the sum of the fills, and the last ACCOUNT_UPDATE tells it and the wallet", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const sim = venue();
      for (const one of played) play(sim, one);
      const trades = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT", limit: "1000" });
      const bought = sum(
        trades.filter((row) => row["side"] === "BUY"),
        "qty",
      );
      const sold = sum(
        trades.filter((row) => row["side"] === "SELL"),
        "qty",
      );
      expect(e8(sim.position())).toBe(bought - sold);
      const told = sim.events("ACCOUNT_UPDATE").map((event) => AccountChange.parse(event["a"]).B[0]?.["wb"]);
      expect(told.at(-1) ?? "10000.00000000").toBe(sim.wallet());
    }),
  );
});

test("[SIM-2] once flat, realised profit is exactly what was received less what was paid", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(side, lots, fc.integer({ min: -4, max: 4 })), { minLength: 1 }), (orders) => {
      const sim = venue();
      for (const [taker, amount, shift] of orders) {
        play(sim, { kind: "book", shift, size: 50 });
        sim.order(taker, quantity(amount));
      }
      const held = sim.position();
      play(sim, { kind: "book", shift: 3, size: 100_000 });
      if (held !== "0.000") sim.order(held.startsWith("-") ? "BUY" : "SELL", held.replace("-", ""));
      const trades = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT", limit: "1000" });
      const received = sum(
        trades.filter((row) => row["side"] === "SELL"),
        "quoteQty",
      );
      const paid = sum(
        trades.filter((row) => row["side"] === "BUY"),
        "quoteQty",
      );
      expect(sim.position()).toBe("0.000");
      expect(sum(trades, "realizedPnl")).toBe(received - paid);
    }),
  );
});

test("[SIM-2] a reduce-only or close-position fill never opens, grows or flips the position", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const sim = venue();
      for (const one of played) play(sim, one);
      let held = 0n;
      for (const fill of sim.inner("ORDER_TRADE_UPDATE").filter((row) => row["x"] === "TRADE")) {
        const next = held + e8(fill["l"]) * (fill["S"] === "BUY" ? 1n : -1n);
        if (fill["R"] === true) expect(held > 0n ? next >= 0n && next < held : next <= 0n && next > held).toBe(true);
        held = next;
      }
    }),
  );
});

test("[SIM-2] without an opposite quote in reach a resting order fills no more than traded at or through its price", () => {
  const trades = fc.array(fc.tuple(side, lots, offset), { maxLength: 40 });
  fc.assert(
    fc.property(fc.integer({ min: -6, max: -1 }), lots, trades, (away, amount, recorded) => {
      const sim = venue();
      sim.order("BUY", quantity(amount), { price: price(center + away), newClientOrderId: "resting" });
      let reached = 0;
      for (const [aggressor, size, where] of recorded) {
        sim.trade(center + where, size, aggressor);
        if (aggressor === "SELL" && where <= away) reached += size;
      }
      const row = sim.row("GET v1/order", { symbol: "BTCUSDT", origClientOrderId: "resting" });
      expect(e8(row["executedQty"]) / 100_000n).toBeLessThanOrEqual(BigInt(reached));
    }),
  );
});

test("[SIM-2] an order's fills never exceed its quantity, and every order ends in one final state", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const sim = venue();
      for (const one of played) play(sim, one);
      const ended = new Set<unknown>();
      for (const row of sim.inner("ORDER_TRADE_UPDATE")) {
        expect(ended.has(row["i"])).toBe(false);
        expect(e8(row["z"])).toBeLessThanOrEqual(e8(row["q"]));
        if (row["X"] !== "NEW" && row["X"] !== "PARTIALLY_FILLED") ended.add(row["i"]);
      }
      const open = sim.rows("GET v1/openOrders").map((row) => row["orderId"]);
      expect(open.filter((id) => ended.has(id))).toEqual([]);
    }),
  );
});

test("[SIM-2] the same steps give the same events", () => {
  fc.assert(
    fc.property(steps, (played) => {
      const run = () => {
        const sim = venue();
        for (const one of played) play(sim, one);
        return sim.events();
      };
      expect(run()).toEqual(run());
    }),
    { numRuns: 30 },
  );
});
