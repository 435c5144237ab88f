/** Alerts by Telegram: one channel a chat, so that what one chat has is not sent to it again for another's sake. */

import type { AlertChannel } from "../alerts/channel.ts";
import { alertLines, html } from "../alerts/text.ts";
import type { TelegramApi } from "./api.ts";

/** Telegram takes about one message a second in a chat. */
const gapMillis = 1_000;

export function telegramChannel(api: Pick<TelegramApi, "sendMessage">, chat: number): AlertChannel {
  return {
    name: `telegram:${chat}`,
    gapMillis,
    send: async (envelope, signal) => {
      const answer = await api.sendMessage(chat, html(alertLines(envelope)), signal);
      if (answer.ok) return { kind: "delivered" };
      const { cause, isRefusal, afterMillis } = answer.failure;
      return isRefusal ? { kind: "refused", cause } : { kind: "failed", cause, afterMillis };
    },
  };
}
