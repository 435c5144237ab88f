/**
 * Canary secrets: the daemon is led over its error paths, by an exchange, a Bot API and a webhook that repeat what they were
 * sent, and then every byte that left it is searched (failure-catalogue S-01, I-22).
 */

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import { BotApi, token as telegramToken } from "../ops/telegram/bot-api.ts";
import { EchoingExchange } from "./echoing-exchange.ts";
import { type Announcement, Scalpd, startExchange, temporaryDirectory } from "./processes.ts";

const canaries = {
  apiToken: "canary-api-token/full+4711==",
  readToken: "canary-read-token-0815-abcdefgh",
  webhookPath: "canaryWebhookPath77",
  webhookToken: "canary webhook bearer 99",
  apiKey: "CanaryApiKey0123456789CanaryApiKey0123456789CanaryApiKey01234567",
  apiSecret: "CanarySecret9876543210CanarySecret9876543210CanarySecret98765432",
  privateKey: "CanaryPrivateKeyThatIsNoPem",
  telegramToken,
};

/** Seven bad answers, and refused connections. */
const kindsOfAnswers = 8;

/** What left a daemon, by where it was found. */
const outputs = new Map<string, string>();
const secrets = new Map<string, string>(Object.entries(canaries));
let exchange: EchoingExchange;
let alerts: readonly string[] = [];

beforeAll(async () => {
  const behind = await startExchange();
  exchange = await EchoingExchange.open(behind.announcement.rest);
  const bot = await BotApi.open();
  const hook = await openWebhook();
  secrets.set("exchange key", behind.announcement.api_key);
  secrets.set("exchange secret", behind.announcement.api_secret);
  try {
    await ledAstray(behind.announcement, bot, hook.url);
    await run("mixed from the start", behind.announcement, {}, async (daemon) => {
      await upTo(15_000, () => daemon.hasEnded || daemon.errorLines.length >= 12);
    });
    exchange.mood = "refusing";
    await run("refused", behind.announcement, {}, async (daemon) => {
      await upTo(6_000, () => daemon.hasEnded || daemon.errorLines.length >= 4);
    });
    const wrong = { ...behind.announcement, api_key: canaries.apiKey, api_secret: canaries.apiSecret };
    await direct("wrong key", wrong);
    await direct("wrong secret", { ...behind.announcement, api_secret: canaries.apiSecret });
    await withBadKeys();
    alerts = hook.bodies;
    outputs.set("alerts by webhook", hook.bodies.join("\n"));
    outputs.set("alerts by Telegram", bot.messages.map(({ text }) => text).join("\n"));
  } finally {
    await Promise.all([exchange.close(), bot.close(), hook.close()]);
  }
  for (const found of exchange.secrets) secrets.set(`on the wire: ${found.slice(0, 8)}…`, found);
}, 120_000);

/** The longest of the lives: everything is on, everything answers badly now and then, and there is trading. */
async function ledAstray(announcement: Announcement, bot: BotApi, hook: string): Promise<void> {
  const env = {
    SCALPD_API_TOKEN: canaries.apiToken,
    SCALPD_API_TOKEN_READ: canaries.readToken,
    SCALPD_TELEGRAM_TOKEN: telegramToken,
    SCALPD_WEBHOOK_URL: `${hook}/${canaries.webhookPath}?key=${canaries.webhookPath}`,
    SCALPD_WEBHOOK_TOKEN: canaries.webhookToken,
  };
  const more = [
    "api: { port: 0 }",
    "health: { port: 0 }",
    "log: { level: debug, status_seconds: 1 }",
    "alerts:",
    "  info_per_hour: 3600",
    "  webhook: { enabled: true }",
    `  telegram: { enabled: true, api_root: "${bot.root}", chat_ids: [1], user_ids: [1] }`,
    "decision: { demo: { interval_seconds: 0.5, hold_seconds: 1 } }",
  ];
  const data = await run(
    "led astray",
    announcement,
    env,
    async (daemon) => {
      const { where } = await daemon.logged("API_LISTENING");
      await daemon.logged("RECOVERED");
      await askApi(String(where));
      exchange.mood = "mixed";
      for (const mood of ["nonsense", "unauthorised", "bad-request", "redirect", "well"] as const) {
        bot.mood = mood;
        bot.calls.length = 0;
        exchange.dropConnections();
        await upTo(8_000, () => daemon.hasEnded || bot.calls.length > 0);
      }
      await upTo(20_000, () => daemon.hasEnded || exchange.answered.size >= kindsOfAnswers);
    },
    more,
  );
  for (const command of [["state"], ["why"], ["trade", "unknown1"], ["doctor"]]) {
    const process = new Scalpd(
      [...command, "--data", data, "--json"].filter(
        (word) => command[0] !== "doctor" || (word !== "--data" && word !== data),
      ),
      { env },
    );
    await process.exit;
    outputs.set(`scalpd ${command[0]}`, [...process.outLines, ...process.errorLines].join("\n"));
  }
}

/** How far a life comes is not what is asked here: it ends when enough was seen, or after a while. */
async function upTo(millis: number, enough: () => boolean): Promise<void> {
  await vi.waitUntil(enough, { timeout: millis }).catch(() => undefined);
}

