/** Alerts as JSON to a program of the user's: https or loopback, no redirects, the answer's status is all that is read. */

import { isSafeUrl } from "../../config/alerts.ts";
import { ConfigError } from "../../config/error.ts";
import type { Secret } from "../../config/secrets.ts";
import type { AlertChannel, Delivery, Envelope } from "./channel.ts";
import { sentenceOf } from "./rules.ts";

export type WebhookOptions = { readonly url: Secret; readonly token: Secret | null };

/** @throws {ConfigError} the address is neither https nor on loopback */
export function webhookChannel({ url, token }: WebhookOptions): AlertChannel {
  if (!isSafeUrl(url.reveal())) {
    throw new ConfigError(["SCALPD_WEBHOOK_URL: allowed is an https:// address, or http:// on loopback"]);
  }
  return {
    name: "webhook",
    gapMillis: 0,
    send: async (envelope, signal) => {
      try {
        const response = await fetch(url.reveal(), {
          method: "POST",
          redirect: "error",
          signal,
          headers: {
            "content-type": "application/json",
            ...(token === null ? {} : { authorization: `Bearer ${token.reveal()}` }),
          },
          body: JSON.stringify(bodyOf(envelope)),
        });
        await response.body?.cancel();
        return deliveryOf(response);
      } catch {
        // The error's words may hold the address.
        return { kind: "failed", cause: "no connection", afterMillis: null };
      }
    },
  };
}

function bodyOf({ alert, isRepeat, dropped }: Envelope) {
  const { id, time, severity, code, symbol, fields } = alert;
  const says = sentenceOf(code, fields);
  return {
    id,
    time: new Date(time / 1_000).toISOString(),
    severity,
    code,
    symbol,
    says,
    fields,
    repeat: isRepeat,
    dropped,
  };
}

function deliveryOf(response: Response): Delivery {
  const { status } = response;
  if (response.ok) return { kind: "delivered" };
  const cause = `HTTP ${status}`;
  // It understood us and does not want this one; everything else may pass.
  if (status === 400 || status === 413 || status === 422) return { kind: "refused", cause };
  const after = response.headers.get("retry-after");
  const seconds = after !== null && /^\d{1,9}$/.test(after) ? Number(after) : null;
  return { kind: "failed", cause, afterMillis: seconds === null ? null : seconds * 1_000 };
}
