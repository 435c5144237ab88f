import { createServer, type Server } from "node:http";
import { inspect } from "node:util";
import { afterEach, expect, test } from "vitest";
import { micros } from "../../../src/domain/units.ts";
import { EndpointError, paperEndpoints } from "../../../src/venue/live/endpoints.ts";
import { CredentialError, signerFrom } from "../../../src/venue/live/signer.ts";
import { httpRequestsMax, liveTransport, TlsError } from "../../../src/venue/live/transport.ts";
import type { TransportEvent, TransportRequest } from "../../../src/venue/transport.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
  delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** What the last request of the transport comes to. */
async function outcome(port: number, ...requests: readonly TransportRequest[]): Promise<TransportEvent> {
  const base = `127.0.0.1:${port}`;
  return new Promise((resolve) => {
    const transport = liveTransport({
      endpoints: paperEndpoints({ rest: `http://${base}`, streams: `ws://${base}` }),
      apiKey: "canary-key",
      clock: () => micros(1),
      listener: { handle: (event) => resolve(event), onStreamMessage: () => {} },
    });
    closing.push(() => transport.close());
    for (const request of requests) transport.request(request);
  });
}

const get: TransportRequest = {
  kind: "http",
  id: 7,
  host: "fapi",
  method: "GET",
  path: "/fapi/v1/order",
  query: "signature=canary",
  keyed: true,
};

test("a reply comes with its status, its limits and its bytes", async () => {
  const port = await listen(
    createServer((request, response) => {
      response.setHeader("X-MBX-USED-WEIGHT-1M", "17").setHeader("Retry-After", "3");
      response.setHeader("Date", "Thu, 01 Jan 2026 00:00:05 GMT");
      response.writeHead(429).end(`${request.headers["x-mbx-apikey"]} ${request.url}`);
    }),
  );
  const event = await outcome(port, get);
  expect({ ...event, body: "body" in event ? Buffer.from(event.body).toString() : null }).toEqual({
    kind: "http-reply",
    id: 7,
    status: 429,
    headers: {
      saidAt: Date.UTC(2026, 0, 1, 0, 0, 5) * 1_000,
      usedWeight: 17,
      orders10s: null,
      orders1m: null,
      retryAfterSeconds: 3,
    },
    body: "canary-key /fapi/v1/order?signature=canary",
  });
});

test("a redirect is handed over and not followed (S-07)", async () => {
  let requests = 0;
  const port = await listen(
    createServer((_, response) => {
      requests += 1;
      response.writeHead(302, { location: "/elsewhere" }).end();
    }),
  );
  const event = await outcome(port, get);
  expect(["status" in event ? event.status : null, requests]).toEqual([302, 1]);
});

test("a connection that never stood is a request that was not written", async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  expect(await outcome(port, get)).toEqual({ kind: "http-failed", id: 7, cause: "ECONNREFUSED", written: false });
});

test("a connection that dies before the reply is a request that was written", async () => {
  const port = await listen(createServer((request) => request.socket.destroy()));
  expect(await outcome(port, get)).toMatchObject({ kind: "http-failed", written: true });
});

const silent = (count: number): readonly TransportRequest[] =>
  Array.from({ length: count }, (_, id) => ({ ...get, id: 1_000 + id, path: "/silent" }));

test("[SAF-1] a close does not stand behind requests that are never answered", async () => {
  const port = await listen(createServer((request, response) => request.url?.startsWith("/silent") || response.end()));
  expect(await outcome(port, ...silent(40), get)).toMatchObject({ kind: "http-reply", id: 7, status: 200 });
});

test("[SAF-1] a request for which no connection is left is a request that was not written", async () => {
  const port = await listen(createServer(() => {}));
  expect(await outcome(port, ...silent(httpRequestsMax), get)).toMatchObject({
    kind: "http-failed",
    id: 7,
    written: false,
  });
});

// Sooner than the transport itself gives a silent request up.
test("[SAF-1] a request that is given up leaves its place to another", { timeout: 10_000 }, async () => {
  const port = await listen(createServer((request, response) => request.url?.startsWith("/silent") || response.end()));
  const events: TransportEvent[] = [];
  const { promise: answered, resolve } = Promise.withResolvers<TransportEvent>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const base = `127.0.0.1:${port}`;
  const transport = liveTransport({
    endpoints: paperEndpoints({ rest: `http://${base}`, streams: `ws://${base}` }),
    apiKey: "canary-key",
    clock: () => micros(1),
    listener: {
      handle: (event) => {
        if (events.push(event) === 1) setImmediate(end);
        if (event.kind === "http-reply") resolve(event);
      },
      onStreamMessage: () => {},
    },
  });
  closing.push(() => transport.close());
  for (const request of silent(httpRequestsMax)) transport.request(request);
  transport.request({ kind: "give-up-http", id: 1_000 });
  await ended;
  transport.request(get);
  expect(await answered).toMatchObject({ id: 7, status: 200 });
});

test("a refused stream is closed with a code that names no path (S-01)", async () => {
  const port = await listen(createServer((_, response) => response.writeHead(400).end()));
  const event = await outcome(port, { kind: "open-stream", stream: 3, name: "private", path: "/private/ws/canary" });
  expect([event.kind, JSON.stringify(event).includes("canary")]).toEqual(["stream-closed", false]);
});

test("[F-18] a stream that is refused for a ban is closed with the status that says so", async () => {
  const port = await listen(createServer((_, response) => response.writeHead(418).end()));
  const event = await outcome(port, { kind: "open-stream", stream: 3, name: "ws-api", path: "/ws-fapi/v1" });
  expect(event).toMatchObject({ kind: "stream-closed", stream: 3, refusedWith: 418 });
});

test("TLS verification cannot be switched off (S-07)", () => {
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  const start = (): unknown =>
    liveTransport({
      endpoints: paperEndpoints({ rest: "http://127.0.0.1:1", streams: "ws://127.0.0.1:1" }),
      apiKey: "k",
      clock: () => micros(1),
      listener: { handle: () => {}, onStreamMessage: () => {} },
    });
  expect(start).toThrow(TlsError);
});

test.each(["http://fapi.binance.com", "https://127.0.0.1", "http://127.0.0.1.evil.test", "nonsense"])(
  "the embedded exchange cannot be at %s (S-06)",
  (rest) => {
    expect(() => paperEndpoints({ rest, streams: "ws://127.0.0.1:1" })).toThrow(EndpointError);
  },
);

test("an HMAC signature is the one of the documented vector", () => {
  const signer = signerFrom("k", "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9");
  const payload =
    "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943";
  expect(signer.sign(payload)).toBe("3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9");
});

test("a signer shows neither key nor secret when it is printed (S-01)", () => {
  const signer = signerFrom("canary-key", "canary-secret");
  expect(inspect(signer, { depth: 9 }) + JSON.stringify(signer)).not.toContain("canary");
});

test.each([
  ["an empty secret", "k", " "],
  ["a key with a line break", "k\nx", "secret"],
  ["a broken PEM", "k", "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----"],
])("%s is refused without being quoted", (_, apiKey, secret) => {
  expect(() => signerFrom(apiKey, secret)).toThrow(CredentialError);
});
