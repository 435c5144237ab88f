/**
 * Whether an update is a command that may be obeyed. Only a fresh, original message of a listed user in a listed private
 * chat is; an empty list means nobody. @see failure-catalogue S-12
 */

import { z } from "zod";

export const commandNames = ["status", "positions", "why", "halt", "resume", "flatten"] as const;
export type CommandName = (typeof commandNames)[number];

export type Command = {
  readonly name: CommandName;
  /** what stands behind it; a confirmation */
  readonly argument: string;
  readonly chat: number;
  readonly user: number;
};

export type ReadUpdate =
  | { readonly kind: "command"; readonly command: Command }
  | { readonly kind: "help"; readonly chat: number }
  /** `from` only where somebody tried who may not */
  | { readonly kind: "ignored"; readonly why: string; readonly from: number | null };

export type UpdateRules = {
  readonly chatIds: readonly number[];
  readonly userIds: readonly number[];
  /** whole seconds since the epoch; what was sent up to then is not obeyed, so that no queue outlives a restart */
  readonly startedAt: number;
};

const ageSecondsMax = 60;
const textMax = 200;

const Message = z.looseObject({
  date: z.int(),
  text: z.string(),
  chat: z.looseObject({ id: z.int(), type: z.string() }),
  from: z.looseObject({ id: z.int(), is_bot: z.boolean() }),
});

/** A message that has any of these was not written here, by this user, now. */
const secondHand = [
  "edit_date",
  "forward_origin",
  "forward_from",
  "forward_from_chat",
  "forward_sender_name",
  "forward_date",
  "is_automatic_forward",
  "sender_chat",
  "via_bot",
  "sender_business_bot",
  "business_connection_id",
] as const;

/** @param now whole seconds since the epoch */
export function readUpdate(update: Readonly<Record<string, unknown>>, rules: UpdateRules, now: number): ReadUpdate {
  const parsed = Message.safeParse(update["message"]);
  if (!parsed.success) return ignored("no text message");
  const { date, text, chat, from, ...rest } = parsed.data;
  if (chat.type !== "private") return ignored("not a private chat");
  if (secondHand.some((name) => Object.hasOwn(rest, name))) return ignored("edited, forwarded or sent for somebody");
  if (from.is_bot) return ignored("a bot");
  if (!rules.chatIds.includes(chat.id) || !rules.userIds.includes(from.id)) {
    return { kind: "ignored", why: "not allowed", from: from.id };
  }
  if (date <= rules.startedAt || Math.abs(now - date) > ageSecondsMax) return ignored("too old");
  const [word = "", argument = ""] = text.slice(0, textMax).trim().split(/\s+/, 2);
  const name = commandNames.find((known) => word === `/${known}`);
  if (name === undefined) return { kind: "help", chat: chat.id };
  return { kind: "command", command: { name, argument, chat: chat.id, user: from.id } };
}

function ignored(why: string): ReadUpdate {
  return { kind: "ignored", why, from: null };
}
