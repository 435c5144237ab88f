/** The thread that runs a user's model: what it is sent, what it answers, and that nothing it does can do more than fail. */

import type { MessagePort } from "node:worker_threads";
import { z } from "zod";

export type ModelThreadStart = {
  readonly runtime: "onnxruntime-node" | "onnxruntime-web";
  readonly bytes: Uint8Array;
  readonly input: string;
  readonly output: string;
  readonly inputs: number;
  readonly outputs: number;
};

export type ToModel = { readonly id: number; readonly features: readonly number[] };

/** What the thread says is checked like any other input: it runs code that is not ours. */
export const FromModel = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ready") }),
  z.strictObject({ kind: z.literal("refused"), message: z.string() }),
  z.strictObject({ kind: z.literal("forecast"), id: z.int(), probabilities: z.array(z.number()).max(64) }),
  z.strictObject({ kind: z.literal("failed"), id: z.int(), message: z.string() }),
]);
export type FromModel = z.infer<typeof FromModel>;

/** What of a runtime is used; both packages have it. */
export type Runtime = {
  readonly InferenceSession: {
    create(bytes: Uint8Array, options?: object): Promise<Session>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => unknown;
};

type Session = { run(feeds: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> };

const messageMax = 500;

/**
 * Loads runtime and model and answers until the port closes.
 *
 * @param load imports the runtime: a package that may not be installed
 */
export async function serveModel(
  port: MessagePort,
  start: ModelThreadStart,
  load: () => Promise<unknown>,
): Promise<void> {
  const tell = (message: FromModel): void => port.postMessage(message);
  let runtime: Runtime;
  let session: Session;
  try {
    runtime = runtimeOf(await load());
    session = await runtime.InferenceSession.create(start.bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  } catch (error) {
    tell({ kind: "refused", message: messageOf(error) });
    return port.close();
  }
  port.on("message", (message: ToModel) => {
    forecast(runtime, session, start, message).then(
      (probabilities) => tell({ kind: "forecast", id: message.id, probabilities }),
      (error: unknown) => tell({ kind: "failed", id: message.id, message: messageOf(error) }),
    );
  });
  tell({ kind: "ready" });
}

async function forecast(
  { Tensor }: Runtime,
  session: Session,
  { input, output, inputs, outputs }: ModelThreadStart,
  { features }: ToModel,
): Promise<number[]> {
  const tensor = new Tensor("float32", Float32Array.from(features), [1, inputs]);
  const results = await session.run({ [input]: tensor });
  const data = Results.parse(results[output]).data;
  if (data.length !== outputs) throw new Error(`gave ${data.length} numbers; needed: ${outputs}`);
  const probabilities = [...data];
  const wrong = probabilities.find((value) => !(value >= 0 && value <= 1));
  if (wrong !== undefined) throw new Error(`gave ${wrong}, which is no probability`);
  return probabilities;
}

const Results = z.object({ data: z.instanceof(Float32Array) });

/** CommonJS packages come with their names below `default`. */
function runtimeOf(loaded: unknown): Runtime {
  for (const candidate of [loaded, property(loaded, "default")]) if (isRuntime(candidate)) return candidate;
  throw new Error("the package is no ONNX runtime");
}

function isRuntime(value: unknown): value is Runtime {
  return (
    typeof property(value, "Tensor") === "function" &&
    typeof property(property(value, "InferenceSession"), "create") === "function"
  );
}

function property(value: unknown, name: string): unknown {
  return (typeof value === "object" && value !== null) || typeof value === "function"
    ? Reflect.get(value, name)
    : undefined;
}

function messageOf(error: unknown): string {
  const missing = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
  const message = error instanceof Error ? error.message : String(error);
  return (missing ? `not installed: ${message}` : message).slice(0, messageMax);
}
