/** Margin type, leverage and stop path: what is asked before the first entry, and what follows from the answers. */

import { expect, test } from "vitest";
import { present } from "../../src/domain/assert.ts";
import type { SetUp } from "../../src/domain/event.ts";
import { orderId, parseOrderId, stopPathTrade } from "../../src/domain/order-id.ts";
import { bracket, entry, ok, proofAlgoId, Rig, refusal, restRig } from "./support.ts";

function setUps(rig: Rig): readonly SetUp[] {
  return rig.events.flatMap((event) => {
    if (event.kind !== "set-up") return [];
    const { kind: _kind, symbol: _symbol, ...setUp } = event;
    return [setUp];
  });
}

const states = (rig: Rig): readonly string[] => setUps(rig).map(({ state }) => state);

/** The private stream tells that a stop which proves the stop path was taken. */
function tellProof(rig: Rig, caid: string, aid: number, T: number): void {
  const o = { caid, aid, at: "CONDITIONAL", o: "STOP_MARKET", s: "BTCUSDT", S: "SELL", ps: "BOTH", f: "GTC" };
  const terms = { q: "0.001", X: "NEW", ai: "", ap: "0", aq: "0", act: "", tp: "32000.00", p: "0", cp: false, R: true };
  rig.say("private", { e: "ALGO_UPDATE", E: T, T, o: { ...o, ...terms, wt: "MARK_PRICE" } });
}

/** The id of the last proof that was sent. */
function lastProof(rig: Rig): string {
  return new URLSearchParams(rig.stopPathRequests.at(-1)?.query).get("clientAlgoId") ?? "";
}

function configured(marginType: string, leverage: number) {
  return ok([{ symbol: "BTCUSDT", marginType, leverage }]);
}

test("[ORD-5] a symbol that is as wanted is proven with its leverage", () => {
  expect(setUps(restRig().started())).toMatchObject([{ state: "proven", leverage: 10 }]);
});

test("[F-42] what the exchange demands to keep a position open is told with the set-up", () => {
  expect(setUps(restRig().started())).toMatchObject([
    {
      maintenance: [
        { upTo: 800_000, rate: 0.01 },
        { upTo: 300_000, rate: 0.004 },
      ],
    },
  ]);
});

test("[F-42] brackets without what is demanded leave entries off", () => {
  const rig = restRig();
  rig.on("GET /fapi/v1/leverageBracket", () => ok([{ symbol: "BTCUSDT", brackets: [{ initialLeverage: 125 }] }]));
  expect(states(rig.started())).toEqual(["pending"]);
});

test("[ORD-5] the leverage of a symbol is its own", () => {
  const rig = restRig({ symbols: ["BTCUSDT"], leverageOf: (symbol) => (symbol === "BTCUSDT" ? 7 : 10) });
  let leverage = 20;
  rig.on("GET /fapi/v1/symbolConfig", () => configured("CROSSED", leverage));
  rig.on("POST /fapi/v1/leverage", (params) => {
    leverage = Number(params.get("leverage"));
    return ok({ leverage, maxNotionalValue: "1", symbol: "BTCUSDT" });
  });
  expect(setUps(rig.started())).toMatchObject([{ state: "proven", leverage: 7 }]);
});

test("[CFG-5] a leverage above the symbol's bracket refuses to start with symbol, value and what is allowed", () => {
  const rig = restRig({ leverageOf: () => 126 }).started();
  expect(rig.fatal).toEqual(["risk.max_leverage 126 for BTCUSDT: the exchange allows 1 to 125"]);
});

test.each([
  ["isolated margin in multi-assets mode", "POST /fapi/v1/marginType", -4168],
  ["a leverage that this account may not have", "POST /fapi/v1/leverage", -4203],
])("[ORD-5] %s refuses to start in the exchange's words", (_, call, code) => {
  const rig = restRig({ marginType: "ISOLATED" });
  rig.on("GET /fapi/v1/symbolConfig", () => configured(call.endsWith("leverage") ? "ISOLATED" : "CROSSED", 20));
  rig.on(call, () => refusal(code, "no")).started();
  expect(rig.fatal).toEqual([expect.stringContaining(`${code} no`)]);
});

