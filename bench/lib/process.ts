/** Processes on a core of their own, where the machine lets us choose. */

import { type SpawnOptions, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

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
