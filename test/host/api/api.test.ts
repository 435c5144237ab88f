import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../../src/config/error.ts";
import { readSecrets } from "../../../src/config/secrets.ts";
import { tokensFrom } from "../../../src/host/api/tokens.ts";
import { settingsWith } from "../../support/core.ts";
import { ApiBench, codeOf, newDirectory, removeDirectories, tokens } from "./bench.ts";

/** For tests in which nothing is done. */
let common: ApiBench;
let bench: ApiBench | null = null;

beforeAll(async () => {
  common = await ApiBench.open();
});

afterEach(async () => {
  await bench?.close();
  bench = null;
});
afterAll(async () => {
  await common.close();
  removeDirectories();
});

async function open(...given: Parameters<typeof ApiBench.open>): Promise<ApiBench> {
  bench = await ApiBench.open(...given);
  return bench;
}

const intent = { intent_id: "i-1", symbol: "BTCUSDT", action: "OPEN_LONG", confidence: 0.9 };
const plan = {
  plan_id: "p-1",
  symbol: "BTCUSDT",
  direction: "BUY",
  entry_price: 65_000,
  stop_loss: 63_900,
  take_profit: 65_100,
  volume: 0.005,
  expires_in_seconds: 3_600,
};

const asked = [
  ["read", "GET", "/v1/status", undefined],
  ["read", "GET", "/v1/why", undefined],
  ["read", "GET", "/v1/plans", undefined],
  ["trade", "POST", "/v1/intents", intent],
  ["trade", "POST", "/v1/plans", plan],
  ["control", "POST", "/v1/control", { action: "halt" }],
  ["control", "POST", "/v1/control", { action: "resume" }],
  ["control", "POST", "/v1/control", { action: "flatten" }],
  ["control", "POST", "/v1/control", { action: "scale", factor: 0.5 }],
] as const;

test.each(asked)("[OPS-5] %s is needed for %s %s", async (needed, method, path, body) => {
  const { ask } = await open().then((opened) => ({ ask: opened.ask.bind(opened) }));
  const rights = ["read", "trade", "control"] as const;
  const statuses: number[] = [];
  for (const right of rights) {
    statuses.push((await ask(method, path, { token: tokens[right], ...(body === undefined ? {} : { body }) })).status);
  }
  const refused = rights.indexOf(needed);
  expect(statuses.map((status) => (status === 403 ? "refused" : status < 300 ? "done" : status))).toEqual(
    rights.map((_, index) => (index < refused ? "refused" : "done")),
  );
});

test.each([
  ["none", {}],
  ["empty", { authorization: "" }],
  ["a wrong one", { authorization: `Bearer ${tokens.control.replace("c", "d")}` }],
  ["a short one", { authorization: "Bearer control" }],
  ["one that goes on", { authorization: `Bearer ${tokens.control}x` }],
  ["one twice", { authorization: `Bearer ${tokens.control} ${tokens.control}` }],
  ["another scheme", { authorization: `Basic ${tokens.control}` }],
  ["one in another header", { "x-token": tokens.control }],
])("[OPS-5] without the right token nothing is answered: %s", async (_name, headers) => {
  const opened = common;
  const answer = await opened.ask("POST", "/v1/control", { token: null, headers, body: { action: "halt" } });
  expect([answer.status, codeOf(answer)]).toEqual([401, "NOT_AUTHORISED"]);
  expect(opened.core.core.session(opened.core.now).hold.kind).toBe("none");
});

test("[OPS-5] a token in the URL is no token", async () => {
  const answer = await common.ask("GET", `/v1/status?token=${tokens.control}`, { token: null });
  expect(answer.status).toBe(401);
});

test("[OPS-5] without a token the interface is off", () => {
  expect(tokensFrom(readSecrets("/nowhere/.env", {}))).toBe(null);
});

test.each(["short", "a".repeat(64), "with blanks 0123456789abcdef", "ümlaut-0123456789abcdef"])(
  "[OPS-5] a token that is not safe is refused, and not shown: %s",
  (token) => {
    const begin = () => tokensFrom(readSecrets("/nowhere/.env", { SCALPD_API_TOKEN: token }));
    expect(begin).toThrow(ConfigError);
    expect(begin).not.toThrow(token);
  },
);

test("[OPS-5] it listens on loopback, and anywhere else only behind a proxy with TLS", () => {
  expect(settingsWith({}).api.host).toBe("127.0.0.1");
  expect(() => settingsWith({ api: { host: "0.0.0.0" } })).toThrow(/loopback/);
  expect(settingsWith({ api: { host: "0.0.0.0", behind_tls_proxy: true } }).api.host).toBe("0.0.0.0");
});

