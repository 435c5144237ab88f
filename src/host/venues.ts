/** Which exchange a run talks to, with whose key, and what must be proven before it may (failure-catalogue S-04 to S-07). */

import { ConfigError } from "../config/error.ts";
import type { Settings } from "../config/schema.ts";
import type { Secrets } from "../config/secrets.ts";
import { type Endpoints, paperEndpoints, productionEndpoints, testnetEndpoints } from "../venue/live/endpoints.ts";
import { signerFrom } from "../venue/live/signer.ts";
import type { Signer } from "../venue/transport.ts";
import type { ExchangeAnnouncement } from "./embedded-exchange.ts";

export type Venue = {
  readonly endpoints: Endpoints;
  readonly signer: Signer;
  /** names the journal's directory */
  readonly instance: string;
  readonly keyPermissions: "required" | "absent";
};

export function paperVenue(exchange: ExchangeAnnouncement): Venue {
  return {
    endpoints: paperEndpoints({ rest: exchange.rest, streams: exchange.market_ws }),
    signer: signerFrom(exchange.api_key, exchange.api_secret),
    instance: exchange.instance,
    keyPermissions: "absent",
  };
}

/**
 * Testnet, or production with its double opt-in: the flag and the settings must name the same account.
 *
 * @param optedIn what `--production` named; null without it
 * @throws {ConfigError}
 */
export function binanceVenue(settings: Settings, secrets: Secrets, optedIn: string | null): Venue {
  const { name, account } = settings.venue;
  if (name === "production") checkProduction(settings, optedIn);
  else if (optedIn !== null) {
    throw new ConfigError([`--production ${optedIn}: venue.name is ${name}; allowed only with venue.name production`]);
  }
  const secret = secrets.privateKey ?? secrets.apiSecret;
  if (secrets.apiKey === null || secret === null) {
    throw new ConfigError([
      `venue.name ${name}: no key; SCALPD_API_KEY and SCALPD_API_SECRET or SCALPD_PRIVATE_KEY must be set (see .env.example)`,
    ]);
  }
  return {
    endpoints: name === "production" ? productionEndpoints : testnetEndpoints,
    signer: signerFrom(secrets.apiKey.reveal(), secret.reveal()),
    instance: account ?? "account",
    keyPermissions: name === "production" ? "required" : "absent",
  };
}

function checkProduction(settings: Settings, optedIn: string | null): void {
  const { account } = settings.venue;
  const problems: string[] = [];
  if (account === null) problems.push("venue.account null: production needs the name of the account");
  if (optedIn === null) problems.push("venue.name production: real money needs --production with the account's name");
  else if (optedIn !== account) {
    problems.push(`--production ${optedIn}: venue.account is ${account}; both must name the same account`);
  }
  if (settings.decision.demo.enabled) {
    problems.push("decision.demo.enabled true: the demo source is no strategy; production allows only false");
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
