/**
 * The thread of a model with a runtime that is none: the first feature says how it behaves when it is asked, the name of
 * the model's output how it behaves when it is loaded.
 */

import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../../src/domain/assert.ts";
import { type ModelThreadStart, serveModel } from "../../../src/host/model/thread.ts";
import { behaviours } from "./behaviours.ts";

const start: ModelThreadStart = workerData;
const port = present(parentPort, "the worker's port");

class Tensor {
  readonly data: Float32Array;
  constructor(_type: string, data: Float32Array) {
    this.data = data;
  }
}

const never = new Promise<never>(() => undefined);

async function run(feeds: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const fed = feeds[start.input];
  const behaviour = behaviours[fed instanceof Tensor ? (fed.data[0] ?? 0) : 0];
  const given = (...data: number[]) => ({ [start.output]: { data: Float32Array.from(data) } });
  switch (behaviour) {
    case "hangs":
      return await never;
    case "blocks":
      for (;;);
    case "throws":
      throw new Error("no forecast today");
    case "not-a-number":
      return given(0.5, Number.NaN, 0.5);
    case "too-large":
      return given(0.5, 1.5, 0.5);
    case "wrong-shape":
      return given(0.5);
    case "no-data":
      return {};
    case "ends":
      return process.exit(3);
    case "lies":
      port.postMessage({ kind: "forecast", id: "1", probabilities: "all" });
      return await never;
    default:
      return given(0.25, 0.5, 0.75);
  }
}

function loaded(): unknown {
  switch (start.output) {
    case "no-runtime":
      return { default: {} };
    case "throws-at-load":
      return { Tensor, InferenceSession: { create: async () => await Promise.reject(new Error("no such operator")) } };
    case "hangs-at-load":
      // A runtime that still works at something keeps its thread alive; one that waits for nothing would end it.
      return {
        Tensor,
        InferenceSession: {
          create: async () => {
            setInterval(() => undefined, 1_000);
            return await never;
          },
        },
      };
    case "default":
      return { default: { Tensor, InferenceSession: { create: async () => ({ run }) } } };
    default:
      return { Tensor, InferenceSession: { create: async () => ({ run }) } };
  }
}

await serveModel(port, start, async () => await Promise.resolve(loaded()));
