/** The REST skin on a socket. */

import { type FastifyInstance, fastify } from "fastify";
import type { ExchangeRequest } from "../exchange.ts";
import { jsonText } from "./json.ts";
import { answerRest, type RestParts, type RestRequest } from "./rest-answer.ts";

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
      const sent: RestRequest = {
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

function methodOf(method: string): ExchangeRequest["method"] {
  return method === "POST" || method === "PUT" || method === "DELETE" ? method : "GET";
}

function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return 500;
  return typeof error.statusCode === "number" ? error.statusCode : 500;
}
