/** A daemon that is told to stop before it knows what is open, or while its journal is still being opened. */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { ModelRunner } from "../../src/host/model/runner.ts";
import { paperEndpoints } from "../../src/venue/live/endpoints.ts";
import { DaemonBench, entering, waiting } from "./daemon-bench.ts";
import { model } from "./model/onnx.ts";

let bench: DaemonBench | null = null;

/** Nobody listens there. */
const endpoints = paperEndpoints({ rest: "http://127.0.0.1:1", streams: "ws://127.0.0.1:1" });

afterEach(async () => {
  vi.restoreAllMocks();
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

test("[SAF-5] [S-30] a daemon whose exchange never answered ends the thread of its model, which would keep the process from ending", async () => {
  bench = await DaemonBench.open();
  const file = join(bench.directory, "model.onnx");
  writeFileSync(file, model());
  const sha256 = createHash("sha256").update(model()).digest("hex");
  const closed = vi.spyOn(ModelRunner.prototype, "close");
  const onnx = { file, sha256 };
  const { daemon } = bench.start("a", { ...waiting, decision: { ensemble: { onnx } } }, { endpoints });
  await expect(daemon.stop()).rejects.toThrow("the venue did not answer");
  expect(closed).toHaveBeenCalled();
});

test("[SAF-5] [OPS-2] a daemon whose exchange never answered waits for its alerts", async () => {
  bench = await DaemonBench.open();
  const closing = vi.fn(async () => undefined);
  const { daemon } = bench.start("a", waiting, { endpoints, journalListener: { opened: () => undefined, closing } });
  await expect(daemon.stop()).rejects.toThrow("the venue did not answer");
  expect(closing).toHaveBeenCalled();
});
