/** Names that do not resolve for a while, on real sockets: only the system's own look-up is replaced. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { micros } from "../../../src/domain/units.ts";
import { paperEndpoints } from "../../../src/venue/live/endpoints.ts";
import { liveTransport } from "../../../src/venue/live/transport.ts";
import type { Transport, TransportEvent, TransportRequest } from "../../../src/venue/transport.ts";

const dns = process.getBuiltinModule("node:dns");
const server = createServer((_, response) => response.end("{}"));
let transport: Transport | null = null;

afterEach(async () => {
  vi.restoreAllMocks();
  transport?.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const get: TransportRequest = {
  kind: "http",
  id: 1,
  host: "fapi",
  method: "GET",
  path: "/fapi/v1/time",
  query: "",
  keyed: false,
};

/** No name is known until this is undone. */
function withoutNames(code: "ENOTFOUND" | "EAI_AGAIN"): { readonly end: () => void } {
  const spy = vi.spyOn(dns, "lookup").mockImplementation((...given: readonly unknown[]) => {
    const callback = given.at(-1);
    const error = Object.assign(new Error(`getaddrinfo ${code} localhost`), { code });
    if (typeof callback === "function") setImmediate(() => callback(error));
  });
  return { end: () => spy.mockRestore() };
}

async function opened(): Promise<(request: TransportRequest) => Promise<TransportEvent>> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const waiting: ((event: TransportEvent) => void)[] = [];
  const made = liveTransport({
    endpoints: paperEndpoints({ rest: `http://localhost:${port}`, streams: `ws://localhost:${port}` }),
    apiKey: "key",
    clock: () => micros(1),
    listener: { handle: (event) => waiting.shift()?.(event), onStreamMessage: () => {} },
  });
  transport = made;
  return (request) =>
    new Promise((resolve) => {
      waiting.push(resolve);
      made.request(request);
    });
}

test.each(["ENOTFOUND", "EAI_AGAIN"] as const)(
  "[F-70] %s is a request that was not written, and the next one needs no restart",
  async (code) => {
    // given
    const ask = await opened();
    const names = withoutNames(code);
    const failed = [await ask(get), await ask({ ...get, id: 2 })];
    // when
    names.end();
    const answered = await ask({ ...get, id: 3 });
    // then
    expect(failed).toMatchObject([
      { kind: "http-failed", cause: code, written: false },
      { kind: "http-failed", cause: code, written: false },
    ]);
    expect(answered).toMatchObject({ kind: "http-reply", id: 3, status: 200 });
  },
);

test("[F-70] a stream whose name is not known is closed with the reason, and another attempt reaches the host", async () => {
  // given
  const ask = await opened();
  const names = withoutNames("ENOTFOUND");
  const failed = await ask({ kind: "open-stream", stream: 1, name: "public", path: "/stream" });
  // when
  names.end();
  const refused = await ask({ kind: "open-stream", stream: 2, name: "public", path: "/stream" });
  // then
  expect([failed, refused]).toMatchObject([
    { kind: "stream-closed", stream: 1, cause: expect.stringContaining("ENOTFOUND") },
    { kind: "stream-closed", stream: 2, cause: expect.stringContaining("200") },
  ]);
});

test("[F-76] a reply of 50 MB is cut off, and told as one whose fate is not known", async () => {
  // given
  server.removeAllListeners("request");
  server.on("request", (_, response) => {
    const part = Buffer.alloc(1_024 * 1_024, "[");
    for (let sent = 0; sent < 50; sent += 1) response.write(part);
    response.end();
  });
  const ask = await opened();
  // when, then
  expect(await ask(get)).toMatchObject({ kind: "http-failed", written: true });
});