test("[ORD-5] margin that is locked by a position keeps entries off, lets the start go on and is tried again", () => {
  const rig = restRig();
  let isOpen = true;
  rig.on("GET /fapi/v1/symbolConfig", () => configured(isOpen ? "ISOLATED" : "CROSSED", 10));
  rig.on("POST /fapi/v1/marginType", () => refusal(-4048, "Margin type cannot be changed if there exists position."));
  rig.started();
  const first = [states(rig), rig.kinds().includes("account-snapshot"), rig.fatal];
  isOpen = false;
  rig.advance(6_000);
  expect([first, states(rig)]).toEqual([
    [["pending"], true, []],
    ["pending", "proven"],
  ]);
});

test("[ORD-5] what was set is read back: an exchange that says otherwise is not believed", () => {
  const rig = restRig();
  rig.on("GET /fapi/v1/symbolConfig", () => configured("CROSSED", 20));
  rig.on("POST /fapi/v1/leverage", () => ok({ leverage: 10, maxNotionalValue: "1", symbol: "BTCUSDT" }));
  expect(setUps(rig.started())).toEqual([
    { state: "pending", cause: "BTCUSDT: set to CROSSED at 10, yet the exchange says CROSSED at 20" },
  ]);
});

test("[SAF-1] a set-up that the exchange is too busy for is asked again", () => {
  const rig = restRig();
  let asked = 0;
  rig.on("GET /fapi/v1/leverageBracket", () => {
    asked += 1;
    if (asked < 3) return refusal(-1008, "Request throttled by system-level protection.", 503);
    return ok([{ symbol: "BTCUSDT", brackets: [bracket(125, 300_000, 0.004)] }]);
  });
  rig.started().advance(5_000);
  expect([asked, states(rig)]).toEqual([3, ["proven"]]);
});

test("[F-12] the stop path is proven with a smallest reduce-only stop far below the mark price, which is cancelled", () => {
  const rig = restRig().started();
  const [placed, cancelled] = rig.stopPathRequests.map(({ query }) => new URLSearchParams(query));
  expect(Object.fromEntries(placed ?? [])).toMatchObject({
    algoType: "CONDITIONAL",
    symbol: "BTCUSDT",
    side: "SELL",
    type: "STOP_MARKET",
    triggerPrice: "61440.0",
    quantity: "0.001",
    reduceOnly: "true",
  });
  expect([rig.stopPathRequests.length, cancelled?.get("clientAlgoId")]).toEqual([2, placed?.get("clientAlgoId")]);
});

test("[F-12] the stop that proves the path has an id of ours, of a trade that there is not", () => {
  const rig = restRig().started();
  const id = new URLSearchParams(rig.stopPathRequests[0]?.query).get("clientAlgoId") ?? "";
  expect(parseOrderId(id, "sd")).toMatchObject({ trade: stopPathTrade("BTCUSDT"), role: "f" });
});

test.each([
  ["the endpoint has moved", -4120],
  ["a code that nobody knows", -9_999],
  ["the key may not trade", -2015],
])("[F-12] a stop that is refused because %s: no entries, and everybody is told", (_, code) => {
  const rig = restRig();
  rig.stopPath.POST = () => refusal(code, "no stops here");
  rig.started();
  expect([setUps(rig), rig.notices.filter(({ level }) => level === "error").map((notice) => notice.code)]).toEqual([
    [{ state: "stop-refused", cause: `a stop of BTCUSDT: ${code} no stops here` }],
    ["STOP_PATH_UNPROVEN"],
  ]);
});

test.each([-2022, -2024])("[F-12] a stop that is refused only for want of a position (%i) proves the path", (code) => {
  const rig = restRig();
  rig.stopPath.POST = () => refusal(code, "ReduceOnly Order is rejected.");
  expect(states(rig.started())).toEqual(["proven"]);
});

test("[F-12] a stop that the price has passed is tried again later, and entries wait", () => {
  const rig = restRig();
  rig.stopPath.POST = () => refusal(-2021, "Order would immediately trigger.");
  rig.started().advance(6_000);
  expect([...new Set(states(rig))]).toEqual(["pending"]);
  expect(states(rig).length).toBeGreaterThan(1);
});

test("[F-12] a stop whose reply is lost is proven by the cancel that finds it", () => {
  const rig = restRig();
  rig.stopPath.POST = () => "lost";
  rig.started().advance(3_500);
  expect([states(rig), rig.stopPathRequests.map(({ method }) => method)]).toEqual([["proven"], ["POST", "DELETE"]]);
});

