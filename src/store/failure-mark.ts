/**
 * That the journal has failed, as a file beside it: no row can say so any more, and the next run must know. The file is
 * made while the disk still takes it, and a failure gives it its name, which a full disk allows too.
 */

import { closeSync, fsync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { SafeModeCause, SafeModeState } from "../domain/safe-mode.ts";
import { type Micros, micros } from "../domain/units.ts";
import { messageOf } from "./intent-log.ts";
import { StoreError } from "./store.ts";

const preparedName = "failure.prepared";
const markName = "journal-failed.json";
/** Its room is taken when it is made: what is written into it later needs no more of the disk. */
const markBytes = 1_024;
const detailMax = 400;

export type JournalFailure = { readonly detail: string; readonly at: Micros };

const Mark = z.strictObject({ detail: z.string(), at: z.int().nonnegative().transform(micros) });
/** The name alone says that it has failed. */
const unknownFailure: JournalFailure = { detail: "the journal of an earlier run could not be written", at: micros(0) };

export class FailureMark {
  readonly #directory: string;
  readonly #file: number;
  #isSet = false;
  #syncing: Promise<void> = Promise.resolve();

  /** @throws {StoreError} the file cannot be made */
  constructor(directory: string) {
    this.#directory = directory;
    const path = join(directory, preparedName);
    try {
      this.#file = openSync(path, "w", 0o600);
      if (writeSync(this.#file, Buffer.alloc(markBytes, " ")) !== markBytes) throw new Error("the disk is full");
    } catch (error) {
      throw new StoreError(`${path}: cannot be written: ${messageOf(error)}`, { cause: error });
    }
  }

  /** From now on whoever opens the store finds it failed. @returns why not; null when it is so */
  set({ detail, at }: JournalFailure): string | null {
    if (this.#isSet) return null;
    try {
      renameSync(join(this.#directory, preparedName), join(this.#directory, markName));
      this.#isSet = true;
      const text = JSON.stringify({ detail: detail.slice(0, detailMax), at });
      if (Buffer.byteLength(text) <= markBytes) writeSync(this.#file, text, 0);
    } catch (error) {
      return this.#isSet ? null : messageOf(error);
    }
    this.#syncing = this.#sync();
    return null;
  }

  /** What an earlier run left is in the database now; what this run has set stays. */
  forget(): void {
    if (!this.#isSet) rmSync(join(this.#directory, markName), { force: true });
  }

  async close(): Promise<void> {
    await this.#syncing;
    closeSync(this.#file);
    if (!this.#isSet) rmSync(join(this.#directory, preparedName), { force: true });
  }

  /** For a power loss; a disk that cannot even do this is told of by the failure itself. */
  async #sync(): Promise<void> {
    await synced(this.#file);
    let directory: number;
    try {
      directory = openSync(this.#directory, "r");
    } catch {
      return;
    }
    await synced(directory);
    closeSync(directory);
  }
}

/** What the last run left; null when its journal did not fail. */
export function readFailure(directory: string): JournalFailure | null {
  let text: string;
  try {
    text = readFileSync(join(directory, markName), "utf8");
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    return isAbsent ? null : unknownFailure;
  }
  const parsed = Mark.safeParse(jsonOf(text));
  return parsed.success ? parsed.data : unknownFailure;
}

/** SAFE MODE as the failed run was in it, from what its journal says last. */
export function safeModeAfter(
  state: SafeModeState | null,
  { detail, at }: JournalFailure,
): Extract<SafeModeState, { mode: "safe" }> {
  const cause: SafeModeCause = { reason: "STORE_FAILED", detail, seenAt: at, isGone: false };
  if (state === null || state.mode === "normal") {
    return { version: 1, mode: "safe", episode: (state?.episode ?? 0) + 1, since: at, causes: [cause] };
  }
  if (state.causes.some(({ reason }) => reason === "STORE_FAILED")) return state;
  const [first, ...others] = state.causes;
  return { ...state, causes: [first, ...others, cause] };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function synced(file: number): Promise<void> {
  return new Promise((resolve) => fsync(file, () => resolve()));
}
