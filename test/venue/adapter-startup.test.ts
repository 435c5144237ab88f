import { expect, test } from "vitest";
import { symbolIndex } from "../../src/domain/units.ts";
import type { AdapterOptions } from "../../src/venue/adapter.ts";
import { ExchangeInfo } from "../../src/venue/wire/schemas.ts";
import { algoBody, entry, ok, payload, proofAlgoId, Rig, refusal, restRig } from "./support.ts";

test("[MKT-1] start-up asks for rules, account, fees and candles, and then opens the four connections", () => {
  const rig = new Rig().started();
  expect(rig.kinds()).toEqual([
    "clock-offset",
    "set-up",
    "fees",
    "candle-history",
    "set-up",
    "private-stream",
    "account-snapshot",
    "set-up",
  ]);
  expect(["public", "market", "ws-api", "private"].map((name) => rig.opened(name as "public"))).toEqual([
    ["/public/stream?streams=btcusdt@bookTicker/btcusdt@depth@100ms"],
    ["/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s"],
    ["/ws-fapi/v1"],
    ["/private/ws/listenkey1"],
  ]);
});

test("the account is read only after the private stream is open, so that nothing falls between", () => {
  const rig = new Rig();
  rig.opens.delete("private");
  rig.started();
  expect(rig.http("/fapi/v3/balance")).toHaveLength(0);
  rig.adapter.handle({ kind: "stream-open", stream: rig.stream("private") }, rig.now);
  rig.pump();
  expect(rig.http("/fapi/v3/balance")).toHaveLength(1);
});

test.each(["0.00000000", "0", "-1"])(
  "[MKT-1] before there is a mark price (%s) the start waits for one",
  (markPrice) => {
    // given
    const rig = restRig();
    rig.on("GET /fapi/v1/premiumIndex", () => ok({ symbol: "BTCUSDT", markPrice }));
    rig.started();
    const before = [rig.fatal, rig.kinds()];
    // when
    rig.on("GET /fapi/v1/premiumIndex", () => ok({ symbol: "BTCUSDT", markPrice: "64000.00000000" }));
    rig.advance(40_000);
    // then
    expect([before, rig.fatal, rig.kinds().includes("account-snapshot")]).toEqual([[[], []], [], true]);
  },
);

test("[ORD-5] hedge mode refuses to start and says how to mend it", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/accountConfig", () =>
    ok({ canTrade: true, canWithdraw: false, dualSidePosition: true, multiAssetsMargin: false }),
  );
  rig.started();
  expect(rig.fatal).toEqual([expect.stringContaining("set position mode to one-way")]);
});

test("[ORD-5] multi-assets mode refuses to start and says how to mend it", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/accountConfig", () =>
    ok({ canTrade: true, canWithdraw: false, dualSidePosition: false, multiAssetsMargin: true }),
  );
  rig.started();
  expect(rig.fatal).toEqual([expect.stringContaining("set asset mode to single-asset")]);
});

test("a fatal start leaves nothing to be called for", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/accountConfig", () => refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401));
  rig.started();
  expect([rig.fatal.length, rig.adapter.nextDeadline()]).toEqual([1, null]);
});

test("[ORD-5] leverage and margin type are set only where they differ", () => {
  const rig = new Rig();
  let reads = 0;
  rig.on("GET /fapi/v1/symbolConfig", () => {
    reads += 1;
    const is = reads === 1 ? { marginType: "ISOLATED", leverage: 20 } : { marginType: "CROSSED", leverage: 10 };
    return ok([{ symbol: "BTCUSDT", ...is }]);
  });
  rig.on("POST /fapi/v1/marginType", () => refusal(-4046, "No need to change margin type."));
  rig.on("POST /fapi/v1/leverage", () => ok({ leverage: 10, maxNotionalValue: "1000000", symbol: "BTCUSDT" }));
  rig.started();
  const sent = [...rig.http("/fapi/v1/marginType", "POST"), ...rig.http("/fapi/v1/leverage", "POST")];
  expect(sent.map(({ query }) => query.split("&timestamp")[0])).toEqual([
    "symbol=BTCUSDT&marginType=CROSSED",
    "symbol=BTCUSDT&leverage=10",
  ]);
});

