/**
 * Watches the decision file. It is opened and read without ever blocking, once a change, and nothing is followed that is
 * not a plain file of its owner. A half-written file is never acted on: what cannot be read counts only when it is still
 * there, unchanged, at the next look. @see failure-catalogue S-15, S-16
 */

import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Settings } from "../../config/schema.ts";
import { oneLine } from "../../config/text.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { Micros } from "../../domain/units.ts";
import type { Clock } from "../clock.ts";
import { fileBytesMax, type ReadDecision, readDecision } from "./decision-file.ts";

export type DecisionFileOptions = {
  readonly settings: Settings["decision_file"];
  readonly instruments: readonly Instrument[];
  readonly clock: Clock;
  /** Called once a change. The first file that is found is one. */
  readonly onRead: (read: ReadDecision, now: Micros) => void;
};

type Content =
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly key: string; readonly problem: string }
  | { readonly kind: "text"; readonly key: string; readonly text: string };

export class DecisionFileWatch {
  readonly #options: DecisionFileOptions;
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  /** what was told last, and what could not be read at the last look */
  #told: string | null = null;
  #suspect: string | null = null;

  constructor(options: DecisionFileOptions) {
    this.#options = options;
  }

  start(): void {
    const wait = this.#options.settings.poll_seconds * 1_000;
    this.#timer = setInterval(() => void this.look(), wait);
    this.#timer.unref();
    void this.look();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One look; a look that hangs, on a file system that is away, keeps further ones from beginning. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#onContent(await readContent(this.#options.settings.path));
    } finally {
      this.#isLooking = false;
    }
  }

  #onContent(content: Content): void {
    // A file that is gone is no word: what it said holds until it is too old.
    if (content.kind === "absent" || content.key === this.#told) return;
    const { settings, instruments, clock, onRead } = this.#options;
    const now = clock();
    const read: ReadDecision =
      content.kind === "refused"
        ? { state: "malformed", problem: content.problem }
        : readDecision(content.text, instruments, settings, now);
    if (read.state === "malformed" && this.#suspect !== content.key) {
      this.#suspect = content.key;
      return;
    }
    this.#suspect = null;
    this.#told = content.key;
    onRead(read, now);
  }
}

/** Neither links, nor pipes that would wait for a writer, nor terminals. */
const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

async function readContent(path: string): Promise<Content> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, flags);
    const before = await file.stat();
    const problem = problemOf(before);
    if (problem !== null) return { kind: "refused", key: keyOf(before), problem };
    const text = await readText(file);
    const after = await file.stat();
    if (keyOf(before) !== keyOf(after)) return { kind: "refused", key: keyOf(after), problem: "is being written" };
    return text === null
      ? { kind: "refused", key: keyOf(after), problem: `has more than ${fileBytesMax} bytes, or is not UTF-8` }
      : { kind: "text", key: keyOf(after), text };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    if (code === "ENOENT") return { kind: "absent" };
    return { kind: "refused", key: code, problem: oneLine(`cannot be read: ${code}`, 200) };
  } finally {
    await file?.close().catch(() => undefined);
  }
}

/** Read once, with one byte of room to see that there is more. */
async function readText(file: FileHandle): Promise<string | null> {
  const bytes = Buffer.alloc(fileBytesMax + 1);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length > fileBytesMax) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(0, length));
  } catch {
    return null;
  }
}

function problemOf(status: Stats): string | null {
  if (!status.isFile()) return "is not a plain file";
  if (status.size > fileBytesMax) return `has ${status.size} bytes; allowed: at most ${fileBytesMax}`;
  const own = process.geteuid?.() ?? status.uid;
  if (status.uid !== own && status.uid !== 0) return "belongs to another user";
  if ((status.mode & 0o002) !== 0) return "can be written by anybody; mend it with: chmod o-w";
  return null;
}

function keyOf({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}