test("[OPS-5] a Host header that names somebody else is refused", async () => {
  const answer = await raw(common, "GET /v1/status HTTP/1.1\r\nHost: evil.example\r\n", tokens.control);
  expect(answer).toMatch(/^HTTP\/1.1 403 [\s\S]*HOST_NOT_ALLOWED/);
});

test("[OPS-5] requests of web pages are refused, preflights too, and no header invites them", async () => {
  const opened = common;
  const headers = { origin: "http://127.0.0.1:1" };
  const get = await opened.ask("GET", "/v1/status", { headers });
  const preflight = await opened.ask("OPTIONS", "/v1/control", { headers, token: null });
  expect([get.status, preflight.status]).toEqual([403, 403]);
  expect(get.headers.get("access-control-allow-origin")).toBe(null);
});

test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
  "[OPS-5] a body that is not JSON by its header is refused: %s",
  async (type) => {
    const answer = await common.ask("POST", "/v1/control", {
      body: '{"action":"halt"}',
      headers: { "content-type": type },
    });
    expect([answer.status, codeOf(answer)]).toEqual([415, "NOT_JSON"]);
  },
);

test("[OPS-5] GET changes nothing", async () => {
  const opened = common;
  expect((await opened.ask("GET", "/v1/control?action=halt")).status).toBe(404);
});

test.each([
  ["depth 10⁴", `{"a":${"[".repeat(10_000)}`, 400],
  ["depth 10⁵", `{"a":${"[".repeat(100_000)}`, 413],
  ["more than 16 kB", `{"a":"${"x".repeat(16_400)}"}`, 413],
  ["__proto__", '{"__proto__":{"polluted":1},"action":"halt"}', 400],
  ["constructor", '{"constructor":{"prototype":{"polluted":1}}}', 400],
  ["a key twice", '{"action":"halt","action":"resume"}', 400],
  ["an unknown key", '{"action":"halt","x":1}', 400],
  ["a number beyond a double", '{"action":"scale","factor":1e999}', 400],
  ["NaN", '{"action":"scale","factor":NaN}', 400],
  ["a factor above 1", '{"action":"scale","factor":1.5}', 400],
  ["nothing", "", 400],
  ["half", '{"action":', 400],
])("[OPS-5] a hostile body is refused and does nothing: %s", async (_name, body, status) => {
  const opened = common;
  const answer = await opened.ask("POST", "/v1/control", { body });
  expect(answer.status).toBe(status);
  expect(Reflect.get({}, "polluted")).toBeUndefined();
  expect(opened.core.core.session(opened.core.now)).toMatchObject({ hold: { kind: "none" }, scale: 1 });
});

test("[OPS-5] a stranger's body is not read", async () => {
  const opened = common;
  const answer = await raw(opened, "POST /v1/control HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n", null);
  expect(answer).toMatch(/^HTTP\/1.1 401 /);
});

test("[OPS-5] more requests than the rate allows are refused, those of others are not", async () => {
  const opened = await open({ api: { port: 0, rate_burst: 5, rate_per_second: 0.001 } });
  const statuses: number[] = [];
  for (let i = 0; i < 7; i += 1) statuses.push((await opened.ask("GET", "/v1/plans")).status);
  expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  expect((await opened.ask("GET", "/v1/plans", { token: tokens.read })).status).toBe(200);
});

test("[OPS-5] the description is published, and has every path with its schemas", async () => {
  const { status, body } = await common.ask("GET", "/v1/openapi.json", { token: null });
  expect(status).toBe(200);
  expect(body).toMatchObject({ openapi: "3.1.0" });
  expect(Object.keys(Object(body).paths).sort()).toEqual([
    "/v1/control",
    "/v1/intents",
    "/v1/intents/{intent_id}",
    "/v1/openapi.json",
    "/v1/plans",
    "/v1/plans/{plan_id}",
    "/v1/status",
    "/v1/why",
  ]);
});

test("[RSK-7] halt and resume reach the core from outside", async () => {
  const opened = await open();
  await opened.ask("POST", "/v1/control", { body: { action: "halt", by: "operator" } });
  expect(opened.core.core.session(opened.core.now).hold).toMatchObject({ kind: "halt", by: "operator" });
  await opened.ask("POST", "/v1/control", { body: { action: "resume" } });
  expect(opened.core.core.session(opened.core.now).hold.kind).toBe("none");
});

