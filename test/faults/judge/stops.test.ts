/** I-09: where the stops of a position lie whose own level nobody knows. */

import { expect, test } from "vitest";
import { orderId, tradeIdFrom } from "../../../src/domain/order-id.ts";
import { Judge, type JudgeParts } from "../../../src/faults/judge/judge.ts";
import { intentOf, partsWith } from "./given.ts";

const grids = [{ symbol: "BTCUSDT", tick: 0.1, step: 0.001 }];
const trade = tradeIdFrom("orphan");
const second = 1_000_000;
const parts: JudgeParts = partsWith({
  fresh: { quote: 5 * second, trade: 30 * second, mark: 10 * second, account: 120 * second, latency: second },
  notionalMax: () => Number.POSITIVE_INFINITY,
  isSafeModeOperators: false,
  firstMessage: Number.POSITIVE_INFINITY,
  foundStopDistance: () => 1_000,
});
let trades = 0;

/** Somebody has opened ten lots at 640,000 ticks, and the daemon takes them over. */
function adopting(side: "BUY" | "SELL" = "BUY"): Judge {
  const judge = new Judge(grids, 0, undefined, parts);
  judge.scene.now = 60 * second;
  judge.begins({ openTrades: [], fills: new Set() });
  judge.scene.isPrivateOpen = true;
  judge.ready();
  opened(judge, side, "64000.0");
  judge.notice("TRADE_ADOPTED", { trade, symbol: 0, lots: 10 });
  return judge;
}

function opened(judge: Judge, S: "BUY" | "SELL", ep: string): void {
  trades += 1;
  const q = "0.010";
  const o = { s: "BTCUSDT", c: `web_${trades}`, S, q, z: q, l: q, L: ep, N: "USDT", n: "0.1", X: "FILLED", t: trades };
  judge.happened({ e: "ORDER_TRADE_UPDATE", o });
  const pa = String(judge.scene.truth.position(0) / 1_000);
  judge.happened({ e: "ACCOUNT_UPDATE", a: { m: "ORDER", B: [], P: [{ s: "BTCUSDT", pa, ep }] } });
}

function stop(judge: Judge, tp: string, S: "BUY" | "SELL" = "SELL", attempt = 1, ofTrade = trade): Judge {
  const caid = orderId({ prefix: "sd", trade: ofTrade, role: "f", attempt });
  judge.happened({
    e: "ALGO_UPDATE",
    o: { s: "BTCUSDT", caid, S, o: "STOP_MARKET", tp, q: "0", cp: true, X: "NEW" },
  });
  return judge;
}

function found({ violations }: Judge): readonly string[] {
  return violations.map(({ invariant, detail }) => `${invariant} ${detail.replace(/^\S+ /, "")}`);
}

test("[I-09] the stop of a position that was found lies no farther than three times as far as it should", () => {
  expect([found(stop(adopting(), "63700.0")), found(stop(adopting(), "63699.9"))]).toEqual([
    [],
    ["I-09 at 636999 is far from an average entry of 640000"],
  ]);
});

test("[I-09] that of a short lies above", () => {
  const judged = ["64300.0", "64300.1"].map((tp) => found(stop(adopting("SELL"), tp, "BUY")).length);
  expect(judged).toEqual([0, 1]);
});

test("[I-09] an average entry of a minute ago may be what the stop was made from, an older one not", () => {
  const judged = [50, 130].map((seconds) => {
    const judge = adopting();
    opened(judge, "BUY", "65000.0");
    judge.scene.now += seconds * second;
    opened(judge, "BUY", "65000.1");
    return found(stop(judge, "63700.0")).length;
  });
  expect(judged).toEqual([0, 1]);
});

test("[I-09] a later stop of a position that was found is no looser than its first but for a coarser grid", () => {
  const judged = ["63899.0", "63898.9"].map((tp) => found(stop(stop(adopting(), "63900.0"), tp, "SELL", 2)));
  expect(judged).toEqual([[], ["I-09 at 638989 is looser than its trade's first stop at 639000"]]);
});

test("[I-09] what proves the stop path, and a trade whose intent was written, are not held to it", () => {
  const planned = adopting();
  planned.row(intentOf("d2", trade));
  planned.begins({ openTrades: [], fills: new Set() });
  const proof = stop(adopting(), "60000.0", "SELL", 1, tradeIdFrom("proof"));
  expect([found(stop(planned, "60000.0")), found(proof)]).toEqual([[], []]);
});
