/** What the results of a run are worth: those of another daemon, judge or world say nothing of this one. */

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Of all source files. */
export function sourceDigest(root: string): string {
  const hash = createHash("sha256");
  for (const file of globSync("src/**/*.ts", { cwd: root }).sort()) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex").slice(0, 12);
}
