/** The tools over HTTP, at `/mcp` of the interface. Stateless: each request has a server of its own. */

import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { type ApiCall, mcpServer } from "./mcp.ts";

const requestMillisMax = 30_000;

/** @param check refuses by throwing */
export function mountMcp(app: FastifyInstance, version: string, check: (request: FastifyRequest) => void): void {
  app.route({
    method: ["GET", "POST", "DELETE"],
    url: "/mcp",
    onRequest: async (request) => check(request),
    handler: async (request, reply) => {
      const { headers, method } = request;
      if (method !== "POST") {
        return await reply
          .code(405)
          .header("allow", "POST")
          .send({
            jsonrpc: "2.0",
            error: { code: -32_000, message: "no session is kept: POST only" },
            id: null,
          });
      }
      const call = async ({ method: inner, path, body }: ApiCall) => {
        const answer = await app.inject({
          method: inner,
          url: path,
          headers: {
            host: headers.host ?? "",
            authorization: headers.authorization ?? "",
            ...(body === null ? {} : { "content-type": "application/json" }),
          },
          ...(body === null ? {} : { payload: JSON.stringify(body) }),
        });
        return { status: answer.statusCode, body: answer.json<unknown>() };
      };
      const server = mcpServer(version, call);
      const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
      reply.hijack();
      const timer = setTimeout(() => reply.raw.destroy(), requestMillisMax);
      reply.raw.once("close", () => {
        clearTimeout(timer);
        void server.close();
      });
      await server.connect(transport);
      await transport.handleRequest(request.raw, reply.raw, request.body);
      return reply;
    },
  });
}
