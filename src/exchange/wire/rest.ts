/** The REST skin: parameters from query and body, signatures over both as they were sent, weight headers on every answer. */

import { type FastifyInstance, fastify } from "fastify";
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
  /** an error of ours, never the client's */
  readonly onFault: (error: unknown) => void;
};

const bodyBytesMax = 256 * 1_024;

export function restServer(parts: RestParts): FastifyInstance {
  const server = fastify({ bodyLimit: bodyBytesMax, forceCloseConnections: true });
  // Bodies stay text whatever their declared type, because the signature covers them as they were sent.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error, _request, reply) => {
    const status = statusOf(error);
    if (status >= 500) parts.onFault(error);
    reply
      .code(status)
      .type("application/json")
      .send('{"code":-1000,"msg":"An unknown error occurred while processing the request."}');
  });
  server.setNotFoundHandler((request, reply) => {
    const msg = `Path ${request.url}, Method ${request.method} is invalid`;
    reply
      .code(404)
      .type("application/json")
      .send(jsonText({ code: -5000, msg }));
  });
  server.route({
    method: ["GET", "POST", "PUT", "DELETE"],
    url: "/fapi/*",
    handler: (request, reply) => {
      const sent: Sent = {
        method: methodOf(request.method),
        url: request.raw.url ?? "",
        body: typeof request.body === "string" ? request.body : "",
        apiKey: request.headers["x-mbx-apikey"],
      };
      const answer = answerRest(parts, sent);
      reply.code(answer.status).headers(answer.headers).type("application/json").send(answer.text);
    },
  });
  return server;
}

type Sent = {
  readonly method: ExchangeRequest["method"];
  readonly url: string;
  readonly body: string;
  readonly apiKey: string | readonly string[] | undefined;
};

type Answer = { readonly status: number; readonly headers: Record<string, string>; readonly text: string };

function answerRest(parts: RestParts, sent: Sent): Answer {
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
    return checkRestSignature(checked.key, query, sent.body) ?? checkTime(params, milliseconds);
  };
  const reply = parts.gateway.call({ method: sent.method, path, params, authorise }, now);
  return answerOf(reply, parts.limits.headers(reply.endpoint, milliseconds));
}

function answerOf(reply: { readonly status: number; readonly body: unknown }, headers: Record<string, string>): Answer {
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

function methodOf(method: string): ExchangeRequest["method"] {
  return method === "POST" || method === "PUT" || method === "DELETE" ? method : "GET";
}

function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 500;
  return typeof error.statusCode === "number" ? error.statusCode : 500;
}
