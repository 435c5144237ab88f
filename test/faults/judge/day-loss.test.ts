import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { partsWith } from "./given.ts";

const second = 1_000_000;
const entry = orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role: "e", attempt: 1 });
const noon = 43_200 * second;
const midnight = 86_400 * second;

/** A daemon with 1,000 USDT that may lose twenty of them a day, and has read its account. */
function judgeOf(): Judge {
  const judge = new Judge(
    [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }],
    0,
    undefined,
    partsWith({
      fresh: { quote: noon, trade: noon, mark: noon, account: noon, latency: noon },
      notionalMax: () => Number.POSITIVE_INFINITY,
      positionsMax: 1,
      dayLoss: { dayLossMax: 20, wallet: 1_000, accountAge: 60 * second },
      firstMessage: noon,
    }),
  );
  judge.scene.now = noon;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.ready();
  pass(judge, 2);
  return judge;
}

function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    judge.step();
  }
}

function wallet(judge: Judge, wb: string): void {
  judge.happened({ e: "ACCOUNT_UPDATE", a: { m: "ORDER", B: [{ a: "USDT", wb, cw: wb, bc: "0" }], P: [] } });
}

/** Whether an entry that leaves now is held against the daemon. */
function isHeldAgainst(judge: Judge): boolean {
  const params = { symbol: "BTCUSDT", side: "BUY", type: "LIMIT", newClientOrderId: entry };
  const call = callOfText(JSON.stringify({ id: 1, method: "order.place", params }));
  if (call === null) throw new Error("no request");
  judge.sent(call);
  return judge.violations.some(({ detail }) => detail.includes("of the day"));
}

test.each([
  ["980.5", false],
  ["979.9", true],
])(
  "[I-13] an entry after the day's loss is reached is a violation: a wallet of %s from 1000, at most 20: %s",
  (wb, is) => {
    const judge = judgeOf();
    wallet(judge, wb);
    pass(judge, 75);
    expect(isHeldAgainst(judge)).toBe(is);
  },
);

test("[I-13] a loss is held against the daemon only once the account must have been read", () => {
  const judge = judgeOf();
  wallet(judge, "970");
  pass(judge, 60);
  expect(isHeldAgainst(judge)).toBe(false);
});

test("[I-13] a loss that was reached stays so when money is won, and when the daemon starts again", () => {
  const judge = judgeOf();
  wallet(judge, "970");
  pass(judge, 75);
  wallet(judge, "990");
  judge.ends();
  judge.begins({ openTrades: [], fills: new Set(["0 1"]) });
  judge.ready();
  pass(judge, 5);
  expect(isHeldAgainst(judge)).toBe(true);
});

test("[I-13] after an operator's resume, with a lost journal and on the next day a loss counts anew", () => {
  const judges = [judgeOf(), judgeOf(), judgeOf()];
  for (const judge of judges) {
    wallet(judge, "970");
    pass(judge, 75);
  }
  const [resumed, lost, next] = judges;
  resumed?.commanded("resume");
  lost?.begins({ openTrades: [], fills: new Set() });
  if (next !== undefined) next.scene.now = midnight + 120 * second;
  for (const judge of judges) pass(judge, 5);
  expect(judges.map(isHeldAgainst)).toEqual([false, false, false]);
});

test("[I-13] within a minute of midnight nobody can say which day it is for the daemon", () => {
  const judge = judgeOf();
  wallet(judge, "970");
  pass(judge, 75);
  judge.scene.now = midnight - 30 * second;
  expect(isHeldAgainst(judge)).toBe(false);
});
