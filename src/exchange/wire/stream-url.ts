/** Which connection a URL asks for. @see binance-usdm.md §1.2 */

import type { Requested, Route } from "./stream-connection.ts";

export type SocketTarget =
  | { readonly kind: "api"; readonly returnRateLimits: boolean }
  | {
      readonly kind: "streams";
      readonly route: Route;
      readonly combined: boolean;
      readonly requested: readonly Requested[];
    };

/**
 * Reads the target of an upgrade request; null when nothing is served there.
 *
 * @param url path and query as sent
 */
export function socketTarget(url: string): SocketTarget | null {
  const [path = "", query = ""] = url.split("?");
  if (path === "/ws-fapi/v1") {
    return { kind: "api", returnRateLimits: new URLSearchParams(query).get("returnRateLimits") !== "false" };
  }
  const found = /^(?:\/(public|market|private))?\/(ws|stream)(?:\/(.*))?$/.exec(path);
  if (found === null) return null;
  const [, routed, form, names = ""] = found;
  const route = routed === "public" || routed === "market" || routed === "private" ? routed : "unrouted";
  const inPath = splitNames(names);
  const inQuery = requestedIn(query);
  return { kind: "streams", route, combined: form === "stream", requested: [...inPath, ...inQuery] };
}

/** `streams=a/b`, and listen keys, each with the event filter that follows it. */
function requestedIn(query: string): Requested[] {
  const requested: Requested[] = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === "streams") requested.push(...splitNames(value));
    if (name === "listenKey") requested.push({ name: value, events: null });
    if (name === "events") {
      const last = requested.pop();
      if (last !== undefined) requested.push({ ...last, events: new Set(value.split("/")) });
    }
  }
  return requested;
}

function splitNames(text: string): Requested[] {
  return text
    .split("/")
    .filter((name) => name !== "")
    .map((name) => ({ name: decoded(name), events: null }));
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
