/** Settings of the sources of decisions. */

import { z } from "zod";
import { MicroScalp } from "./micro-scalp.ts";
import { fraction, milliseconds, seconds } from "./units.ts";

const Calibration = z.strictObject({
  every_labels: z
    .number()
    .int()
    .min(1)
    .max(1e6)
    .default(50)
    .describe("It is fitted anew after so many matured labels."),
  memory_labels: z.number().int().min(10).max(1e8).default(5_000).describe("Labels that count; older ones fade."),
  prior_deviation: z
    .number()
    .positive()
    .max(100)
    .default(0.5)
    .describe("How far slope from 1 and offset from 0 are expected to lie before anything was seen."),
});

const Onnx = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe("The ONNX file; relative to the working directory. `null`: the built-in models."),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits in lower case")
      .nullable()
      .default(null)
      .describe("Checksum that the file must have (S-30)."),
    runtime: z
      .enum(["onnxruntime-node", "onnxruntime-web"])
      .default("onnxruntime-node")
      .describe("The package that runs it; it has to be installed beside scalpd."),
    time_limit_ms: milliseconds.default(50).describe("A later answer counts as none."),
    load_limit_ms: milliseconds.default(10_000).describe("Loading runtime and model takes at most this long."),
    bytes_max: z
      .number()
      .int()
      .min(1)
      .max(2 ** 28)
      .default(2 ** 24)
      .describe("Largest file that is looked at."),
  })
  .refine((c) => c.file === null || c.sha256 !== null, {
    error: "a model file needs its checksum: sha256sum prints it",
    path: ["sha256"],
  });

const Ensemble = z
  .strictObject({
    enabled: z.boolean().default(true).describe("Runs the model ensemble as a source of decisions."),
    horizons_seconds: z
      .array(seconds)
      .min(1)
      .max(8)
      .default([2, 10, 60])
      .refine((list) => list.every((value, index) => index === 0 || value > (list[index - 1] ?? 0)), {
        error: "must ascend",
      })
      .describe("Horizons of the models, seconds, ascending."),
    interval_ms: milliseconds
      .default(250)
      .describe("The models are asked when the touch moved, and at least this often."),
    warmup_labels: z
      .number()
      .int()
      .min(10)
      .max(1e6)
      .default(200)
      .describe("Matured labels that each horizon needs before it speaks."),
    learning_rate: z.number().gt(0).lte(1).default(0.02).describe("Step of the online learning."),
    regularisation: z.number().min(0).max(1).default(0.0001).describe("L2 penalty on the weights."),
    weight_deviation: z
      .number()
      .positive()
      .max(100)
      .default(0.2)
      .describe("`scalpd train`: how far from 0 a weight is expected to lie, log-odds per deviation of its input."),
    memory_rows: z
      .number()
      .int()
      .min(100)
      .max(1e8)
      .default(50_000)
      .describe("Rows over which mean and deviation of each input are taken; older ones fade."),
    calibration: Calibration.prefault({}).describe("What the probabilities of a model turned out to mean."),
    onnx: Onnx.prefault({}).describe("A model of one's own in the place of the built-in ones (docs/models.md)."),
    save_seconds: seconds
      .default(60)
      .describe("What the models have learnt is kept this often, and at every orderly stop."),
    start_from: z
      .string()
      .min(1)
      .nullable()
      .default(null)
      .describe(
        "A file that `scalpd train --out` wrote: what the models begin with where the journal has nothing of theirs; relative to the working directory.",
      ),
    regime_deviations: z
      .number()
      .positive()
      .max(5)
      .default(1)
      .describe("Deviations from its own mean at which return or volatility of the longest horizon marks the regime."),
    min_edge: z.number().min(0).max(0.5).default(0.08).describe("Least |p_up − 0.5| for an entry."),
    min_agreement: fraction.default(0.66).describe("Share of the horizons that must agree on the direction."),
    validity_ms: milliseconds.default(500).describe("A decision is good for this long."),
  })
  .refine((c) => c.onnx.time_limit_ms < 1_000 * (c.horizons_seconds[0] ?? Number.POSITIVE_INFINITY), {
    error: "an answer must come before the shortest horizon has passed",
    path: ["onnx", "time_limit_ms"],
  });

const Demo = z.strictObject({
  enabled: z.boolean().default(true).describe("Shows the machinery; no strategy. Refused on production (DEC-2)."),
  interval_seconds: seconds
    .default(8)
    .describe("An entry is tried this long after the last one of the symbol, sides in turn."),
  hold_seconds: seconds.default(6).describe("A demo position is closed after this long."),
  cooldown_seconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(2)
    .describe("After a demo position is closed, the same symbol and direction rests this long."),
  validity_ms: milliseconds.default(500).describe("A decision is good for this long."),
});

export const Decision = z.strictObject({
  ensemble: Ensemble.prefault({}).describe(
    "Models of the mid over several horizons, from order flow, depth and trades (DEC-3).",
  ),
  micro_scalp: MicroScalp.prefault({}).describe(
    "Candle set-ups at an edge of the price, in four layers of conditions (DEC-4).",
  ),
  demo: Demo.prefault({}).describe("Enters and leaves on a timer, to show the machinery."),
});
