/** The WebSocket API: one JSON request per message, mapped to the REST call that does the same. @see binance-usdm.md §7.4 */

import { z } from "zod";
import type { Micros } from "../../domain/units.ts";
import type { ExchangeRequest } from "../exchange.ts";
import type { Link } from "./connection.ts";
import type { Endpoint, Params } from "./endpoints.ts";
import { type Gateway, replyOf } from "./gateway.ts";
import { jsonText, parseJson } from "./json.ts";
import type { Limits, Refusal } from "./limits.ts";
import { type ApiKey, checkKey, checkSocketSignature, checkTime, mandatory } from "./security.ts";

export type ApiParts = {
  readonly gateway: Gateway;
  readonly limits: Limits;
  readonly keys: readonly ApiKey[];
  readonly clock: () => Micros;
  /** by which the times of requests are checked; `clock` when left out */
  readonly gateClock?: () => Micros;
  readonly onFault: (error: unknown) => void;
};

type Session = { readonly key: ApiKey; readonly since: number };

type Reply = { readonly status: number; readonly body: unknown; readonly endpoint: Endpoint | null };

const Request = z.object({
  id: z.union([z.string().max(36), z.number().int(), z.bigint(), z.null()]).default(null),
  method: z.string(),
  params: z.record(z.string(), z.unknown()).default({}),
});

type Parsed = { readonly id: z.infer<typeof Request>["id"]; readonly method: string; readonly params: Params };

const logonWeight = 2;

export class ApiConnection {
  readonly connection: Link;
  private readonly parts: ApiParts;
  private readonly returnRateLimits: boolean;
  private session: Session | null = null;

  constructor(
    connect: (onText: (text: string) => void) => Link,
    parts: ApiParts,
    options: { readonly returnRateLimits: boolean },
  ) {
    this.parts = parts;
    this.returnRateLimits = options.returnRateLimits;
    this.connection = connect((text) => this.answer(text));
  }

  private answer(text: string): void {
    const now = this.parts.clock();
    const request = parseRequest(text);
    if (request === null) {
      this.reply(null, { ...malformed, endpoint: null }, now, this.returnRateLimits);
      return;
    }
    const { id, method, params } = request;
    const { returnRateLimits = String(this.returnRateLimits) } = params;
    let reply: Reply;
    try {
      reply = this.perform(method, params, now);
    } catch (error) {
      this.parts.onFault(error);
      reply = { ...replyOf(ownFault), endpoint: null };
    }
    this.reply(id, reply, now, returnRateLimits !== "false");
  }

  private reply(id: Parsed["id"], reply: Reply, now: Micros, returnRateLimits: boolean): void {
    const { status, body, endpoint } = reply;
    const rateLimits = returnRateLimits ? this.parts.limits.rateLimits(endpoint, Math.floor(now / 1_000)) : undefined;
    const outcome = status < 400 ? { result: body } : { error: body };
    this.connection.send(jsonText({ id, status, ...outcome, rateLimits }));
  }

  private perform(method: string, params: Params, now: Micros): Reply {
    const milliseconds = Math.floor(now / 1_000);
    switch (method) {
      case "session.logon":
        return this.logOn(params, milliseconds);
      case "session.status":
        return { status: 200, body: this.sessionBody(milliseconds), endpoint: null };
      case "session.logout":
        this.session = null;
        return { status: 200, body: this.sessionBody(milliseconds), endpoint: null };
      default: {
        const call = restCalls.get(method);
        if (call === undefined) return { ...replyOf(unknownMethod), endpoint: null };
        const authorise = (endpoint: Endpoint): Refusal | null => this.authorise(endpoint, params);
        const { returnRateLimits: _, ...rest } = params;
        return this.parts.gateway.call({ ...call, params: rest, authorise }, now);
      }
    }
  }

  private logOn(params: Params, now: number): Reply {
    const refusal = this.parts.limits.chargeWeight(logonWeight, now) ?? this.identify(params, now);
    return refusal === null
      ? { status: 200, body: this.sessionBody(now), endpoint: null }
      : { ...replyOf(refusal), endpoint: null };
  }

