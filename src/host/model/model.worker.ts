/** The worker of a user's model, with the runtime that the settings name. */

import { parentPort, workerData } from "node:worker_threads";
import { present } from "../../domain/assert.ts";
import { type ModelThreadStart, serveModel } from "./thread.ts";

const start: ModelThreadStart = workerData;

await serveModel(present(parentPort, "the worker's port"), start, () =>
  start.runtime === "onnxruntime-node" ? import("onnxruntime-node") : import("onnxruntime-web"),
);
