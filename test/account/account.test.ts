/** What the exchange says about the account, and how old it is. */

import { expect, test } from "vitest";
import { Account } from "../../src/account/account.ts";
import type { AccountSnapshot } from "../../src/domain/event.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { signedLots, symbolIndex } from "../../src/domain/units.ts";
import { after } from "../support/core.ts";

const first = symbolIndex(0);
const second = symbolIndex(1);

function snapshot(changes: Partial<AccountSnapshot> = {}): AccountSnapshot {
  return {
    kind: "account-snapshot",
    wallet: moneyFromText("1000"),
    available: moneyFromText("800"),
    positions: [{ symbol: first, lots: signedLots(-3), entryTicks: 640_000 }],
    orders: [],
    algos: [],
    foreign: [],
    requestedAt: after(0),
    asOf: after(0),
    ...changes,
  };
}

test("[RSK-8] before the first snapshot nothing is known, and the age is without bound", () => {
  const account = new Account(2);
  expect([account.equity, account.available, account.age(after(0)), account.privateAlive]).toEqual([
    null,
    null,
    Number.POSITIVE_INFINITY,
    false,
  ]);
});

test("[RSK-8] the age counts from the request, not from the answer", () => {
  const account = new Account(2);
  account.onSnapshot(snapshot({ requestedAt: after(0) }));
  expect(account.age(after(250))).toBe(250_000);
});

test("[ORD-2] a symbol without a row in a snapshot is flat", () => {
  const account = new Account(2);
  account.onPosition({ symbol: second, lots: signedLots(5), entryTicks: 1, time: after(0) }, after(0));
  account.onSnapshot(snapshot());
  expect([account.reportedLots(first), account.reportedLots(second)]).toEqual([-3, 0]);
});

test("[RSK-8] a snapshot that was asked for earlier than the last one changes nothing", () => {
  const account = new Account(2);
  account.onSnapshot(snapshot({ requestedAt: after(1_000) }));
  account.onSnapshot(snapshot({ requestedAt: after(500), wallet: moneyFromText("1"), positions: [] }));
  expect([account.equity, account.reportedLots(first)]).toEqual([1_000, -3]);
});

test("[RSK-8] fees are unknown until the exchange has said them", () => {
  const account = new Account(2);
  account.onFees({ symbol: first, makerE8: 20_000, takerE8: 50_000 });
  expect([account.takerFee(first), account.makerFee(first), account.takerFee(second)]).toEqual([0.0005, 0.0002, null]);
});
