/** The thread that runs crashes of canonical trades, one after another. */

import { parentPort } from "node:worker_threads";
import { present } from "../../src/domain/assert.ts";
import type { Fault } from "../../src/faults/plan/fault.ts";
import { judge, type Verdict } from "./matrix.ts";
import { tradeOf } from "./trades.ts";

/** `seed` is of the world in which the trade was found. */
export type CrashJob = { readonly trade: string; readonly seed: number; readonly crash: Fault };
export type CrashReport = Verdict | { readonly broken: string };

const port = present(parentPort, "the worker's port");

port.on("message", ({ trade, seed, crash }: CrashJob) => {
  const tell = (report: CrashReport): void => port.postMessage(report);
  try {
    tell(judge({ ...tradeOf(trade), seed }, crash));
  } catch (error) {
    tell({ broken: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
});
