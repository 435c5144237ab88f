/** `scalpd run`: the daemon, by default against the embedded exchange that it starts itself. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import manifest from "../../package.json" with { type: "json" };
import { loadSettings } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { readSecrets, type Secrets } from "../config/secrets.ts";
import { textFromMoney } from "../domain/instrument.ts";
import type { DaemonApiOptions } from "../host/api/start.ts";
import { tokensFrom } from "../host/api/tokens.ts";
import { machineClock, machineWallClock } from "../host/clock.ts";
import { Daemon } from "../host/daemon.ts";
import type { DaemonResult } from "../host/daemon-result.ts";
import {
  type EmbeddedExchange,
  type ExchangeAnnouncement,
  ExchangeStartError,
  parseAnnouncement,
  startEmbeddedExchange,
} from "../host/embedded-exchange.ts";
import { openOperations } from "../host/operations.ts";
import { type SettingsWatch, watchSettings } from "../host/settings-watch.ts";
import { binanceVenue, paperVenue, type Venue } from "../host/venues.ts";
import { conceal } from "../ops/concealed.ts";
import type { Log } from "../ops/log.ts";
import type { RunOptions } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** @returns the exit code: 0 stopped in good order, 1 failed */
export async function runCommand(options: RunOptions): Promise<number> {
  const settings = loadSettings(options.config, options.overrides);
  const secrets = readSecrets(".env", process.env);
  if (settings.venue.name !== "paper") {
    if (options.exchange !== null) throw new UsageError("--exchange: allowed only with venue.name paper");
    return await trade(settings, secrets, binanceVenue(settings, secrets, options.production), null, options);
  }
  if (options.production !== null) throw new UsageError("--production: allowed only with venue.name production");
  if (options.exchange !== null) {
    return await trade(settings, secrets, paper(givenExchange(options.exchange)), null, options);
  }
  const mainFile = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = await startEmbeddedExchange(settings, mainFile, join(settings.store.directory, "exchange"));
  try {
    return await trade(settings, secrets, paper(child.announcement), child, options);
  } finally {
    await child.stop();
  }
}

function paper(announcement: ExchangeAnnouncement): Venue {
  conceal([announcement.api_key, announcement.api_secret]);
  return paperVenue(announcement);
}

/** @throws {UsageError} */
function givenExchange(line: string): ExchangeAnnouncement {
  try {
    return parseAnnouncement(line);
  } catch (cause) {
    if (cause instanceof ExchangeStartError) throw new UsageError(`--exchange: ${cause.message}`, { cause });
    throw cause;
  }
}

async function trade(
  settings: Settings,
  secrets: Secrets,
  venue: Venue,
  child: EmbeddedExchange | null,
  options: RunOptions,
): Promise<number> {
  const clock = machineClock();
  const operations = await openOperations({ settings, secrets, clock });
  const { log, journalListener } = operations;
  log.info("STARTING", {
    venue: settings.venue.name,
    instance: venue.instance,
    rest: venue.endpoints.rest,
    symbols: settings.symbols.join(" "),
  });
  if (settings.decision.demo.enabled) log.warn("DEMO_SOURCE", { message: "the demo source is on: it is no strategy" });
  const tokens = tokensFrom(secrets);
  const daemon = new Daemon({
    ...venue,
    settings,
    log,
    clock,
    wallClock: machineWallClock,
    journalListener,
    takesIntents: tokens !== null,
  });
  // Before anything is traded: who set a token counts on being able to control.
  const api =
    tokens === null ? null : await startApi({ settings, tokens, daemon, clock, log, version: manifest.version });
  const stop = stopSignals(options.forMs, daemon, log);
  void child?.died.then((cause) => {
    if (!stop.isStopping()) daemon.fail(`the embedded exchange ended: ${cause}`);
  });
  const watch = options.config === null ? null : watchFile(options.config, options, daemon);
  try {
    await operations.attach(daemon, venue.instance);
    daemon.start();
    await stop.requested;
    await api?.close();
    const result = await Promise.race([daemon.stop(), stop.again.then(() => daemon.close())]);
    if (options.json) process.stdout.write(`${JSON.stringify(report(result))}\n`);
    return result.failure === null ? 0 : 1;
  } finally {
    await api?.close();
    stop.forget();
    watch?.close();
    await operations.close();
    log.flush();
  }
}

/** Its libraries are loaded by who uses it: a start without them is a tenth of a second shorter. */
async function startApi(
  options: DaemonApiOptions,
): ReturnType<typeof import("../host/api/start.ts")["startDaemonApi"]> {
  const { startDaemonApi } = await import("../host/api/start.ts");
  return await startDaemonApi(options);
}

/** A changed file is taken over while the daemon runs, or the reason why not is told (requirements CFG-4). */
function watchFile(file: string, { overrides }: RunOptions, daemon: Daemon): SettingsWatch {
  return watchSettings({
    file,
    overrides,
    onSettings: (settings) => daemon.settings.replace(settings),
    onInvalid: (problems) => daemon.settings.refuseInvalid(problems),
  });
}

type StopSignals = {
  readonly requested: Promise<void>;
  /** a second signal: stop at once (requirements SAF-5) */
  readonly again: Promise<void>;
  readonly isStopping: () => boolean;
  readonly forget: () => void;
};

function stopSignals(forMs: number | null, daemon: Daemon, log: Log): StopSignals {
  const requested = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  let signals = 0;
  let stopping = false;
  const begin = (): void => {
    stopping = true;
    requested.resolve();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    log.info("SIGNAL", { signal });
    if (signals > 1) again.resolve();
    begin();
  };
  const onError = (error: unknown): void => {
    stopping = true;
    daemon.onUncaught(error);
  };
  const timer = forMs === null ? null : setTimeout(begin, forMs);
  void daemon.ended.then(begin);
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  process.on("uncaughtException", onError).on("unhandledRejection", onError);
  return {
    requested: requested.promise,
    again: again.promise,
    isStopping: () => stopping,
    forget: () => {
      if (timer !== null) clearTimeout(timer);
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
      process.off("uncaughtException", onError).off("unhandledRejection", onError);
    },
  };
}

/** The fields of the JSON line, as the README documents them. */
function report({ summary, roundTrips, positions, failure }: DaemonResult) {
  return {
    symbols: summary.symbols,
    decisions: summary.decisions,
    blocked: summary.blocked,
    entries: summary.entries,
    exits: summary.exits,
    fills: summary.fills,
    trades: summary.trades,
    open_positions: summary.openPositions,
    positions: positions.map(({ symbol, lots, stopTicks, isProtected }) => ({
      symbol,
      lots,
      stop_ticks: stopTicks,
      protected: isProtected,
    })),
    unprotected_ms_max: summary.unprotectedMicrosMax / 1_000,
    round_trip_ms: { median: roundTrips.medianMs, max: roundTrips.longestMs },
    safe_mode: summary.safeMode,
    safe_mode_reason: summary.safeModeReason,
    pnl_net: textFromMoney(summary.netPnl),
    failure,
  };
}