  private identify(params: Params, now: number): Refusal | null {
    const { apiKey } = params;
    const checked = checkKey(this.parts.keys, apiKey);
    if (!checked.ok) return checked.refusal;
    if (checked.key.kind !== "ed25519") return noSessionForHmac;
    const refusal = checkSocketSignature(checked.key, params) ?? this.checkTime(params);
    if (refusal === null) this.session = { key: checked.key, since: now };
    return refusal;
  }

  /** A logged-on session needs neither key nor signature; a key that is given must still be the session's or be signed. */
  private authorise(endpoint: Endpoint, params: Params): Refusal | null {
    if (endpoint.access === "none") return null;
    const { apiKey, signature } = params;
    const bySession =
      this.session !== null &&
      signature === undefined &&
      (apiKey ?? this.session.key.apiKey) === this.session.key.apiKey;
    if (bySession) return endpoint.access === "signed" ? this.checkTime(params) : null;
    if (apiKey === undefined) return mandatory("apiKey");
    const checked = checkKey(this.parts.keys, apiKey);
    if (!checked.ok) return checked.refusal;
    if (endpoint.access === "key") return null;
    return checkSocketSignature(checked.key, params) ?? this.checkTime(params);
  }

  private checkTime(params: Params): Refusal | null {
    const { clock, gateClock = clock } = this.parts;
    return checkTime(params, Math.floor(gateClock() / 1_000));
  }

  private sessionBody(now: number): Readonly<Record<string, unknown>> {
    return {
      apiKey: this.session?.key.apiKey ?? null,
      authorizedSince: this.session?.since ?? null,
      connectedSince: this.connection.openedAt,
      returnRateLimits: this.returnRateLimits,
      serverTime: now,
    };
  }
}

type RestCall = { readonly method: ExchangeRequest["method"]; readonly path: string };

const restCalls: ReadonlyMap<string, RestCall> = new Map<string, RestCall>([
  ["order.place", { method: "POST", path: "/fapi/v1/order" }],
  ["order.modify", { method: "PUT", path: "/fapi/v1/order" }],
  ["order.cancel", { method: "DELETE", path: "/fapi/v1/order" }],
  ["order.status", { method: "GET", path: "/fapi/v1/order" }],
  ["algoOrder.place", { method: "POST", path: "/fapi/v1/algoOrder" }],
  ["algoOrder.cancel", { method: "DELETE", path: "/fapi/v1/algoOrder" }],
  ["v2/account.position", { method: "GET", path: "/fapi/v3/positionRisk" }],
  ["account.position", { method: "GET", path: "/fapi/v2/positionRisk" }],
  ["v2/account.balance", { method: "GET", path: "/fapi/v3/balance" }],
  ["account.balance", { method: "GET", path: "/fapi/v2/balance" }],
  ["v2/account.status", { method: "GET", path: "/fapi/v3/account" }],
  ["account.status", { method: "GET", path: "/fapi/v2/account" }],
  ["userDataStream.start", { method: "POST", path: "/fapi/v1/listenKey" }],
  ["userDataStream.ping", { method: "PUT", path: "/fapi/v1/listenKey" }],
  ["userDataStream.stop", { method: "DELETE", path: "/fapi/v1/listenKey" }],
  ["depth", { method: "GET", path: "/fapi/v1/depth" }],
  ["ticker.price", { method: "GET", path: "/fapi/v2/ticker/price" }],
  ["ticker.book", { method: "GET", path: "/fapi/v1/ticker/bookTicker" }],
]);

const malformed = replyOf({ status: 400, code: -1130, msg: "Data sent for the request is not valid." });

const unknownMethod: Refusal = { status: 400, code: -1020, msg: "This operation is not supported." };

const ownFault: Refusal = {
  status: 500,
  code: -1000,
  msg: "An unknown error occurred while processing the request.",
};

const noSessionForHmac: Refusal = { status: 400, code: -4056, msg: "HMAC_SHA256 API key is not supported." };

function parseRequest(text: string): Parsed | null {
  try {
    const { id, method, params } = Request.parse(parseJson(text));
    return { id, method, params: textParams(params) };
  } catch {
    return null;
  }
}

/**
 * Parameters as the text that was signed and that REST would carry; lists stay JSON, null is not sent.
 *
 * @throws {TypeError} a number that JSON can spell and no double can hold
 */
function textParams(params: Readonly<Record<string, unknown>>): Params {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined) continue;
    texts[name] = typeof value === "string" ? value : jsonText(value);
  }
  return texts;
}
