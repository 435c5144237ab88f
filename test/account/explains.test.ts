/** When an answer of the exchange's ledger explains what a wallet came to. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { explains } from "../../src/account/explains.ts";
import type { IncomeRow } from "../../src/domain/event.ts";
import { money } from "../../src/domain/units.ts";
import { after } from "../support/core.ts";

const other = (amount: bigint): IncomeRow => ({ kind: "other", id: "o", amount: money(amount), time: after(0) });
const transfer = (amount: bigint): IncomeRow => ({ kind: "transfer", id: "t", amount: money(amount), time: after(0) });

const nobody: ReadonlySet<IncomeRow> = new Set();

test("[F-07] a wallet that is what it was is explained by any answer", () => {
  expect([explains([], money(0n), nobody), explains([other(5n)], money(0n), nobody)]).toEqual([true, true]);
});

test("[F-07] any rows that follow each other explain their sum", () => {
  const amounts = fc.array(fc.bigInt({ min: -1_000n, max: 1_000n }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(amounts, fc.nat(), fc.nat(), (all, from, many) => {
      const begin = from % all.length;
      const run = all.slice(begin, begin + 1 + many);
      const sum = run.reduce((total, amount) => total + amount, 0n);
      expect(explains(all.map(other), money(sum), nobody)).toBe(true);
    }),
  );
});

test("[F-07] a change of which the ledger has only a part is not explained", () => {
  expect(explains([other(10n), other(-3n)], money(-5_003n), nobody)).toBe(false);
});

test("[F-07] a transfer that the wallet does not show is not explained by what else adds up", () => {
  const [early, late] = [transfer(-50n), transfer(-70n)];
  const rows = [other(1n), early, other(2n), late, other(3n)];
  const both = new Set([early, late]);
  expect([-120n + 2n, -120n + 6n, 3n, -50n, 0n].map((change) => explains(rows, money(change), both))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("[F-28] a transfer that is known already does not explain another one of that amount", () => {
  expect(explains([transfer(-50n)], money(-50n), nobody)).toBe(false);
});
