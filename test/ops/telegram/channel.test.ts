import { afterEach, beforeEach, expect, test } from "vitest";
import { Alerts } from "../../../src/config/alerts.ts";
import { Secret } from "../../../src/config/secrets.ts";
import type { AlertDelivery } from "../../../src/domain/alert.ts";
import type { Notice } from "../../../src/domain/output.ts";
import { AlertDesk } from "../../../src/ops/alerts/desk.ts";
import { telegramApi } from "../../../src/ops/telegram/api.ts";
import { telegramChannel } from "../../../src/ops/telegram/channel.ts";
import { ManualTime } from "../support.ts";
import { BotApi, type Mood, token } from "./bot-api.ts";

let bot: BotApi;

beforeEach(async () => {
  bot = await BotApi.open();
});

afterEach(async () => await bot.close());

const troubled: readonly Mood[] = ["hang", "too-many", "nonsense", "unauthorised", "redirect"];

test.each(troubled)(
  "[OPS-2] with a Bot API that answers with %s alerts wait, and arrive once when it is well again",
  async (mood) => {
    const stand = deskOn(bot);
    bot.mood = mood;
    stand.desk.observe(refused(1), "BTCUSDT");
    stand.desk.observe(refused(2), "ETHUSDT");
    if (mood === "hang") {
      await stand.time.advance(0);
      await bot.until(() => bot.calls.length === 1);
      await stand.time.advance(10_000);
    } else await stand.time.until(() => bot.calls.length >= 3);
    expect([bot.messages, stand.deliveries]).toEqual([[], []]);
    bot.mood = "well";
    await stand.time.until(() => stand.deliveries.length === 2);
    expect(stand.deliveries.map(({ state }) => state)).toEqual(["delivered", "delivered"]);
    expect(bot.messages.filter(({ text }) => text.includes("BTCUSDT"))).toHaveLength(1);
    expect(bot.messages.filter(({ text }) => text.includes("ETHUSDT"))).toHaveLength(1);
    expect(JSON.stringify(stand.troubles)).not.toContain("canary");
  },
);

test("[OPS-2] a wait that the Bot API asks for is kept", async () => {
  const stand = deskOn(bot);
  bot.mood = "too-many";
  stand.desk.observe(refused(1), "BTCUSDT");
  await stand.time.advance(0);
  await stand.time.until(() => stand.troubles.length === 1);
  await stand.time.advance(2_900);
  expect(bot.calls).toHaveLength(1);
});

test("[OPS-2] a text that the Bot API refuses is given up, and the next one arrives", async () => {
  const stand = deskOn(bot);
  bot.mood = "bad-request";
  stand.desk.observe(refused(1), "BTCUSDT");
  await stand.time.until(() => stand.deliveries.length === 1);
  bot.mood = "well";
  stand.desk.observe(refused(1), "ETHUSDT");
  await stand.time.until(() => stand.deliveries.length === 2);
  expect(stand.deliveries.map(({ state }) => state)).toEqual(["refused", "delivered"]);
  expect(JSON.stringify(stand.troubles)).not.toContain("canary");
});

test("[S-13] symbols and texts of the venue are data: no tag, entity or direction mark of theirs counts", async () => {
  const stand = deskOn(bot);
  const names = ["<b>x</b>", "_*[`", "測試USDT", "\u202eTDSU\u200b", "&amp;\n/halt"];
  for (const name of names) stand.desk.observe(refused(1, `<a href="x">${name}</a>`), name);
  await stand.time.until(() => bot.messages.length === names.length);
  const texts = bot.messages.map(({ text }) => text);
  expect(texts[0]).toContain("<b>WARNING ORDER_REFUSED &lt;b&gt;x&lt;/b&gt;</b>\n");
  expect(texts[2]).toContain("測試USDT");
  expect(texts[3]).toContain("\\u202eTDSU\\u200b");
  expect(texts[4]).toContain("&amp;amp;\\u000a/halt");
  for (const text of texts) expect(text.replaceAll(/<\/?b>/g, "")).not.toMatch(/[<>]/);
});

test("[I-18] a chat that does not take messages costs another one nothing", async () => {
  const stand = deskOn(bot, [7, 8]);
  stand.desk.observe(refused(1), "BTCUSDT");
  await stand.time.until(() => bot.messages.length === 2);
  expect(bot.messages.map(({ chat }) => chat).toSorted()).toEqual([7, 8]);
});

function deskOn(api: BotApi, chats: readonly number[] = [7]) {
  const time = new ManualTime();
  const troubles: unknown[] = [];
  const deliveries: AlertDelivery[] = [];
  const telegram = telegramApi(new Secret(token), api.root);
  const desk = new AlertDesk({
    settings: Alerts.parse({}),
    channels: chats.map((chat) => telegramChannel(telegram, chat)),
    timers: time,
    clock: time.clock,
    random: () => 0.5,
    trouble: (...trouble) => troubles.push(trouble),
  });
  desk.open({ recent: [], pending: [] }, { alert: () => undefined, delivery: (one) => deliveries.push(one) });
  return { desk, time, troubles, deliveries };
}

function refused(refusal: number, message = "no"): Notice {
  return { kind: "notice", level: "warn", code: "ORDER_REFUSED", symbol: null, fields: { refusal, message } };
}