test("[F-12] a stop whose reply is lost and that nobody finds proves nothing: another one is placed", () => {
  const rig = restRig();
  let placed = 0;
  const answer = rig.stopPath.POST;
  rig.stopPath.POST = (params) => {
    placed += 1;
    return placed === 1 ? "lost" : answer(params);
  };
  const cancel = rig.stopPath.DELETE;
  rig.stopPath.DELETE = (params) => (placed === 1 ? refusal(-2011, "Unknown order sent.") : cancel(params));
  rig.started().advance(9_000);
  const ids = rig.stopPathRequests
    .filter(({ method }) => method === "POST")
    .map(({ query }) => new URLSearchParams(query).get("clientAlgoId"));
  expect([states(rig), new Set(ids).size]).toEqual([["pending", "proven"], 2]);
});

test("[ORD-5] somebody who changes the leverage takes entries off until it is set again; no second stop is placed", () => {
  const rig = restRig();
  let leverage = 10;
  rig.on("GET /fapi/v1/symbolConfig", () => configured("CROSSED", leverage));
  rig.on("POST /fapi/v1/leverage", (params) => {
    leverage = Number(params.get("leverage"));
    return ok({ leverage, maxNotionalValue: "1", symbol: "BTCUSDT" });
  });
  rig.started();
  leverage = 50;
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ac: { s: "BTCUSDT", l: 50 } });
  expect([states(rig), leverage, rig.stopPathRequests.length]).toEqual([["proven", "pending", "proven"], 10, 2]);
});

/** Somebody switches a mode of the account, which the stream says without naming it. */
function switched(rig: Rig, mode: Readonly<Record<string, boolean>>): void {
  const account = { canTrade: true, canWithdraw: true, dualSidePosition: false, multiAssetsMargin: false };
  rig.on("GET /fapi/v1/accountConfig", () => ok({ ...account, ...mode }));
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ai: { j: true } });
}

test.each([
  ["multiAssetsMargin", "the account is in multi-assets mode: set asset mode to single-asset"],
  ["dualSidePosition", "the account is in hedge mode: set position mode to one-way (no open orders or positions)"],
])(
  "[ORD-5] [F-36] %s that somebody switches on while it runs keeps entries off until it is off again",
  (mode, cause) => {
    const rig = new Rig().started();
    rig.advance(5_000);
    switched(rig, { [mode]: true });
    rig.advance(120_000);
    const meanwhile = setUps(rig).at(-1);
    switched(rig, {});
    rig.advance(120_000);
    expect([meanwhile, states(rig).at(-1)]).toMatchObject([{ state: "pending", cause }, "proven"]);
  },
);

test("[I-21] modes that were found as wanted are not asked for again when somebody changes a symbol", () => {
  const rig = new Rig().started();
  switched(rig, {});
  rig.advance(120_000);
  const asked = rig.http("/fapi/v1/accountConfig").length;
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 2, T: 2, ac: { s: "BTCUSDT", l: 25 } });
  rig.advance(120_000);
  expect([asked > 1, rig.http("/fapi/v1/accountConfig").length]).toEqual([true, asked]);
});

test("[ORD-5] [F-07] a leverage that somebody changes while the private stream is away is set again", () => {
  const rig = new Rig();
  let leverage = 10;
  rig.on("GET /fapi/v1/symbolConfig", () => configured("CROSSED", leverage));
  rig.on("POST /fapi/v1/leverage", (params) => {
    leverage = Number(params.get("leverage"));
    return ok({ leverage, maxNotionalValue: "1", symbol: "BTCUSDT" });
  });
  rig.started().advance(5_000);
  rig.cut("private");
  leverage = 50;
  rig.advance(5_000);
  expect([leverage, states(rig).at(-1)]).toEqual([10, "proven"]);
});

test("[F-36] [F-07] a mode that somebody switches on while the private stream is away keeps entries off", () => {
  const rig = new Rig().started();
  rig.advance(5_000);
  rig.cut("private");
  const account = { canTrade: true, canWithdraw: true, dualSidePosition: false, multiAssetsMargin: true };
  rig.on("GET /fapi/v1/accountConfig", () => ok(account));
  rig.advance(5_000);
  expect(setUps(rig).at(-1)).toEqual({
    state: "pending",
    cause: "the account is in multi-assets mode: set asset mode to single-asset",
  });
});