const restrictions = { enableWithdrawals: false, enableFutures: true, ipRestrict: true };

test.each([
  ["may withdraw", ok({ ...restrictions, enableWithdrawals: true }), "withdraw"],
  ["may not trade futures", ok({ ...restrictions, enableFutures: false }), "futures"],
  ["does not show its permissions", refusal(-2015, "Invalid API-key", 401), "withdrawal is not ruled out"],
])("in production a key that %s is refused (S-05)", (_, script, words) => {
  const rig = new Rig({ keyPermissions: "required" });
  rig.on("GET /sapi/v1/account/apiRestrictions", () => script).started();
  expect(rig.fatal).toEqual([expect.stringContaining(words)]);
});

test("in production a key without IP restriction is warned about (S-05)", () => {
  const rig = new Rig({ keyPermissions: "required" });
  rig.on("GET /sapi/v1/account/apiRestrictions", () => ok({ ...restrictions, ipRestrict: false })).started();
  expect([rig.fatal, rig.notices.map(({ code }) => code)]).toEqual([
    [],
    expect.arrayContaining(["KEY_WITHOUT_IP_RESTRICTION"]),
  ]);
});

test("a symbol that the exchange does not have refuses to start", () => {
  const rig = new Rig({ symbols: ["NOSUCHUSDT"] }).started();
  expect(rig.fatal).toEqual([expect.stringMatching(/^symbols: NOSUCHUSDT is not listed here; allowed: BTCUSDT/)]);
});

test("[SAF-1] an exchange that is not there yet is asked again with growing waits", () => {
  const rig = new Rig();
  let attempts = 0;
  rig.on("GET /fapi/v1/time", () => {
    attempts += 1;
    return attempts < 4 ? "refused-connection" : ok({ serverTime: Math.floor(rig.now / 1_000) });
  });
  rig.started();
  rig.advance(10_000);
  expect([attempts, rig.fatal, rig.kinds().includes("account-snapshot")]).toEqual([4, [], true]);
});

test("[MKT-5] the clock offset is measured against the middle of the round trip", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/time", () => {
    const serverTime = rig.now / 1_000 + 250;
    rig.now = (rig.now + 100_000) as typeof rig.now;
    return ok({ serverTime });
  });
  rig.started();
  expect(rig.events[0]).toEqual({ kind: "clock-offset", offset: 200_000, error: 50_000 });
});

test("signed requests carry the exchange's time, not ours (F-26)", () => {
  const rig = new Rig();
  rig.on("GET /fapi/v1/time", () => ok({ serverTime: rig.now / 1_000 + 3_600_000 }));
  rig.started();
  const [account] = rig.http("/fapi/v1/accountConfig");
  expect(account?.query).toBe(`timestamp=${rig.now / 1_000 + 3_600_000}&signature=5167`);
});

test("[MKT-1] only closed minutes become candle history", () => {
  const rig = new Rig();
  rig.now = (1_791_382_990_000 * 1_000) as typeof rig.now;
  rig.started();
  const history = rig.events.find((event) => event.kind === "candle-history");
  expect(history?.candles.map(({ openTime }) => openTime)).toEqual([1_791_382_920_000_000]);
});

const info = ExchangeInfo.parse(payload("live.rest.exchangeInfo.json"));

/** BTCUSDT trades, and ETHUSDT, which is like it, is in this state. */
function listed(status: string): ExchangeInfo {
  const symbols = info.symbols.filter(({ symbol }) => symbol === "BTCUSDT");
  return { ...info, symbols: [...symbols, ...symbols.map((row) => ({ ...row, symbol: "ETHUSDT", status }))] };
}

