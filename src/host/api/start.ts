/** The interface of a daemon, where a token is set. */

import type { Settings } from "../../config/schema.ts";
import type { Log } from "../../ops/log.ts";
import type { Clock } from "../clock.ts";
import type { Daemon } from "../daemon.ts";
import { Refusal } from "../outside/refusal.ts";
import { type Api, startApi } from "./server.ts";
import type { Tokens } from "./tokens.ts";

export type DaemonApiOptions = {
  readonly settings: Settings;
  readonly tokens: Tokens;
  readonly daemon: Daemon;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
};

/** @throws {import("./server.ts").ApiStartError} */
export async function startDaemonApi({
  settings,
  tokens,
  daemon,
  clock,
  log,
  version,
}: DaemonApiOptions): Promise<Api> {
  const api = await startApi({
    settings: settings.api,
    tokens,
    version,
    onFault: (error) => log.error("API_FAULT", { error }),
    backend: {
      outside: daemon.outside,
      clock,
      venue: settings.venue.name,
      core: () => {
        if (daemon.core === null)
          throw new Refusal("NOT_READY", "the daemon has only just started: try again in a moment");
        return daemon.core;
      },
      control: async (control) => {
        if (daemon.core === null)
          throw new Refusal("NOT_READY", "the daemon has only just started: try again in a moment");
        try {
          await daemon.control(control);
        } catch {
          throw new Refusal("STORE_FAILED", "it was done, but could not be written: it may not outlive the process");
        }
      },
    },
  });
  log.info("API_LISTENING", { where: api.url });
  return api;
}