test("[F-12] the stop path is not proven anew because the private stream was away", () => {
  const rig = new Rig().started();
  rig.advance(5_000);
  const before = rig.stopPathRequests.length;
  rig.cut("private");
  rig.advance(60_000);
  expect([rig.opened("private").length, rig.stopPathRequests.length]).toEqual([2, before]);
});

const noAuthority = refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401);

test("[I-17] a doubt about our authority beside a look at the configuration is over with a proof, not with that look", () => {
  // given: somebody has changed the leverage, and the answer about it is on its way
  const rig = restRig().started();
  rig.on("GET /fapi/v1/leverageBracket", () => "lost");
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ac: { s: "BTCUSDT", l: 10 } });
  const known = rig.stopPathRequests.length;
  // when
  rig.on("POST /fapi/v1/order", () => noAuthority).send(entry);
  rig.on("GET /fapi/v1/leverageBracket", () => ok([{ symbol: "BTCUSDT", brackets: [bracket(125, 300_000, 0.004)] }]));
  rig.advance(10_000);
  // then
  const proofs = rig.stopPathRequests.slice(known).map(({ method }) => method);
  expect([states(rig).at(-1), proofs]).toEqual(["proven", ["POST", "DELETE"]]);
});

test("[I-17] a stop that was taken before a doubt about our authority does not end it", () => {
  // given: after a doubt a stop was taken, and its cancel is on its way
  const rig = restRig().started();
  const answer = rig.stopPath.DELETE;
  rig.stopPath.DELETE = () => "lost";
  rig.on("POST /fapi/v1/order", () => noAuthority).send(entry);
  const known = rig.stopPathRequests.length;
  // when
  rig.send({ ...entry, clientOrderId: "sd-3k9f2x1a-e2-nf" });
  rig.stopPath.DELETE = answer;
  rig.advance(10_000);
  // then
  const proofs = rig.stopPathRequests.slice(known).map(({ method }) => method);
  expect([states(rig).at(-1), proofs]).toEqual(["proven", ["DELETE", "POST", "DELETE"]]);
});

test("[ORD-5] a bracket that shrinks while the daemon runs keeps entries off and ends nothing", () => {
  const rig = restRig().started();
  rig.on("GET /fapi/v1/leverageBracket", () => ok([{ symbol: "BTCUSDT", brackets: [bracket(5, 300_000, 0.05)] }]));
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ac: { s: "BTCUSDT", l: 5 } });
  expect([rig.fatal, setUps(rig).at(-1)]).toEqual([
    [],
    { state: "pending", cause: "risk.max_leverage 10 for BTCUSDT: the exchange allows 1 to 5" },
  ]);
});

test("[F-12] once orders go over the WebSocket API the stop path is proven there too, and entries wait for it", () => {
  const rig = new Rig().started();
  expect([states(rig), rig.stopPathRequests.length]).toEqual([["proven", "pending", "proven"], 4]);
});

test("[F-12] a stop that only the WebSocket API refuses is found out before the first entry", () => {
  const rig = new Rig();
  const answer = rig.stopPath.POST;
  rig.stopPath.POST = (params) => (params.has("apiKey") ? refusal(-4120, "Order type not supported.") : answer(params));
  expect(states(rig.started())).toEqual(["proven", "pending", "stop-refused"]);
});

test("[F-12] the WebSocket API is proven once a run, not at each reconnection", () => {
  const rig = new Rig().started();
  rig.cut("ws-api");
  rig.advance(5_000);
  expect([rig.opened("ws-api").length, rig.stopPathRequests.length]).toEqual([2, 4]);
});

test("[F-12] no two proofs of a run share an id", () => {
  const rig = new Rig().started();
  rig.advance(5_000);
  const ids = rig.stopPathRequests.map(({ query }) => new URLSearchParams(query).get("clientAlgoId"));
  expect(new Set(ids).size).toBe(2);
});

/** The id of a proof that was sent at that time of the exchange, in milliseconds. */
function proofOf(time: number): string {
  const attempt = (Math.floor(time / 10) % 999_999) + 1;
  return orderId({ prefix: "sd", trade: stopPathTrade("BTCUSDT"), role: "f", attempt });
}

