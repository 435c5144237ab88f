/** Who may do what through the interface (failure-catalogue S-08, S-11). */

import { createHash, timingSafeEqual } from "node:crypto";
import { ConfigError } from "../../config/error.ts";
import { type Secret, type Secrets, secretVariables } from "../../config/secrets.ts";

/** Each may do what those before it may. */
export const levels = ["read", "trade", "control"] as const;
export type Level = (typeof levels)[number];

/** 128 bits in base64. */
const charactersMin = 22;
const distinctMin = 8;
const tokenShape = /^[A-Za-z0-9._~+/=-]+$/;
const bearerShape = /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/;

/**
 * The tokens as they were set.
 *
 * @returns null when none is set: the interface is off
 * @throws {ConfigError} a token that is too short to be safe, or given twice
 */
export function tokensFrom(secrets: Secrets): Tokens | null {
  const given: { readonly level: Level; readonly name: string; readonly secret: Secret }[] = [];
  const take = (level: Level, key: "apiToken" | "apiTokenTrade" | "apiTokenRead"): void => {
    const secret = secrets[key];
    if (secret !== null) given.push({ level, name: secretVariables[key], secret });
  };
  take("control", "apiToken");
  take("trade", "apiTokenTrade");
  take("read", "apiTokenRead");
  if (given.length === 0) return null;
  const values = given.map(({ secret }) => secret.reveal());
  const problems = given.flatMap(({ name }, index) => problemOf(name, values[index] ?? ""));
  if (new Set(values).size < values.length) problems.push("the tokens of the interface must differ from each other");
  if (problems.length > 0) throw new ConfigError(problems);
  return new Tokens(given.map(({ level }, index) => ({ level, digest: digestOf(values[index] ?? "") })));
}

function problemOf(name: string, value: string): string[] {
  if (value.length >= charactersMin && new Set(value).size >= distinctMin && tokenShape.test(value)) return [];
  return [
    `${name}: is not a safe token (${value.length} characters); allowed: at least ${charactersMin} random letters, digits or ` +
      "._~+/=-, for instance from: openssl rand -hex 32",
  ];
}

export class Tokens {
  /** of digests, so that a comparison takes as long for every length */
  readonly #digests: readonly { readonly level: Level; readonly digest: Buffer }[];

  constructor(digests: readonly { readonly level: Level; readonly digest: Buffer }[]) {
    this.#digests = digests;
  }

  /** @param header `Authorization` as it came; null when it names no token of ours. All tokens are compared, always. */
  levelOf(header: string | undefined): Level | null {
    const digest = digestOf(bearerShape.exec(header ?? "")?.[1] ?? "");
    let found: Level | null = null;
    for (const one of this.#digests) if (timingSafeEqual(one.digest, digest)) found = one.level;
    return found;
  }
}

export function allows(level: Level, needed: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(needed);
}

function digestOf(value: string): Buffer {
  return createHash("sha256").update(value).digest();
}
