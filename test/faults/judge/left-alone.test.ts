/** What the judge asks where the operator wants others' positions left alone, or others' orders cancelled. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { callOfHttp, callOfText } from "../../../src/faults/call.ts";
import { Judge, type JudgeParts } from "../../../src/faults/judge/judge.ts";
import { partsWith } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const own = orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role: "e", attempt: 1 });
const second = 1_000_000;
const accountPaths = ["/fapi/v3/balance", "/fapi/v3/positionRisk", "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"];
let fills = 0;

function judgeWith(parts: Partial<JudgeParts>): Judge {
  const judge = new Judge(
    grids,
    0,
    undefined,
    partsWith({ ownPositions: () => [0], firstMessage: Number.POSITIVE_INFINITY, ...parts }),
  );
  judge.scene.now = 100 * second;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.ready();
  return judge;
}

function filled(judge: Judge, id: string, side: "BUY" | "SELL", quantity: string): void {
  fills += 1;
  const o = {
    s: "BTCUSDT",
    c: id,
    i: fills,
    S: side,
    q: quantity,
    z: quantity,
    l: quantity,
    L: "64000.0",
    X: "FILLED",
    t: fills,
  };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  judge.told("report ? FILLED", JSON.stringify({ o }));
}

/** The account is read every five seconds, and says what is so. */
function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    if (passed % 5 === 0) {
      for (const path of accountPaths) {
        const call = callOfHttp({ kind: "http", id: 1, host: "fapi", method: "GET", path, query: "", keyed: true });
        const amount = (judge.scene.truth.position(0) / 1_000).toFixed(3);
        const text = path.includes("positionRisk") ? `[{"symbol":"BTCUSDT","positionAmt":"${amount}"}]` : "[]";
        judge.sent(call);
        judge.answered(call, 200, text);
        judge.reply(call, 200, text);
      }
    }
    judge.step();
  }
}

function invariants(judge: Judge): readonly string[] {
  return [...new Set(judge.violations.map(({ invariant }) => invariant))];
}

/** For a minute and a half; then everything was healed. */
function judged(judge: Judge): readonly string[] {
  pass(judge, 90);
  judge.audit({ isUp: true, unready: [], positions: [0], orders: new Set() });
  return invariants(judge);
}

test.each([
  [false, ["I-01", "I-18", "I-06"]],
  [true, []],
] as const)(
  "[I-01] [I-06] [I-18] a person opens a position, and that such are left alone is %s",
  (leavesOrphans, expected) => {
    const judge = judgeWith({ leavesOrphans });
    filled(judge, "web_1", "BUY", "0.010");
    expect(judged(judge)).toEqual(expected);
  },
);

test.each([
  ["our own entry opens one", [[own, "BUY", "0.010"]]],
  [
    "a person takes a part of ours away",
    [
      [own, "BUY", "0.010"],
      ["web_1", "SELL", "0.004"],
    ],
  ],
  [
    "a person's is closed, and then our own entry opens one",
    [
      ["web_1", "BUY", "0.004"],
      ["web_2", "SELL", "0.004"],
      [own, "BUY", "0.010"],
    ],
  ],
] as const)("[I-01] where others' are left alone, %s: it needs a stop", (_what, executions) => {
  const judge = judgeWith({ leavesOrphans: true });
  for (const [id, side, quantity] of executions) filled(judge, id, side, quantity);
  expect(judged(judge)).toContain("I-01");
});

test.each([
  ["order.cancel", false, ["I-12"]],
  ["order.cancel", true, []],
  ["order.place", true, ["I-12", "I-14"]],
] as const)(
  "[I-12] %s of an order that is not ours, where such are cancelled (%s)",
  (method, cancelsForeign, expected) => {
    const judge = judgeWith({ cancelsForeign });
    const id = method === "order.place" ? { newClientOrderId: "web_1" } : { origClientOrderId: "web_1" };
    const call = callOfText(JSON.stringify({ id: 1, method, params: { symbol: "BTCUSDT", ...id } }));
    if (call !== null) judge.sent(call);
    expect(invariants(judge)).toEqual(expected);
  },
);
