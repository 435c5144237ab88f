/** Who is calling: API keys, signatures over exactly what was sent, and the receive window. @see binance-usdm.md §7.1, §7.2 */

import { createHash, createHmac, createPublicKey, type KeyObject, timingSafeEqual, verify } from "node:crypto";
import type { Params } from "./endpoints.ts";
import type { Refusal } from "./limits.ts";

export type ApiKey = { readonly apiKey: string } & (
  | { readonly kind: "hmac"; readonly secret: string }
  | { readonly kind: "ed25519"; readonly publicKey: KeyObject }
);

/** The key of the demo account: the same for the same seed text, so that a restart keeps its clients. */
export function hmacKey(seed: string): Extract<ApiKey, { kind: "hmac" }> {
  return { kind: "hmac", apiKey: letters(`api-key ${seed}`), secret: letters(`secret ${seed}`) };
}

/**
 * A key whose holder signs with Ed25519.
 *
 * @param pem public key, SPKI in PEM
 * @throws {TypeError} not an Ed25519 public key
 */
export function ed25519Key(seed: string, pem: string): Extract<ApiKey, { kind: "ed25519" }> {
  const publicKey = createPublicKey(pem);
  if (publicKey.asymmetricKeyType !== "ed25519") {
    throw new TypeError(`not an Ed25519 public key: ${publicKey.asymmetricKeyType}`);
  }
  return { kind: "ed25519", apiKey: letters(`ed25519 ${seed}`), publicKey };
}

export type KeyCheck = { readonly ok: true; readonly key: ApiKey } | { readonly ok: false; readonly refusal: Refusal };

/** Finds the key that a client names. */
export function checkKey(keys: readonly ApiKey[], apiKey: string | undefined): KeyCheck {
  if (apiKey === undefined || !/^[A-Za-z0-9]{1,128}$/.test(apiKey)) {
    return { ok: false, refusal: { status: 401, code: -2014, msg: "API-key format invalid." } };
  }
  const key = keys.find((candidate) => candidate.apiKey === apiKey);
  if (key === undefined) return { ok: false, refusal: invalidKey };
  return { ok: true, key };
}

const invalidKey: Refusal = {
  status: 401,
  code: -2015,
  msg: "Invalid API-key, IP, or permissions for action.",
};

/**
 * Checks the signature of a REST call over the raw query followed by the raw body.
 *
 * @param query without the question mark, as sent
 */
export function checkRestSignature(key: ApiKey, query: string, body: string): Refusal | null {
  const inQuery = splitSignature(query);
  const inBody = splitSignature(body);
  const found = inQuery ?? inBody;
  if (found === null) return mandatory("signature");
  const payload = inQuery !== null ? inQuery.before + body : query + (inBody?.before ?? "");
  return matches(key, payload, found.signature) ? null : badSignature;
}

/** Checks the signature of a WebSocket API call over its parameters, sorted by name. */
export function checkSocketSignature(key: ApiKey, params: Params): Refusal | null {
  const { signature } = params;
  if (signature === undefined || signature === "") return mandatory("signature");
  const sorted = Object.entries(params)
    .filter(([name]) => name !== "signature")
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const plain = sorted.map(([name, value]) => `${name}=${value}`).join("&");
  if (matches(key, plain, signature)) return null;
  // Clients disagree whether values are percent-encoded before they are signed; the exchange takes both.
  const encoded = sorted.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return matches(key, encoded, signature) ? null : badSignature;
}

const recvWindowDefault = "5000";
const recvWindowMax = 60_000;
const aheadMax = 1_000;

/** Checks `timestamp` and `recvWindow`. @param now milliseconds since the epoch */
export function checkTime(params: Params, now: number): Refusal | null {
  const { timestamp, recvWindow: window = recvWindowDefault } = params;
  if (timestamp === undefined || !/^\d{1,16}$/.test(timestamp)) return mandatory("timestamp");
  const recvWindow = Number(window);
  if (!Number.isFinite(recvWindow) || recvWindow < 0 || recvWindow > recvWindowMax) {
    return { status: 400, code: -1130, msg: "Data sent for parameter 'recvWindow' is not valid." };
  }
  const sent = Number(timestamp);
  if (sent >= now + aheadMax) {
    const msg = "Timestamp for this request was 1000ms ahead of the server's time.";
    return { status: 400, code: -1021, msg };
  }
  if (now - sent > recvWindow) {
    return { status: 400, code: -1021, msg: "Timestamp for this request is outside of the recvWindow." };
  }
  return null;
}

export function mandatory(parameter: string): Refusal {
  const msg = `Mandatory parameter '${parameter}' was not sent, was empty/null, or malformed.`;
  return { status: 400, code: -1102, msg };
}

const badSignature: Refusal = { status: 400, code: -1022, msg: "Signature for this request is not valid." };

/** Splits the last parameter off when it is the signature; anywhere else it does not count. */
function splitSignature(text: string): { readonly before: string; readonly signature: string } | null {
  const found = /^(?:(.*)&)?signature=([^&]*)$/s.exec(text);
  if (found === null) return null;
  return { before: found[1] ?? "", signature: decoded(found[2] ?? "") };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function matches(key: ApiKey, payload: string, signature: string): boolean {
  switch (key.kind) {
    case "hmac": {
      const expected = createHmac("sha256", key.secret).update(payload).digest();
      const given = Buffer.from(signature, "hex");
      return given.length === expected.length && timingSafeEqual(given, expected);
    }
    case "ed25519":
      return verify(null, Buffer.from(payload), key.publicKey, Buffer.from(signature, "base64"));
    default:
      throw new TypeError(`unhandled key ${key satisfies never}`);
  }
}

/** 64 letters and digits from a hash, as long as the exchange's own keys. */
function letters(text: string): string {
  return createHash("sha512")
    .update(text)
    .digest("base64")
    .replace(/[^A-Za-z0-9]/g, "0")
    .slice(0, 64);
}
