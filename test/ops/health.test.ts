import { afterEach, beforeEach, expect, test } from "vitest";
import { type HealthServer, type Readiness, startHealth } from "../../src/ops/health.ts";

let parts: Readiness;
let server: HealthServer;

beforeEach(async () => {
  parts = [{ part: "account", ready: true, detail: null }];
  server = await startHealth(0, () => parts);
});

afterEach(async () => await server.close());

test("[OPS-3] who answers is alive", async () => {
  const response = await get("/healthz");
  expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
});

test("[OPS-3] ready is when every part is, and else the part that is not is named", async () => {
  expect((await get("/readyz")).status).toBe(200);
  const stale = { part: "market BTCUSDT", ready: false, detail: "quote MARKET_DATA_STALE" };
  parts = [...parts, stale];
  const response = await get("/readyz");
  expect([response.status, await response.json()]).toEqual([503, { ready: false, parts }]);
});

test("[S-09] a page under another name is not answered", async () => {
  const { get: request } = await import("node:http");
  const status = await new Promise((resolve, reject) => {
    request(
      { host: "127.0.0.1", port: server.port, path: "/readyz", headers: { host: "evil.example" } },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    ).on("error", reject);
  });
  expect(status).toBe(421);
});

test("[OPS-3] other paths are not there", async () => {
  expect((await get("/metrics")).status).toBe(404);
});

function get(path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${server.port}${path}`);
}
