/** A daemon that is told to stop before it knows what is open, while its journal is still being opened, or as its settings change. */

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

test("[SAF-5] [CFG-4] a policy that is changed while the daemon stops is followed: what is open is closed", async () => {
  bench = await DaemonBench.open();
  const first = bench.start("a", { ...entering, stop: { timeout_seconds: 3 } });
  await first.inPosition();
  const { core, settings } = first.daemon;
  if (core === null) throw new Error("no core");
  vi.spyOn(core, "isAtRest").mockReturnValue(false);
  const stopping = first.daemon.stop();
  await first.logged("STOPPING");
  settings.replace({ ...settings.current, stop: { policy: "flatten", timeout_seconds: 60 } });
  const { positions, failure } = await stopping;
  expect([positions, failure]).toEqual([[], null]);
});

test("[SAF-5] [CFG-4] a stop that took too long names the limit that it began with", async () => {
  bench = await DaemonBench.open();
  const first = bench.start("a", { ...waiting, stop: { timeout_seconds: 0.1 } });
  await first.logged("RECOVERED");
  const { core, settings } = first.daemon;
  if (core === null) throw new Error("no core");
  vi.spyOn(core, "isAtRest").mockReturnValue(false);
  const stopping = first.daemon.stop();
  settings.replace({ ...settings.current, stop: { ...settings.current.stop, timeout_seconds: 60 } });
  expect((await stopping).failure).toBe("after 0.1 s an order or a position was still not settled");
});

test("[I-10] a halt that comes as the daemon ends is not told as done: the next run would trade", async () => {
  bench = await DaemonBench.open();
  const running = bench.start("a", waiting);
  await running.logged("RECOVERED");
  const { daemon } = running;
  const ended = daemon.close();
  await expect(daemon.control({ kind: "control", by: "telegram:7", action: "halt" })).rejects.toThrow("is ending");
  await ended;
});
