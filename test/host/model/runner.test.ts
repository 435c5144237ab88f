/** A model in a real thread, with a runtime that misbehaves in every way that was thought of. */

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { Settings } from "../../../src/config/schema.ts";
import type { ModelOutput } from "../../../src/domain/model.ts";
import { micros, symbolIndex } from "../../../src/domain/units.ts";
import { ModelRunner, type ModelRunnerOptions, modelRunner } from "../../../src/host/model/runner.ts";
import { behaviours } from "./behaviours.ts";
import { features, horizons, model, value } from "./onnx.ts";

const folder = mkdtempSync(join(tmpdir(), "scalpd-model-"));
afterAll(() => rmSync(folder, { recursive: true }));
const fake = new URL("./fake.worker.ts", import.meta.url);

/** A running model, and what it told. */
class Bench {
  readonly answers: ModelOutput[] = [];
  readonly notices: { readonly code: string; readonly detail: unknown }[] = [];
  readonly runner: ModelRunner;
  readonly #waiting: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];
  #request = 0;

  constructor(output = "p_up", changes: Partial<ModelRunnerOptions["settings"]> = {}, worker: URL | null = fake) {
    const bytes = model({ outputs: [value(output, [1, horizons])] });
    const file = join(folder, `${output}.onnx`);
    writeFileSync(file, bytes);
    const settings = {
      ...Settings.parse({}).decision.ensemble.onnx,
      file,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      time_limit_ms: 2_000,
      ...changes,
    };
    this.runner = new ModelRunner({
      settings,
      inputs: features,
      outputs: horizons,
      answer: (answer) => this.#happened(() => this.answers.push(answer)),
      notice: (_level, code, { detail }) => this.#happened(() => this.notices.push({ code, detail })),
      ...(worker === null ? {} : { worker }),
    });
    this.runner.start();
  }

  get codes(): readonly string[] {
    return this.notices.map(({ code }) => code);
  }

  async until(holds: () => boolean): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve) => this.#waiting.push({ holds, resolve }));
  }

  async notice(code: string): Promise<unknown> {
    await this.until(() => this.codes.includes(code));
    return this.notices.find((notice) => notice.code === code)?.detail;
  }

  async asks(behaviour: (typeof behaviours)[number]): Promise<ModelOutput["answer"] | undefined> {
    this.#request += 1;
    const request = this.#request;
    const values = Array.from({ length: features }, () => 0).with(0, behaviours.indexOf(behaviour));
    this.runner.ask({ kind: "model-input", symbol: symbolIndex(0), request, features: values, time: micros(1) });
    const mine = () => this.answers.find((answer) => answer.request === request)?.answer;
    await this.until(() => mine() !== undefined);
    return mine();
  }

  #happened(note: () => void): void {
    note();
    for (const { holds, resolve } of this.#waiting) if (holds()) resolve();
  }
}

const benches: Bench[] = [];
afterEach(async () => {
  for (const { runner } of benches.splice(0)) await runner.close();
});

function bench(...given: ConstructorParameters<typeof Bench>): Bench {
  const one = new Bench(...given);
  benches.push(one);
  return one;
}

async function ready(...given: ConstructorParameters<typeof Bench>): Promise<Bench> {
  const one = bench(...given);
  await one.notice("MODEL_READY");
  return one;
}

test("[DEC-3] a model that works gives its probabilities under the question's number", async () => {
  const one = await ready();
  expect(await one.asks("well")).toEqual({ kind: "forecast", probabilities: [0.25, 0.5, 0.75] });
  expect(one.answers).toMatchObject([{ symbol: 0, request: 1 }]);
});

test("[DEC-3] a runtime that exports by default works, too", async () => {
  expect(await (await ready("default")).asks("well")).toMatchObject({ kind: "forecast" });
});

test.each(["throws", "not-a-number", "too-large", "wrong-shape", "no-data"] as const)(
  "[S-30] a model that gives no forecast (%s) has failed, and the next question is answered",
  async (behaviour) => {
    const one = await ready();
    expect(await one.asks(behaviour)).toEqual({ kind: "failed" });
    expect(await one.asks(behaviour)).toEqual({ kind: "failed" });
    expect(await one.asks("well")).toMatchObject({ kind: "forecast" });
    // Several times a second would be too often to tell.
    expect(one.codes).toEqual(["MODEL_READY", "MODEL_FAILED"]);
  },
);

