/** What the exchange has and what the daemon shows of it, side by side, symbol by symbol. */

import type { OpenPosition } from "../engine/open-positions.ts";
import type { Truth } from "./judge/truth.ts";
import type { World } from "./world.ts";

export function differencesOf(world: World, truth: Truth): readonly string[] {
  const { core, isUp } = world.process;
  const shown = isUp ? (core?.openPositions() ?? []) : [];
  return world.specs.flatMap(({ row }, symbol) => {
    const own = shown.filter(({ instrument }) => instrument.index === symbol);
    const held = own.reduce((sum, { lots }) => sum + lots, 0);
    const isSame = held === truth.position(symbol);
    return [
      `${row.symbol} ${isSame ? "the same" : "DIFFERENT"}`,
      `  exchange: ${truth.position(symbol)} lots, ${truth.isCovered(symbol) ? "covered" : "not covered"}`,
      ...restingOn(truth, symbol),
      `  daemon: ${isUp ? `${held} lots` : "down"}`,
      ...own.map(shownPosition),
    ];
  });
}

function restingOn({ openOrders, openAlgos }: Truth, symbol: number): readonly string[] {
  const lines: string[] = [];
  for (const order of openOrders.values()) {
    if (order.symbol === symbol) lines.push(`    order ${order.id} ${order.side} ${order.quantity} lots`);
  }
  for (const { symbol: of, id, side, type, quantity, trigger, status } of openAlgos.values()) {
    const size = quantity === null ? "the position" : `${quantity} lots`;
    if (of === symbol) lines.push(`    ${type} ${id} ${side} ${size} at ${trigger}, ${status}`);
  }
  return lines;
}

function shownPosition({ lots, stopLevel, isProtected }: OpenPosition): string {
  return `    ${lots} lots, stop at ${stopLevel}, ${isProtected ? "protected" : "not protected"}`;
}
