/**
 * The interface over HTTP (requirements OPS-5): off without a token, on loopback, and nothing is done for a request that
 * has not passed its guard.
 */

import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { z } from "zod";
import type { Settings } from "../../config/schema.ts";
import { oneLine } from "../../config/text.ts";
import { Refusal, refusalBody, refusalCodes } from "../outside/refusal.ts";
import { parseStrictJson, StrictJsonError } from "../outside/strict-json.ts";
import type { ApiBackend } from "./backend.ts";
import { Guard } from "./guard.ts";
import { mountMcp } from "./mcp-http.ts";
import { openApi } from "./openapi.ts";
import { ratedServer } from "./rated-server.ts";
import { apiRoutes, type Route } from "./routes.ts";
import type { Tokens } from "./tokens.ts";

export type ApiOptions = {
  readonly settings: Settings["api"];
  readonly tokens: Tokens;
  readonly backend: Omit<ApiBackend, "url">;
  readonly version: string;
  /** something broke that should not: for the log */
  readonly onFault: (message: string) => void;
};

export type Api = {
  /** base URL without a trailing slash */
  readonly url: string;
  /** Takes nothing more, and ends what is under way. */
  readonly close: () => Promise<void>;
};

/** The interface cannot listen. The process ends with exit code 1. */
export class ApiStartError extends Error {
  override readonly name = "ApiStartError";
  readonly code = "API";
  readonly exitCode = 1;
}

const bodyBytesMax = 16 * 1_024;
const problemsMax = 5;

/** @throws {ApiStartError} */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { settings, version } = options;
  let url = "";
  const backend: ApiBackend = { ...options.backend, url: () => url };
  const routes = apiRoutes(backend);
  const guard = new Guard(settings, options.tokens, () => performance.now());
  const app = newServer(options, guard);
  const description: Route = {
    method: "GET",
    path: "/v1/openapi.json",
    level: null,
    summary: "This description.",
    status: 200,
    params: null,
    query: null,
    body: null,
    answer: z.unknown(),
    handle: async () => document,
  };
  const document = openApi([...routes, description], version);
  for (const route of [...routes, description]) addRoute(app, guard, route);
  mountMcp(app, version, (request) => guard.check(request.headers, "read"));
  try {
    await app.listen({ host: settings.host, port: settings.port });
  } catch (cause) {
    await app.close();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ApiStartError(`the interface cannot listen on ${settings.host}:${settings.port}: ${message}`, { cause });
  }
  app.server.maxConnections = settings.connections_max;
  url = urlOf(app);
  return { url, close: async () => await app.close() };
}

function newServer({ onFault, settings }: ApiOptions, guard: Guard): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: bodyBytesMax,
    serverFactory: (handler) => ratedServer(guard, settings, handler),
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "string" }, (_request, body, done) => {
    try {
      done(null, parseStrictJson(String(body)));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.setErrorHandler((error, _request, reply) => refuse(reply, refusalOf(error, onFault)));
  app.setNotFoundHandler((request, reply) => {
    // Who has no token does not learn what there is.
    guard.check(request.headers, "read");
    return refuse(
      reply,
      new Refusal("NOT_FOUND", `no ${request.method} at this path; GET /v1/openapi.json says what there is`),
    );
  });
  return app;
}

function addRoute(app: FastifyInstance, guard: Guard, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    // Before the body is read: a stranger's is not.
    onRequest: async (request) => guard.check(request.headers, route.level),
    handler: async (request, reply) => {
      const answer = await route.handle(inputOf(route, request));
      return reply.code(route.status).header("cache-control", "no-store").send(answer);
    },
  });
}

function inputOf(route: Route, request: FastifyRequest): Parameters<Route["handle"]>[0] {
  const parsed = (schema: z.ZodType | null, value: unknown): unknown => {
    const result = schema?.safeParse(value, { reportInput: true });
    if (result === undefined || result.success) return result?.data ?? null;
    throw new Refusal("BODY_INVALID", problemsOf(result.error));
  };
  return {
    params: parsed(route.params, request.params),
    query: parsed(route.query, request.query),
    body: parsed(route.body, request.body),
  };
}

/** One line: each place, what stands there, and what is allowed. */
function problemsOf(error: z.ZodError): string {
  const lines = error.issues.map(({ path, message, input }) => {
    const place = path.join(".") || "the body";
    const shown = typeof input === "object" || input === undefined ? "" : ` (is ${JSON.stringify(input).slice(0, 60)})`;
    return oneLine(`${place}${shown}: ${message}`, 200);
  });
  return lines.slice(0, problemsMax).join("; ");
}

function refusalOf(error: unknown, onFault: (message: string) => void): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof StrictJsonError) return new Refusal("BODY_INVALID", error.message);
  const code = error instanceof Error && "code" in error ? error.code : null;
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new Refusal("BODY_TOO_LARGE", `the body has more than ${bodyBytesMax} bytes`);
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new Refusal("NOT_JSON", "Content-Type must be application/json");
  }
  if (typeof status === "number" && status >= 400 && status < 500) {
    return new Refusal("BODY_INVALID", "not a request that is understood");
  }
  onFault(oneLine(error instanceof Error ? `${error.name}: ${error.message}` : String(error), 300));
  return new Refusal("INTERNAL", "something broke here; it is in the log");
}

async function refuse(reply: FastifyReply, refusal: Refusal): Promise<FastifyReply> {
  if (refusal.code === "NOT_AUTHORISED") reply.header("www-authenticate", "Bearer");
  return await reply.code(refusalCodes[refusal.code]).header("cache-control", "no-store").send(refusalBody(refusal));
}

function urlOf(app: FastifyInstance): string {
  const address = app.server.address();
  if (address === null || typeof address === "string") throw new ApiStartError("the interface listens nowhere");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}`;
}
