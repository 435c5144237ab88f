/** Seeds over worker threads, one a core: each takes the next seed when it is done with one. */

import { Worker } from "node:worker_threads";
import type { SeedJob, SeedReport } from "./seed.ts";
import type { FromSeedWorker } from "./seed.worker.ts";

export type PoolOptions = {
  readonly jobs: readonly SeedJob[];
  readonly threads: number;
  /** in the order in which they end */
  readonly onReport: (report: SeedReport) => void;
};

/** What a message leaves behind is garbage at once: in a large nursery it costs next to nothing. */
const resourceLimits = { maxYoungGenerationSizeMb: 96 };

/** The simulation itself has failed: no verdict on the daemon. */
class SimulationError extends Error {
  override readonly name = "SimulationError";
  readonly exitCode = 1;
}

/** @throws {SimulationError} a thread ended, or the simulation contradicted itself */
export async function runPool({ jobs, threads, onReport }: PoolOptions): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./seed.worker.ts", import.meta.url), { stderr: false, resourceLimits });
    try {
      for (let job = jobs[next++]; job !== undefined; job = jobs[next++]) onReport(await runOn(worker, job));
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, jobs.length) }, work));
}

async function runOn(worker: Worker, job: SeedJob): Promise<SeedReport> {
  const { promise, resolve, reject } = Promise.withResolvers<SeedReport>();
  const fail = (why: string): void => reject(new SimulationError(`seed ${job.seed}: ${why}`));
  const onMessage = (message: FromSeedWorker): void => {
    if (message.kind === "report") resolve(message.report);
    else fail(message.message);
  };
  const onError = (error: Error): void => fail(error.message);
  const onExit = (): void => fail("its thread ended");
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  worker.postMessage(job);
  try {
    return await promise;
  } finally {
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
  }
}
