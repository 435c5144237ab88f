/** Recordings that worlds are fed with, each file read once a thread: every seed plays the same few. */

import type { Tape } from "../tape/format.ts";
import { readTape } from "../tape/reader.ts";

const known = new Map<string, Tape>();

/** @throws {import("../tape/format.ts").TapeError} it cannot be read */
export function recordingAt(path: string): Tape {
  const tape = known.get(path) ?? readTape(path);
  known.set(path, tape);
  return tape;
}
