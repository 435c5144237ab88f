/** Settings of alerts: what is told to people, how often, and by which channels. @see requirements OPS-2 */

import { z } from "zod";
import { seconds } from "./units.ts";

const loopbackHosts: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);
/** Addresses that a list may hold. */
const listedMax = 8;

/** Whether a token may be sent there: encrypted, or not leaving this machine. @see failure-catalogue S-07 */
export function isSafeUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && loopbackHosts.has(url.hostname));
}

const perHour = z.number().int().min(1).max(3_600);
const identifier = z
  .number()
  .int()
  .min(-(2 ** 52))
  .max(2 ** 52);
const unique = (list: readonly number[]): boolean => new Set(list).size === list.length;

const Telegram = z.strictObject({
  enabled: z.boolean().default(false).describe("Tells alerts by Telegram. The bot's token is SCALPD_TELEGRAM_TOKEN."),
  api_root: z
    .string()
    .max(200)
    .refine(
      (text) => isSafeUrl(text) && !/[/?#]$/.test(text),
      "an https:// or loopback address without a slash at its end",
    )
    .default("https://api.telegram.org")
    .describe("Where the Bot API is; https, or loopback."),
  chat_ids: z
    .array(identifier)
    .max(listedMax)
    .default([])
    .refine(unique, { error: "must name each chat once" })
    .describe("Chats that are told; commands are taken from these only."),
  user_ids: z
    .array(identifier.positive())
    .max(listedMax)
    .default([])
    .refine(unique, { error: "must name each user once" })
    .describe("Users who may command, in a private chat that `chat_ids` names; empty: nobody (S-12)."),
});

const Webhook = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      "Posts alerts as JSON to SCALPD_WEBHOOK_URL (https, or loopback), with SCALPD_WEBHOOK_TOKEN if there is one.",
    ),
});

export const Alerts = z
  .strictObject({
    least: z.enum(["info", "warning", "critical"]).default("info").describe("Least severity that is told."),
    episode_minutes: z
      .number()
      .positive()
      .max(1_440)
      .default(10)
      .describe("The same thing about the same symbol is told again only after it was quiet for so long."),
    info_per_hour: perHour
      .default(30)
      .describe("Messages of severity info that a channel is given an hour; further ones wait."),
    warning_per_hour: perHour.default(60).describe("The same of severity warning."),
    critical_per_hour: perHour.default(240).describe("The same of severity critical."),
    timeout_seconds: seconds
      .max(120)
      .default(10)
      .describe("A message that is not taken after this long is tried again."),
    telegram: Telegram.prefault({}).describe("Alerts and commands by a Telegram bot."),
    webhook: Webhook.prefault({}).describe("Alerts for other programs."),
  })
  .refine((c) => !c.telegram.enabled || c.telegram.chat_ids.length > 0, {
    error: "must name a chat when alerts.telegram.enabled is true",
    path: ["telegram", "chat_ids"],
  });
export type Alerts = z.infer<typeof Alerts>;
