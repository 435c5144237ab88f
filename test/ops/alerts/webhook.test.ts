import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Secret } from "../../../src/config/secrets.ts";
import { webhookChannel } from "../../../src/ops/alerts/webhook.ts";
import { alert } from "../support.ts";

const canary = "canary-7f3a";
let server: Server;
let answer: { readonly status: number; readonly headers?: Record<string, string> } | null;
let received: { readonly body: unknown; readonly authorization: string | undefined }[];

beforeEach(async () => {
  answer = { status: 204 };
  received = [];
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => {
      text += String(chunk);
    });
    request.on("end", () => {
      received.push({ body: JSON.parse(text), authorization: request.headers.authorization });
      if (answer === null) return;
      response.writeHead(answer.status, answer.headers);
      response.end("<html>nonsense</html>");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("[OPS-2] an alert is posted as JSON, with its id and the bearer token", async () => {
  expect(await send()).toEqual({ kind: "delivered" });
  expect(received).toMatchObject([
    { body: { id: "a", severity: "warning", code: "ORDER_REFUSED", symbol: "BTCUSDT", repeat: false, dropped: 0 } },
  ]);
  expect(received[0]?.authorization).toBe(`Bearer ${canary}`);
});

test("[OPS-2] a receiver that asks for a wait is believed, and one that does not want the message is not asked again", async () => {
  answer = { status: 429, headers: { "retry-after": "12" } };
  expect(await send()).toEqual({ kind: "failed", cause: "HTTP 429", afterMillis: 12_000 });
  answer = { status: 503 };
  expect(await send()).toEqual({ kind: "failed", cause: "HTTP 503", afterMillis: null });
  answer = { status: 400 };
  expect(await send()).toEqual({ kind: "refused", cause: "HTTP 400" });
});

test("[S-07] a redirect is not followed, and no error tells the address", async () => {
  answer = { status: 302, headers: { location: "http://127.0.0.1:1/" } };
  expect(await send()).toEqual({ kind: "failed", cause: "no connection", afterMillis: null });
  expect(received).toHaveLength(1);
});

test("[OPS-2] a receiver that hangs is given up when the lane says so", async () => {
  answer = null;
  const abort = new AbortController();
  const sending = send(abort.signal);
  await expect.poll(() => received.length).toBe(1);
  abort.abort();
  expect(await sending).toMatchObject({ kind: "failed" });
});

test.each(["http://example.com/x", "ftp://127.0.0.1/", "no address", "https://user:pass@example.com/"])(
  "[S-07] the address %s is refused, and not repeated in the error",
  (address) => {
    const open = (): unknown => webhookChannel({ url: new Secret(`${address}${canary}`), token: null });
    expect(open).toThrow(/SCALPD_WEBHOOK_URL/);
    expect(open).not.toThrow(/canary/);
  },
);

function send(signal: AbortSignal = new AbortController().signal) {
  const { port } = server.address() as AddressInfo;
  const url = new Secret(`http://127.0.0.1:${port}/${canary}`);
  const channel = webhookChannel({ url, token: new Secret(canary) });
  return channel.send({ alert: alert("a"), isRepeat: false, dropped: 0 }, signal);
}
