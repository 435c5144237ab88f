import fc from "fast-check";
import { expect, test } from "vitest";
import { type TradeId, tradeIdFrom } from "../../src/domain/order-id.ts";
import { BegunTrades } from "../../src/engine/begun-trades.ts";

test("[IDM-1] the newest trades are known, whatever their ids have in common, and no others", () => {
  // Goal: the table in front never hides a trade that was begun, also after others with the same mark are forgotten.
  // Method: ids that end alike in most cases, added and asked for in any order, against a plain list.
  const id = fc.oneof(
    fc.integer({ min: 0, max: 9 }).map((number) => `aaaa${number}zzz` as TradeId),
    fc.string().map(tradeIdFrom),
  );
  fc.assert(
    fc.property(fc.array(id, { maxLength: 60 }), fc.array(id, { maxLength: 20 }), (added, asked) => {
      const begun = new BegunTrades(5);
      const newest: TradeId[] = [];
      for (const trade of added) {
        begun.add(trade);
        if (!newest.includes(trade)) newest.push(trade);
        if (newest.length > 5) newest.shift();
      }
      for (const trade of [...added, ...asked]) expect(begun.has(trade)).toBe(newest.includes(trade));
    }),
    { numRuns: 300 },
  );
});