/** Right and wrong tokens, good and bad questions: what is answered must not repeat them. */
async function askApi(where: string): Promise<void> {
  const answers: string[] = [];
  for (const bearer of [canaries.apiToken, canaries.readToken, `${canaries.apiToken}x`, "none"]) {
    for (const path of ["/v1/status", "/v1/decisions", "/v1/intents", `/v1/${canaries.readToken}`, "/mcp"]) {
      for (const method of ["GET", "POST"]) {
        const reply = await fetch(`${where}${path}?token=${encodeURIComponent(canaries.readToken)}`, {
          method,
          headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
          ...(method === "POST" ? { body: '{"intent_id": 1}' } : {}),
        });
        answers.push(`${reply.status} ${JSON.stringify([...reply.headers])} ${await reply.text()}`);
      }
    }
  }
  outputs.set("answers of the API", answers.join("\n"));
}

/** A daemon behind the exchange that echoes. @returns its data directory */
async function run(
  name: string,
  announcement: Announcement,
  env: Readonly<Record<string, string>>,
  live: (daemon: Scalpd) => Promise<void>,
  more: readonly string[] = [],
): Promise<string> {
  const proxied = { ...announcement, rest: exchange.rest, market_ws: exchange.streams, user_ws: exchange.streams };
  return await observed(name, proxied, env, live, more);
}

/** A daemon that talks to the exchange itself, with keys that it does not know. */
async function direct(name: string, announcement: Announcement): Promise<void> {
  await observed(name, announcement, {}, async (daemon) => {
    await upTo(6_000, () => daemon.hasEnded || daemon.errorLines.length >= 4);
  });
}

async function observed(
  name: string,
  announcement: Announcement,
  env: Readonly<Record<string, string>>,
  live: (daemon: Scalpd) => Promise<void>,
  more: readonly string[] = [],
): Promise<string> {
  const data = temporaryDirectory();
  const config = join(data, "settings.yaml");
  writeFileSync(config, [`# ${name}`, ...more].join("\n"));
  const store = join(data, "store");
  mkdirSync(store, { mode: 0o700 });
  const line = JSON.stringify({ ...announcement, ws_api: announcement.market_ws });
  const daemon = new Scalpd(["run", "--config", config, "--exchange", line, "--data", store, "--json"], { env });
  await live(daemon);
  // As they stand while it runs: the logs of the database go when it is closed.
  for (const path of filesIn(store)) outputs.set(`${name}: ${path} while it runs`, readFileSync(path, "latin1"));
  daemon.signal("SIGTERM");
  await daemon.exit;
  outputs.set(`${name}: standard output`, daemon.outLines.join("\n"));
  outputs.set(`${name}: standard error`, daemon.errorLines.join("\n"));
  for (const path of filesIn(store)) outputs.set(`${name}: ${path}`, readFileSync(path, "latin1"));
  return store;
}

/** Keys that are refused before anything is sent anywhere. */
async function withBadKeys(): Promise<void> {
  const env = {
    SCALPD_API_KEY: canaries.apiKey,
    SCALPD_PRIVATE_KEY: `-----BEGIN PRIVATE KEY-----\n${canaries.privateKey}`,
  };
  const daemon = new Scalpd(["run", "--venue", "testnet", "--data", temporaryDirectory()], { env });
  const { code } = await daemon.exit;
  expect(code).not.toBe(0);
  outputs.set("bad private key", [...daemon.outLines, ...daemon.errorLines].join("\n"));
}

async function openWebhook() {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    bodies.push(body);
    const isBad = bodies.length % 2 === 1;
    response.writeHead(isBad ? 500 : 200, `no ${request.url}`.replaceAll(/[^ -~]/g, ""));
    response.end(`${request.url} ${request.headers.authorization}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, bodies, close };
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** Ways in which a secret may be written. */
const forms: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  "URL-encoded": (secret) => encodeURIComponent(secret),
  base64: (secret) => Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  base64url: (secret) => Buffer.from(secret).toString("base64url"),
  hexadecimal: (secret) => Buffer.from(secret).toString("hex"),
  reversed: (secret) => [...secret].reverse().join(""),
  "cut off": (secret) => secret.slice(0, Math.max(20, Math.floor(secret.length / 3))),
  JSON: (secret) => JSON.stringify(secret).slice(1, -1),
};

test.each(Object.keys(forms))("[I-22] no secret leaves the daemon, %s, by whatever way", (form) => {
  const write = forms[form] ?? String;
  const leaks = [...outputs].flatMap(([where, text]) =>
    [...secrets].filter(([, secret]) => text.includes(write(secret))).map(([name]) => `${name} in ${where}`),
  );
  expect(leaks).toEqual([]);
});

test("[I-22] the error paths were really walked, and there was something to search", () => {
  expect([...exchange.answered.keys()].sort()).toEqual(
    [
      "bad-gateway",
      "bad-parameter",
      "cut-off",
      "no-permission",
      "not-json",
      "redirect",
      "unknown-code",
      "upgrade",
    ].sort(),
  );
  expect(exchange.secrets.size).toBeGreaterThanOrEqual(10);
  expect(alerts.length).toBeGreaterThanOrEqual(1);
  const names = [...outputs.keys()].join("\n");
  for (const part of ["journal.sqlite-wal", "intents-", "engine.log", "trading_state.json", "standard error"]) {
    expect(names).toContain(part);
  }
  expect(outputs.get("answers of the API")?.length).toBeGreaterThan(1_000);
  // Which request of the start meets which fault is not the same each time: one is tried again, another ends the start.
  expect(outputs.get("mixed from the start: standard error")).toMatch(/VENUE_RETRY|DAEMON_FAILED/);
});