test("[DEC-7] an intent is accepted with the values of its confidence's tier", async () => {
  const { status, body } = await (await open()).ask("POST", "/v1/intents", { body: intent });
  expect(status).toBe(202);
  expect(body).toMatchObject({
    intent_id: "i-1",
    action: "OPEN_LONG",
    tier: "high",
    leverage: 10,
    size_pct: 0.2,
    notional: 20_000,
    tp_pct: 0.0275,
    sl_pct: 0.0175,
    time_in_trade_limit_sec: 1_500,
  });
});

test("[DEC-7] an intent's leverage, and its notional, keep within what the symbol overrides", async () => {
  const overrides = { BTCUSDT: { risk: { max_leverage: 2 } } };
  const { body } = await (await open({ overrides })).ask("POST", "/v1/intents", { body: intent });
  expect(body).toMatchObject({ leverage: 2, size_pct: 0.2, notional: 4_000 });
});

test.each([
  [0.86, "high", 1_500],
  [0.85, "medium", 2_100],
  [0.7, "medium", 2_100],
  [0.69, "low", 3_000],
  [undefined, "low", 2_400],
])("[DEC-7] confidence %s is the tier %s, with a hold of %s s", async (confidence, tier, hold) => {
  const { confidence: _, ...rest } = intent;
  const body = confidence === undefined ? rest : { ...rest, confidence };
  const answer = await (await open()).ask("POST", "/v1/intents", { body });
  expect(answer.body).toMatchObject({ tier, time_in_trade_limit_sec: hold });
});

test("[DEC-7] REVERSE becomes CLOSE unless it is switched on", async () => {
  const body = { intent_id: "r", symbol: "BTCUSDT", action: "REVERSE" };
  expect((await (await open()).ask("POST", "/v1/intents", { body })).body).toMatchObject({ action: "CLOSE" });
  await bench?.close();
  const on = await open({ intents: { reverse: true } });
  expect((await on.ask("POST", "/v1/intents", { body })).body).toMatchObject({ action: "REVERSE" });
});

test("[IDM-3] the same intent gets the same answer, and no second decision", async () => {
  const opened = await open();
  const first = await opened.ask("POST", "/v1/intents", { body: intent });
  opened.core.at(1_000);
  const second = await opened.ask("POST", "/v1/intents", { body: intent });
  expect([second.status, second.body]).toEqual([first.status, first.body]);
  expect(opened.core.core.desks[0]?.decisions).toBe(1);
});

test("[IDM-3] the same id with another body is refused", async () => {
  const opened = await open();
  await opened.ask("POST", "/v1/intents", { body: intent });
  const answer = await opened.ask("POST", "/v1/intents", { body: { ...intent, action: "OPEN_SHORT" } });
  expect([answer.status, codeOf(answer)]).toEqual([409, "ID_REUSED"]);
});

test("[IDM-3] an intent is on the disk before it is acknowledged, and known to the next run", async () => {
  const directory = newDirectory();
  const opened = await open({}, directory);
  const before = await opened.ask("POST", "/v1/intents", { body: intent });
  await bench?.close();
  const next = await open({}, directory);
  const after = await next.ask("POST", "/v1/intents", { body: intent });
  expect(after.body).toEqual(before.body);
  expect(next.core.core.desks[0]?.decisions).toBe(0);
});

test("[IDM-3] after its time an intent is forgotten, and its id is free", async () => {
  const opened = await open({ intents: { ttl_hours: 1 } });
  await opened.ask("POST", "/v1/intents", { body: intent });
  opened.core.at(3_601_000);
  opened.outside.intents.forget(opened.core.now);
  expect((await opened.ask("GET", "/v1/intents/i-1")).status).toBe(404);
});

test("[DEC-7] what became of an intent can be asked, with what stood against it", async () => {
  const opened = await open();
  await opened.ask("POST", "/v1/control", { body: { action: "halt" } });
  await opened.ask("POST", "/v1/intents", { body: intent });
  const { body } = await opened.ask("GET", "/v1/intents/i-1");
  expect(body).toMatchObject({ status: "blocked" });
  expect(Object(body).blocked.map((one: { readonly reason: string }) => one.reason)).toContain("HALTED");
});

test.each([
  ["leverage of 0", { leverage: 0 }],
  ["leverage of 1000", { leverage: 1_000 }],
  ["a negative size", { size_pct: -0.1 }],
  ["a size above the equity", { size_pct: 1.5 }],
  ["a hold that is too short", { time_in_trade_limit_sec: 60 }],
  ["a confidence above 1", { confidence: 2 }],
  ["an id with a slash", { intent_id: "a/b" }],
  ["an id of 100 characters", { intent_id: "a".repeat(100) }],
  ["an unknown action", { action: "BUY" }],
  ["another symbol", { symbol: "ETHUSDT" }],
])("[DEC-7] an intent with %s is refused", async (_name, changes) => {
  const opened = common;
  expect((await opened.ask("POST", "/v1/intents", { body: { ...intent, ...changes } })).status).toBe(400);
  expect(opened.core.core.desks[0]?.decisions).toBe(0);
});

