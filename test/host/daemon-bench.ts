/** Daemons inside the test's process, on real sockets, against one embedded exchange with a market that stands still. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { lots, micros, microsPerMinute, symbolIndex, ticks } from "../../src/domain/units.ts";
import { machineClock } from "../../src/host/clock.ts";
import { Daemon, type DaemonOptions } from "../../src/host/daemon.ts";
import type { DaemonResult } from "../../src/host/daemon-result.ts";
import { type Log, openLog } from "../../src/ops/log.ts";
import { paperEndpoints } from "../../src/venue/live/endpoints.ts";
import { signerFrom } from "../../src/venue/live/signer.ts";
import { key, liveServer, Market, type TestServer } from "../exchange/wire/support.ts";
import { type SettingsChanges, settingsWith } from "../support/core.ts";

export type LogLine = Readonly<Record<string, unknown>>;

/** Enters by itself within a second, and stays in for longer than any test. */
export const entering: SettingsChanges = {
  symbols: ["BTCUSDT"],
  decision: { ensemble: { enabled: false }, demo: { interval_seconds: 0.5, hold_seconds: 600, cooldown_seconds: 0 } },
  trading: { normal: { entry_order: "market" } },
  risk: { cost: { enabled: false } },
  exits: { targets: "single" },
  protection: { absence_proof_seconds: 3 },
  store: { commit_interval_ms: 5 },
};

/** The same, and never enters. */
export const waiting: SettingsChanges = {
  ...entering,
  decision: { ensemble: { enabled: false }, demo: { enabled: false } },
};

const beatMillis = 100;
const waitMillisMax = 30_000;

export class DaemonBench {
  readonly at: TestServer;
  readonly directory = mkdtempSync(join(tmpdir(), "scalpd-daemons-"));
  /** the mark price, from the next beat on */
  mark = 64_000;
  readonly #daemons: RunningDaemon[] = [];
  readonly #beat: NodeJS.Timeout;

  private constructor(at: TestServer) {
    this.at = at;
    const minute = Math.floor(Date.now() / 60_000) * 60_000_000;
    at.exchange.loadCandles(
      symbolIndex(0),
      Array.from({ length: 60 }, (_, index) => quietMinute(minute - (60 - index) * microsPerMinute)),
    );
    const market = new Market(at);
    market.snapshot({ last: 100, bids: [[640_000, 5_000]], asks: [[640_001, 5_000]] });
    let id = 100;
    const show = (): void => {
      id += 1;
      market.ticker(id, [640_000, 5_000], [640_001, 5_000]);
      market.depth({ first: id, last: id, previous: id - 1, bids: [[640_000, 5_000]] });
      market.trade(id, 640_000, 1, true);
      market.mark(this.mark);
    };
    show();
    this.#beat = setInterval(show, beatMillis);
  }

  static async open(): Promise<DaemonBench> {
    return new DaemonBench(await liveServer());
  }

  /** @param name of its data directory: daemons of the same share their journal */
  start(name: string, changes: SettingsChanges, more: Partial<DaemonOptions> = {}): RunningDaemon {
    const directory = join(this.directory, name);
    const running = new RunningDaemon(this.at, { ...changes, store: { ...changes.store, directory } }, more);
    this.#daemons.push(running);
    return running;
  }

  async close(): Promise<void> {
    await Promise.all(this.#daemons.map((one) => one.kill()));
    clearInterval(this.#beat);
    await this.at.server.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export class RunningDaemon {
  readonly lines: LogLine[] = [];
  readonly daemon: Daemon;

  constructor(at: TestServer, changes: SettingsChanges, more: Partial<DaemonOptions>) {
    const settings = settingsWith(changes);
    this.daemon = new Daemon({
      settings,
      endpoints: paperEndpoints({ rest: at.server.urls.rest, streams: at.server.urls.streams }),
      signer: signerFrom(key.apiKey, key.secret),
      instance: "bench",
      keyPermissions: "absent",
      clock: machineClock(),
      log: this.log(),
      ...more,
    });
    this.daemon.start();
  }

  log(): Log {
    return openLog({
      level: "debug",
      readable: false,
      write: (text) => {
        for (const line of text.split("\n")) if (line !== "") this.lines.push(JSON.parse(line));
      },
    });
  }

  /** The first line of this code, told already or to come. */
  async logged(code: string, matches: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const look = (): LogLine | undefined => this.lines.find((line) => line["code"] === code && matches(line));
    return await vi.waitUntil(look, { interval: 10, timeout: waitMillisMax });
  }

  codes(): readonly unknown[] {
    return this.lines.map((line) => line["code"]);
  }

  /** Waits until there is a position with a live stop. */
  async inPosition(): Promise<void> {
    await vi.waitUntil(() => this.daemon.core?.openPositions()[0]?.isProtected === true, {
      interval: 10,
      timeout: waitMillisMax,
    });
  }

  async stop(): Promise<DaemonResult> {
    return await this.daemon.stop();
  }

  /** At once; also where it never began. */
  async kill(): Promise<void> {
    await this.daemon.close().catch(() => undefined);
  }
}

function quietMinute(openTime: number) {
  return {
    openTime: micros(openTime),
    open: ticks(640_000),
    high: ticks(640_150),
    low: ticks(639_850),
    close: ticks(640_000),
    volume: lots(10),
    takerBuyVolume: lots(5),
  };
}
