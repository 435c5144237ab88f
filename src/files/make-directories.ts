/** Makes the place of a file. */

import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory with those above it, one at a time: Node's own way goes round for ever where a directory is there that
 * says of each new one that there is no such place, as those of /proc do.
 *
 * @param mode of those that are made
 * @throws {Error} the system's own, with its code
 */
export function makeDirectories(directory: string, mode = 0o777): void {
  const above = dirname(directory);
  if (above !== directory && !existsSync(above)) makeDirectories(above, mode);
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
