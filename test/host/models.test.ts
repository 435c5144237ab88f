/** What models mean for a running daemon: restarts, and a model of one's own that cannot run. */

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { model } from "./model/onnx.ts";
import { Stage } from "./support.ts";

let stage: Stage;

beforeEach(() => {
  stage = new Stage();
});

afterEach(async () => await stage.close());

const config = (ensemble: string): string => `
symbols: [BTCUSDT]
decision: { demo: { enabled: false }, ensemble: ${ensemble} }
log: { status_seconds: 1 }
`;

test("[DEC-3] a restarted daemon goes on with what its models had learnt, and one with other horizons begins anew", async () => {
  writeFileSync(stage.config, config("{ horizons_seconds: [1], warmup_labels: 10 }"));
  const exchange = await stage.exchange();
  const first = stage.daemon(exchange, "--for", "6s", "--json");
  await first.lastOutput();
  const second = stage.daemon(exchange, "--for", "3s", "--json");
  expect(await second.line("MODEL_STATE_RESTORED")).toMatchObject({ source: "ensemble" });
  await second.lastOutput();
  writeFileSync(stage.config, config("{ horizons_seconds: [2], warmup_labels: 10 }"));
  const third = stage.daemon(exchange, "--for", "3s");
  expect(await third.line("MODEL_STATE_REFUSED")).toMatchObject({ level: "warn", detail: "saved with other features" });
  await third.lastOutput();
});

test("[DEC-3] a daemon whose model cannot run says so, goes on, and does not trade on it", async () => {
  const file = join(stage.directory, "model.onnx");
  writeFileSync(file, model());
  const sha256 = createHash("sha256").update(model()).digest("hex");
  writeFileSync(stage.config, config(`{ onnx: { file: ${file}, sha256: ${sha256} } }`));
  const daemon = stage.daemon(await stage.exchange(), "--for", "7s", "--json");
  expect(await daemon.line("MODEL_ENDED")).toMatchObject({
    level: "error",
    detail: expect.stringMatching(/^not installed/),
  });
  await daemon.line("MODEL_GIVEN_UP");
  const summary = JSON.parse(await daemon.lastOutput());
  expect(summary).toMatchObject({ entries: 0, failure: null, blocked: { MODEL_FAILED: expect.any(Number) } });
  expect(daemon.child.exitCode).toBe(0);
});
