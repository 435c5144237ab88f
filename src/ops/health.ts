/**
 * /healthz and /readyz on loopback. Alive is who answers at all; ready is who may trade, and else it says which part is
 * not. @see requirements OPS-3
 */

import { type FastifyInstance, fastify } from "fastify";

export type Readiness = readonly { readonly part: string; readonly ready: boolean; readonly detail: string | null }[];

export type HealthServer = { readonly port: number; readonly close: () => Promise<void> };

const host = "127.0.0.1";
/** Whoever asks sends a path and nothing else, and not slowly. */
const bodyBytesMax = 1_024;
const requestMillisMax = 5_000;
const connectionsMax = 32;

/**
 * @param port 0 takes a free one
 * @param readiness asked at each request
 * @throws {Error} with `code` EADDRINUSE when the port is taken
 */
export async function startHealth(port: number, readiness: () => Readiness): Promise<HealthServer> {
  const server: FastifyInstance = fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    requestTimeout: requestMillisMax,
    connectionTimeout: requestMillisMax,
    keepAliveTimeout: requestMillisMax,
  });
  server.server.maxConnections = connectionsMax;
  // A page of the web that a browser on this machine shows must not read this through a name of its own (S-09).
  server.addHook("onRequest", async (request, reply) => {
    if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(request.headers.host ?? "")) await reply.code(421).send();
  });
  server.get("/healthz", async () => ({ status: "ok" }));
  server.get("/readyz", async (_request, reply) => {
    const parts = readiness();
    const ready = parts.every((part) => part.ready);
    await reply.code(ready ? 200 : 503).send({ ready, parts });
  });
  await server.listen({ host, port });
  const address = server.server.address();
  return { port: typeof address === "object" && address !== null ? address.port : port, close: () => server.close() };
}