test("[DEC-8] a plan is made, listed, looked at and cancelled", async () => {
  const opened = await open();
  const waits = { ...plan, conditions: { price_above: 99_999 } };
  expect((await opened.ask("POST", "/v1/plans", { body: waits })).status).toBe(201);
  expect((await opened.ask("GET", "/v1/plans")).body).toMatchObject({ plans: [{ plan_id: "p-1", status: "pending" }] });
  expect((await opened.ask("DELETE", "/v1/plans/p-1")).body).toMatchObject({ status: "cancelled" });
  expect((await opened.ask("GET", "/v1/plans/p-1")).body).toMatchObject({ status: "cancelled" });
});

test("[DEC-8] why a plan did not trade is said with measured values and limits", async () => {
  const opened = await open();
  await opened.ask("POST", "/v1/plans", { body: { ...plan, conditions: { price_above: 99_999 } } });
  const { body } = await opened.ask("GET", "/v1/why?plan_id=p-1");
  expect(Object(body).lines).toContain("plan p-1: price_above does not hold: measured 64000.05, limit 99999");
});

test("[DEC-8] plans outlive a restart: what waited waits, what was cancelled or executed stays so", async () => {
  const directory = newDirectory();
  const opened = await open({}, directory);
  const waits = { ...plan, conditions: { price_above: 99_999 } };
  await opened.ask("POST", "/v1/plans", { body: { ...waits, plan_id: "waits" } });
  await opened.ask("POST", "/v1/plans", { body: { ...waits, plan_id: "cancelled" } });
  await opened.ask("DELETE", "/v1/plans/cancelled");
  await opened.ask("POST", "/v1/plans", { body: { ...plan, plan_id: "executed" } });
  await bench?.close();
  const next = await open({}, directory);
  const { body } = await next.ask("GET", "/v1/plans");
  const states = Object(body).plans.map((one: { readonly plan_id: string; readonly status: string }) => [
    one.plan_id,
    one.status,
  ]);
  expect(states).toEqual([
    ["waits", "pending"],
    ["cancelled", "cancelled"],
    ["executed", "executed"],
  ]);
  expect(next.core.trade).toBe(null);
});

test.each([
  ["a stop on the wrong side", { stop_loss: 66_000 }],
  ["a target on the wrong side", { take_profit: 64_000 }],
  ["125 times leverage", { leverage: 125 }],
  ["a negative volume", { volume: -1 }],
  ["a volume below the exchange's least", { volume: 0.0001 }],
  ["no expiry", { expires_in_seconds: undefined }],
  ["two expiries", { expiry: "2099-01-01T00:00:00Z" }],
  ["an expiry in the past", { expires_in_seconds: undefined, expiry: "2001-01-01T00:00:00Z" }],
  ["an expiry beyond all clocks", { expires_in_seconds: undefined, expiry: "9999-01-01T00:00:00Z" }],
  ["an expression as a condition", { conditions: { when: "price > 1" } }],
  ["a pattern as a session", { conditions: { sessions: ["(a+)+$"] } }],
  ["a thousand sessions", { conditions: { sessions: Array.from({ length: 1_000 }, () => "ASIA") } }],
  ["another type", { plan_type: "martingale" }],
])("[DEC-8] a plan with %s is refused", async (_name, changes) => {
  const opened = common;
  const answer = await opened.ask("POST", "/v1/plans", { body: { ...plan, ...changes } });
  expect([answer.status, opened.faults]).toEqual([400, []]);
  expect(opened.outside.plans.list()).toEqual([]);
});

test("[DEC-8] there is an end to the plans that may wait", async () => {
  const opened = await open({ plans: { pending_max: 2 } });
  const statuses: number[] = [];
  for (const id of ["a", "b", "c"]) {
    const body = { ...plan, plan_id: id, conditions: { price_above: 99_999 } };
    statuses.push((await opened.ask("POST", "/v1/plans", { body })).status);
  }
  expect(statuses).toEqual([201, 201, 429]);
});

/** One request as text, for what no client sends. */
async function raw({ api }: ApiBench, head: string, token: string | null): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(api.url).port) });
  const authorization = token === null ? "" : `Authorization: Bearer ${token}\r\n`;
  socket.write(`${head}${authorization}Connection: close\r\n\r\n`);
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8");
      if (text.includes("\r\n\r\n") && text.includes("}")) resolve(text);
    });
    socket.once("close", () => resolve(text));
  });
  socket.destroy();
  return answer;
}
