/**
 * Loaded before the daemon: at SIGUSR2 something goes wrong in its process that nobody of ours awaits or listens to, or
 * that leaves it no time.
 */

import { EventEmitter } from "node:events";

const stallMillis = 3_000;

const wrongs: Readonly<Record<string, () => void>> = {
  rejection: () => void Promise.reject(new Error("a promise of a library")),
  "error event": () => void new EventEmitter().emit("error", new Error("a socket of a library")),
  "timer callback": () => void setTimeout(() => JSON.parse("{"), 1),
  stall: () => {
    const until = performance.now() + stallMillis;
    while (performance.now() < until);
  },
};

process.once("SIGUSR2", () => wrongs[process.env["FAULTY_WITH"] ?? ""]?.());
