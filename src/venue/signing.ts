/** Request text: parameters, timestamp and signature for REST and for the WebSocket API. @see binance-usdm.md §7.1, §7.4 */

import type { Signer } from "./transport.ts";

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
  const all: Params = isLoggedOn ? params : { ...params, apiKey: signer.apiKey };
  let members = "";
  for (const [name, value] of Object.entries(all)) {
    members += `"${name}":${integerParams.has(name) ? value : JSON.stringify(value)},`;
  }
  members += `"timestamp":${timestamp}`;
  if (!isLoggedOn) {
    const signed: Params = { ...all, timestamp: String(timestamp) };
    const payload = Object.keys(signed)
      .sort()
      .map((name) => `${name}=${signed[name]}`)
      .join("&");
    members += `,"signature":${JSON.stringify(signer.sign(payload))}`;
  }
  return `{"id":${id},"method":${JSON.stringify(method)},"params":{${members}}}`;
}
