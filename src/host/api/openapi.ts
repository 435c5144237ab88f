/** The interface's description in OpenAPI 3.1, made from the schemas that check what comes in. */

import { z } from "zod";
import { refusalCodes } from "../outside/refusal.ts";
import type { Route } from "./routes.ts";

const ErrorBody = z.object({
  error: z.object({
    code: z.enum(Object.keys(refusalCodes)),
    message: z.string().describe("Names place, value and what is allowed."),
  }),
});

export function openApi(routes: readonly Route[], version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:([a-z_]+)/g, "{$1}");
    const operations = paths[path] ?? {};
    paths[path] = { ...operations, [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "scalpd",
      version,
      description:
        "Intents, plans and control of a running daemon. Every request needs a token, except this description.",
    },
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Error: schemaOf(ErrorBody, "output") },
    },
    security: [{ token: [] }],
  };
}

function operation({ level, summary, status, params, query, body, answer }: Route): unknown {
  return {
    summary,
    ...(level === null ? { security: [] } : { description: `Needs a token that may ${level}.` }),
    parameters: [...parameters(params, "path"), ...parameters(query, "query")],
    ...(body === null ? {} : { requestBody: { required: true, content: json(schemaOf(body, "input")) } }),
    responses: {
      [status]: { description: "Done.", content: json(schemaOf(answer, "output")) },
      default: { description: "Not done, and why.", content: json({ $ref: "#/components/schemas/Error" }) },
    },
  };
}

function parameters(schema: z.ZodObject | null, place: "path" | "query"): readonly unknown[] {
  return Object.entries(schema?.shape ?? {}).map(([name, value]) => ({
    name,
    in: place,
    required: place === "path",
    schema: schemaOf(value, "input"),
  }));
}

function schemaOf(schema: z.core.$ZodType, io: "input" | "output"): unknown {
  return z.toJSONSchema(schema, { io, target: "draft-2020-12" });
}

function json(schema: unknown): unknown {
  return { "application/json": { schema } };
}
