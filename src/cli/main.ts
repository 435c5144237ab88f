#!/usr/bin/env node
/** The command line's door: an old Node is told what to do before it meets anything that it cannot run. */

import { enableCompileCache } from "node:module";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major === 24 && minor >= 21) {
  enableCompileCache();
  const { main } = await import("./program.ts");
  process.exitCode = await main(process.argv.slice(2));
} else {
  process.stderr.write(
    `scalpd: Node ${process.versions.node} cannot run it; allowed: 24.21 or a later 24. ` +
      "npm ci brings the right one: npm start, npm run scalpd -- …, or npx scalpd … use it\n",
  );
  process.exitCode = 2;
}
