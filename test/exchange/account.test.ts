import { expect, test } from "vitest";
import { micros } from "../../src/domain/units.ts";
import { venue } from "./harness.ts";

const eightHours = 8 * 3_600_000_000;

test("[SIM-2] a position's entry is its quantity-weighted cost and does not change when it shrinks", () => {
  const sim = venue();
  sim.order("BUY", "0.030");
  const entry = () => sim.rows("GET v3/positionRisk")[0]?.["entryPrice"];
  expect(entry()).toBe("64000.16666667");
  sim.order("SELL", "0.007");
  expect(entry()).toBe("64000.16666667");
});

test("[SIM-2] a reversal starts at the price of the fill", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010");
  sim.order("BUY", "0.005");
  sim.order("SELL", "0.010");
  expect(sim.rows("GET v3/positionRisk")[0]).toMatchObject({ positionAmt: "-0.005", entryPrice: "63999.8" });
});

test("[SIM-2] realised profit is closed size times price difference, fees apart", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010");
  const rows = sim.rows("GET v1/userTrades", { symbol: "BTCUSDT" }).map((row) => row["realizedPnl"]);
  expect(rows).toEqual(["0.00000000", "-0.00200000"]);
});

test("[SIM-2] the ledger books realised profit and fees, and their sum is the change of the wallet", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.order("SELL", "0.010");
  const rows = sim.rows("GET v1/income").map((row) => [row["incomeType"], row["income"]]);
  expect(rows).toEqual([
    ["COMMISSION", "-0.32000050"],
    ["REALIZED_PNL", "-0.00200000"],
    ["COMMISSION", "-0.31999950"],
  ]);
  expect(sim.wallet()).toBe("9999.35800000");
});

test("[SIM-2] an order that the free margin does not carry is refused with −2019", () => {
  const sim = venue({ walletUsdt: "100" });
  expect(sim.orderCode("BUY", "0.032", { price: "63999.00" })).toBe(-2019);
  expect(sim.orderCode("BUY", "0.031", { price: "63999.00" })).toBeNull();
});

test("[SIM-2] open orders use margin, and a reducing order needs none", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.order("BUY", "0.015");
  sim.order("BUY", "0.015", { price: "63000.00" });
  expect(sim.orderCode("BUY", "0.010", { price: "63000.00" })).toBe(-2019);
  expect(sim.orderCode("SELL", "0.015", { price: "65000.00" })).toBeNull();
});

test("[SIM-2] higher leverage needs less margin, is told, and is bounded by the brackets", () => {
  const sim = venue({ walletUsdt: "100" });
  expect(sim.row("POST v1/leverage", { symbol: "BTCUSDT", leverage: "100" })).toMatchObject({ leverage: 100 });
  expect(sim.events("ACCOUNT_CONFIG_UPDATE")[0]).toMatchObject({ ac: { s: "BTCUSDT", l: 100 } });
  expect(sim.orderCode("BUY", "0.100", { price: "63999.00" })).toBeNull();
  expect(sim.code("POST v1/leverage", { symbol: "BTCUSDT", leverage: "126" })).toBe(-4028);
});

test("[SIM-2] a position above the bracket of its leverage is refused with −2027", () => {
  const sim = venue({ walletUsdt: "10000000" });
  sim.row("POST v1/leverage", { symbol: "BTCUSDT", leverage: "125" });
  expect(sim.orderCode("BUY", "5.000", { price: "63999.00" })).toBe(-2027);
});

test("[SIM-2] a leverage at which the position would not fit is refused with −2028", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.order("BUY", "0.025");
  expect(sim.code("POST v1/leverage", { symbol: "BTCUSDT", leverage: "2" })).toBe(-2028);
});

test("[SIM-2] balances show unrealised profit at the mark price and the margin in use", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.mark(650_001);
  const account = sim.row("GET v3/account");
  expect(account).toMatchObject({
    totalWalletBalance: "9999.67999950",
    totalUnrealizedProfit: "10.00000000",
    totalPositionInitialMargin: "32.50005000",
    totalMaintMargin: "2.60000400",
    availableBalance: "9977.17994950",
  });
});

test("[SIM-2] the maintenance margin follows the bracket of the notional and its allowance", () => {
  const sim = venue({ walletUsdt: "1000000" });
  sim.book([[639_999, 9_000]], [[640_000, 9_000]]);
  sim.order("BUY", "5.000");
  expect(sim.rows("GET v3/positionRisk")[0]).toMatchObject({
    notional: "320000.00000000",
    maintMargin: "1300.00000000",
  });
});

