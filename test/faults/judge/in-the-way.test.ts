import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { type Call, callOfText } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { inTheWay } from "../../../src/faults/moments.ts";
import type { Partition, StreamKind } from "../../../src/faults/plan/fault.ts";

const second = 1_000_000;
const minute = 60 * second;
const entry = orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role: "e", attempt: 1 });

/** A judge of a daemon that was told of a position without a stop. */
function naked(): Judge {
  const judge = new Judge([{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }], 0);
  judge.begins({ openTrades: [], fills: new Set() });
  judge.ready();
  const size = { q: "0.010", z: "0.010", l: "0.010" };
  const o = { s: "BTCUSDT", c: entry, S: "BUY", ...size, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t: 1 };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  judge.step();
  judge.told("report e FILLED", JSON.stringify({ o }));
  return judge;
}

/** The daemon closes its position at market. */
function closes(judge: Judge): Call {
  const close = orderId({ prefix: "sd", trade: tradeIdFrom("d1"), role: "x", attempt: 1 });
  const params = {
    symbol: "BTCUSDT",
    side: "SELL",
    type: "MARKET",
    quantity: "0.010",
    reduceOnly: "true",
    newClientOrderId: close,
  };
  const call = callOfText(JSON.stringify({ id: 1, method: "order.place", params }));
  if (call === null) throw new Error("a close is a call");
  judge.sent(call);
  return call;
}

function pass(judge: Judge, seconds: number): void {
  for (let passed = 0; passed < seconds; passed += 0.5) {
    judge.scene.now += 0.5 * second;
    judge.step();
  }
}

function isCharged(judge: Judge): boolean {
  return judge.violations.some(({ invariant }) => invariant === "I-01");
}

test.each<readonly [Partition, boolean]>([
  ["all", true],
  ["rest", true],
  ["in", true],
  ["out", true],
  ["private", false],
  ["market", false],
  ["names", false],
])("[I-01] a partition of %s stands in the way of stops: %s", (what, isInTheWay) => {
  expect(inTheWay({ do: "partition", what, for: minute }) > minute).toBe(isInTheWay);
});

test.each<readonly [StreamKind, boolean]>([
  ["ws-api", true],
  ["private", false],
  ["public", false],
  ["market", false],
])("[I-01] the end of a connection for %s excuses what was under way on it, for seconds: %s", (stream, isExcused) => {
  const times = [
    inTheWay({ do: "disconnect", stream }),
    inTheWay({ do: "half-open", stream }),
    inTheWay({ do: "stall", stream, for: 10 * minute }),
  ];
  expect(times.map((time) => time > 0)).toEqual([isExcused, isExcused, isExcused]);
  expect(Math.max(...times)).toBeLessThan(10 * second);
});

test("[I-01] of other rules only a symbol's end excuses a position without a stop", () => {
  const changes = [
    { status: "CLOSE" },
    { status: "SETTLING" },
    { minNotional: "20000" },
    { marketMaxQuantity: "0.005" },
    { marketTakeBound: "0.00001" },
    { maxLeverage: 2 },
  ];
  const times = changes.map((change) => inTheWay({ do: "rules", symbol: 0, change, for: minute }));
  expect(times.map((time) => time > 0)).toEqual([true, false, false, false, false, false]);
});

test("[I-01] a slow network is counted once, as long as its slowest way takes, also when it is fast again", () => {
  // given: two seconds one way, and half a second of the daemon's own
  const [slow, fast] = [naked(), naked()];
  for (const judge of [slow, fast]) closes(judge);
  slow.scene.latency = 2 * second;
  // when
  for (const judge of [slow, fast]) pass(judge, 4);
  slow.scene.latency = 0;
  pass(slow, 9);
  const early = [isCharged(slow), isCharged(fast)];
  pass(slow, 2);
  // then
  expect([early, isCharged(slow)]).toEqual([[false, true], true]);
});

test("[I-01] two seconds after it is known a stop or a close of a position without a stop is on its way", () => {
  // given: a network whose ways would excuse twelve seconds more
  const judges = [naked(), naked(), naked()];
  for (const { scene } of judges) scene.latency = 2 * second;
  const [idle, asking, refused] = judges;
  if (!idle || !asking || !refused) throw new Error("there are three");
  // when
  closes(asking);
  refused.reply(closes(refused), 400, `{"code":-1106}`);
  for (const judge of judges) pass(judge, 2.5);
  // then
  expect(judges.map(isCharged)).toEqual([true, false, true]);
});

test("[I-01] what a slowed network takes to carry a close is none of the naked time that is ours", () => {
  // given
  const [slowed, quick] = [naked(), naked()];
  slowed.scene.slowedBy = second;
  // when: the close leaves after half a second, and fills a second later
  for (const judge of [slowed, quick]) {
    pass(judge, 0.5);
    const { clientId } = closes(judge);
    pass(judge, 1);
    const size = { q: "0.010", z: "0.010", l: "0.010" };
    const o = { s: "BTCUSDT", c: clientId, S: "SELL", ...size, L: "64000.0", N: "USDT", n: "0.1", X: "FILLED", t: 2 };
    judge.happened({ e: "ORDER_TRADE_UPDATE", o });
    judge.step();
  }
  // then
  expect([slowed.naked.charges, quick.naked.charges]).toEqual([[0.5 * second], [1.5 * second]]);
});
