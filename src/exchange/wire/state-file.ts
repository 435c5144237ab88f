/** The exchange's own small store: one JSON file, replaced whole, so that a crash leaves the old or the new state. */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { makeDirectories } from "../../files/make-directories.ts";

/** The state cannot be read or written: the message names the file and what is wrong. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";
}

const Stored = z.object({ format: z.literal(1), instance: z.string().min(1).max(64), saved: z.unknown() });

/** `saved` holds JSON values only. */
export type StoredState = { readonly instance: string; readonly saved: unknown };

/** Changes within this time are written together. */
const writeDelayMilliseconds = 100;

export class StateFile {
  private readonly path: string;
  private readonly temporary: string;
  private readonly read: () => StoredState;
  private readonly onError: (error: unknown) => void;
  private timer: NodeJS.Timeout | null = null;
  private writing = false;
  private changed = false;
  private closed = false;

  /**
   * @param directory must exist: {@link makeDirectory}
   * @param read the state to be written
   */
  constructor(directory: string, read: () => StoredState, onError: (error: unknown) => void) {
    this.path = stateFilePath(directory);
    this.temporary = `${this.path}.new`;
    this.read = read;
    this.onError = onError;
  }

  /** The state is written within 200 ms, unless the disk is slower. */
  changedNow(): void {
    this.changed = true;
    if (this.timer !== null || this.writing || this.closed) return;
    this.timer = setTimeout(() => {
      this.timer = null;
      void this.write();
    }, writeDelayMilliseconds);
  }

  /** Writes the last state and writes no more. @throws {StateFileError} */
  close(): void {
    this.closed = true;
    if (this.timer !== null) clearTimeout(this.timer);
    try {
      // A name of its own: a write that is still under way must not meet this one.
      const last = `${this.path}.last`;
      writeFileSync(last, this.text(), { flush: true });
      renameSync(last, this.path);
    } catch (cause) {
      throw new StateFileError(`cannot write ${this.path}: ${textOf(cause)}`, { cause });
    }
  }

  private async write(): Promise<void> {
    this.writing = true;
    this.changed = false;
    try {
      await writeFile(this.temporary, this.text(), { flush: true });
      if (this.closed) rmSync(this.temporary, { force: true });
      // Not awaited, so that no close can come between the check and the rename.
      else renameSync(this.temporary, this.path);
    } catch (cause) {
      this.onError(new StateFileError(`cannot write ${this.path}: ${textOf(cause)}`, { cause }));
    }
    this.writing = false;
    if (this.changed) this.changedNow();
  }

  private text(): string {
    return JSON.stringify({ format: 1, ...this.read() });
  }
}

/** @throws {StateFileError} */
export function makeDirectory(directory: string): void {
  try {
    makeDirectories(directory);
  } catch (cause) {
    throw new StateFileError(`cannot make the directory ${directory}: ${textOf(cause)}`, { cause });
  }
}

/** What a former run left; null when there is nothing. @throws {StateFileError} the file is not ours or is damaged */
export function readStateFile(directory: string): StoredState | null {
  const path = stateFilePath(directory);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new StateFileError(`cannot read ${path}: ${textOf(cause)}`, { cause });
  }
  try {
    const { instance, saved } = Stored.parse(JSON.parse(text));
    return { instance, saved };
  } catch (cause) {
    throw new StateFileError(`${path} is damaged; move it away to start a new account`, { cause });
  }
}

function stateFilePath(directory: string): string {
  return join(directory, "exchange.json");
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
