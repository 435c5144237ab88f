/**
 * The HTTP server before anything that knows routes: who asks too often is answered here, with the same bytes each time,
 * because a flood must not cost the thread that trades more than it has to (failure-catalogue S-10).
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Settings } from "../../config/schema.ts";
import { Refusal, refusalBody, refusalCodes } from "../outside/refusal.ts";
import type { Guard } from "./guard.ts";

/** A request that has not arrived by then is dropped. */
const requestMillisMax = 5_000;
const keepAliveMillis = 30_000;
/** How often connections that take too long are looked for. */
const sweepMillis = 1_000;
/** Refusals in a row on one connection, which then ends with all that it has sent ahead: that is parsed in one go. */
const refusalsMax = 5;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export function ratedServer(guard: Guard, { rate_per_second }: Settings["api"], handler: Handler): Server {
  const message = `more than ${rate_per_second} requests a second; try again later`;
  const refusal = new Refusal("TOO_MANY_REQUESTS", message);
  const body = JSON.stringify(refusalBody(refusal));
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  };
  const refused = new WeakMap<Socket, number>();
  const refuse = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const times = (refused.get(socket) ?? 0) + 1;
    refused.set(socket, times);
    if (times > refusalsMax) socket.destroy();
    else response.writeHead(refusalCodes[refusal.code], headers).end(body);
  };
  const options = {
    requestTimeout: requestMillisMax,
    headersTimeout: requestMillisMax,
    keepAliveTimeout: keepAliveMillis,
    connectionsCheckingInterval: sweepMillis,
  };
  const server = createServer(options, (request, response) => {
    const { headers: asked, socket } = request;
    if (!guard.admits({ headers: asked, address: socket.remoteAddress ?? "" })) return refuse(request, response);
    refused.delete(socket);
    handler(request, response);
  });
  return server.setTimeout(2 * requestMillisMax);
}
