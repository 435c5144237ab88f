/**
 * Keeps the user's model at arm's length: its file is checked before anything loads it, it runs in a thread of its own, and
 * whatever becomes of a question, there is an answer in time (failure-catalogue S-30).
 */

import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { Worker } from "node:worker_threads";
import type { Settings } from "../../config/schema.ts";
import { ensembleHorizons } from "../../decision/ensemble/forecasters.ts";
import type { ModelInput, ModelOutput } from "../../domain/model.ts";
import type { Notice } from "../../domain/output.ts";
import { Features } from "../../market/features.ts";
import { inspectModel } from "./graph.ts";
import { FromModel, type ModelThreadStart, type ToModel } from "./thread.ts";

export type ModelRunnerOptions = {
  readonly settings: Settings["decision"]["ensemble"]["onnx"];
  /** features, and horizons */
  readonly inputs: number;
  readonly outputs: number;
  readonly answer: (output: ModelOutput) => void;
  readonly notice: (level: Notice["level"], code: string, fields: Notice["fields"]) => void;
  /** the thread's file; the one that loads the real runtime when left out */
  readonly worker?: URL;
};

/** Starts in a row without a single forecast; then it is left alone. */
const startsMax = 3;
/** A thread that has not answered for so many time limits hangs, and is ended. */
const hangFactor = 20;
/** Questions that wait; each symbol asks one at a time. */
const openMax = 200;
const heapMegabytesMax = 256;

type Question = { readonly input: ModelInput; timer: NodeJS.Timeout; late: boolean };

export class ModelRunner {
  readonly #options: ModelRunnerOptions;
  readonly #open = new Map<number, Question>();
  #start: ModelThreadStart | null = null;
  #worker: Worker | null = null;
  #isReady = false;
  #isFailing = false;
  #isClosed = false;
  #starts = 0;
  #nextId = 1;
  #loadTimer: NodeJS.Timeout | null = null;

  constructor(options: ModelRunnerOptions) {
    this.#options = options;
  }

  /** Checks the file and begins to load it. What is wrong is told, and every question is then answered with a failure. */
  start(): void {
    try {
      this.#start = checkedModel(this.#options);
    } catch (error) {
      this.#tell("error", "MODEL_REFUSED", { detail: messageOf(error) });
      return;
    }
    this.#launch();
  }

