/** The settings of the benchmarks: the defaults, with a source that enters whenever it may. */

import { generateKeyPairSync } from "node:crypto";
import { Settings } from "../../src/config/schema.ts";
import { signerFrom } from "../../src/venue/live/signer.ts";
import type { Signer } from "../../src/venue/transport.ts";
import { symbol } from "./frames.ts";

/**
 * Both built-in sources run; the demo source may enter again after so short a time that every tick gives an order.
 *
 * @param interval seconds
 * @param session limits other than the defaults
 */
export function enteringSettings(
  directory: string,
  interval: number,
  session: Partial<Settings["risk"]["session"]> = {},
): Settings {
  return Settings.parse({
    symbols: [symbol],
    decision: { demo: { interval_seconds: interval, cooldown_seconds: 0 } },
    guardrails: { cooldown_seconds: 0 },
    risk: { session },
    store: { directory },
  });
}

export const apiKey = "benchmark-key";
export const apiSecret = "benchmark-secret";

export function hmacSigner(): Signer {
  return signerFrom(apiKey, apiSecret);
}

export function ed25519Signer(): Signer {
  const { privateKey } = generateKeyPairSync("ed25519");
  return signerFrom(apiKey, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
}
