/** Request text: parameters, timestamp and signature for REST and for the WebSocket API. @see binance-usdm.md §7.1, §7.4 */

import type { Signer } from "./transport.ts";
import { stringifyJson } from "./wire/lossless-json.ts";

type Params = Readonly<Record<string, string>>;

/** Parameters that the WebSocket API wants as JSON integers. */
const integerParams: ReadonlySet<string> = new Set(["timestamp", "recvWindow", "limit"]);

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
  const sent: Record<string, unknown> = {};
  const all: Params = isLoggedOn
    ? { ...params, timestamp: String(timestamp) }
    : { ...params, apiKey: signer.apiKey, timestamp: String(timestamp) };
  for (const [name, value] of Object.entries(all)) sent[name] = integerParams.has(name) ? BigInt(value) : value;
  if (!isLoggedOn) {
    const payload = Object.keys(all)
      .sort()
      .map((name) => `${name}=${all[name]}`)
      .join("&");
    Object.assign(sent, { signature: signer.sign(payload) });
  }
  return stringifyJson({ id, method, params: sent });
}