/** A rig of both symbols, of which the closed one has no price, and comes first. */
function halfClosed(status: string, options: Partial<AdapterOptions> = {}): Rig {
  const rig = restRig({ symbols: ["ETHUSDT", "BTCUSDT"], ...options });
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(listed(status)));
  rig.on("GET /fapi/v1/premiumIndex", (params) => {
    const symbol = params.get("symbol");
    return ok({ symbol, markPrice: symbol === "ETHUSDT" ? "0.00000000" : "64000.00000000" });
  });
  return rig;
}

/** The last word about each symbol's set-up. */
function setUps(rig: Rig): readonly unknown[] {
  return [0, 1].map((index) => {
    const last = rig.events.findLast((event) => event.kind === "set-up" && event.symbol === index);
    return last?.kind === "set-up" ? last.state : null;
  });
}

test.each(["BREAK", "SETTLING", "PENDING_TRADING", "PRE_DELIVERING", "CLOSE"])(
  "[F-58] [F-60] one of two symbols is in %s at the start: the account is read, and the other one may be entered",
  (status) => {
    const rig = halfClosed(status).started();
    expect([rig.fatal, rig.kinds().includes("account-snapshot"), setUps(rig)]).toEqual([
      [],
      true,
      ["pending", "proven"],
    ]);
  },
);

test("[F-58] why nothing is entered in a symbol that is closed at the start is said", () => {
  const rig = halfClosed("BREAK").started();
  expect(rig.notices).toContainEqual(
    expect.objectContaining({
      code: "ACCOUNT_NOT_SET_UP",
      symbol: 0,
      fields: { cause: "ETHUSDT is not trading on this exchange" },
    }),
  );
});

test("[F-58] nothing is set or proven of a symbol that is closed, however long it is", () => {
  const rig = halfClosed("BREAK").started();
  rig.advance(600_000);
  const asked = rig.requests.flatMap((request) => (request.kind === "http" ? [request] : []));
  const about = asked.filter(({ query }) => query.includes("ETHUSDT")).map(({ path }) => path);
  expect([...new Set(about)].toSorted()).toEqual(["/fapi/v1/commissionRate", "/fapi/v1/klines"]);
});

test.each([
  ["refused", refusal(-1121, "Invalid symbol.")],
  ["not answered", "lost"],
] as const)("[F-60] fees and candles of a closed symbol are %s: the start does not wait for them", (_, script) => {
  const rig = halfClosed("BREAK");
  const fees = { symbol: "BTCUSDT", makerCommissionRate: "0.0002", takerCommissionRate: "0.0005" };
  const isClosed = (params: URLSearchParams): boolean => params.get("symbol") === "ETHUSDT";
  rig.on("GET /fapi/v1/commissionRate", (params) => (isClosed(params) ? script : ok(fees)));
  rig.on("GET /fapi/v1/klines", (params) => (isClosed(params) ? script : ok([])));
  rig.started();
  expect([rig.fatal, rig.kinds().includes("account-snapshot"), setUps(rig)]).toEqual([[], true, ["pending", "proven"]]);
});

test("[F-58] a symbol that was closed at the start is set up within five minutes of its trading again", () => {
  const rig = halfClosed("BREAK").started();
  rig.advance(600_000);
  const before = setUps(rig);
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(listed("TRADING")));
  rig.on("GET /fapi/v1/premiumIndex", (params) => ok({ symbol: params.get("symbol"), markPrice: "64000.00000000" }));
  rig.on("DELETE /fapi/v1/algoOrder", () => ok({ algoId: 7, clientAlgoId: "x", code: "200", msg: "success" }));
  rig.advance(300_000);
  expect([before, setUps(rig)]).toEqual([
    ["pending", "proven"],
    ["proven", "proven"],
  ]);
});

test("[F-58] [F-59] while the first symbol is closed, another one finds out whether a second daemon is there", () => {
  const rig = halfClosed("BREAK", { ownerWaitMs: 2_000 }).started();
  rig.advance(10_000);
  expect(setUps(rig)).toEqual(["pending", "proven"]);
});

