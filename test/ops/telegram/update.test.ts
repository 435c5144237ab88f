import fc from "fast-check";
import { expect, test } from "vitest";
import { readUpdate, type UpdateRules } from "../../../src/ops/telegram/update.ts";
import { message, nowSeconds } from "./updates.ts";

const rules: UpdateRules = { chatIds: [7], userIds: [7, 9], startedAt: nowSeconds - 1_000 };

test("[S-12] a fresh command of a listed user in a listed private chat is one", () => {
  expect(readUpdate(message("/halt"), rules, nowSeconds)).toEqual({
    kind: "command",
    command: { name: "halt", argument: "", chat: 7, user: 7 },
  });
});

test("[S-12] an empty list of chats or of users means nobody", () => {
  expect(readUpdate(message("/halt"), { ...rules, userIds: [] }, nowSeconds)).toMatchObject({
    kind: "ignored",
    from: 7,
  });
  expect(readUpdate(message("/halt"), { ...rules, chatIds: [] }, nowSeconds)).toMatchObject({
    kind: "ignored",
    from: 7,
  });
});

const strangers: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["of a user who is not listed", message("/halt", { from: { id: 8, is_bot: false } })],
  ["in a chat that is not listed", message("/halt", { chat: { id: 8, type: "private" } })],
  ["in a group", message("/halt", { chat: { id: 7, type: "group" } })],
  ["in a supergroup", message("/halt", { chat: { id: 7, type: "supergroup" } })],
  ["of a bot", message("/halt", { from: { id: 7, is_bot: true } })],
  ["forwarded", message("/halt", { forward_origin: { type: "user" } })],
  ["forwarded, as old servers say it", message("/halt", { forward_date: nowSeconds })],
  ["edited in place", message("/halt", { edit_date: nowSeconds })],
  ["sent in the name of a chat", message("/halt", { sender_chat: { id: 7 } })],
  ["sent through a bot", message("/halt", { via_bot: { id: 1 } })],
  ["older than a minute", message("/halt", { date: nowSeconds - 61 })],
  ["from the future", message("/halt", { date: nowSeconds + 61 })],
  ["without a sender", message("/halt", { from: undefined })],
  ["an edited message", { update_id: 1, edited_message: message("/halt")["message"] }],
  ["a channel post", { update_id: 1, channel_post: message("/halt")["message"] }],
  ["a button", { update_id: 1, callback_query: { data: "/halt" } }],
];

test.each(strangers)("[S-12] a command %s is ignored", (_name, update) => {
  expect(readUpdate(update, rules, nowSeconds).kind).toBe("ignored");
});

test("[S-12] what was sent before the start, or in its second, is ignored", () => {
  const sent = message("/halt", { date: nowSeconds - 5 });
  expect(readUpdate(sent, { ...rules, startedAt: nowSeconds - 5 }, nowSeconds).kind).toBe("ignored");
  expect(readUpdate(sent, { ...rules, startedAt: nowSeconds - 6 }, nowSeconds).kind).toBe("command");
});

test("[S-12] other words are answered with help, and never obeyed", () => {
  for (const text of ["halt", "/haltx", "/HALT", "please /halt", "/halt@other_bot"]) {
    expect(readUpdate(message(text), rules, nowSeconds)).toEqual({ kind: "help", chat: 7 });
  }
});

test("[S-12] whatever an update holds, it is read without an error, and no list of nobody lets it pass", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (more, inner) => {
      const nobody = { ...rules, userIds: [] };
      expect(readUpdate({ ...more, message: inner }, nobody, nowSeconds).kind).toBe("ignored");
    }),
  );
});
