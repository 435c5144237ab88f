/** The thread that runs seeds, one after another, as they are handed to it. */

import { parentPort } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import { runSeed, type SeedJob, type SeedReport } from "./seed.ts";

export type ToSeedWorker = SeedJob;
export type FromSeedWorker =
  | { readonly kind: "report"; readonly report: SeedReport }
  | { readonly kind: "broken"; readonly seed: number; readonly message: string };

const port = present(parentPort, "the worker's port");

port.on("message", (job: ToSeedWorker) => {
  const tell = (message: FromSeedWorker): void => port.postMessage(message);
  try {
    tell({ kind: "report", report: runSeed(job) });
  } catch (error) {
    tell({
      kind: "broken",
      seed: job.seed,
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
});
