import { expect, test } from "vitest";
import { ok, Rig, refusal, restRig } from "./support.ts";

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
