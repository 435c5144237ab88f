/**
 * Sends one kind of market message as fast as the socket takes it, to every client that connects. A process of its own,
 * on the other core. Who asks for /public/stream is sent everything at once; anybody else after having subscribed.
 * Arguments: `ticker` or `depth`, count. Prints the port it listens on.
 */

import { createHash } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { depthFrame, feedStart, tickerFrame } from "./frames.ts";

const [kind, count = "0"] = process.argv.slice(2);
const chunkFrames = 200;
const fetchMillis = 1_000;

const chunks = framed(kind === "depth" ? depths(Number(count)) : tickers(Number(count)));
const server = createServer((socket) => {
  let text = "";
  let isOpen = false;
  let subscribes = false;
  socket.on("error", () => {});
  socket.on("data", (data) => {
    if (isOpen) {
      // Whatever a client says after the handshake is its subscription. Then it may fetch a snapshot first.
      if (!subscribes) return;
      subscribes = false;
      socket.write(framed([`{"result":null,"id":${idOf(data)}}`])[0] ?? "");
      setTimeout(() => void blast(socket), fetchMillis);
      return;
    }
    text += data.toString("latin1");
    const key = /sec-websocket-key: (\S+)/i.exec(text)?.[1];
    if (!text.includes("\r\n\r\n") || key === undefined) return;
    isOpen = true;
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    subscribes = !text.startsWith("GET /public/stream ");
    if (!subscribes) void blast(socket);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.stdout.write(`${address.port}\n`);
});

async function blast(socket: Socket): Promise<void> {
  for (const chunk of chunks) {
    if (socket.destroyed) return;
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once("drain", resolve).once("close", resolve));
  }
}

/** The request's number, out of a short masked frame. */
function idOf(frame: Buffer): string {
  const isLong = ((frame[1] ?? 0) & 127) === 126;
  const mask = isLong ? 4 : 2;
  const text = frame.subarray(mask + 4).map((byte, i) => byte ^ (frame[mask + (i % 4)] ?? 0));
  return /"id":(\d+)/.exec(Buffer.from(text).toString("latin1"))?.[1] ?? "null";
}

function* tickers(frames: number): Generator<string> {
  for (let i = 1; i <= frames; i += 1) yield tickerFrame({ millis: feedStart + 10 + i, serial: i, up: i % 2 === 0 });
}

/** The chain begins where the book was left. */
function* depths(frames: number): Generator<string> {
  let previous = (feedStart + 3) * 1_000;
  for (let i = 1; i <= frames; i += 1) {
    const millis = feedStart + 10 + i;
    yield depthFrame({ millis, serial: i, up: i % 2 === 0 }, previous);
    previous = millis * 1_000;
  }
}

function framed(texts: Iterable<string>): Buffer[] {
  const chunks: Buffer[] = [];
  let waiting: Buffer[] = [];
  for (const text of texts) {
    const body = Buffer.from(text);
    const head =
      body.length < 126
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
    waiting.push(head, body);
    if (waiting.length < chunkFrames * 2) continue;
    chunks.push(Buffer.concat(waiting));
    waiting = [];
  }
  chunks.push(Buffer.concat(waiting));
  return chunks;
}
