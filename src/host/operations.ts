/**
 * What stands around a daemon for the people who operate it: log file, alerts with their channels, commands, health. All
 * of it listens; nothing of it is waited for while the daemon trades.
 */

import { resolve } from "node:path";
import { ConfigError } from "../config/error.ts";
import type { Settings } from "../config/schema.ts";
import type { Secret, Secrets } from "../config/secrets.ts";
import type { AlertChannel } from "../ops/alerts/channel.ts";
import { AlertDesk } from "../ops/alerts/desk.ts";
import { webhookChannel } from "../ops/alerts/webhook.ts";
import { conceal } from "../ops/concealed.ts";
import type { HealthServer } from "../ops/health.ts";
import { type Log, openLog } from "../ops/log.ts";
import { observedLog } from "../ops/observed-log.ts";
import { type RotatingFile, rotatingFile } from "../ops/rotating-file.ts";
import type { TelegramApi } from "../ops/telegram/api.ts";
import { CommandDesk } from "../ops/telegram/operator.ts";
import { Poller } from "../ops/telegram/poller.ts";
import { machineTimers } from "../ops/timers.ts";
import type { Clock } from "./clock.ts";
import type { Daemon, JournalListener } from "./daemon.ts";
import { operatorOf } from "./operator.ts";

export type OperationsOptions = {
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly clock: Clock;
};

export type Operations = {
  readonly log: Log;
  readonly journalListener: JournalListener;
  /** Commands and health, for a daemon that is about to start. @param instance names its journal */
  readonly attach: (daemon: Daemon, instance: string) => Promise<void>;
  /** After the daemon has ended. */
  readonly close: () => Promise<void>;
};

/** What the last alerts get at a stop before the journal is closed, and after it. */
const leaveMillisMax = 2_000;
const closeMillisMax = 1_000;

const crypto = process.getBuiltinModule("node:crypto");

/** @throws {ConfigError} a channel lacks its secret, or has one that cannot be used */
export async function openOperations({ settings, secrets, clock }: OperationsOptions): Promise<Operations> {
  conceal(Object.values(secrets).flatMap((secret) => (secret === null ? [] : [secret.reveal()])));
  const api = await telegramOf(settings, secrets);
  const channels = [...(await telegramChannels(settings, api)), ...webhooks(settings, secrets)];
  const own = openOwnLog(settings);
  const desk = new AlertDesk({
    settings: settings.alerts,
    channels,
    timers: machineTimers,
    clock,
    random: Math.random,
    trouble: (level, code, fields) => own[level](code, fields),
  });
  const log = observedLog(own, (notice, symbol) => desk.observe(notice, symbol));
  let poller: Poller | null = null;
  let health: HealthServer | null = null;
  return {
    log,
    journalListener: {
      opened: (store) =>
        desk.open(store.pastAlerts, {
          alert: (alert, told) => store.alert({ kind: "alert", alert, channels: told }),
          delivery: (delivery) => store.alert({ kind: "delivery", delivery }),
        }),
      closing: () => desk.leave(leaveMillisMax),
    },
    attach: async (daemon, instance) => {
      poller = api === null ? null : commandsFor(daemon, instance, api, { settings, log, clock });
      poller?.start();
      health = await healthFor(daemon, settings, log);
    },
    close: async () => {
      await Promise.all([poller?.close(), health?.close(), desk.close(closeMillisMax)]);
    },
  };
}

function openOwnLog(settings: Settings): Log {
  const { level, file, file_mb, files } = settings.log;
  if (file === null) return openLog({ level });
  const path = resolve(settings.store.directory, file);
  let log: Log | null = null;
  let early: string | null = null;
  const onFailure = (cause: string): void => {
    if (log === null) early = cause;
    else log.warn("LOG_FILE_FAILED", { file: path, cause });
  };
  const target = openFile({ path, bytesMax: file_mb * 1_000_000, files, onFailure });
  log = openLog(target === null ? { level } : { level, file: target });
  if (early !== null) onFailure(early);
  return log;
}

/** Without its file the log goes on: nobody stops trading for it. */
function openFile(options: Parameters<typeof rotatingFile>[0]): RotatingFile | null {
  try {
    return rotatingFile(options);
  } catch (error) {
    options.onFailure(error instanceof Error && "code" in error ? String(error.code) : "cannot be written");
    return null;
  }
}

/** grammY is loaded only where it is used: it is not small. */
async function telegramOf({ alerts }: Settings, { telegramToken }: Secrets): Promise<TelegramApi | null> {
  if (!alerts.telegram.enabled) return null;
  const token = required(telegramToken, "alerts.telegram.enabled true", "SCALPD_TELEGRAM_TOKEN");
  const { telegramApi } = await import("../ops/telegram/api.ts");
  return telegramApi(token, alerts.telegram.api_root);
}

async function telegramChannels({ alerts }: Settings, api: TelegramApi | null): Promise<readonly AlertChannel[]> {
  if (api === null) return [];
  const { telegramChannel } = await import("../ops/telegram/channel.ts");
  return alerts.telegram.chat_ids.map((chat) => telegramChannel(api, chat));
}

function webhooks({ alerts }: Settings, { webhookUrl, webhookToken }: Secrets): readonly AlertChannel[] {
  if (!alerts.webhook.enabled) return [];
  const url = required(webhookUrl, "alerts.webhook.enabled true", "SCALPD_WEBHOOK_URL");
  return [webhookChannel({ url, token: webhookToken })];
}

function required(secret: Secret | null, setting: string, name: string): Secret {
  if (secret === null) throw new ConfigError([`${setting}: ${name} must be set (see .env.example)`]);
  return secret;
}

/** Null: nobody may command. */
function commandsFor(
  daemon: Daemon,
  instance: string,
  api: TelegramApi,
  { settings, log, clock }: Pick<OperationsOptions, "settings" | "clock"> & { readonly log: Log },
): Poller | null {
  const { chat_ids: chatIds, user_ids: userIds } = settings.alerts.telegram;
  if (userIds.length === 0) return null;
  const millis = (): number => clock() / 1_000;
  const { directory } = settings.store;
  const operator = operatorOf({ daemon, clock, directory, store: `${settings.venue.name}-${instance}` });
  return new Poller({
    api,
    desk: new CommandDesk({
      operator,
      timers: machineTimers,
      clock: millis,
      draw: () => crypto.randomInt(10_000),
      log: (code, fields) => log.info(code, fields),
    }),
    rules: { chatIds, userIds },
    timers: machineTimers,
    clock: millis,
    random: Math.random,
    log: (level, code, fields) => log[level](code, fields),
  });
}

async function healthFor(daemon: Daemon, { health }: Settings, log: Log): Promise<HealthServer | null> {
  if (health.port === null) return null;
  const { startHealth } = await import("../ops/health.ts");
  try {
    const server = await startHealth(health.port, () => daemon.readiness());
    log.info("HEALTH_READY", { port: server.port });
    return server;
  } catch (error) {
    const cause = error instanceof Error && "code" in error ? String(error.code) : "cannot listen";
    log.error("HEALTH_FAILED", { port: health.port, cause });
    return null;
  }
}
