/** Floods of the interface: what they may take, and that somebody else is still answered (failure-catalogue S-10). */

import { connect, type Socket } from "node:net";
import { afterAll, afterEach, expect, test } from "vitest";
import { ApiBench, newDirectory, removeDirectories, tokens } from "./bench.ts";

const opened: ApiBench[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const bench of opened.splice(0)) await bench.close();
});
afterAll(removeDirectories);

const rate = { port: 0, rate_burst: 10, rate_per_second: 0.001 };

async function open(api: Parameters<typeof ApiBench.open>[0] = { api: rate }): Promise<ApiBench> {
  const bench = await ApiBench.open(api, newDirectory());
  opened.push(bench);
  return bench;
}

function connected({ api }: ApiBench): Socket {
  const socket = connect({ host: "127.0.0.1", port: Number(new URL(api.url).port) });
  socket.on("error", () => undefined).resume();
  sockets.push(socket);
  return socket;
}

function post(body: string, length = `Content-Length: ${body.length}`): string {
  const head = `Host: localhost\r\nAuthorization: Bearer ${tokens.trade}\r\nContent-Type: application/json\r\n${length}`;
  return `POST /v1/intents HTTP/1.1\r\n${head}\r\n\r\n${body}`;
}

/** Statuses of all answers until the connection ends. */
async function statuses(socket: Socket): Promise<readonly number[]> {
  let text = "";
  socket.on("data", (data) => {
    text += data.toString("latin1");
  });
  await closed(socket);
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}

/** However it ends: what it has not read by then may reset it. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

/** Somebody with another token. */
async function other(bench: ApiBench): Promise<number> {
  return (await bench.ask("GET", "/v1/plans", { token: tokens.read })).status;
}

const hold = (id: number): string => JSON.stringify({ intent_id: `i${id}`, symbol: "BTCUSDT", action: "HOLD" });

test("[S-10] a connection that goes on after so many refusals ends, with all that it had sent ahead", async () => {
  const bench = await open();
  const socket = connected(bench);
  socket.write(Array.from({ length: 2_000 }, (_, id) => post(hold(id))).join(""));
  const answers = await statuses(socket);
  expect(answers.length).toBeLessThanOrEqual(15);
  expect([(await bench.ask("GET", "/v1/intents/i9", { token: tokens.read })).status, await other(bench)]).toEqual([
    200, 200,
  ]);
});

test("[S-10] refused requests leave nothing behind: the same id may be posted again later", async () => {
  const bench = await open();
  const socket = connected(bench);
  socket.write(Array.from({ length: 2_000 }, (_, id) => post(hold(id))).join(""));
  await statuses(socket);
  const known = await bench.ask("GET", "/v1/intents/i1500", { token: tokens.read });
  expect(known.status).toBe(404);
});

test("[S-10] connections beyond the limit are dropped", async () => {
  const bench = await open({ api: { port: 0, connections_max: 20 } });
  const many = Array.from({ length: 200 }, () => connected(bench));
  let dropped = 0;
  await new Promise<void>((resolve) => {
    for (const socket of many) {
      socket.once("close", () => {
        dropped += 1;
        if (dropped === 180) resolve();
      });
    }
  });
  expect(many.filter((socket) => !socket.closed)).toHaveLength(20);
});

test("[S-10] a body that comes byte by byte is dropped after its time, and others are answered meanwhile", async () => {
  const bench = await open({ api: { port: 0 } });
  const slow = Array.from({ length: 50 }, () => connected(bench));
  for (const socket of slow) socket.write(post("{", "Content-Length: 1000"));
  const ends = Promise.all(slow.map(closed));
  expect(await other(bench)).toBe(200);
  await ends;
}, 30_000);

test("[S-10] a body that never ends is cut at its limit", async () => {
  const bench = await open({ api: { port: 0 } });
  const socket = connected(bench);
  const answers = statuses(socket);
  const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
  socket.write(post("", "Transfer-Encoding: chunked"));
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  more();
  expect(await answers).toEqual([413]);
});

test("[S-10] JSON that is deeper than any answer needs is refused", async () => {
  const bench = await open({ api: { port: 0 } });
  const depth = 5_000;
  const { status } = await bench.ask("POST", "/v1/intents", { body: `${"[".repeat(depth)}${"]".repeat(depth)}` });
  expect([status, await other(bench)]).toEqual([400, 200]);
});
