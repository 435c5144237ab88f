/** The file that `scalpd train --out` writes and `decision.ensemble.start_from` names: what models begin with. */

import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import type { Settings } from "../config/schema.ts";
import type { SavedModel } from "../domain/model.ts";
import { symbolIndex } from "../domain/units.ts";

const bytesMax = 16 * 2 ** 20;

export const ModelFile = z.strictObject({
  format: z.literal("scalpd-models"),
  version: z.literal(1),
  /** what it was fitted to: tapes with the time that they span */
  trained_on: z.array(z.strictObject({ tape: z.string(), symbol: z.string(), from: z.string(), to: z.string() })),
  models: z.array(z.strictObject({ symbol: z.string().min(1), source: z.string().min(1), state: z.json() })).max(1_000),
});
export type ModelFile = z.infer<typeof ModelFile>;

/** The file cannot be used. The process ends with exit code 2. */
export class ModelFileError extends Error {
  override readonly name = "ModelFileError";
  readonly exitCode = 2;
}

/**
 * The file that the settings name; null where they name none.
 *
 * @throws {ModelFileError} it cannot be read
 */
export function startingModels({ decision }: Settings): ModelFile | null {
  const path = decision.ensemble.start_from;
  return path === null ? null : readModelFile(path);
}

/** The models of a file for the symbols of a run, in their order. */
export function modelsOf(file: ModelFile | null, symbols: readonly string[]): readonly SavedModel[] {
  return (file?.models ?? []).flatMap(({ symbol, source, state }) => {
    const index = symbols.indexOf(symbol);
    return index === -1 ? [] : [{ symbol: symbolIndex(index), source, state }];
  });
}

/** @throws {ModelFileError} */
export function readModelFile(path: string): ModelFile {
  const parsed = ModelFile.safeParse(jsonOf(path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new ModelFileError(`models ${path}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "cannot be read"}`);
}

function jsonOf(path: string): unknown {
  try {
    const { size } = statSync(path);
    if (size > bytesMax) throw new Error(`has ${size} bytes; allowed: ${bytesMax}`);
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new ModelFileError(`models ${path}: cannot be read: ${message}`, { cause });
  }
}