test("[SIM-2] funding is paid at full eight hours UTC on the mark notional: longs pay a positive rate", () => {
  const sim = venue();
  sim.order("BUY", "0.010");
  sim.mark(640_000, 0.0001);
  sim.events();
  const before = sim.wallet();
  const due = sim.exchange.nextDeadline();
  expect(due % eightHours).toBe(0);
  sim.exchange.advance(micros(due - 1));
  expect(sim.wallet()).toBe(before);
  sim.exchange.advance(micros(due));
  const [event] = sim.events("ACCOUNT_UPDATE");
  expect(event?.["a"]).toMatchObject({ m: "FUNDING_FEE", S: "BTCUSDT", B: [{ bc: "-0.06400000" }], P: [] });
  expect(sim.rows("GET v1/income", { incomeType: "FUNDING_FEE" })[0]?.["income"]).toBe("-0.06400000");
  expect(sim.exchange.nextDeadline()).toBe(due + eightHours);
});

test("[SIM-2] without a position no funding is paid", () => {
  const sim = venue();
  sim.mark(640_000, 0.0001);
  sim.exchange.advance(micros(sim.exchange.nextDeadline()));
  expect(sim.events()).toEqual([]);
});

test("[SIM-2] below the maintenance margin everything is closed by an autoclose order with the liquidation fee", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.order("BUY", "0.025");
  sim.algoCode("SELL", "50000.00", { closePosition: "true", clientAlgoId: "stop" });
  sim.order("SELL", "0.010", { price: "65000.00", reduceOnly: "true" });
  sim.events();
  sim.mark(602_000);
  const orders = sim.inner("ORDER_TRADE_UPDATE");
  expect(orders[0]).toMatchObject({ X: "EXPIRED", er: "5" });
  expect(orders.at(-1)).toMatchObject({ x: "CALCULATED", X: "FILLED", c: expect.stringMatching(/^autoclose-/) });
  expect(sim.position()).toBe("0.000");
  expect(sim.row("GET v1/algoOrder", { clientAlgoId: "stop" })["algoStatus"]).toBe("EXPIRED");
  expect(Number(sim.wallet())).toBeGreaterThanOrEqual(0);
});

test("[SIM-2] the account is liquidated at the liquidation price that it shows, not before", () => {
  const sim = venue({ walletUsdt: "100" });
  sim.order("BUY", "0.025");
  const shown = Number(sim.rows("GET v3/positionRisk")[0]?.["liquidationPrice"]);
  sim.mark(Math.ceil(shown * 10) + 1);
  expect(sim.position()).toBe("0.025");
  sim.mark(Math.floor(shown * 10));
  expect(sim.position()).toBe("0.000");
});

test("[SIM-1] settings that are as asked answer their codes; others that this exchange lacks answer −1020", () => {
  const sim = venue();
  expect(sim.code("POST v1/marginType", { symbol: "BTCUSDT", marginType: "CROSSED" })).toBe(-4046);
  expect(sim.code("POST v1/marginType", { symbol: "BTCUSDT", marginType: "ISOLATED" })).toBe(-1020);
  expect(sim.code("POST v1/positionSide/dual", { dualSidePosition: "false" })).toBe(-4059);
  expect(sim.code("POST v1/positionSide/dual", { dualSidePosition: "true" })).toBe(-1020);
  expect(sim.code("POST v1/multiAssetsMargin", { multiAssetsMargin: "false" })).toBe(-4171);
});

test("[SIM-1] positionRisk v3 has rows only for symbols with a position or open orders, v2 for all", () => {
  const sim = venue();
  expect(sim.rows("GET v3/positionRisk")).toEqual([]);
  expect(sim.rows("GET v2/positionRisk")).toHaveLength(2);
  sim.order("BUY", "0.005", { price: "63000.00" });
  expect(sim.rows("GET v3/positionRisk")[0]).toMatchObject({ symbol: "BTCUSDT", positionAmt: "0.000" });
});

test("[SIM-1] the balance names the instance of the exchange", () => {
  expect(venue({ instance: "k3" }).rows("GET v3/balance")[0]?.["accountAlias"]).toBe("k3");
});

test("[SIM-1] a deposit and a withdrawal change the wallet, are told as such and stand in the ledger without a symbol", () => {
  const sim = venue();
  sim.exchange.transfer("250.5", micros(sim.now));
  sim.exchange.transfer("-1000", micros(sim.now));
  const told = sim.events("ACCOUNT_UPDATE").map(({ a }) => a);
  expect([told, sim.rows("GET v1/income", { incomeType: "TRANSFER" })]).toMatchObject([
    [
      { m: "DEPOSIT", B: [{ a: "USDT", wb: "10250.50000000", bc: "250.50000000" }], P: [] },
      { m: "WITHDRAW", B: [{ a: "USDT", wb: "9250.50000000", bc: "-1000.00000000" }], P: [] },
    ],
    [{ symbol: "", income: "250.50000000" }, { income: "-1000.00000000" }],
  ]);
});

test.each([["-10000.00000001"], ["much"]])("[SIM-2] a transfer of %s is refused and changes nothing", (amount) => {
  const sim = venue();
  expect(() => sim.exchange.transfer(amount, micros(sim.now))).toThrow(RangeError);
  expect(sim.wallet()).toBe("10000.00000000");
});
