import { expect, test } from "vitest";
import { z } from "zod";
import { instrumentFromRules } from "../../../src/domain/instrument.ts";
import { symbolIndex } from "../../../src/domain/units.ts";
import { rulesOf } from "../../../src/venue/exchange-info.ts";
import { instrumentsByName } from "../../../src/venue/wire/reports.ts";
import * as schemas from "../../../src/venue/wire/schemas.ts";
import { decodeUserMessage } from "../../../src/venue/wire/user-events.ts";
import { btc, eth, payload } from "../support.ts";

const reads: readonly (readonly [string, z.ZodType])[] = [
  ["rest.order.post.json", schemas.OrderBody],
  ["rest.order.get.json", schemas.OrderBody],
  ["rest.order.delete.json", schemas.OrderBody],
  ["rest.openOrders.get.json", z.array(schemas.OrderBody)],
  ["rest.algoOrder.post.json", schemas.AlgoBody],
  ["rest.algoOrder.get.json", schemas.AlgoBody],
  ["rest.algoOrder.delete.json", schemas.AlgoCancelBody],
  ["rest.openAlgoOrders.get.json", z.array(schemas.AlgoBody)],
  ["rest.userTrades.get.json", z.array(schemas.UserTrade)],
  ["rest.balance.v3.get.json", z.array(schemas.Balance)],
  ["rest.positionRisk.v3.get.json", z.array(schemas.PositionRisk)],
  ["rest.accountConfig.get.json", schemas.AccountConfig],
  ["rest.symbolConfig.get.json", z.array(schemas.SymbolConfig)],
  ["rest.commissionRate.get.json", schemas.CommissionRate],
  ["rest.time.get.json", schemas.ServerTime],
  ["rest.listenKey.post.json", schemas.ListenKey],
  ["rest.listenKey.put.json", schemas.ListenKey],
  ["live.rest.exchangeInfo.json", schemas.ExchangeInfo],
  ["live.rest.klines_1m.json", z.array(schemas.Kline)],
  ["live.rest.premiumIndex.all.json", z.array(schemas.PremiumIndex)],
  ["wsapi.order.place.response.json", schemas.WsReply.extend({ result: schemas.OrderBody })],
  ["wsapi.order.cancel.response.json", schemas.WsReply.extend({ result: schemas.OrderBody })],
  ["wsapi.order.status.response.json", schemas.WsReply.extend({ result: schemas.OrderBody })],
  ["wsapi.algoOrder.place.response.json", schemas.WsReply.extend({ result: schemas.AlgoBody })],
  ["wsapi.algoOrder.cancel.response.json", schemas.WsReply.extend({ result: schemas.AlgoCancelBody })],
  ["wsapi.error.response.json", schemas.WsReply],
];

test.each(reads)("%s parses with the schema that reads it", (name, schema) => {
  expect(schema.safeParse(payload(name)).error?.message).toBeUndefined();
});

test("the log-on replies parse, the revoked one too", () => {
  const { response, revoked } = z
    .looseObject({ response: z.unknown(), revoked: z.unknown() })
    .parse(payload("wsapi.session.logon.json"));
  expect([response, revoked].map((reply) => schemas.WsReply.safeParse(reply).success)).toEqual([true, true]);
});

test.each([
  "user.ORDER_TRADE_UPDATE.new.json",
  "user.ALGO_UPDATE.canceled.json",
  "user.ACCOUNT_UPDATE.order.json",
  "user.ACCOUNT_CONFIG_UPDATE.leverage.json",
  "user.ACCOUNT_CONFIG_UPDATE.multiAssets.json",
  "user.MARGIN_CALL.json",
  "user.TRADE_LITE.json",
  "user.listenKeyExpired.json",
  "user.CONDITIONAL_ORDER_TRIGGER_REJECT.json",
])("%s is a user event that we read", (name) => {
  const message = decodeUserMessage(payload(name), "USDT", instrumentsByName([btc, eth]));
  expect([message.kind, JSON.stringify(message, bigintText)]).toEqual([
    expect.not.stringMatching("unknown"),
    expect.not.stringContaining("unreadable"),
  ]);
});

test("the recorded exchangeInfo becomes the rules of an instrument", () => {
  const found = rulesOf(schemas.ExchangeInfo.parse(payload("live.rest.exchangeInfo.json")), "BTCUSDT");
  expect(found.ok ? instrumentFromRules(found.rules, symbolIndex(0), "83000", "1000") : found).toMatchObject({
    tickDecimals: 1,
    stepDecimals: 3,
    maxLots: 1_000_000,
    marketMaxLots: 120_000,
  });
});

function bigintText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
