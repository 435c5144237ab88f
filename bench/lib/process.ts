/** Processes on a core of their own, where the machine lets us choose. */

import { type SpawnOptions, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { z } from "zod";

const mayPin =
  availableParallelism() > 1 && spawnSync("taskset", ["-c", "0", "true"], { stdio: "ignore" }).status === 0;

/** Arguments of `spawn`; standard error is dropped, as a terminal would slow the logs down. */
export function pinned(
  core: 0 | 1,
  command: string,
  options: readonly string[],
): [command: string, options: string[], spawnOptions: SpawnOptions] {
  const stdio: SpawnOptions = {
    stdio: ["ignore", "pipe", process.env["BENCH_DEBUG"] === undefined ? "ignore" : "inherit"],
  };
  if (!mayPin) return [command, [...options], stdio];
  return ["taskset", ["-c", String(core), command, ...options], stdio];
}

/** What `npm start` hands to the runtime: the way of an order is seldom taken, so it is compiled early, and in larger pieces. */
export function startFlags(): readonly string[] {
  const file = new URL("../../package.json", import.meta.url);
  const { scripts } = PackageFile.parse(JSON.parse(readFileSync(file, "utf8")));
  return scripts.start.split(" ").filter((word) => word.startsWith("--"));
}

const PackageFile = z.object({ scripts: z.object({ start: z.string() }) });
