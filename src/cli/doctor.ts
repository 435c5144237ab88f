/** `scalpd doctor`: what is wrong with machine, settings, key and account, and how to mend it. Trades nothing. */

import { ConfigError } from "../config/error.ts";
import { loadSettings, type Overrides } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { readSecrets, type Secrets } from "../config/secrets.ts";
import { oneLine } from "../config/text.ts";
import { type Finding, fail, ok } from "../host/doctor/finding.ts";
import { checkDisk, checkNode, checkPort, checkTls } from "../host/doctor/machine.ts";
import { checkVenue, venueNotAsked } from "../host/doctor/venue.ts";
import { parseAnnouncement } from "../host/embedded-exchange.ts";
import { binanceVenue, paperVenue, type Venue } from "../host/venues.ts";
import { webhookChannel } from "../ops/alerts/webhook.ts";
import { conceal, concealed } from "../ops/concealed.ts";
import { UsageError } from "./usage-error.ts";

export type DoctorOptions = {
  /** YAML file; null: no file is there, so the defaults hold */
  readonly config: string | null;
  readonly overrides: Overrides;
  /** an embedded exchange that runs, to be asked like any other; null: on paper nothing is asked */
  readonly exchange: string | null;
  readonly json: boolean;
  readonly print: (line: string) => void;
};

const longestLine = 400;

/** @returns the exit code: 1 when something fails */
export async function doctorCommand(options: DoctorOptions): Promise<number> {
  const findings = (await examine(options)).map(shown);
  const isWell = findings.every(({ state }) => state !== "fail");
  if (options.json) options.print(JSON.stringify({ ok: isWell, checks: findings }));
  else for (const finding of findings) options.print(line(finding));
  return isWell ? 0 : 1;
}

async function examine(options: DoctorOptions): Promise<readonly Finding[]> {
  const machine = [checkNode(process.versions.node), checkTls(process.env)];
  const settings = attempt("settings", () => loadSettings(options.config, options.overrides));
  const secrets = attempt("secrets", () => readSecrets(".env", process.env));
  const read = [
    settings.finding ?? ok("settings", options.config ?? "the defaults"),
    secrets.finding ?? ok("secrets", "readable, and by nobody else"),
  ];
  if (settings.value === null || secrets.value === null) return [...machine, ...read];
  conceal(Object.values(secrets.value).flatMap((secret) => (secret === null ? [] : [secret.reveal()])));
  const { store, health, exchange } = settings.value;
  const isOwn = settings.value.venue.name === "paper" && options.exchange === null;
  return [
    ...machine,
    ...read,
    ...(await checkDisk(store.directory)),
    await checkPort("health.port", health.port),
    ...(isOwn ? [await checkPort("exchange.port", exchange.port)] : []),
    ...(await examineVenue(settings.value, secrets.value, options.exchange)),
    ...(await examineAlerts(settings.value, secrets.value)),
  ];
}

async function examineVenue(
  settings: Settings,
  secrets: Secrets,
  exchange: string | null,
): Promise<readonly Finding[]> {
  if (settings.venue.name === "paper" && exchange === null) return [venueNotAsked()];
  const venue = attempt("key", (): Venue => {
    if (exchange !== null) return givenVenue(settings, exchange);
    // The second opt-in is the flag of `run`: here nothing is traded.
    return binanceVenue(settings, secrets, settings.venue.name === "production" ? settings.venue.account : null);
  });
  return venue.value === null ? [venue.finding] : await checkVenue(venue.value, settings);
}

/** @throws {UsageError} */
function givenVenue(settings: Settings, exchange: string): Venue {
  if (settings.venue.name !== "paper") throw new UsageError("--exchange: allowed only with venue.name paper");
  const announcement = parseAnnouncement(exchange);
  conceal([announcement.api_key, announcement.api_secret]);
  return paperVenue(announcement);
}

async function examineAlerts({ alerts }: Settings, secrets: Secrets): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const { telegram, webhook } = alerts;
  if (telegram.enabled) findings.push(await examineTelegram(telegram.api_root, telegram.user_ids.length, secrets));
  if (webhook.enabled) {
    const url = secrets.webhookUrl;
    const opened = attempt("webhook", () => {
      if (url === null) throw new ConfigError(["SCALPD_WEBHOOK_URL is not set"]);
      return webhookChannel({ url, token: secrets.webhookToken });
    });
    findings.push(opened.finding ?? ok("webhook", "its address may be used; it is not asked"));
  }
  return findings.length === 0 ? [ok("alerts", "no channel: alerts are kept in the journal only")] : findings;
}

async function examineTelegram(root: string, users: number, { telegramToken }: Secrets): Promise<Finding> {
  const mend = "set SCALPD_TELEGRAM_TOKEN as the bot's owner got it, and check alerts.telegram.api_root";
  if (telegramToken === null) return fail("telegram", "no token", mend);
  const { telegramApi } = await import("../ops/telegram/api.ts");
  const me = await telegramApi(telegramToken, root).me(AbortSignal.timeout(telegramMillisMax));
  if (!me.ok) return fail("telegram", me.failure.cause, mend);
  const commands = users === 0 ? "nobody may command it" : `${users} may command it`;
  return ok("telegram", `@${me.data.username}, ${commands}`);
}

const telegramMillisMax = 5_000;

type Attempt<Value> =
  | { readonly value: Value; readonly finding: null }
  | { readonly value: null; readonly finding: Finding };

/** An error that was made for people is a finding; any other is a fault of ours. */
function attempt<Value>(check: string, make: () => Value): Attempt<Value> {
  try {
    return { value: make(), finding: null };
  } catch (error) {
    if (!(error instanceof Error && "exitCode" in error)) throw error;
    return { value: null, finding: fail(check, error.message, "mend what is named, and ask again") };
  }
}

function shown({ check, state, found, mend }: Finding): Finding {
  const text = (value: string): string => oneLine(concealed(value.replaceAll("\n", "; "), longestLine), longestLine);
  return { check, state, found: text(found), mend: mend === null ? null : text(mend) };
}

function line({ check, state, found, mend }: Finding): string {
  return `${state.padEnd(4)}  ${check}: ${found}${mend === null ? "" : ` — ${mend}`}`;
}
