/** What REST answers: parameters from query and body, signatures over both as they were sent, weight headers on every answer. */

import type { Micros } from "../../domain/units.ts";
import type { ExchangeRequest } from "../exchange.ts";
import type { Endpoint, Params } from "./endpoints.ts";
import { type Gateway, replyOf } from "./gateway.ts";
import { jsonText } from "./json.ts";
import type { Limits, Refusal } from "./limits.ts";
import { type ApiKey, checkKey, checkRestSignature, checkTime } from "./security.ts";

export type RestParts = {
  readonly gateway: Gateway;
  readonly limits: Limits;
  readonly keys: readonly ApiKey[];
  readonly clock: () => Micros;
  /** by which the times of requests are checked; `clock` when left out */
  readonly gateClock?: () => Micros;
  /** an error of ours, never the client's */
  readonly onFault: (error: unknown) => void;
};

/** A request as it was sent. */
export type RestRequest = {
  readonly method: ExchangeRequest["method"];
  readonly url: string;
  readonly body: string;
  readonly apiKey: string | readonly string[] | undefined;
};

export type RestAnswer = { readonly status: number; readonly headers: Record<string, string>; readonly text: string };

export function answerRest(parts: RestParts, sent: RestRequest): RestAnswer {
  const now = parts.clock();
  const milliseconds = Math.floor(now / 1_000);
  const [path = "", ...rest] = sent.url.split("?");
  const query = rest.join("?");
  const params = mergeParams(query, sent.body);
  if (params === null) {
    const refusal: Refusal = {
      status: 400,
      code: -1101,
      msg: "Too many parameters; duplicate values for a parameter.",
    };
    return answerOf(replyOf(refusal), parts.limits.headers(null, milliseconds));
  }
  const authorise = (endpoint: Endpoint): Refusal | null => {
    if (endpoint.access === "none") return null;
    const checked = checkKey(parts.keys, typeof sent.apiKey === "string" ? sent.apiKey : undefined);
    if (!checked.ok) return checked.refusal;
    if (endpoint.access === "key") return null;
    return (
      checkRestSignature(checked.key, query, sent.body) ??
      checkTime(params, Math.floor((parts.gateClock ?? parts.clock)() / 1_000))
    );
  };
  const reply = parts.gateway.call({ method: sent.method, path, params, authorise }, now);
  return answerOf(reply, parts.limits.headers(reply.endpoint, milliseconds));
}

function answerOf(
  reply: { readonly status: number; readonly body: unknown },
  headers: Record<string, string>,
): RestAnswer {
  return { status: reply.status, headers, text: jsonText(reply.body) };
}

/** The same parameter in query and body: the query wins. Twice in one of them: null. */
function mergeParams(query: string, body: string): Params | null {
  const fromQuery = paramsOf(query);
  const fromBody = paramsOf(body);
  return fromQuery === null || fromBody === null ? null : { ...fromBody, ...fromQuery };
}

function paramsOf(text: string): Params | null {
  const params: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(params, name)) return null;
    params[name] = value;
  }
  return params;
}
