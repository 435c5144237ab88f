/** I-05: what is unknown ends, by the time in which the daemon could ask. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import type { Call } from "../../../src/faults/call.ts";
import { Judge } from "../../../src/faults/judge/judge.ts";
import { intentOf, orderRowOf } from "./given.ts";

const grids = [
  { symbol: "BTCUSDT", tick: 0.1, step: 0.001 },
  { symbol: "ETHUSDT", tick: 0.01, step: 0.001 },
];
const trade = tradeIdFrom("d1");
const stop = orderId({ prefix: "sd", trade, role: "f", attempt: 1 });
const entry = orderId({ prefix: "sd", trade, role: "e", attempt: 1 });
const minute = 60_000_000;
const second = 1_000_000;

/** A daemon with an order of which it does not know the fate. */
function doubting(id: string): Judge {
  const judge = new Judge(grids, 0);
  judge.scene.now = minute;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  judge.row(intentOf());
  judge.step();
  told(judge, id, "unknown");
  return judge;
}

function told(judge: Judge, id: string, state: string): void {
  judge.row(orderRowOf(id, state));
}

function pass(judge: Judge, seconds: number): Judge {
  for (let passed = 0; passed < seconds; passed += 1) {
    judge.scene.now += second;
    judge.step();
  }
  return judge;
}

function found({ violations }: Judge): readonly string[] {
  return violations.flatMap(({ invariant, detail }) => (detail.includes("unknown") ? [invariant] : []));
}

/** A look-up that finds nothing. */
function missed(judge: Judge, id: string): Judge {
  const call: Call = {
    via: "rest",
    id: 1,
    name: "query f",
    method: "GET",
    path: "/fapi/v1/algoOrder",
    params: new Map(),
    clientId: id,
  };
  judge.reply(call, 400, '{"code":-2013,"msg":"Order does not exist."}');
  return judge;
}

test("[I-05] what is unknown ends within 30 s in which it could be asked about", () => {
  expect([pass(doubting(stop), 29), pass(doubting(stop), 31)].map(found)).toEqual([[], ["I-05"]]);
});

test("[I-05] an entry, and what was looked for and not found, may be unknown for 90 s", () => {
  const judged = [89, 91].map((seconds) => [
    found(pass(doubting(entry), seconds)),
    found(pass(missed(doubting(stop), stop), seconds)),
  ]);
  expect(judged).toEqual([
    [[], []],
    [["I-05"], ["I-05"]],
  ]);
});

test("[I-05] a time in which something stands in the way of the symbol does not count, one in which something else is wrong does", () => {
  const [blocked, busy, other] = [doubting(stop), doubting(stop), doubting(stop)];
  blocked.trouble(blocked.scene.now + 20 * second, 0);
  busy.trouble(busy.scene.now + 20 * second, "none");
  other.trouble(other.scene.now + 20 * second, 1);
  expect([blocked, busy, other].map((judge) => found(pass(judge, 40)))).toEqual([[], ["I-05"], ["I-05"]]);
});

test("[I-05] while the process is down or stands still nothing is asked", () => {
  const judge = doubting(stop);
  judge.scene.isStill = true;
  pass(judge, 40);
  judge.scene.isStill = false;
  expect(found(pass(judge, 20))).toEqual([]);
});

test("[I-05] while names cannot be resolved nothing is asked", () => {
  const judge = doubting(stop);
  judge.scene.isNameless = true;
  pass(judge, 40);
  judge.scene.isNameless = false;
  expect([found(judge), found(pass(judge, 31))]).toEqual([[], ["I-05"]]);
});

test("[I-05] what is told in time is counted by the time in which it could be asked about", () => {
  const judge = doubting(stop);
  judge.trouble(judge.scene.now + 10 * second, 0);
  pass(judge, 12);
  told(judge, stop, "live");
  expect([found(judge), judge.verdicts.settled]).toEqual([[], [3 * second]]);
});

test("[I-05] in the end the daemon's own word on what is unknown counts, rows or none", () => {
  const judged = [29, 31].map((seconds) => {
    const judge = doubting(stop);
    told(judge, stop, "live");
    judge.happened({
      e: "ALGO_UPDATE",
      o: { s: "BTCUSDT", caid: stop, S: "SELL", o: "STOP_MARKET", X: "NEW", tp: "1" },
    });
    pass(judge, 100);
    const doubts = [{ id: stop, symbol: 0, age: seconds * second }];
    judge.audit({ isUp: true, unready: [], positions: [0, 0], orders: new Set([stop]), doubts });
    return found(judge);
  });
  expect(judged).toEqual([[], ["I-05"]]);
});

test("[I-05] in the end an order of which the exchange knows nothing may be unknown for 90 s", () => {
  const judged = [89, 91].map((seconds) => {
    const judge = pass(doubting(stop), 1);
    told(judge, stop, "not-accepted");
    pass(judge, 100);
    const doubts = [{ id: stop, symbol: 0, age: seconds * second }];
    judge.audit({ isUp: true, unready: [], positions: [0, 0], orders: new Set(), doubts });
    return found(judge);
  });
  expect(judged).toEqual([[], ["I-05"]]);
});
