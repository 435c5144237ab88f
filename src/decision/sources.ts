/** Makes the configured sources of one symbol, in the order of their priority. */

import type { Settings } from "../config/schema.ts";
import type { Features } from "../market/features.ts";
import { DemoSource } from "./demo.ts";
import { OrderFlowSource } from "./order-flow.ts";
import type { DecisionSource } from "./source.ts";

/** @param features of the symbol, with the memories of `orderFlowHorizons` */
export function createSources(settings: Settings["decision"], features: Features): readonly DecisionSource[] {
  const sources: DecisionSource[] = [];
  if (settings.order_flow.enabled) sources.push(new OrderFlowSource(settings.order_flow, features));
  if (settings.demo.enabled) sources.push(new DemoSource(settings.demo));
  return sources;
}
