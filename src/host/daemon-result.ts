/** How a run ended, for the summary that it prints. */

import type { Core } from "../engine/core.ts";
import type { CoreSummary } from "../engine/summary.ts";
import type { RoundTrips } from "./round-trips.ts";

export type DaemonResult = {
  readonly summary: CoreSummary;
  readonly roundTrips: { readonly medianMs: number | null; readonly longestMs: number };
  readonly positions: readonly OpenPosition[];
  /** why the daemon ended by itself; null when it was told to */
  readonly failure: string | null;
};

export type OpenPosition = {
  readonly symbol: string;
  readonly lots: number;
  readonly stopTicks: number;
  /** a stop of ours is live on the exchange */
  readonly isProtected: boolean;
};

export function resultOf(core: Core, { medianMs, longestMs }: RoundTrips, failure: string | null): DaemonResult {
  return {
    summary: core.summary(),
    roundTrips: { medianMs, longestMs },
    positions: core.openPositions().map((position) => ({
      symbol: position.instrument.symbol,
      lots: position.lots,
      stopTicks: position.stopLevel,
      isProtected: position.isProtected,
    })),
    failure,
  };
}

/** The daemon could not begin its work. The process ends with exit code 1. */
export class DaemonError extends Error {
  override readonly name = "DaemonError";
  readonly code = "DAEMON";
  readonly exitCode = 1;
}
