/** Loaded before the daemon: at SIGUSR2 something of a library's goes wrong that nobody of ours awaits or listens to. */

import { EventEmitter } from "node:events";

const wrongs: Readonly<Record<string, () => void>> = {
  rejection: () => void Promise.reject(new Error("a promise of a library")),
  "error event": () => void new EventEmitter().emit("error", new Error("a socket of a library")),
  "timer callback": () => void setTimeout(() => JSON.parse("{"), 1),
};

process.once("SIGUSR2", () => wrongs[process.env["FAULTY_WITH"] ?? ""]?.());
