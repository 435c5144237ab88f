/** Request text: parameters, timestamp and signature for REST and for the WebSocket API. @see binance-usdm.md §7.1, §7.4 */

import type { Signer } from "./transport.ts";
import type { Params } from "./wire/encode.ts";

const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const tilde = 0x7e;

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
  for (const name in all) {
    const value = all[name] ?? "";
    members += `"${name}":${typeof value === "number" ? value : quoted(value)},`;
  }
  members += `"timestamp":${timestamp}`;
  if (!isLoggedOn) {
    const signed: Params = { ...all, timestamp };
    const payload = Object.keys(signed)
      .sort()
      .map((name) => `${name}=${signed[name]}`)
      .join("&");
    members += `,"signature":${JSON.stringify(signer.sign(payload))}`;
  }
  return `{"id":${id},"method":${quoted(method)},"params":{${members}}}`;
}

/** Most texts need no escapes, and to see that is cheaper than to look for them in general. */
function quoted(text: string): string {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < space || code > tilde || code === quote || code === backslash) return JSON.stringify(text);
  }
  return `"${text}"`;
}
