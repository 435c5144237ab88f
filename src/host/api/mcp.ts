/**
 * The tools of language-model agents (requirements DEC-8). Each is a call of the interface, with the caller's token: an
 * agent can do nothing that the interface would refuse, and is told why.
 */

import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { outsideId, symbolName } from "../outside/intent.ts";
import { planShape } from "../outside/plan.ts";

export type ApiCall = {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body: unknown;
};
/** @returns the status and the JSON of the answer */
export type Caller = (call: ApiCall) => Promise<{ readonly status: number; readonly body: unknown }>;

const PlanId = z.strictObject({ plan_id: outsideId });
const Question = z.strictObject({ symbol: symbolName.optional(), plan_id: outsideId.optional() });

export function mcpServer(version: string, call: Caller): McpServer {
  const server = new McpServer({ name: "scalpd", version });
  const ask = async (method: ApiCall["method"], path: string, body: unknown = null): Promise<CallToolResult> => {
    const answer = await call({ method, path, body });
    const text = JSON.stringify(answer.body);
    return { content: [{ type: "text", text }], isError: answer.status >= 400 };
  };
  server.registerTool(
    "create_micro_scalp_plan",
    {
      description:
        "Makes a plan for a short trade: it waits until all its conditions hold, is executed once under the daemon's own " +
        "risk limits, or expires. Prices in USDT, volume in the base asset. Give expiry or expires_in_seconds.",
      inputSchema: z.strictObject(planShape),
    },
    async (plan) => await ask("POST", "/v1/plans", plan),
  );
  server.registerTool(
    "list_plans",
    {
      description: "All plans with their state, and each condition as it was last compared.",
      inputSchema: z.strictObject({}),
    },
    async () => await ask("GET", "/v1/plans"),
  );
  server.registerTool(
    "cancel_plan",
    { description: "Cancels a plan that waits. It closes no position.", inputSchema: PlanId },
    async ({ plan_id }) => await ask("DELETE", `/v1/plans/${encodeURIComponent(plan_id)}`),
  );
  server.registerTool(
    "get_status",
    { description: "Positions, prices, limits and halts of the daemon.", inputSchema: z.strictObject({}) },
    async () => await ask("GET", "/v1/status"),
  );
  server.registerTool(
    "explain_no_trade",
    {
      description:
        "Why there was no trade: of one plan, of one symbol, or of all. Measured values against their limits.",
      inputSchema: Question,
    },
    async ({ symbol, plan_id }) => {
      const query = new URLSearchParams();
      if (symbol !== undefined) query.set("symbol", symbol);
      if (plan_id !== undefined) query.set("plan_id", plan_id);
      return await ask("GET", `/v1/why?${query}`);
    },
  );
  return server;
}
