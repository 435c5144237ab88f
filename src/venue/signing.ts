/** Request text: parameters, timestamp and signature for REST and for the WebSocket API. @see binance-usdm.md §7.1, §7.4 */

import type { Signer } from "./transport.ts";
import type { Params } from "./wire/encode.ts";

/** Percent-encoded before signing; the signature stands last. @param timestamp milliseconds; null: no signature */
export function queryText(params: Params, timestamp: number | null, signer: Signer): string {
  const members = Object.entries(params).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  if (timestamp === null) return members.join("&");
  members.push(`timestamp=${timestamp}`);
  const payload = members.join("&");
  return `${payload}&signature=${encodeURIComponent(signer.sign(payload))}`;
}

/**
 * One request of the WebSocket API. A logged-on session needs neither key nor signature, only the timestamp.
 *
 * @param timestamp milliseconds
 */
export function socketText(
  id: number,
  method: string,
  params: Params,
  timestamp: number,
  signer: Signer,
  isLoggedOn: boolean,
): string {
  if (isLoggedOn) return requestText(id, method, { ...params, timestamp });
  const keyed: Params = { ...params, apiKey: signer.apiKey, timestamp };
  const payload = Object.keys(keyed)
    .sort()
    .map((name) => `${name}=${keyed[name]}`)
    .join("&");
  return requestText(id, method, { ...keyed, signature: signer.sign(payload) });
}

/** In one call, because a text that is put together piece by piece is copied once more when it is sent. */
function requestText(id: number, method: string, params: Params): string {
  return JSON.stringify({ id, method, params });
}
