/** Everything that the interface answers: one table, from which the server and its description are made. */

import { z } from "zod";
import type { Control } from "../../domain/event.ts";
import { IntentAnswer, IntentBody, isoTime, outsideId, symbolName } from "../outside/intent.ts";
import { IntentStatus } from "../outside/intent-desk.ts";
import { PlanBody, PlanView } from "../outside/plan.ts";
import { Refusal } from "../outside/refusal.ts";
import type { ApiBackend } from "./backend.ts";
import type { Level } from "./tokens.ts";
import { Status, statusView, Why, whyView } from "./view.ts";

export type Route = {
  readonly method: "GET" | "POST" | "DELETE";
  /** with `:name` for what stands in the path */
  readonly path: string;
  /** null: no token needed */
  readonly level: Level | null;
  readonly summary: string;
  readonly status: 200 | 201 | 202;
  readonly params: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodType | null;
  readonly answer: z.ZodType;
  /** @throws {Refusal} */
  readonly handle: (input: Input) => Promise<unknown>;
};

/** As the schemas of the route have parsed it. */
type Input = { readonly params: unknown; readonly query: unknown; readonly body: unknown };

const by = z
  .string()
  .regex(/^[A-Za-z0-9 ._-]{1,40}$/, "one to 40 letters, digits, blanks, dots, dashes or underscores")
  .default("api")
  .describe("Who asks: stands in the journal.");
const ControlBody = z
  .discriminatedUnion("action", [
    z.strictObject({ action: z.enum(["halt", "resume", "flatten"]), by }),
    z.strictObject({
      action: z.literal("scale"),
      factor: z.number().gt(0).max(1).describe("Multiplies the size of every entry from now on; 1 ends it."),
      by,
    }),
  ])
  .describe("halt: no entries until resumed; flatten: closes everything and halts; protection stays in any case.");
const ControlAnswer = z.object({ action: z.string(), accepted_at: z.iso.datetime() });

const PlanPath = z.strictObject({ plan_id: outsideId });
const IntentPath = z.strictObject({ intent_id: outsideId });
const WhyQuery = z.strictObject({ symbol: symbolName.exactOptional(), plan_id: outsideId.exactOptional() });
const none = { params: null, query: null, body: null } as const;

export function apiRoutes(backend: ApiBackend): readonly Route[] {
  return [...intentRoutes(backend), ...planRoutes(backend), ...operatorRoutes(backend)];
}

function intentRoutes({ outside }: ApiBackend): readonly Route[] {
  return [
    {
      ...none,
      method: "POST",
      path: "/v1/intents",
      level: "trade",
      summary: "Asks for an order. It is on the disk before it is answered; the same intent_id gives the same answer.",
      status: 202,
      body: IntentBody,
      answer: IntentAnswer,
      handle: async ({ body }) => await outside.intents.accept(IntentBody.parse(body)),
    },
    {
      ...none,
      method: "GET",
      path: "/v1/intents/:intent_id",
      level: "read",
      summary: "What became of an intent.",
      status: 200,
      params: IntentPath,
      answer: IntentStatus,
      handle: async ({ params }) => {
        const { intent_id } = IntentPath.parse(params);
        const found = outside.intents.status(intent_id);
        if (found === null) throw new Refusal("NOT_FOUND", `no intent ${intent_id}`);
        return found;
      },
    },
  ];
}

function planRoutes({ outside }: ApiBackend): readonly Route[] {
  return [
    {
      ...none,
      method: "POST",
      path: "/v1/plans",
      level: "trade",
      summary: "Makes a plan: it waits until its conditions hold, is executed once, or expires.",
      status: 201,
      body: PlanBody,
      answer: PlanView,
      handle: async ({ body }) => await outside.plans.create(PlanBody.parse(body)),
    },
    {
      ...none,
      method: "GET",
      path: "/v1/plans",
      level: "read",
      summary: "All plans, those that are over too, the newest last.",
      status: 200,
      answer: z.object({ plans: z.array(PlanView) }),
      handle: async () => ({ plans: outside.plans.list() }),
    },
    {
      ...none,
      method: "GET",
      path: "/v1/plans/:plan_id",
      level: "read",
      summary: "One plan, with each condition as it was last compared.",
      status: 200,
      params: PlanPath,
      answer: PlanView,
      handle: async ({ params }) => {
        const { plan_id } = PlanPath.parse(params);
        const found = outside.plans.get(plan_id);
        if (found === null) throw new Refusal("NOT_FOUND", `no plan ${plan_id}`);
        return found;
      },
    },
    {
      ...none,
      method: "DELETE",
      path: "/v1/plans/:plan_id",
      level: "trade",
      summary: "Cancels a plan that waits. What it has entered already is not closed by it.",
      status: 200,
      params: PlanPath,
      answer: PlanView,
      handle: async ({ params }) => await outside.plans.cancel(PlanPath.parse(params).plan_id),
    },
  ];
}

function operatorRoutes(backend: ApiBackend): readonly Route[] {
  return [
    {
      ...none,
      method: "POST",
      path: "/v1/control",
      level: "control",
      summary: "Halts, resumes, flattens, or scales the size of entries.",
      status: 202,
      body: ControlBody,
      answer: ControlAnswer,
      handle: async ({ body }) => {
        const asked = ControlBody.parse(body);
        const control: Control = { kind: "control", ...asked };
        await backend.control(control);
        return { action: asked.action, accepted_at: isoTime(backend.clock()) };
      },
    },
    {
      ...none,
      method: "GET",
      path: "/v1/status",
      level: "read",
      summary: "State of the daemon, its limits and its symbols.",
      status: 200,
      answer: Status,
      handle: async () => statusView(backend.core(), backend.outside, backend.venue, backend.url(), backend.clock()),
    },
    {
      ...none,
      method: "GET",
      path: "/v1/why",
      level: "read",
      summary: "Why there was no trade: of a plan, a symbol, or all of them.",
      status: 200,
      query: WhyQuery,
      answer: Why,
      handle: async ({ query }) => {
        const { symbol, plan_id } = WhyQuery.parse(query);
        const question = { symbol: symbol ?? null, planId: plan_id ?? null };
        return whyView(backend.core(), backend.outside, question, backend.clock());
      },
    },
  ];
}
