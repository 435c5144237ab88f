/** A mistake of the table, applied to the file as it is today. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Bug, withBug } from "../../test/faults/bugs/bug.ts";
import type { Planting } from "./plant.ts";

/** @throws {RangeError} the bug's text does not stand exactly once in its file */
export function plantingOf(bug: Bug): Planting {
  const path = join(import.meta.dirname, "..", "..", "src", bug.file);
  return { path, source: withBug(bug, readFileSync(path, "utf8")) };
}
