import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const second = 1_000_000;
const trade = tradeIdFrom("d1");
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const othersEntry = orderId({ prefix: "sd", trade: tradeIdFrom("d2"), role: "e", attempt: 1 });
const intent = intentOf();

/** A judge of a process that has read its account. @param safeModeOf why the one before was in SAFE MODE */
function begun(safeModeOf: string | null): Judge {
  const judge = new Judge(grids, 0);
  judge.begins({ openTrades: [], fills: new Set(), safeModeOf });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intent);
  return judge;
}

function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    judge.step();
  }
}

function sent(judge: Judge, method: "order.place" | "order.modify"): void {
  const numbers = { quantity: "0.010", price: "64000.0" };
  const named = { [method === "order.place" ? "newClientOrderId" : "origClientOrderId"]: entry };
  const call = callOfText(JSON.stringify({ id: 1, method, params: { symbol: "BTCUSDT", ...named, ...numbers } }));
  if (call === null) throw new Error("no request");
  judge.sent(call);
}

/** The exchange has it in its book, or not any more. */
function told(judge: Judge, id: string, X: "NEW" | "CANCELED"): void {
  judge.happened({ e: "ORDER_TRADE_UPDATE", o: { s: "BTCUSDT", c: id, S: "BUY", q: "0.010", z: "0.000", X } });
}

function details(judge: Judge): readonly string[] {
  return judge.violations.filter(({ invariant }) => invariant === "I-17").map(({ detail }) => detail);
}

test("[I-17] what the journal says of SAFE MODE is the next run's: an entry before it was left", () => {
  const judge = begun("OVERFILL");
  judge.notice("SAFE_MODE_RESTORED", { reason: "OVERFILL" });
  sent(judge, "order.place");
  expect(details(judge)).toEqual([`place e ${entry} leaves in SAFE MODE (OVERFILL)`]);
});

test("[I-17] entries leave again once the SAFE MODE of an earlier run was left", () => {
  const judge = begun("OVERFILL");
  judge.notice("SAFE_MODE_RESTORED", { reason: "OVERFILL" });
  judge.notice("SAFE_MODE_OFF", {});
  sent(judge, "order.place");
  expect(details(judge)).toEqual([]);
});

test("[I-17] a run that does not say that it is in the SAFE MODE of the one before", () => {
  const [silent, saying, normal] = [begun("OVERFILL"), begun("OVERFILL"), begun(null)];
  saying.notice("SAFE_MODE_RESTORED", { reason: "OVERFILL" });
  for (const judge of [silent, saying, normal]) pass(judge, 3);
  expect(details(silent)).toEqual(["the journal says SAFE MODE, and the run that reads it does not"]);
  expect([details(saying), details(normal)]).toEqual([[], []]);
});

test("[I-17] an entry is moved in SAFE MODE", () => {
  const judge = begun(null);
  sent(judge, "order.modify");
  judge.notice("SAFE_MODE_ON", { reason: "CANNOT_PROTECT" });
  expect(details(judge)).toEqual([]);
  sent(judge, "order.modify");
  expect(details(judge)).toEqual([`amend e ${entry} leaves in SAFE MODE (CANNOT_PROTECT)`]);
});

test("[I-17] an entry that rests on in SAFE MODE is told once, one that is withdrawn never", () => {
  const [resting, withdrawn] = [begun(null), begun(null)];
  for (const judge of [resting, withdrawn]) {
    told(judge, entry, "NEW");
    judge.notice("SAFE_MODE_ON", { reason: "CANNOT_PROTECT" });
    pass(judge, 5);
    if (judge === withdrawn) told(judge, entry, "CANCELED");
    pass(judge, 15);
  }
  expect(details(resting)).toEqual([`${entry} rests in SAFE MODE (CANNOT_PROTECT) for 10000000 µs`]);
  expect(details(withdrawn)).toEqual([]);
});

test("[I-17] an entry may rest in SAFE MODE while something is wrong, and another daemon's may all along", () => {
  const [troubled, others] = [begun(null), begun(null)];
  told(troubled, entry, "NEW");
  troubled.trouble(30 * second, "none");
  told(others, othersEntry, "NEW");
  for (const judge of [troubled, others]) {
    judge.notice("SAFE_MODE_ON", { reason: "ANOTHER_DAEMON" });
    pass(judge, 20);
  }
  expect([details(troubled), details(others)]).toEqual([[], []]);
});
