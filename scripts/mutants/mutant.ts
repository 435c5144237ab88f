/** A thread that runs the simulation with one mistake in it. */

import { Worker } from "node:worker_threads";
import type { MutantData, MutantJob, MutantReport } from "./mutant.worker.ts";
import type { Planting } from "./plant.ts";

/** A daemon that goes round in circles would never answer. */
const answerSeconds = { seed: 300, shrink: 3_600 } as const;

export class Mutant {
  readonly #worker: Worker;

  /** @param planting null: the daemon as it is */
  constructor(planting: Planting | null) {
    const workerData: MutantData = { planting };
    this.#worker = new Worker(new URL("./mutant.worker.ts", import.meta.url), { workerData });
  }

  /** One job at a time. A thread that dies or does not answer is told as broken. */
  async ask(job: MutantJob): Promise<MutantReport> {
    const { promise, resolve } = Promise.withResolvers<MutantReport>();
    const broken = (message: string): void => resolve({ kind: "broken", message });
    const onError = (error: Error): void => broken(error.message);
    const onExit = (): void => broken("its thread ended");
    const seconds = answerSeconds[job.kind];
    const limit = setTimeout(() => broken(`no answer in ${seconds} s`), seconds * 1_000);
    this.#worker.on("message", resolve).on("error", onError).on("exit", onExit);
    this.#worker.postMessage(job);
    try {
      return await promise;
    } finally {
      clearTimeout(limit);
      this.#worker.off("message", resolve).off("error", onError).off("exit", onExit);
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
