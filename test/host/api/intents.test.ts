/** Intents and plans against real daemons: floods, kills at random instants, and agents with a client of the MCP SDK. */

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { Outsider, ourId } from "../../acceptance/outsider.ts";
import { Announcement } from "../../acceptance/processes.ts";
import { type DaemonProcess, Stage } from "../support.ts";
import { decidedIntents } from "./journal.ts";

// Many processes share the machine with whatever else is being tested.
vi.setConfig({ testTimeout: 120_000 });

const token = `test-${randomUUID()}`;
const settings = `
symbols: [BTCUSDT]
decision: { ensemble: { enabled: false }, demo: { enabled: false } }
guardrails: { cooldown_seconds: 0 }
trading: { normal: { entry_order: market } }
api: { port: 0 }
plans: { check_seconds: 0.2 }
log: { status_seconds: 60 }
`;

const { SCALPD_API_TOKEN: tokenBefore } = process.env;
let stages: Stage[] = [];

beforeEach(() => {
  // Inherited by the daemons that a test starts.
  Reflect.set(process.env, "SCALPD_API_TOKEN", token);
});
afterEach(async () => {
  await Promise.all(stages.map((stage) => stage.close()));
  stages = [];
});
afterAll(() => {
  if (tokenBefore === undefined) Reflect.deleteProperty(process.env, "SCALPD_API_TOKEN");
  else Reflect.set(process.env, "SCALPD_API_TOKEN", tokenBefore);
});

function newStage(): Stage {
  const stage = new Stage();
  stages.push(stage);
  writeFileSync(stage.config, settings);
  return stage;
}

async function call(url: string, method: string, path: string, body?: unknown) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: z.record(z.string(), z.unknown()).parse(await answer.json()) };
}

const Ready = z.object({ takes_intents: z.literal(true) });

/** The daemon's interface, once intents are taken. Those that come before the market data wait for them. */
async function readyUrl(daemon: DaemonProcess): Promise<string> {
  const url = String((await daemon.line("API_LISTENING"))["where"]);
  await vi.waitUntil(async () => Ready.safeParse((await call(url, "GET", "/v1/status")).body).success, {
    interval: 20,
    timeout: 20_000,
  });
  return url;
}

async function allDecided(url: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const isDecided = async (): Promise<boolean> => {
      const { status, body } = await call(url, "GET", `/v1/intents/${id}`);
      expect({ id, status }).toEqual({ id, status: 200 });
      return body["status"] !== "accepted";
    };
    await vi.waitUntil(isDecided, { interval: 20, timeout: 20_000 });
  }
}

/** Ids of the entry orders that the exchange has ever had. */
async function entryIds(exchange: string): Promise<readonly string[]> {
  const orders = await new Outsider(Announcement.parse(JSON.parse(exchange))).orders("BTCUSDT");
  return orders.map(({ clientOrderId }) => clientOrderId).filter((id) => ourId(id)?.role === "e");
}

async function stopped(daemon: DaemonProcess): Promise<void> {
  daemon.child.kill("SIGTERM");
  await once(daemon.child, "exit");
}

test("[DEC-7] a thousand posts at once with a hundred ids give a hundred decisions, and at most as many entries", async () => {
  const stage = newStage();
  const exchange = await stage.exchange();
  const daemon = stage.daemon(exchange);
  const url = await readyUrl(daemon);
  const ids = Array.from({ length: 100 }, (_, index) => `flood-${index}`);
  const posts = Array.from({ length: 1_000 }, async (_, index) => {
    const id = ids[index % ids.length] ?? "";
    const answer = await call(url, "POST", "/v1/intents", {
      intent_id: id,
      symbol: "BTCUSDT",
      action: "OPEN_LONG",
      confidence: 0.9,
    });
    return { id, text: `${answer.status} ${JSON.stringify(answer.body)}` };
  });
  const answers = await Promise.all(posts);
  const different = new Set(answers.map(({ id, text }) => `${id} ${text}`));
  expect([different.size, answers.filter(({ text }) => text.startsWith("202 ")).length]).toEqual([100, 1_000]);
  await allDecided(url, ids);
  const entries = await entryIds(exchange);
  await stopped(daemon);
  expect(decidedIntents(stage.data)).toHaveLength(100);
  expect(entries.length).toBeGreaterThanOrEqual(1);
  expect(new Set(entries).size).toBe(entries.length);
  expect(entries.length).toBeLessThanOrEqual(100);
});

const kills = 20;
/** Each with an exchange of its own, for which so many starts in a minute weigh nothing. */
const lanes = 4;
/** from the posts to the kill, at most: the commit and the reply are within */
const killMillisMax = 25;
const idsPerLife = 4;

test("[IDM-3] kill −9 at twenty random instants around the commit loses no acknowledged intent and doubles none", async () => {
  const ended = await Promise.all(Array.from({ length: lanes }, (_, lane) => killedLane(lane)));
  for (const { acknowledged, repeated, decisions, entries, ids } of ended) {
    for (const [id, answer] of acknowledged) expect(repeated.get(id)).toEqual(answer);
    expect(decisions.toSorted()).toEqual(ids.toSorted());
    expect(new Set(entries).size).toBe(entries.length);
    // One entry of a trade: a second one would have another attempt in its id.
    expect(new Set(entries.map((id) => ourId(id)?.trade)).size).toBe(entries.length);
  }
});

