import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { BotApi, token } from "../ops/telegram/bot-api.ts";
import { message } from "../ops/telegram/updates.ts";
import { losing, Stage } from "./support.ts";

const Ready = z.object({ parts: z.array(z.object({ part: z.string(), ready: z.boolean() })) });
const webhookCanary = "canary-webhook-5d1e";
let stage: Stage;
let bot: BotApi;

beforeEach(async () => {
  stage = new Stage();
  bot = await BotApi.open();
  process.env["SCALPD_TELEGRAM_TOKEN"] = token;
  process.env["SCALPD_WEBHOOK_URL"] = `http://127.0.0.1:1/${webhookCanary}`;
  writeFileSync(
    stage.config,
    `${losing}alerts:
  telegram: { enabled: true, api_root: "${bot.root}", chat_ids: [7], user_ids: [7] }
  webhook: { enabled: true }
health: { port: 0 }
`,
  );
});

afterEach(async () => {
  delete process.env["SCALPD_TELEGRAM_TOKEN"];
  delete process.env["SCALPD_WEBHOOK_URL"];
  await stage.close();
  await bot.close();
});

const told = (word: string): boolean => bot.messages.some(({ text }) => text.includes(word));

test("[OPS-2] a daemon tells its start, obeys a halt from its chat, tells it, and tells its stop", async () => {
  const daemon = stage.daemon(await stage.exchange());
  await bot.until(() => told("STARTING"));
  await daemon.line("COMMANDS_READY");
  await daemon.line("STATUS_SESSION");
  command("/halt", 1);
  expect(await daemon.line("HALTED")).toMatchObject({ by: "telegram:7" });
  await bot.until(() => told("Halted: ") && told("CRITICAL HALTED"));
  // Acknowledged means that it outlives a kill.
  expect(stage.told("HALTED")).toBe(1);
  command("/positions", 2);
  command("/why", 3);
  command("/status", 4);
  await bot.until(() => told("Positions") && told("Why, last hour") && told("<b>Status</b>"));
  daemon.child.kill("SIGTERM");
  await once(daemon.child, "exit");
  expect(told("STOPPING")).toBe(true);
});

test("[I-18] a Bot API that hangs keeps the daemon neither from trading nor from stopping, and the next run tells what waited", async () => {
  bot.mood = "hang";
  const exchange = await stage.exchange();
  const daemon = stage.daemon(exchange);
  await daemon.line("TRADE_CLOSED");
  daemon.child.kill("SIGTERM");
  const [code] = await once(daemon.child, "exit");
  expect([code, bot.messages]).toEqual([0, []]);
  bot.mood = "well";
  const second = stage.daemon(exchange);
  await bot.until(() => told("STOPPING"));
  second.child.kill("SIGTERM");
  await once(second.child, "exit");
  const starts = bot.messages.filter(({ text }) => text.includes("STARTING"));
  const ids = bot.messages.map(({ text }) => text.split("\n").find((line) => /^\d{4}-\d\d-\d\dT/.test(line)));
  expect(starts).toHaveLength(2);
  expect(new Set(ids).size).toBe(ids.length);
});

test.each(["too-many", "nonsense"] as const)(
  "[I-18] a Bot API that answers %s keeps nobody from trading, and tells each alert once when it is well again",
  async (mood) => {
    bot.mood = mood;
    const daemon = stage.daemon(await stage.exchange());
    await daemon.line("TRADE_CLOSED");
    expect(bot.messages).toEqual([]);
    bot.mood = "well";
    await bot.until(() => told("STARTING"));
    daemon.child.kill("SIGTERM");
    await once(daemon.child, "exit");
    const texts = bot.messages.map(({ text }) => text);
    expect(texts.filter((text) => text.includes("STARTING"))).toHaveLength(1);
    expect(new Set(texts).size).toBe(texts.length);
  },
);

test("[I-19] a flood of commands keeps nobody from trading, and few of them are obeyed", async () => {
  const daemon = stage.daemon(await stage.exchange());
  await daemon.line("COMMANDS_READY");
  const date = Math.floor(Date.now() / 1_000) + 1;
  bot.queue(...Array.from({ length: 2_000 }, (_, id) => message("/status", { date }, id + 1)));
  await daemon.line("TRADE_CLOSED");
  daemon.child.kill("SIGTERM");
  await once(daemon.child, "exit");
  expect(bot.messages.filter(({ text }) => text.includes("<b>Status</b>")).length).toBeLessThanOrEqual(60);
});

test("[OPS-3] health tells when the daemon is ready, and which part is not", async () => {
  const daemon = stage.daemon(await stage.exchange());
  const { port } = await daemon.line("HEALTH_READY");
  const root = `http://127.0.0.1:${port}`;
  expect((await fetch(`${root}/healthz`)).status).toBe(200);
  await daemon.line("TRADE_CLOSED");
  const { parts } = Ready.parse(await (await fetch(`${root}/readyz`)).json());
  expect(parts.filter((part) => part.part !== "market BTCUSDT").every((part) => part.ready)).toBe(true);
  expect(parts.map(({ part }) => part)).toContain("market BTCUSDT");
});

test("[I-22] token and addresses are in no log, no journal, no file and no message", async () => {
  const exchange = await stage.exchange();
  for (const mood of ["unauthorised", "too-many", "nonsense"] as const) {
    bot.mood = mood;
    const daemon = stage.daemon(exchange, "--for", "2s", "--json");
    let output = "";
    daemon.child.stdout?.on("data", (chunk) => {
      output += String(chunk);
    });
    daemon.child.stderr?.on("data", (chunk) => {
      output += String(chunk);
    });
    await once(daemon.child, "close");
    expect(output).toContain("ALERT_CHANNEL_DOWN");
    expect(output).not.toMatch(/canary/);
  }
  const files = filesIn(stage.data);
  expect(files.map((file) => file.split("/").at(-1))).toEqual(expect.arrayContaining(["journal.sqlite", "engine.log"]));
  for (const file of files) expect(readFileSync(file).includes("canary"), file).toBe(false);
  expect(JSON.stringify(bot.messages)).not.toContain("canary");
});

test("[OPS-1] a log file that cannot be written stops nobody", async () => {
  mkdirSync(stage.data);
  writeFileSync(join(stage.data, "logs"), "not a directory");
  const daemon = stage.daemon(await stage.exchange());
  expect(await daemon.line("LOG_FILE_FAILED")).toMatchObject({ level: "warn" });
  expect(await daemon.line("TRADE_CLOSED")).toMatchObject({ symbol: "BTCUSDT" });
});

function command(text: string, id: number): void {
  bot.queue(message(text, { date: Math.floor(Date.now() / 1_000) + 1 }, id));
}

function filesIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}