/** Both trade; the leverage of the first is set once its position is closed. */
function halfHeld(): Rig {
  const rig = halfClosed("TRADING", { ownerWaitMs: 2_000 });
  rig.on("GET /fapi/v1/premiumIndex", (params) => ok({ symbol: params.get("symbol"), markPrice: "64000.00000000" }));
  rig.on("GET /fapi/v1/symbolConfig", (params) => {
    const symbol = params.get("symbol");
    return ok([{ symbol, marginType: "CROSSED", leverage: symbol === "ETHUSDT" ? 20 : 10 }]);
  });
  const held = { symbol: "ETHUSDT", positionSide: "BOTH", positionAmt: "0.010", entryPrice: "64000", updateTime: 1 };
  return rig.on("GET /fapi/v3/positionRisk", () => ok([held]));
}

test("[F-59] [F-73] while the leverage of one symbol waits for its position to close, another one is entered", () => {
  const rig = halfHeld().started();
  rig.advance(60_000);
  expect([rig.fatal, setUps(rig)]).toEqual([[], ["pending", "proven"]]);
});

test("[F-59] [F-73] that one is entered, too, where its own proof was under way when the first came to none", () => {
  const rig = halfHeld();
  rig.opens.add("ws-api");
  const answer = rig.stopPath.POST;
  let isFirst = true;
  rig.stopPath.POST = (params) => {
    const isLost = isFirst && params.has("apiKey");
    if (isLost) isFirst = false;
    return isLost ? "lost" : answer(params);
  };
  rig.started().advance(60_000);
  expect([isFirst, rig.fatal, setUps(rig)]).toEqual([false, [], ["pending", "proven"]]);
});

/**
 * The private stream opens while the first symbol is being set up, so that its proof is to show who else is there; and that
 * symbol closes before what it waits for is told. @param beside what happens meanwhile
 */
function closedWhileItLooks(beside: (rig: Rig) => void = () => undefined): Rig {
  const rig = halfHeld();
  const unheard = new Set(["ETHUSDT"]);
  rig.opens.delete("private");
  rig.started();
  rig.on("GET /fapi/v3/positionRisk", () => ok([]));
  rig.on("GET /fapi/v1/symbolConfig", (params) =>
    ok([{ symbol: params.get("symbol"), marginType: "CROSSED", leverage: 10 }]),
  );
  rig.on("GET /fapi/v1/leverageBracket", (params) => {
    const symbol = params.get("symbol") ?? "";
    const brackets = [{ initialLeverage: 125, notionalCap: 300_000, notionalFloor: 0, maintMarginRatio: 0.004 }];
    return unheard.has(symbol) ? "lost" : ok([{ symbol, brackets }]);
  });
  rig.on("POST /fapi/v1/algoOrder", (params) => {
    const o = { caid: params.get("clientAlgoId"), aid: proofAlgoId, o: "STOP_MARKET", s: "ETHUSDT", S: "SELL" };
    rig.say("private", { e: "ALGO_UPDATE", T: 1, E: 1, o: { ...o, X: "NEW", ai: "", tp: "100", cp: true } });
    return ok(algoBody({ symbol: "ETHUSDT", clientAlgoId: o.caid }));
  });
  rig.advance(6_000);
  rig.adapter.handle({ kind: "stream-open", stream: rig.stream("private") }, rig.now);
  rig.pump();
  unheard.add("BTCUSDT");
  beside(rig);
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(listed("SETTLING")));
  rig.on("POST /fapi/v1/order", () => refusal(-1111, "Precision is over the maximum defined for this asset."));
  rig.send({ ...entry, symbol: symbolIndex(1) });
  rig.advance(10_000);
  for (const symbol of ["ETHUSDT", "BTCUSDT"]) {
    unheard.delete(symbol);
    rig.advance(60_000);
  }
  return rig;
}

test("[F-58] [F-59] the symbol that looks for a second daemon closes meanwhile: the other one looks, and is entered", () => {
  expect(setUps(closedWhileItLooks())).toEqual(["pending", "proven"]);
});

