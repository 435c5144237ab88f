import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../../src/config/secrets.ts";
import { telegramApi } from "../../../src/ops/telegram/api.ts";
import { CommandDesk, commandsPerMinute } from "../../../src/ops/telegram/operator.ts";
import { Poller } from "../../../src/ops/telegram/poller.ts";
import { ManualTime } from "../support.ts";
import { BotApi, token } from "./bot-api.ts";
import { message, nowSeconds } from "./updates.ts";

let bot: BotApi;
let stand: ReturnType<typeof standOn>;

beforeEach(async () => {
  bot = await BotApi.open();
  stand = standOn(bot);
});

afterEach(async () => {
  await stand.poller.close();
  await bot.close();
});

test("[OPS-2] a command is obeyed and answered", async () => {
  await stand.begin();
  bot.queue(now("/halt"));
  await stand.time.until(() => bot.messages.length === 1);
  expect(stand.controls).toEqual(["halt by telegram:7"]);
  expect(bot.messages[0]?.text).toContain("Halted");
});

test("[OPS-2] looking changes nothing", async () => {
  await stand.begin();
  bot.queue(now("/status", 1), now("/positions", 2), now("/why", 3));
  await stand.time.until(() => bot.messages.length === 3);
  expect(bot.messages.map(({ text }) => text)).toEqual(["<b>status &lt;x&gt;</b>", "<b>positions</b>", "<b>why</b>"]);
  expect(stand.controls).toEqual([]);
});

test("[S-12] flatten is done only with the code of its question, once, and by the one who asked", async () => {
  await stand.begin();
  bot.queue(now("/flatten", 1));
  await stand.time.until(() => bot.messages.length === 1);
  expect(bot.messages[0]?.text).toContain("/flatten 0042");
  bot.queue(now("/flatten 0042", 2, { from: { id: 9, is_bot: false } }), now("/flatten 0042", 3));
  await stand.time.until(() => bot.messages.length === 3);
  // The other user's attempt has used the code up.
  expect(stand.controls).toEqual([]);
  bot.queue(now("/flatten 0042", 4), now("/flatten 0042", 5));
  await stand.time.until(() => bot.messages.length === 5);
  expect(stand.controls).toEqual(["flatten by telegram:7"]);
});

test("[S-12] another code is no confirmation", async () => {
  await stand.begin();
  bot.queue(now("/flatten", 1));
  await stand.time.until(() => bot.messages.length === 1);
  bot.queue(now("/flatten 0041", 2));
  await stand.time.until(() => bot.messages.length === 2);
  expect(stand.controls).toEqual([]);
});

test("[S-12] a confirmation that comes late is none", async () => {
  await stand.begin();
  bot.queue(now("/flatten", 1));
  await stand.time.until(() => bot.messages.length === 1);
  await stand.time.advance(61_000);
  bot.queue(now("/flatten 0042", 2, { date: nowSeconds + 62 }));
  await stand.time.until(() => bot.messages.length === 2);
  expect(stand.controls).toEqual([]);
});

test("[S-12] a restart with a thousand queued commands obeys none of them", async () => {
  bot.updates = Array.from({ length: 1_000 }, (_, index) => now("/halt", index + 1, { date: nowSeconds }));
  await stand.begin();
  bot.queue(now("/status", 2_000));
  await stand.time.until(() => bot.messages.length === 1);
  expect(stand.controls).toEqual([]);
});

test("[S-12] a thousand queued commands are not obeyed either when the Bot API keeps them", async () => {
  bot.repeats = true;
  bot.updates = Array.from({ length: 1_000 }, (_, index) => now("/halt", index + 1, { date: nowSeconds }));
  await stand.begin();
  await stand.time.until(() => bot.calls.filter((call) => call === "getUpdates").length >= 60);
  expect([stand.controls, bot.messages]).toEqual([[], []]);
});

test("[S-12] an update that comes again and again is obeyed once", async () => {
  await stand.begin();
  bot.repeats = true;
  bot.queue(now("/halt"));
  await stand.time.until(() => bot.calls.filter((call) => call === "getUpdates").length >= 10);
  expect(stand.controls).toEqual(["halt by telegram:7"]);
});

test("[S-12] who may not command is not answered, and is named in the log", async () => {
  await stand.begin();
  bot.queue(now("/flatten", 1, { from: { id: 666, is_bot: false } }), now("/status", 2));
  await stand.time.until(() => bot.messages.length === 1);
  expect(bot.messages[0]?.text).toContain("status");
  expect(stand.logged).toContainEqual(["COMMAND_REFUSED", { from: "user 666", reason: "not allowed" }]);
});

