/** Keys of an account and tokens of channels: from `.env`, the environment, or files that they name; gone from the environment afterwards. */

import { readFileSync, statSync } from "node:fs";
import { inspect, parseEnv } from "node:util";
import { ConfigError } from "./error.ts";
import { oneLine } from "./text.ts";

const bytesMax = 64 * 1024;
const hidden = "[secret]";

/** Every variable that holds a secret. Each has a `_FILE` twin that names a file with the value. */
export const secretVariables = {
  apiKey: "SCALPD_API_KEY",
  /** for HMAC keys */
  apiSecret: "SCALPD_API_SECRET",
  /** PEM of an Ed25519 key, PKCS #8 */
  privateKey: "SCALPD_PRIVATE_KEY",
  /** of the interface, with every right */
  apiToken: "SCALPD_API_TOKEN",
  /** intents and plans, and looking; no control */
  apiTokenTrade: "SCALPD_API_TOKEN_TRADE",
  /** looking only */
  apiTokenRead: "SCALPD_API_TOKEN_READ",
  /** of the bot that tells alerts */
  telegramToken: "SCALPD_TELEGRAM_TOKEN",
  /** secret, because such addresses often hold a token */
  webhookUrl: "SCALPD_WEBHOOK_URL",
  /** sent to it as a bearer token */
  webhookToken: "SCALPD_WEBHOOK_TOKEN",
} as const;

/** A text that shows itself only when asked by name: not in JSON, templates, logs or the inspector. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return hidden;
  }

  toJSON(): string {
    return hidden;
  }

  [inspect.custom](): string {
    return hidden;
  }
}

export type Secrets = Readonly<Record<keyof typeof secretVariables, Secret | null>>;

/**
 * Reads the secrets and removes them from `environment`, so that no child process inherits them.
 *
 * @param envFile a `.env` file that need not exist; what the environment says stands above it
 * @throws {ConfigError} a file that others may read, that cannot be read, or a variable given twice
 * @see failure-catalogue S-03, S-04
 */
export function readSecrets(envFile: string, environment: NodeJS.ProcessEnv): Secrets {
  const fromFile = envFileVariables(envFile);
  const take = (name: string): string | null => {
    const value = environment[name] ?? fromFile[name];
    delete environment[name];
    return value === undefined || value === "" ? null : value;
  };
  const problems: string[] = [];
  const read = (name: string): Secret | null => {
    const value = take(name);
    const path = take(`${name}_FILE`);
    if (value !== null && path !== null) {
      problems.push(`${name} and ${name}_FILE are both set; allowed: one of them`);
      return null;
    }
    if (path === null) return value === null ? null : new Secret(value);
    try {
      return new Secret(readPrivate(path).trim());
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems.map((problem) => `${name}_FILE: ${problem}`));
      return null;
    }
  };
  const secrets: Secrets = {
    apiKey: read(secretVariables.apiKey),
    apiSecret: read(secretVariables.apiSecret),
    privateKey: read(secretVariables.privateKey),
    apiToken: read(secretVariables.apiToken),
    apiTokenTrade: read(secretVariables.apiTokenTrade),
    apiTokenRead: read(secretVariables.apiTokenRead),
    telegramToken: read(secretVariables.telegramToken),
    webhookUrl: read(secretVariables.webhookUrl),
    webhookToken: read(secretVariables.webhookToken),
  };
  if (problems.length > 0) throw new ConfigError(problems);
  return secrets;
}

function envFileVariables(path: string): NodeJS.Dict<string> {
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return {};
  return parseEnv(readPrivate(path));
}

/** @throws {ConfigError} */
function readPrivate(path: string): string {
  try {
    const status = statSync(path);
    if (!status.isFile()) throw new ConfigError([`${path}: is not a file`]);
    if (status.size > bytesMax)
      throw new ConfigError([`${path}: has ${status.size} bytes; allowed: at most ${bytesMax}`]);
    const mode = status.mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new ConfigError([
        `${path}: has mode ${mode.toString(8).padStart(4, "0")}, so others can read or change it; mend it with: chmod 600 ${path}`,
      ]);
    }
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([
      `${path}: cannot be read: ${oneLine(error instanceof Error ? error.message : String(error), 200)}`,
    ]);
  }
}
