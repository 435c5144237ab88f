/** Makes the configured sources of one symbol, in the order of their priority. */

import type { Settings } from "../config/schema.ts";
import type { Features } from "../market/features.ts";
import { DemoSource } from "./demo.ts";
import { EnsembleSource } from "./ensemble/ensemble.ts";
import { ExternalSource } from "./ensemble/external.ts";
import { MicroScalpSource } from "./micro-scalp/micro-scalp.ts";
import type { DecisionSource } from "./source.ts";

/**
 * @param settings with what the symbol overrides
 * @param features of the symbol, with the memories of `ensembleHorizons`
 */
export function createSources(
  settings: Settings["decision"],
  symbol: string,
  features: Features,
): readonly DecisionSource[] {
  const sources: DecisionSource[] = [];
  if (settings.ensemble.enabled) {
    const Ensemble = settings.ensemble.onnx.file === null ? EnsembleSource : ExternalSource;
    sources.push(new Ensemble(settings.ensemble, features));
  }
  const own = settings.micro_scalp.symbols[symbol];
  if (settings.micro_scalp.enabled && own !== undefined) {
    sources.push(new MicroScalpSource(settings.micro_scalp, symbol, own));
  }
  if (settings.demo.enabled) sources.push(new DemoSource(settings.demo));
  return sources;
}
