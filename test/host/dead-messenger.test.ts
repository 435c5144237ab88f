/** Telegram is away in every way that it can be, under a daemon process that trades (failure-catalogue F-72). */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { BotApi, token } from "../ops/telegram/bot-api.ts";
import { losing, Stage } from "./support.ts";

vi.setConfig({ testTimeout: 60_000 });

let stage: Stage;
let bot: BotApi;

beforeEach(async () => {
  stage = new Stage();
  bot = await BotApi.open();
  vi.stubEnv("SCALPD_TELEGRAM_TOKEN", token);
  const telegram = `alerts:\n  telegram: { enabled: true, api_root: "${bot.root}", chat_ids: [7], user_ids: [7] }\n`;
  writeFileSync(stage.config, losing + telegram);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await stage.close();
  await bot.close();
});

test.each(["hang", "too-many", "nonsense", "unauthorised", "redirect", "bad-request"] as const)(
  "[F-72] Telegram answers with `%s`: trades open and close, and the daemon ends in good order and in time",
  async (mood) => {
    // given
    bot.mood = mood;
    const daemon = stage.daemon(await stage.exchange());
    // when
    await daemon.line("TRADE_CLOSED");
    await daemon.line("TRADE_CLOSED");
    const asked = performance.now();
    daemon.child.kill("SIGTERM");
    const [code] = await once(daemon.child, "exit");
    // then
    expect([code, bot.messages, performance.now() - asked < 20_000]).toEqual([0, [], true]);
  },
);

test("[F-72] what Telegram did not take is kept and told when it is there again, once each", async () => {
  // given
  bot.mood = "hang";
  const exchange = await stage.exchange();
  const first = stage.daemon(exchange);
  await first.line("TRADE_CLOSED");
  first.child.kill("SIGTERM");
  await once(first.child, "exit");
  // when
  bot.mood = "well";
  const second = stage.daemon(exchange);
  const times = (word: string): number => bot.messages.filter(({ text }) => text.includes(word)).length;
  await bot.until(() => times("STOPPING") > 0);
  second.child.kill("SIGTERM");
  await once(second.child, "exit");
  // then: the first run's stop, and the second's own
  expect(times("STOPPING")).toBe(2);
});
