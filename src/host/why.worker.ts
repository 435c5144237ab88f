/** Reads why there was no trade in a thread of its own: the journal may be large, and trading does not wait for it. */

import { parentPort, workerData } from "node:worker_threads";
import { present } from "../domain/assert.ts";
import { type StoreWhy, viewWhy, type WhyQuestion } from "../store/why.ts";

const port = present(parentPort, "the worker's port");
const question: WhyQuestion = workerData;
const stores: readonly StoreWhy[] = viewWhy(question);
port.postMessage(stores);
port.close();