test.each([
  ["ahead of", -3_000],
  ["behind", 3_000],
])("[F-59] another daemon is seen at once where our clock is %s the exchange's", (_where, offset) => {
  // given
  const rig = new Rig();
  const exchangeTime = (): number => Math.floor(rig.now / 1_000) + offset;
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: exchangeTime() }));
  rig.started().advance(1_000);
  // when: by the exchange's clock its proof is of this moment
  tellProof(rig, proofOf(exchangeTime()), 1, exchangeTime());
  // then
  expect(rig.kinds()).toContain("another-daemon");
});

/**
 * A start in which the exchange's clock is set once the stop path is proven: what we sign is refused until its time is
 * asked for anew. @param from its clock minus ours before, and after
 */
function startedAsClockIsSet(rig: Rig, [from, to]: readonly [number, number]): Rig {
  let offset = from;
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: Math.floor(rig.now / 1_000) + offset }));
  rig.on("GET /fapi/v1/commissionRate", () => {
    if (offset !== to) {
      offset = to;
      return refusal(-1021, "Timestamp for this request is outside of the recvWindow.");
    }
    return ok({ symbol: "BTCUSDT", makerCommissionRate: "0.0002", takerCommissionRate: "0.0005" });
  });
  rig.started().advance(1_000);
  return rig;
}

test("[F-59] another daemon is seen at once where the exchange's clock was set back after our first proof", () => {
  // given
  const rig = startedAsClockIsSet(new Rig(), [0, -5_000]);
  // when: by that clock its proof is of this moment, and older than our first one
  const exchangeTime = Math.floor(rig.now / 1_000) - 5_000;
  tellProof(rig, proofOf(exchangeTime), 1, exchangeTime);
  // then
  expect(rig.kinds()).toContain("another-daemon");
});

test("[F-59] where that clock was set forward, the proof of an earlier run that is told late is still one", () => {
  // given
  const rig = new Rig();
  const begun = Math.floor(rig.now / 1_000);
  startedAsClockIsSet(rig, [-5_000, 0]);
  // when: it was sent before our start, and by the clock of then after it
  tellProof(rig, proofOf(begun - 1_000), 1, begun);
  // then
  expect(rig.kinds()).not.toContain("another-daemon");
});

test.each([
  ["our own, told twice", proofAlgoId, false],
  ["another one of the same id", proofAlgoId + 1, true],
])("[F-59] a stop that proves the path with an id that we took: %s", (_whose, aid, isAnothers) => {
  const rig = new Rig().started();
  tellProof(rig, lastProof(rig), aid, Math.floor(rig.now / 1_000));
  expect(rig.kinds().includes("another-daemon")).toBe(isAnothers);
});

test("[F-59] our own stop is known from its reply where the stream did not speak of it", () => {
  const rig = new Rig();
  rig.tellsStops = false;
  rig.started();
  tellProof(rig, lastProof(rig), proofAlgoId + 1, Math.floor(rig.now / 1_000));
  expect(rig.kinds()).toContain("another-daemon");
});

test("[F-59] a stop with the id that a look at the account would have taken, which sent none", () => {
  const rig = new Rig().started();
  const { attempt } = present(parseOrderId(lastProof(rig), "sd"), "proof");
  rig.advance(1_000);
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ac: { s: "BTCUSDT", l: 10 } });
  // A second is a hundred attempts, and each look one more.
  const caid = orderId({ prefix: "sd", trade: stopPathTrade("BTCUSDT"), role: "f", attempt: attempt + 101 });
  tellProof(rig, caid, 1, Math.floor(rig.now / 1_000));
  expect([rig.stopPathRequests.length, rig.kinds().includes("another-daemon")]).toEqual([4, true]);
});

test("[F-59] another one of the same id, told before the reply to ours", () => {
  const rig = new Rig();
  const answer = rig.stopPath.POST;
  rig.stopPath.POST = (params) => {
    if (params.has("apiKey")) tellProof(rig, lastProof(rig), proofAlgoId + 1, Math.floor(rig.now / 1_000));
    return answer(params);
  };
  rig.tellsStops = false;
  expect(rig.started().kinds()).toContain("another-daemon");
});
