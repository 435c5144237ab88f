/** How the daemon and the exchange that it started end: asked to, asked twice, killed, or by their own failure. */

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { Outsider } from "../acceptance/outsider.ts";
import {
  listens,
  Scalpd,
  type StartedExchange,
  startExchange,
  summaryOf,
  temporaryDirectory,
} from "../acceptance/processes.ts";

// Many processes share the machine with whatever else is being tested.
vi.setConfig({ testTimeout: 60_000 });

/** What is to happen at once has happened by then, on a machine that is busy. */
const atOnceMillis = 5_000;

function startDaemon(...given: readonly string[]): Scalpd {
  return new Scalpd(["run", "--json", "--data", temporaryDirectory(), ...given], { ownGroup: true });
}

function settingsFile(text: string): string {
  const path = join(temporaryDirectory(), "settings.yaml");
  writeFileSync(path, text);
  return path;
}

async function exchangeOf(daemon: Scalpd): Promise<string> {
  return String((await daemon.logged("STARTING"))["rest"]);
}

/** The one process that it started. */
function childOf(pid: number): number {
  const rows = execFileSync("ps", ["-A", "-o", "ppid=,pid="], { encoding: "utf8" }).trim().split("\n");
  const pairs = rows.map((row) => row.trim().split(/\s+/).map(Number));
  return pairs.find(([parent]) => parent === pid)?.[1] ?? Number.NaN;
}

async function goneOf(url: string): Promise<boolean> {
  return await vi.waitUntil(async () => !(await listens(url)), { interval: 50, timeout: atOnceMillis });
}

/** A daemon with a position open on an exchange that has stopped answering. */
async function daemonWithoutAnswers(settings: string): Promise<Scalpd> {
  const exchange: StartedExchange = await startExchange();
  const daemon = startDaemon("--exchange", exchange.line, "--config", settingsFile(settings));
  await new Outsider(exchange.announcement).guardedPosition();
  exchange.process.signal("SIGSTOP");
  return daemon;
}

test.concurrent("[SAF-5] Ctrl-C ends the daemon in good order, and its exchange after it", async () => {
  const daemon = startDaemon();
  const exchange = await exchangeOf(daemon);
  await daemon.logged("SESSION_READY");
  // To the whole group, as the terminal does it: the exchange hears it, too.
  daemon.signalGroup("SIGINT");
  expect(await daemon.exit, daemon.errorLines.join("\n")).toEqual({ code: 0, signal: null });
  expect(summaryOf(daemon).failure).toBeNull();
  expect(daemon.log.filter((line) => line["level"] === "error")).toEqual([]);
  expect(await listens(exchange)).toBe(false);
});

test.concurrent("[SAF-5] SIGTERM ends the daemon in good order", async () => {
  const daemon = startDaemon();
  await daemon.logged("SESSION_READY");
  daemon.signal("SIGTERM");
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  expect(summaryOf(daemon).failure).toBeNull();
});

test.concurrent("the exchange does not outlive a daemon that was killed", async () => {
  const daemon = startDaemon();
  const exchange = await exchangeOf(daemon);
  expect(await listens(exchange)).toBe(true);
  daemon.signal("SIGKILL");
  expect(await goneOf(exchange)).toBe(true);
});

test.concurrent("a daemon whose exchange dies ends with exit code 1, and says why once", async () => {
  const daemon = startDaemon();
  await daemon.logged("SESSION_READY");
  process.kill(childOf(daemon.pid), "SIGKILL");
  expect(await daemon.exit).toEqual({ code: 1, signal: null });
  const failures = daemon.log.filter((line) => line["code"] === "DAEMON_FAILED").map((line) => line["message"]);
  expect(failures).toEqual(["the embedded exchange ended: ended with SIGKILL"]);
});

test.concurrent("[SAF-5] an orderly stop takes no longer than its limit, and says what it could not wait for", async () => {
  const daemon = await daemonWithoutAnswers("stop: { policy: flatten, timeout_seconds: 1 }\n");
  daemon.signal("SIGTERM");
  await daemon.logged("STOP_TIMEOUT");
  const from = performance.now();
  expect((await daemon.exit).code).toBe(1);
  expect(performance.now() - from).toBeLessThan(atOnceMillis);
  expect(summaryOf(daemon)).toMatchObject({
    open_positions: expect.any(Number),
    failure: "after 1 s an order or a position was still not settled",
  });
});

test.concurrent("[SAF-5] a second SIGTERM stops at once, however long the orderly stop may take", async () => {
  const daemon = await daemonWithoutAnswers("stop: { policy: flatten, timeout_seconds: 60 }\n");
  daemon.signal("SIGTERM");
  await daemon.logged("STOPPING");
  expect(daemon.hasEnded).toBe(false);
  daemon.signal("SIGTERM");
  const from = performance.now();
  await daemon.exit;
  expect(performance.now() - from).toBeLessThan(atOnceMillis);
  expect(daemon.outLines).toHaveLength(1);
});

test.concurrent("[SAF-5] [F-74] a stop that a second SIGTERM cuts short says that not all was settled", async () => {
  const daemon = await daemonWithoutAnswers("stop: { policy: flatten, timeout_seconds: 60 }\n");
  daemon.signal("SIGTERM");
  await daemon.logged("STOPPING");
  daemon.signal("SIGTERM");
  const { code } = await daemon.exit;
  expect([code, summaryOf(daemon).failure]).toEqual([1, "ended at once: an order or a position was still not settled"]);
});

test.concurrent("a daemon that fails while its journal is being opened ends, with exit code 1", async () => {
  const exchange = await startExchange();
  const line = JSON.stringify({ ...exchange.announcement, ...JSON.parse(exchange.line), api_secret: "another" });
  const daemon = startDaemon("--exchange", line);
  await daemon.logged("STOPPED");
  const from = performance.now();
  expect((await daemon.exit).code).toBe(1);
  expect(performance.now() - from).toBeLessThan(atOnceMillis);
  expect(summaryOf(daemon).failure).toMatch(/-1022/);
});

test.concurrent("a daemon that cannot begin ends at once, however long it was to run", async () => {
  const daemon = startDaemon("--for", "1h", "--config", settingsFile("symbols: [DOGEUSDT]\n"));
  await daemon.logged("STOPPING");
  const from = performance.now();
  expect((await daemon.exit).code).toBe(1);
  expect(performance.now() - from).toBeLessThan(atOnceMillis);
});

test.concurrent("a daemon whose exchange never answers ends when it is told to, with exit code 1 and the reason", async () => {
  const silent = await silentServer();
  const daemon = startDaemon("--exchange", silent.line, "--for", "500ms");
  expect(await daemon.exit, daemon.errorLines.join("\n")).toEqual({ code: 1, signal: null });
  expect(daemon.errorLines).toContain("scalpd: the venue did not answer before the daemon was stopped");
  silent.close();
});

/** Takes connections and says nothing. */
async function silentServer(): Promise<{ readonly line: string; readonly close: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket.on("error", () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.number() }).parse(server.address());
  const websocket = `ws://127.0.0.1:${port}`;
  const urls = { rest: `http://127.0.0.1:${port}`, market_ws: websocket, user_ws: websocket, ws_api: websocket };
  return {
    line: JSON.stringify({ ...urls, api_key: "key", api_secret: "secret", instance: "silent" }),
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
