/**
 * Requests as they stand on the wire, and what they are for: a name such as `place f` by which a fault finds the third
 * placement of a floor stop, whatever came before. Read from the bytes, with nothing of those who wrote them.
 */

import type { HttpRequest } from "../venue/transport.ts";

export type Call = {
  readonly via: "rest" | "ws-api";
  readonly id: number;
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly params: ReadonlyMap<string, string>;
  /** client id of the order that it is about; null when it is about none */
  readonly clientId: string | null;
};

/** Conditional orders have a service of their own; the calls mean the same. */
const orderPaths: ReadonlySet<string> = new Set(["/fapi/v1/order", "/fapi/v1/algoOrder"]);
const verbs: ReadonlyMap<string, string> = new Map([
  ["POST", "place"],
  ["PUT", "amend"],
  ["DELETE", "cancel"],
  ["GET", "query"],
]);
const socketMethods: ReadonlyMap<string, readonly [method: string, path: string]> = new Map([
  ["order.place", ["POST", "/fapi/v1/order"]],
  ["order.modify", ["PUT", "/fapi/v1/order"]],
  ["order.cancel", ["DELETE", "/fapi/v1/order"]],
  ["order.status", ["GET", "/fapi/v1/order"]],
  ["algoOrder.place", ["POST", "/fapi/v1/algoOrder"]],
  ["algoOrder.cancel", ["DELETE", "/fapi/v1/algoOrder"]],
]);

export function callOfHttp({ id, method, path, query }: HttpRequest): Call {
  return named("rest", id, method, path, new Map(new URLSearchParams(query)));
}

/** Null when it is no request. */
export function callOfText(text: string): Call | null {
  const message: unknown = JSON.parse(text);
  if (typeof message !== "object" || message === null) return null;
  const id = Number(Reflect.get(message, "id"));
  const name = String(Reflect.get(message, "method"));
  const params = Reflect.get(message, "params");
  const texts = Object.entries(typeof params === "object" && params !== null ? params : {}).map(
    ([key, value]) => [key, String(value)] as const,
  );
  const [method, path] = socketMethods.get(name) ?? ["SOCKET", name];
  return named("ws-api", id, method, path, new Map(texts));
}

/** What an order is for, by its client id: `e`, `f`, `r`, `t1`, `t2`, `x`; `?` when that cannot be told. */
function roleOf(clientId: string): string {
  return /^[A-Za-z0-9]{1,8}-[0-9a-z]{8}-(e|f|r|t1|t2|x)_?[0-9]+-[0-9a-z]{2}$/.exec(clientId)?.[1] ?? "?";
}

function named(via: Call["via"], id: number, method: string, path: string, params: ReadonlyMap<string, string>): Call {
  const verb = orderPaths.has(path) ? verbs.get(method) : undefined;
  const clientId =
    params.get("newClientOrderId") ?? params.get("origClientOrderId") ?? params.get("clientAlgoId") ?? null;
  const about = path.split("/").at(-1) ?? path;
  const name = verb === undefined ? `${method} ${about}` : `${verb} ${clientId === null ? "?" : roleOf(clientId)}`;
  return { via, id, name, method, path, params, clientId };
}

/**
 * Names a message of the private stream: `report e FILLED`, `algo f TRIGGERED`, `account`, or the kind of any other.
 *
 * @param text JSON as sent, with or without the wrapper of combined streams
 */
export function nameOfMessage(text: string): string {
  const kind = /"e":"([A-Za-z_]+)"/.exec(text)?.[1] ?? "?";
  switch (kind) {
    case "ORDER_TRADE_UPDATE":
      return `report ${roleOf(/"c":"([^"]*)"/.exec(text)?.[1] ?? "")} ${/"X":"([A-Z_]+)"/.exec(text)?.[1] ?? "?"}`;
    case "ALGO_UPDATE":
      return `algo ${roleOf(/"caid":"([^"]*)"/.exec(text)?.[1] ?? "")} ${/"X":"([A-Z_]+)"/.exec(text)?.[1] ?? "?"}`;
    case "ACCOUNT_UPDATE":
      return "account";
    default:
      return kind;
  }
}