test("[F-58] [F-59] the other one looks, too, where its own set-up was looked at as the first one closed", () => {
  const rig = closedWhileItLooks((it) =>
    it.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ac: { s: "BTCUSDT", l: 10 } }),
  );
  expect(setUps(rig)).toEqual(["pending", "proven"]);
});

test.each([
  ["the exchange is too busy to tell", refusal(-1008, "Request throttled by system-level protection.", 503)],
  ["the answers of which are lost", "lost"],
] as const)("[F-36] modes of the account that are changed, and %s: each symbol asks until it knows", (_, script) => {
  const rig = halfClosed("TRADING");
  rig.on("GET /fapi/v1/premiumIndex", (params) => ok({ symbol: params.get("symbol"), markPrice: "64000.00000000" }));
  rig.started();
  const modes = { canTrade: true, canWithdraw: true, dualSidePosition: false, multiAssetsMargin: false };
  rig.on("GET /fapi/v1/accountConfig", () => script);
  rig.say("private", { e: "ACCOUNT_CONFIG_UPDATE", E: 1, T: 1, ai: { j: false } });
  rig.advance(10_000);
  rig.on("GET /fapi/v1/accountConfig", () => ok(modes));
  rig.advance(60_000);
  expect(setUps(rig)).toEqual(["proven", "proven"]);
});

test("[F-58] a doubt about our authority has the stop path proven anew where the symbol trades, and only there", () => {
  const rig = halfClosed("TRADING");
  rig.on("GET /fapi/v1/premiumIndex", (params) => ok({ symbol: params.get("symbol"), markPrice: "64000.00000000" }));
  rig.started();
  rig.on("GET /fapi/v1/exchangeInfo", () => ok(listed("SETTLING")));
  rig.advance(3_601_000);
  // when: the exchange takes no stop of the symbol that is closed
  rig.on("POST /fapi/v1/algoOrder", () => refusal(-4140, "Invalid symbol status for opening position."));
  rig.on("POST /fapi/v1/order", () => refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401));
  const proofs = (): readonly number[] => [rig.stopPathRequests.length, rig.http("/fapi/v1/algoOrder", "POST").length];
  const [before = 0, beside] = proofs();
  rig.send({ ...entry, symbol: symbolIndex(1) });
  rig.advance(10_000);
  // then
  const states = rig.events.flatMap((event) => (event.kind === "set-up" ? [event.state] : []));
  const [after = 0, besideAfter] = proofs();
  expect([states.includes("stop-refused"), setUps(rig), after > before, besideAfter]).toEqual([
    false,
    ["pending", "proven"],
    true,
    beside,
  ]);
});

const openPosition = { symbol: "BTCUSDT", positionSide: "BOTH", positionAmt: "0.0105", entryPrice: "64000.0" };

test("[F-60] [F-77] a position that lies between two lots when a run begins is counted in finer ones, and told", () => {
  const rig = restRig();
  rig.on("GET /fapi/v3/positionRisk", () => ok([openPosition])).started();
  const read = rig.events.find((event) => event.kind === "account-snapshot");
  const told = rig.notices.flatMap(({ code, fields }) => (code === "POSITION_OFF_GRID" ? [fields] : []));
  expect([read?.positions, told]).toEqual([
    [{ symbol: 0, lots: 105, entryTicks: 640_000 }],
    [{ symbol: "BTCUSDT", amount: "0.0105", stepSize: "0.001" }],
  ]);
});

test.each([
  ["refused", refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)],
  ["unreadable", ok({ positions: [] })],
])("[F-60] what is held is %s before the rules are taken: the start goes on", (_, script) => {
  const rig = restRig();
  rig.on("GET /fapi/v3/positionRisk", () => (rig.events.length === 0 ? script : ok([]))).started();
  expect([rig.fatal, rig.kinds().includes("account-snapshot")]).toEqual([[], true]);
});
