/**
 * A log file that is put aside when it is large. Lines are handed over and written later, one write at a time; when the
 * disk does not take them they are dropped and counted, and nobody waits (failure-catalogue I-19, S-29).
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { appendFile, rename, stat, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import { makeDirectories } from "../files/make-directories.ts";

export type RotatingFileOptions = {
  readonly path: string;
  readonly bytesMax: number;
  /** files that are kept, the current one among them: `engine.log`, `engine.log.1`, … */
  readonly files: number;
  /** Told once per run of failures, with the system's code for it. */
  readonly onFailure: (cause: string) => void;
};

export type RotatingFile = {
  readonly write: (line: string) => void;
  /** lines that were never written */
  readonly dropped: () => number;
  /** Writes what waits, before the process ends. */
  readonly flush: () => void;
  /** Resolves when everything that was handed over is written or dropped. */
  readonly settled: () => Promise<void>;
};

/** Characters that wait for the disk. */
const waitingMax = 4_000_000;
/** A line waits this long for others that go with it. */
const heldMillisMax = 100;
const fileMode = 0o640;

/** @throws {Error} the directory cannot be made */
export function rotatingFile(options: RotatingFileOptions): RotatingFile {
  makeDirectories(dirname(options.path), 0o750);
  return new Rotating(options);
}

class Rotating implements RotatingFile {
  readonly #options: RotatingFileOptions;
  #lines: string[] = [];
  #characters = 0;
  #dropped = 0;
  #isFailing = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(options: RotatingFileOptions) {
    this.#options = options;
  }

  write(line: string): void {
    if (this.#characters + line.length > waitingMax) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    // Unreferenced: a process that ends calls `flush`.
    this.#timer ??= setTimeout(() => this.#begin(), heldMillisMax).unref();
  }

  dropped(): number {
    return this.#dropped;
  }

  async settled(): Promise<void> {
    this.#begin();
    while (this.#running !== null) await this.#running;
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const text = this.#take();
    if (text === "") return;
    try {
      const descriptor = openSync(this.#options.path, "a", fileMode);
      try {
        writeSync(descriptor, text);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      this.#failed(text, error);
    }
  }

  #begin(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#running !== null || this.#lines.length === 0) return;
    this.#running = this.#drain().finally(() => {
      this.#running = null;
    });
  }

  async #drain(): Promise<void> {
    for (let text = this.#take(); text !== ""; text = this.#take()) {
      try {
        await this.#append(text);
        this.#isFailing = false;
      } catch (error) {
        this.#failed(text, error);
      }
    }
  }

  async #append(text: string): Promise<void> {
    const { path, bytesMax } = this.#options;
    if ((await sizeOf(path)) >= bytesMax) await this.#putAside();
    // Opened for each write: whoever else moves the file away loses nothing, and no handle is left over.
    await appendFile(path, text, { mode: fileMode });
  }

  async #putAside(): Promise<void> {
    const { path, files } = this.#options;
    const name = (index: number): string => (index === 0 ? path : `${path}.${index}`);
    for (let index = files - 2; index >= 0; index -= 1) await rename(name(index), name(index + 1)).catch(ignoreAbsence);
    // With a single file there is nowhere to put it.
    if (files === 1) await truncate(path);
  }

  #take(): string {
    const text = this.#lines.join("");
    this.#lines = [];
    this.#characters = 0;
    return text;
  }

  #failed(text: string, error: unknown): void {
    this.#dropped += text.split("\n").length - 1;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onFailure(error instanceof Error && "code" in error ? String(error.code) : "cannot be written");
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    ignoreAbsence(error);
    return 0;
  }
}

/** @throws {Error} it is there and cannot be renamed */
function ignoreAbsence(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
}
