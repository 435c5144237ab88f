import { createHash } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type Micros, micros } from "../../src/domain/units.ts";
import { paperEndpoints } from "../../src/venue/live/endpoints.ts";
import { liveTransport } from "../../src/venue/live/transport.ts";
import type { Transport, TransportEvent } from "../../src/venue/transport.ts";

const now = (): Micros => micros(Math.round(performance.now() * 1_000));
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Says goodbye at once after the handshake, in the frame's own words, and then holds the connection open. */
async function lingeringServer(): Promise<{ readonly server: Server; readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", (head) => {
      const key = /sec-websocket-key: (\S+)/i.exec(head.toString("latin1"))?.[1] ?? "";
      const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      socket.write(Uint8Array.of(0x88, 0x02, 0x03, 0xe8));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

/** Resolves with the end of the stream; `onOpen` may send something before. */
async function endOf(port: number, onOpen: (transport: Transport) => void): Promise<TransportEvent> {
  return await new Promise((resolve) => {
    const transport = liveTransport({
      endpoints: paperEndpoints({ rest: `http://127.0.0.1:${port}`, streams: `ws://127.0.0.1:${port}` }),
      apiKey: "canary-key",
      clock: now,
      listener: {
        handle: (event) => {
          if (event.kind === "stream-closed") resolve(event);
          // After the goodbye, which comes with the handshake, has been read.
          else setTimeout(() => onOpen(transport), 50);
        },
        onStreamMessage: () => {},
      },
    });
    closing.push(() => transport.close());
    transport.request({ kind: "open-stream", stream: 5, name: "ws-api", path: "/ws-fapi/v1" });
  });
}

test("[SAF-2] what is sent after the exchange's goodbye ends the stream, so that its fate is asked for at once", async () => {
  const { port } = await lingeringServer();
  const start = performance.now();
  const event = await endOf(port, (transport) => transport.request({ kind: "send-stream", stream: 5, text: "{}" }));
  expect([event.kind, performance.now() - start < 900]).toEqual(["stream-closed", true]);
});

test("[F-48] a stream whose peer said goodbye and holds the connection is given up within two seconds", async () => {
  const { port } = await lingeringServer();
  const start = performance.now();
  const event = await endOf(port, () => {});
  expect([event.kind, performance.now() - start < 2_500]).toEqual(["stream-closed", true]);
});