  /** Never answers before it returns. */
  ask(input: ModelInput): void {
    if (this.#isClosed) return;
    const worker = this.#worker;
    if (worker === null || !this.#isReady || this.#open.size >= openMax) {
      setImmediate(() => this.#answer(input, { kind: "failed" }));
      return;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const timer = setTimeout(() => this.#onLate(id), this.#options.settings.time_limit_ms);
    this.#open.set(id, { input, timer, late: false });
    const message: ToModel = { id, features: input.features };
    worker.postMessage(message);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#forget();
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #launch(): void {
    const start = this.#start;
    if (start === null || this.#isClosed) return;
    if (this.#starts >= startsMax) {
      this.#tell("error", "MODEL_GIVEN_UP", { starts: this.#starts });
      return;
    }
    this.#starts += 1;
    // No secret is in reach of the thread: its environment is empty.
    const worker = new Worker(this.#options.worker ?? new URL("./model.worker.ts", import.meta.url), {
      workerData: start,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: heapMegabytesMax },
    });
    this.#worker = worker;
    worker.on("message", (message: unknown) => {
      if (this.#worker === worker) this.#onMessage(message);
    });
    worker.on("error", (error) => this.#onEnd(worker, messageOf(error)));
    worker.on("exit", (code) => this.#onEnd(worker, `its thread ended with code ${code}`));
    this.#loadTimer = setTimeout(
      () => this.#onEnd(worker, "it took too long to load"),
      this.#options.settings.load_limit_ms,
    );
  }

  #onMessage(raw: unknown): void {
    const parsed = FromModel.safeParse(raw);
    if (!parsed.success) return this.#onEnd(this.#worker, "its thread said something that is no answer");
    const message = parsed.data;
    switch (message.kind) {
      case "ready":
        this.#isReady = true;
        if (this.#loadTimer !== null) clearTimeout(this.#loadTimer);
        return this.#tell("info", "MODEL_READY", { sha256: this.#options.settings.sha256 });
      case "refused":
        return this.#onEnd(this.#worker, message.message);
      case "forecast":
        this.#starts = 0;
        this.#isFailing = false;
        return this.#settle(message.id, { kind: "forecast", probabilities: message.probabilities });
      case "failed":
        // Told once until it works again: it is asked several times a second.
        if (!this.#isFailing) this.#tell("warn", "MODEL_FAILED", { detail: message.message });
        this.#isFailing = true;
        return this.#settle(message.id, { kind: "failed" });
      default:
        throw new TypeError(`unhandled message ${message satisfies never}`);
    }
  }

  #settle(id: number, answer: ModelOutput["answer"]): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    this.#open.delete(id);
    clearTimeout(question.timer);
    // One that was late has had its answer.
    if (!question.late) this.#answer(question.input, answer);
  }

  #onLate(id: number): void {
    const question = this.#open.get(id);
    if (question === undefined) return;
    if (question.late) return this.#onEnd(this.#worker, "it does not answer any more");
    question.late = true;
    const { time_limit_ms } = this.#options.settings;
    question.timer = setTimeout(() => this.#onLate(id), time_limit_ms * (hangFactor - 1));
    this.#answer(question.input, { kind: "slow" });
  }

  /** Once a thread: whatever it still says is not heard, and another one is started. */
  #onEnd(worker: Worker | null, detail: string): void {
    if (worker === null || this.#worker !== worker) return;
    this.#worker = null;
    void worker.terminate();
    const waiting = [...this.#open.values()].filter(({ late }) => !late);
    this.#forget();
    this.#tell("error", "MODEL_ENDED", { detail });
    for (const { input } of waiting) this.#answer(input, { kind: "failed" });
    this.#launch();
  }

  #forget(): void {
    this.#isReady = false;
    if (this.#loadTimer !== null) clearTimeout(this.#loadTimer);
    for (const { timer } of this.#open.values()) clearTimeout(timer);
    this.#open.clear();
  }

  #answer({ symbol, request }: ModelInput, answer: ModelOutput["answer"]): void {
    if (!this.#isClosed) this.#options.answer({ kind: "model-output", symbol, request, answer });
  }

  #tell(level: Notice["level"], code: string, fields: Notice["fields"]): void {
    if (!this.#isClosed) this.#options.notice(level, code, fields);
  }
}

/** The runner that the settings ask for; null where the built-in models are at work. */
export function modelRunner(
  { decision: { ensemble }, market }: Settings,
  answer: ModelRunnerOptions["answer"],
  notice: ModelRunnerOptions["notice"],
): ModelRunner | null {
  const { enabled, onnx: settings } = ensemble;
  if (!enabled || settings.file === null) return null;
  const inputs = new Features(ensembleHorizons(ensemble), market.depth_levels).names.length;
  return new ModelRunner({ settings, inputs, outputs: ensemble.horizons_seconds.length, answer, notice });
}

/** Size first, then checksum, then content: nothing of a file that is not the pinned one is looked at. */
function checkedModel({ settings, inputs, outputs }: ModelRunnerOptions): ModelThreadStart {
  const { file, sha256, bytes_max, runtime } = settings;
  if (file === null || sha256 === null) throw new Error("no model file is named");
  const { size } = statSync(file);
  if (size > bytes_max) throw new Error(`${file} has ${size} bytes; allowed: ${bytes_max}`);
  const bytes = new Uint8Array(readFileSync(file));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== sha256) throw new Error(`${file} has the checksum ${found}, not ${sha256}`);
  return { ...inspectModel(bytes, inputs, outputs), runtime, bytes, inputs, outputs };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
