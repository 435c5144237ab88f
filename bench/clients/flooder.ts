/**
 * Floods the interface of a daemon until it is ended. A process of its own. Arguments: URL, kind, token, and the file that
 * counts the answers. Posts come 1,667 a second, a hundred thousand a minute; of everything else as much as there are
 * connections.
 */

import { renameSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

const [url = "", kind = "", token = "", file = ""] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const postsPerSecond = 100_000 / 60;
const postSockets = 16;
const intents = 10;
const slowSockets = 2_000;
const bodySockets = 8;
const stepMillis = 10;

const head = (length: string): string =>
  `POST /v1/intents HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
/** As deep as a body may be long, and one that is far longer than it may be. */
const deep = `${"[".repeat(8_000)}${"]".repeat(8_000)}`;
/** by status; `connections` that were made */
const counts: Record<string, number> = { connections: 0 };
const began = performance.now();
const count = (what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};
/** Whoever reads it, and when, reads it whole. */
const tell = (): void => {
  writeFileSync(`${file}.next`, JSON.stringify({ seconds: (performance.now() - began) / 1_000, ...counts }));
  renameSync(`${file}.next`, file);
};
tell();
setInterval(tell, 500);

const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;

async function posts(body: (serial: number) => string): Promise<void> {
  const sockets = Array.from({ length: postSockets }, () => new Renewed());
  for (let serial = 0; ; ) {
    const due = ((performance.now() - began) / 1_000) * postsPerSecond;
    for (; serial < due; serial += 1) {
      const text = body(serial);
      sockets[serial % postSockets]?.send(`${head(`Content-Length: ${text.length}`)}${text}`);
    }
    await pause(stepMillis);
  }
}

/** Each again as soon as it was answered, or its connection ended. */
async function bodies(request: string): Promise<void> {
  for (const socket of Array.from({ length: bodySockets }, () => new Renewed())) {
    socket.onEnd = () => socket.send(request);
    socket.send(request);
  }
  await new Promise(() => undefined);
}

/** A byte a second on every connection that is to be had. */
async function slow(): Promise<void> {
  const sockets = Array.from({ length: slowSockets }, () => new Renewed());
  for (const socket of sockets) socket.send(head("Content-Length: 1000"));
  for (;;) {
    await pause(1_000);
    for (const socket of sockets) socket.send(socket.isFresh ? head("Content-Length: 1000") : " ");
  }
}

/** A connection that is made again when it ends. */
class Renewed {
  #socket: Socket | null = null;
  isFresh = true;
  onEnd: () => void = () => undefined;

  send(text: string): void {
    this.#socket ??= this.#open();
    this.isFresh = false;
    this.#socket.write(text);
  }

  #open(): Socket {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    count("connections");
    socket.on("data", (data) => {
      for (const [, status = ""] of data.toString("latin1").matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) count(status);
      if (kind === "deep JSON" || kind === "endless chunks") setTimeout(this.onEnd, stepMillis);
    });
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.isFresh = true;
      setTimeout(this.onEnd, stepMillis);
    });
    return socket;
  }
}

switch (kind) {
  case "posts":
    // Repeats, mostly: each new one makes the core decide, and the source that is measured would speak between ticks.
    await posts((serial) => `{"intent_id":"i${serial % intents}","symbol":"BTCUSDT","action":"HOLD"}`);
    break;
  case "strangers":
    await posts(() => "{}");
    break;
  case "deep JSON":
    await bodies(`${head(`Content-Length: ${deep.length}`)}${deep}`);
    break;
  case "endless chunks":
    await bodies(`${head("Transfer-Encoding: chunked")}${chunk.repeat(8)}`);
    break;
  case "slow bodies":
    await slow();
    break;
  default:
    throw new Error(`unknown flood ${kind}`);
}
