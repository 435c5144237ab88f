/**
 * One exchange per data directory: two would overwrite each other's account. The lock is a local socket that its holder
 * listens on, so that it ends with the process, however that ends.
 */

import { createHash } from "node:crypto";
import { realpathSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Another process works on the directory: the message names it. */
export class DirectoryInUseError extends Error {
  override readonly name = "DirectoryInUseError";
}

export type DirectoryLock = { release(): void };

/** @param directory must exist @throws {DirectoryInUseError} */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  // Not in the directory itself: paths of sockets have about a hundred characters at most.
  const hash = createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 24);
  const path =
    process.platform === "win32" ? `\\\\.\\pipe\\scalpd-${hash}` : join(tmpdir(), `scalpd-exchange-${hash}.sock`);
  const first = await listenOn(path);
  if (first !== null) return first;
  if (await answers(path)) throw new DirectoryInUseError(`${directory} is in use by another exchange`);
  // Nobody answers: its holder was killed and left the name behind.
  rmSync(path, { force: true });
  const second = await listenOn(path);
  if (second === null) throw new DirectoryInUseError(`${directory} is in use by another exchange`);
  return second;
}

/** Null when the name is taken. */
function listenOn(path: string): Promise<DirectoryLock | null> {
  return new Promise((resolve, reject) => {
    const server: Server = createServer((socket) => socket.destroy());
    server.once("error", (error) => {
      if ("code" in error && error.code === "EADDRINUSE") resolve(null);
      else reject(error);
    });
    server.listen(path, () => {
      server.unref();
      resolve({ release: () => server.close() });
    });
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
