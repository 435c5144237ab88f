import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createSecureServer } from "node:https";
import { createServer, type Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { WebSocketClient } from "../../../src/venue/live/web-socket.ts";

const limits = { messageMax: 1_000_000, handshakeTimeoutMs: 5_000, goodbyeTimeoutMs: 1_000 };

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0).reverse()) end();
});

/** A client whose events can be awaited, oldest first. */
class Watched {
  readonly client: WebSocketClient;
  readonly #seen: string[] = [];
  #wake: () => void = () => {};

  constructor(url: string, some: Partial<typeof limits> = {}) {
    const see = (what: string): void => {
      this.#seen.push(what);
      this.#wake();
    };
    this.client = new WebSocketClient(
      url,
      { ...limits, ...some },
      {
        opened: () => see("opened"),
        message: (bytes) => see(`message ${Buffer.from(bytes).toString()}`),
        pong: () => see("pong"),
        closed: (code, cause) => see(`closed ${code} ${cause}`),
      },
    );
    ending.push(() => this.client.terminate());
  }

  async next(): Promise<string> {
    while (this.#seen.length === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#seen.shift() ?? "";
  }
}

async function webSocketServer(onSocket: (socket: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
  server.on("connection", onSocket);
  await once(server, "listening");
  ending.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/path`;
}

/** A server that answers an upgrade with whatever the test says. */
async function rawServer(answer: (request: string, socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    ending.push(() => socket.destroy());
    socket.on("error", () => {});
    socket.once("data", (data) => answer(data.toString("latin1"), socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ending.push(() => server.close());
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
}

test("messages of every length go there and come back", async () => {
  const url = await webSocketServer((socket) => socket.on("message", (data) => socket.send(String(data))));
  const watched = new Watched(url);
  await watched.next();
  for (const length of [0, 1, 125, 126, 65_535, 65_536, 300_000]) {
    watched.client.send("é".repeat(length >> 1) + "x".repeat(length & 1));
    expect((await watched.next()).length).toBe("message ".length + (length >> 1) + (length & 1));
  }
});

test("what comes with the answer to the upgrade is read too", async () => {
  const url = await webSocketServer((socket) => socket.send("first"));
  const watched = new Watched(url);
  expect([await watched.next(), await watched.next()]).toEqual(["opened", "message first"]);
});

test("a ping is answered with its payload", async () => {
  const answered = Promise.withResolvers<string>();
  const url = await webSocketServer((socket) => {
    socket.on("pong", (data) => answered.resolve(String(data)));
    socket.ping("are you there");
  });
  new Watched(url);
  expect(await answered.promise).toBe("are you there");
});

test("a pong to our ping is told", async () => {
  const watched = new Watched(await webSocketServer(() => {}));
  await watched.next();
  watched.client.ping();
  expect(await watched.next()).toBe("pong");
});

test("a goodbye is returned, and its code told", async () => {
  const returned = Promise.withResolvers<number>();
  const url = await webSocketServer((socket) => {
    socket.on("close", (code) => returned.resolve(code));
    socket.close(1_012, "restart");
  });
  const watched = new Watched(url);
  await watched.next();
  expect([await watched.next(), await returned.promise]).toEqual(["closed 1012 closed", 1_012]);
});

test("[S-24] a message beyond the limit ends the stream with 1009", async () => {
  const watched = new Watched(await webSocketServer((socket) => socket.send("x".repeat(2_000))), { messageMax: 1_000 });
  await watched.next();
  expect(await watched.next()).toBe("closed 1009 the message is too long");
});

test("a server that never answers the upgrade is given up in time", async () => {
  const watched = new Watched(await rawServer(() => {}), { handshakeTimeoutMs: 20 });
  expect(await watched.next()).toBe("closed 1006 handshake timed out");
});

test("[S-24] an answer to the upgrade that has no end is given up", async () => {
  const watched = new Watched(await rawServer((_, socket) => socket.write("HTTP/1.1 101 x\r\n".repeat(2_000))));
  expect(await watched.next()).toBe("closed 1006 the answer to the upgrade is too long");
});

const switching = "HTTP/1.1 101 Switching Protocols\r\n";
const upgraded = `${switching}Upgrade: websocket\r\nConnection: Upgrade\r\n`;
test.each([
  ["a redirect", "HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\n\r\n", "the upgrade was answered with 302"],
  ["no HTTP", "hello\r\n\r\n", "the upgrade was answered with no status"],
  ["no upgrade", `${switching}Connection: Upgrade\r\n\r\n`, "the upgrade is to something else"],
  ["no upgraded connection", `${switching}Upgrade: websocket\r\n\r\n`, "the connection is not upgraded"],
  ["another request's answer", `${upgraded}Sec-WebSocket-Accept: AAAA\r\n\r\n`, "the upgrade answers another request"],
])("[S-07] %s is refused and not followed", async (_what, answer, cause) => {
  const watched = new Watched(await rawServer((_, socket) => socket.write(answer)));
  expect(await watched.next()).toBe(`closed 1006 ${cause}`);
});

test("a peer that reads nothing is given up before what waits for it grows without bound", async () => {
  const url = await webSocketServer((socket) => socket.pause());
  const watched = new Watched(url);
  await watched.next();
  for (let sent = 0; sent < 200; sent += 1) watched.client.send("x".repeat(500_000));
  expect(await watched.next()).toBe("closed 1006 the peer does not read");
});

test("nobody listening is told with its code", async () => {
  const watched = new Watched("ws://127.0.0.1:1/");
  expect(await watched.next()).toBe("closed 1006 ECONNREFUSED");
});

async function secureServer(): Promise<number> {
  const fixture = (name: string): string =>
    readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
  const https = createSecureServer({ key: fixture("localhost.key.pem"), cert: fixture("localhost.cert.pem") });
  const server = new WebSocketServer({ server: https });
  server.on("connection", (socket) => socket.on("message", (data) => socket.send(String(data))));
  https.listen(0, "127.0.0.1");
  await once(https, "listening");
  ending.push(() => {
    for (const socket of server.clients) socket.terminate();
    https.close();
  });
  const address = https.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

test("[S-07] a certificate that nobody vouches for ends the connection", async () => {
  const watched = new Watched(`wss://localhost:${await secureServer()}/`);
  expect(await watched.next()).toBe("closed 1006 DEPTH_ZERO_SELF_SIGNED_CERT");
});

test("over TLS messages go there and come back, too", async () => {
  const port = await secureServer();
  const before = getCACertificates("default");
  const ours = readFileSync(new URL("../../fixtures/tls/localhost.cert.pem", import.meta.url), "utf8");
  setDefaultCACertificates([...before, ours]);
  ending.push(() => setDefaultCACertificates(before));
  const watched = new Watched(`wss://localhost:${port}/`);
  await watched.next();
  watched.client.send("x".repeat(200_000));
  expect((await watched.next()).length).toBe("message ".length + 200_000);
});
