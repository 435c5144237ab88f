/** A daemon that is told to stop while its journal is still being opened. */

import { afterEach, expect, test } from "vitest";
import { DaemonBench, entering, waiting } from "./daemon-bench.ts";

let bench: DaemonBench | null = null;

afterEach(async () => {
  await bench?.close();
  bench = null;
});

test("[SAF-5] [F-74] a daemon that is stopped before its journal is open says what is open", async () => {
  bench = await DaemonBench.open();
  const first = bench.start("a", entering);
  await first.inPosition();
  await first.kill();
  const { daemon } = bench.start("a", waiting);
  const isReady = (wanted: string): boolean => daemon.readiness().some(({ part, ready }) => part === wanted && ready);
  while (!isReady("venue")) await new Promise((resolve) => setImmediate(resolve));
  const wasOpen = isReady("journal");
  const { positions, failure } = await daemon.stop();
  expect([wasOpen, positions, failure]).toMatchObject([false, [{ symbol: "BTCUSDT", isProtected: true }], null]);
});