type Lane = {
  readonly ids: readonly string[];
  /** answers that came before the kill, and those of the last run to the same posts */
  readonly acknowledged: ReadonlyMap<string, unknown>;
  readonly repeated: ReadonlyMap<string, unknown>;
  readonly decisions: readonly string[];
  readonly entries: readonly string[];
};

async function killedLane(lane: number): Promise<Lane> {
  const stage = newStage();
  const exchange = await stage.exchange("--weightless");
  const acknowledged = new Map<string, unknown>();
  const ids: string[] = [];
  const post = async (url: string, id: string, into: Map<string, unknown>): Promise<void> => {
    const action = id.endsWith("close") ? "CLOSE" : "OPEN_LONG";
    const isTaken = async (): Promise<boolean> => {
      const { status, body } = await call(url, "POST", "/v1/intents", { intent_id: id, symbol: "BTCUSDT", action });
      if (status === 202) into.set(id, body);
      // A daemon that proves its stop path anew takes none meanwhile, and asks for another post.
      else expect({ id, ...body }).toMatchObject({ error: { code: "NOT_READY" } });
      return status === 202;
    };
    await vi.waitUntil(isTaken, { interval: 20, timeout: 20_000 });
  };
  for (let life = 0; life < kills / lanes; life += 1) {
    const daemon = stage.daemon(exchange);
    const url = await readyUrl(daemon);
    const fresh = Array.from({ length: idsPerLife }, (_, i) => `l${lane}-${life}-${i}${i % 2 === 0 ? "-close" : ""}`);
    ids.push(...fresh);
    // Those that the kill cuts off fail.
    const posts = fresh.map((id) => post(url, id, acknowledged).catch(() => undefined));
    // The instant is what is drawn; nothing is waited for.
    await delay(Math.random() * killMillisMax);
    daemon.child.kill("SIGKILL");
    await once(daemon.child, "exit");
    await Promise.all(posts);
  }
  const last = stage.daemon(exchange);
  const url = await readyUrl(last);
  const repeated = new Map<string, unknown>();
  for (const id of ids) await post(url, id, repeated);
  await allDecided(url, ids);
  const entries = await entryIds(exchange);
  await stopped(last);
  return { ids, acknowledged, repeated, decisions: decidedIntents(stage.data), entries };
}

const ToolText = z.object({ content: z.tuple([z.object({ text: z.string() })]), isError: z.boolean().optional() });

async function withClient<T>(transport: Transport, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ name: "test", version: "0" });
  await client.connect(transport);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function tool(client: Client, name: string, given: Record<string, unknown> = {}) {
  const { content, isError } = ToolText.parse(await client.callTool({ name, arguments: given }));
  const [{ text }] = content;
  // What the SDK refuses itself is no JSON.
  const json = text.startsWith("{") ? z.record(z.string(), z.unknown()).parse(JSON.parse(text)) : {};
  return { isError: isError === true, json };
}

const plan = {
  symbol: "BTCUSDT",
  direction: "BUY",
  entry_price: 90_000,
  stop_loss: 50_000,
  take_profit: 90_100,
  volume: 0.01,
  expires_in_seconds: 60,
};

test("[DEC-8] an agent has a plan executed, and reads why another did not trade; over stdio and over HTTP", async () => {
  const stage = newStage();
  const daemon = stage.daemon(await stage.exchange());
  const url = await readyUrl(daemon);
  const stdio = new StdioClientTransport({
    command: process.execPath,
    args: ["src/cli/main.ts", "mcp", "--config", stage.config, "--url", url],
    env: { SCALPD_API_TOKEN: token, PATH: String(Reflect.get(process.env, "PATH")) },
    stderr: "ignore",
  });
  await withClient(stdio, async (client) => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      "cancel_plan",
      "create_micro_scalp_plan",
      "explain_no_trade",
      "get_status",
      "list_plans",
    ]);
    await tool(client, "create_micro_scalp_plan", { ...plan, plan_id: "go" });
    const entering = await daemon.line("ENTERING");
    expect(entering).toMatchObject({ source: "plans", side: "buy" });
    const { json } = await tool(client, "list_plans");
    expect(json["plans"]).toMatchObject([{ plan_id: "go", status: "executed", trade: entering["trade"] }]);
  });
  const headers = { authorization: `Bearer ${token}` };
  // Its types promise less about absent fields than ours ask for.
  const http: unknown = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } });
  await withClient(http as Transport, async (client) => {
    const waits = { ...plan, plan_id: "waits", conditions: { price_above: 99_999, spread_bps_max: 100 } };
    expect((await tool(client, "create_micro_scalp_plan", waits)).isError).toBe(false);
    const why = await tool(client, "explain_no_trade", { plan_id: "waits" });
    expect(String(why.json["lines"])).toMatch(/plan waits: price_above does not hold: measured 6\d{4}\S*, limit 99999/);
    expect((await tool(client, "cancel_plan", { plan_id: "waits" })).json).toMatchObject({ status: "cancelled" });
    expect((await tool(client, "create_micro_scalp_plan", { ...waits, volume: -1 })).isError).toBe(true);
    expect((await tool(client, "get_status")).json).toMatchObject({ venue: "paper", recovered: true });
  });
});
