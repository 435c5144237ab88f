/** A command from afar that the journal cannot keep: whoever sent it hears so, and the daemon goes on. */

import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BotApi, token } from "../ops/telegram/bot-api.ts";
import { message } from "../ops/telegram/updates.ts";
import { losing, Stage } from "./support.ts";

const nowhere = "127.0.0.1:9";
/** An exchange that nobody answers for. */
const away = JSON.stringify({
  rest: `http://${nowhere}`,
  market_ws: `ws://${nowhere}`,
  user_ws: `ws://${nowhere}`,
  ws_api: `ws://${nowhere}`,
  api_key: "k".repeat(32),
  api_secret: "s".repeat(32),
  instance: "away",
});

let stage: Stage;
let bot: BotApi;

beforeEach(async () => {
  stage = new Stage();
  bot = await BotApi.open();
  process.env["SCALPD_TELEGRAM_TOKEN"] = token;
  const telegram = `telegram: { enabled: true, api_root: "${bot.root}", chat_ids: [7], user_ids: [7] }`;
  writeFileSync(stage.config, `${losing}alerts:\n  ${telegram}\n`);
});

afterEach(async () => {
  delete process.env["SCALPD_TELEGRAM_TOKEN"];
  await stage.close();
  await bot.close();
});

test("[F-35] [F-71] a /halt before the exchange has answered is told as not kept, and the daemon goes on", async () => {
  const daemon = stage.daemon(away);
  await daemon.line("COMMANDS_READY");
  const asked = [
    ["/halt", "may not outlive a restart"],
    ["/status", "Status"],
  ] as const;
  for (const [index, [command, answer]] of asked.entries()) {
    bot.queue(message(command, { date: Math.floor(Date.now() / 1_000) + 1 }, index + 1));
    await bot.until(() => bot.messages.some(({ text }) => text.includes(answer)));
  }
  expect(daemon.seen.filter(({ code }) => code === "DAEMON_FAILED" || code === "UNEXPECTED_ERROR")).toEqual([]);
});
