/** Updates as Telegram sends them. */

import { start } from "../support.ts";

export const nowSeconds = start / 1_000;

export function message(
  text: string,
  more: Readonly<Record<string, unknown>> = {},
  updateId = 1,
): Readonly<Record<string, unknown>> {
  const chat = { id: 7, type: "private", first_name: "A" };
  const from = { id: 7, is_bot: false, first_name: "A" };
  return { update_id: updateId, message: { message_id: updateId, date: nowSeconds, text, chat, from, ...more } };
}