test.each(["hangs", "blocks"] as const)(
  "[S-30] a model that %s is late at the time limit, and is then ended and started anew",
  async (behaviour) => {
    const one = await ready("p_up", { time_limit_ms: 40 });
    expect(await one.asks(behaviour)).toEqual({ kind: "slow" });
    await one.until(() => one.codes.filter((code) => code === "MODEL_READY").length === 2);
    expect(one.notices[1]).toEqual({ code: "MODEL_ENDED", detail: "it does not answer any more" });
    expect(one.answers).toHaveLength(1);
  },
);

test.each(["ends", "lies"] as const)(
  "[S-30] a thread that %s fails the question, and another is started",
  async (how) => {
    const one = await ready();
    expect(await one.asks(how)).toEqual({ kind: "failed" });
    await one.until(() => one.codes.filter((code) => code === "MODEL_READY").length === 2);
    expect(await one.asks("well")).toMatchObject({ kind: "forecast" });
  },
);

test("[S-30] a thread that ends again and again without a forecast is left alone, and every question fails", async () => {
  const one = await ready();
  for (let time = 1; time <= 3; time += 1) {
    await one.until(() => one.codes.filter((code) => code === "MODEL_READY").length === time);
    expect(await one.asks("ends")).toEqual({ kind: "failed" });
  }
  await one.notice("MODEL_GIVEN_UP");
  expect(await one.asks("well")).toEqual({ kind: "failed" });
});

test.each([
  ["no-runtime", 10_000, "the package is no ONNX runtime"],
  ["throws-at-load", 10_000, "no such operator"],
  ["hangs-at-load", 100, "it took too long to load"],
])(
  "[S-30] a model that cannot be loaded (%s) is told and given up after three tries",
  async (output, load_limit_ms, detail) => {
    const one = bench(output, { load_limit_ms });
    await one.notice("MODEL_GIVEN_UP");
    expect(one.notices.slice(0, 3)).toEqual(Array(3).fill({ code: "MODEL_ENDED", detail }));
    expect(await one.asks("well")).toEqual({ kind: "failed" });
  },
);

test("[DEC-3] without the runtime's package every question fails, and it is said what is missing", async () => {
  const one = bench("p_up", {}, null);
  expect(await one.notice("MODEL_ENDED")).toMatch(/^not installed: .*onnxruntime-node/);
  await one.notice("MODEL_GIVEN_UP");
  expect(await one.asks("well")).toEqual({ kind: "failed" });
});

test.each([
  ["another checksum", { sha256: "0".repeat(64) }, /has the checksum [0-9a-f]{64}, not 0{64}$/],
  ["a size above the limit", { bytes_max: 10 }, /has \d+ bytes; allowed: 10$/],
  ["no file", { file: join(folder, "none.onnx") }, /none\.onnx/],
])("[S-30] a file with %s is not loaded", async (_what, changes, detail) => {
  const one = bench("p_up", changes);
  expect(one.notices).toEqual([{ code: "MODEL_REFUSED", detail: expect.stringMatching(detail) }]);
  expect(await one.asks("well")).toEqual({ kind: "failed" });
});

test("[S-30] what a file holds is looked at before it is loaded", () => {
  const bytes = model({ outputs: [value("p_up", [1, 9])] });
  const file = join(folder, "wide.onnx");
  writeFileSync(file, bytes);
  const one = bench("p_up", { file, sha256: createHash("sha256").update(bytes).digest("hex") });
  expect(one.notices).toEqual([{ code: "MODEL_REFUSED", detail: "its output is 1 × 9; needed: 1 × 3" }]);
});

test("[DEC-3] without a model in the settings there is no runner", () => {
  const none = () => undefined;
  expect(modelRunner(Settings.parse({}), none, none)).toBeNull();
  const settings = Settings.parse({ decision: { ensemble: { onnx: { file: "x", sha256: "0".repeat(64) } } } });
  expect(modelRunner(settings, none, none)).not.toBeNull();
});
