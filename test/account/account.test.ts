/** What the exchange says about the account, and how old it is. */

import { expect, test } from "vitest";
import { Account } from "../../src/account/account.ts";
import type { AccountSnapshot } from "../../src/domain/event.ts";
import { moneyFromText } from "../../src/domain/instrument.ts";
import { microsFromSeconds, signedLots, symbolIndex } from "../../src/domain/units.ts";
import { after } from "../support/core.ts";

const first = symbolIndex(0);
const second = symbolIndex(1);
const lag = microsFromSeconds(12);

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
  account.onSnapshot(snapshot({ requestedAt: after(0) }), lag);
  expect(account.age(after(250))).toBe(250_000);
});

test("[ORD-2] a symbol without a row in a snapshot is flat", () => {
  const account = new Account(2);
  account.onPosition({ symbol: second, lots: signedLots(5), entryTicks: 1, time: after(0) }, after(0));
  account.onSnapshot(snapshot(), lag);
  expect([account.reportedLots(first), account.reportedLots(second)]).toEqual([-3, 0]);
});

test("[RSK-8] a snapshot that was asked for earlier than the last one changes nothing", () => {
  const account = new Account(2);
  account.onSnapshot(snapshot({ requestedAt: after(1_000) }), lag);
  account.onSnapshot(snapshot({ requestedAt: after(500), wallet: moneyFromText("1"), positions: [] }), lag);
  expect([account.equity, account.reportedLots(first)]).toEqual([1_000, -3]);
});

/** The stream tells of 900 at the beginning, after a read that showed 1,000. */
function told(): Account {
  const account = new Account(2);
  account.onPrivateStream(true, after(-1));
  account.onSnapshot(snapshot({ requestedAt: after(-1) }), lag);
  account.onWallet(moneyFromText("900"), after(0), after(0));
  return account;
}

test.each([
  ["asked for before it was told", -0.5, 900, null],
  ["asked for when it was told", 0, 900, 12_000.001],
  ["that may lag behind it", 12_000, 900, 12_000.001],
  ["that can lag no more", 12_000.001, 1_000, null],
])("[RSK-8] the stream's word of the wallet and a read %s", (_what, askedAt, equity, disputedUntil) => {
  const account = told();
  account.onSnapshot(snapshot({ requestedAt: after(askedAt) }), lag);
  expect([account.equity, account.disputedUntil]).toEqual([
    equity,
    disputedUntil === null ? null : after(disputedUntil),
  ]);
});

test("[RSK-8] a read that shows the wallet that was told settles it, however young that is", () => {
  const account = told();
  account.onSnapshot(snapshot({ requestedAt: after(1) }), lag);
  account.onSnapshot(snapshot({ requestedAt: after(2), wallet: moneyFromText("900") }), lag);
  expect(account.disputedUntil).toBeNull();
});

test("[RSK-8] a newer word of the stream settles what a read has disputed", () => {
  const account = told();
  account.onSnapshot(snapshot({ requestedAt: after(1) }), lag);
  account.onWallet(moneyFromText("1000"), after(2), after(2));
  expect(account.disputedUntil).toBeNull();
});

test("[ORD-2] a read that may lag shows its own position, and the equity has the one that was told", () => {
  const account = new Account(2);
  account.onPrivateStream(true, after(0));
  account.onPosition({ symbol: first, lots: signedLots(2), entryTicks: 1_000, time: after(0) }, after(0));
  account.onSnapshot(snapshot({ requestedAt: after(12_000) }), lag);
  expect([account.reportedLots(first), account.measuredLots(first), account.openTickLots(first, 1_010)]).toEqual([
    -3, 2, 20,
  ]);
});

test("[ORD-2] a read that can lag no more shows the position that the equity has", () => {
  const account = new Account(2);
  account.onPrivateStream(true, after(0));
  account.onPosition({ symbol: first, lots: signedLots(2), entryTicks: 1_000, time: after(0) }, after(0));
  account.onSnapshot(snapshot({ requestedAt: after(12_000.001) }), lag);
  expect([account.measuredLots(first), account.openTickLots(first, 640_010)]).toEqual([-3, -30]);
});

test("[RSK-8] fees are unknown until the exchange has said them", () => {
  const account = new Account(2);
  account.onFees({ symbol: first, makerE8: 20_000, takerE8: 50_000 });
  expect([account.takerFee(first), account.makerFee(first), account.takerFee(second)]).toEqual([0.0005, 0.0002, null]);
});