test("[I-19] of a flood of commands only so many a minute are obeyed", async () => {
  await stand.begin();
  bot.queue(...Array.from({ length: 300 }, (_, index) => now("/halt", index + 1)));
  await stand.time.until(() => bot.updates.every(({ update_id }) => Number(update_id) > 280) && bot.calls.length > 20);
  expect(stand.controls).toHaveLength(commandsPerMinute);
  expect(bot.messages.length).toBeLessThanOrEqual(commandsPerMinute);
});

test("[I-19] answers that come at once are not asked for faster than once a second", async () => {
  bot.repeats = true;
  await stand.begin();
  bot.queue(now("/nothing", 1));
  const before = stand.time.now;
  const calls = bot.calls.length;
  await stand.time.until(() => stand.time.now - before >= 20_000);
  expect(bot.calls.length - calls).toBeLessThanOrEqual(23);
});

test.each(["too-many", "nonsense", "unauthorised", "redirect"] as const)(
  "[OPS-2] a Bot API that answers with %s is asked again with growing waits, and commands work when it is well",
  async (mood) => {
    await stand.begin();
    bot.mood = mood;
    bot.queue();
    const calls = bot.calls.length;
    const before = stand.time.now;
    await stand.time.until(() => bot.calls.length - calls >= 4);
    expect(stand.time.now - before).toBeGreaterThan(6_000);
    bot.mood = "well";
    bot.updates = [now("/halt", 50, { date: Math.floor(stand.time.now / 1_000) })];
    await stand.time.until(() => stand.controls.length === 1);
    expect(JSON.stringify(stand.logged)).not.toContain("canary");
  },
);

test("[OPS-2] a Bot API that hangs is given up after its time, and closing does not wait for it", async () => {
  bot.mood = "hang";
  stand.poller.start();
  await bot.until(() => bot.calls.length === 1);
  await stand.time.advance(40_000);
  await stand.time.until(() => bot.calls.length === 2);
  await stand.poller.close();
  expect(stand.logged).toMatchObject([["COMMANDS_DOWN", {}]]);
});

test("[I-10] a command that may not be in the journal is not acknowledged as done", async () => {
  stand.isDurable = false;
  await stand.begin();
  bot.queue(now("/halt"));
  await stand.time.until(() => bot.messages.length === 1);
  expect(bot.messages[0]?.text).toContain("may not outlive a restart");
});

test("[F-39] a command that waits for a disk which has stalled keeps none that comes after it from being obeyed", async () => {
  stand.isStalled = true;
  await stand.begin();
  bot.queue(now("/halt", 1), now("/flatten", 2));
  await stand.time.until(() => stand.controls.length === 1);
  await stand.time.advance(9_000);
  await bot.until(() => bot.messages.length === 2);
  expect(bot.messages.map(({ text }) => text)).toEqual([
    expect.stringContaining("may not outlive a restart"),
    expect.stringContaining("/flatten 0042"),
  ]);
});

function now(text: string, updateId = 1, more: Readonly<Record<string, unknown>> = {}) {
  return message(text, { date: nowSeconds + 1, ...more }, updateId);
}

function standOn(api: BotApi) {
  const time = new ManualTime();
  const controls: string[] = [];
  const logged: unknown[] = [];
  const made = {
    isDurable: true,
    isStalled: false,
    time,
    controls,
    logged,
    begin: async () => {
      made.poller.start();
      await time.until(() => api.calls.includes("getUpdates"));
    },
    poller: new Poller({
      api: telegramApi(new Secret(token), api.root),
      desk: new CommandDesk({
        operator: {
          status: () => ["status <x>"],
          positions: () => ["positions"],
          why: async () => ["why"],
          control: async (action, by) => {
            controls.push(`${action} by ${by}`);
            if (made.isStalled) await new Promise(() => undefined);
            if (!made.isDurable) throw new Error("disk full");
          },
        },
        timers: time,
        clock: () => time.now,
        draw: () => 42,
        log: () => undefined,
      }),
      rules: { chatIds: [7], userIds: [7, 9] },
      timers: time,
      clock: () => time.now,
      random: () => 0.5,
      log: (_level, code, fields) => logged.push([code, fields]),
    }),
  };
  return made;
}
