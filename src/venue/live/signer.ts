/** Signs with the user's key. The secret lives in a KeyObject only; errors never quote it. @see failure-catalogue S-01 */

import type { Signer } from "../transport.ts";

export class CredentialError extends Error {
  override readonly name = "CredentialError";
  readonly exitCode = 2;
}

const crypto = process.getBuiltinModule("node:crypto");

/**
 * @param secret the secret of an HMAC key, or the PKCS#8 PEM of an Ed25519 key
 * @throws {CredentialError}
 */
export function signerFrom(apiKey: string, secret: string): Signer {
  if (!/^[\x21-\x7e]{1,256}$/.test(apiKey))
    throw new CredentialError("the API key is empty or has characters that no key has");
  if (secret.trim() === "") throw new CredentialError("the API secret is empty");
  return secret.includes("-----BEGIN") ? ed25519Signer(apiKey, secret) : hmacSigner(apiKey, secret.trim());
}

function hmacSigner(apiKey: string, secret: string): Signer {
  const key = crypto.createSecretKey(Buffer.from(secret));
  return concealed(apiKey, "hmac", (payload) => crypto.createHmac("sha256", key).update(payload).digest("hex"));
}

function ed25519Signer(apiKey: string, pem: string): Signer {
  const key = privateKey(pem);
  if (key.asymmetricKeyType !== "ed25519") {
    throw new CredentialError("the private key is not Ed25519; only HMAC and Ed25519 keys are supported");
  }
  return concealed(apiKey, "ed25519", (payload) => crypto.sign(null, Buffer.from(payload), key).toString("base64"));
}

function privateKey(pem: string): ReturnType<typeof crypto.createPrivateKey> {
  try {
    return crypto.createPrivateKey(pem);
  } catch {
    throw new CredentialError("the private key is not readable PEM");
  }
}

/** Printing or serialising a signer shows its kind and nothing else. */
function concealed(apiKey: string, kind: Signer["kind"], sign: Signer["sign"]): Signer {
  const hidden = { apiKey: { value: apiKey, enumerable: false }, sign: { value: sign, enumerable: false } };
  return Object.defineProperties({ kind, apiKey: "", sign }, hidden);
}
