/** Which listed symbols tapes are of: each once, and on the grid that the exchange has it on. */

import { Decimal } from "decimal.js";
import { filterText, listedSymbols, type SymbolSpec } from "../exchange/symbols.ts";
import type { Tape } from "../tape/format.ts";

/** Tapes that cannot be played: the message names the tape's symbol, what is wrong and what is allowed. */
export class TapeSymbolError extends Error {
  override readonly name = "TapeSymbolError";
  readonly code = "TAPE_SYMBOL";
  readonly exitCode = 2;
}

/**
 * The listed symbols of the tapes, in their order.
 *
 * @throws {TapeSymbolError} not listed, twice the same, or recorded on another tick or step: its numbers count those
 */
export function symbolsOfTapes(tapes: readonly Tape[]): readonly SymbolSpec[] {
  const specs = tapes.map(specOf);
  if (new Set(specs).size === specs.length) return specs;
  const twice = specs.find((spec, index) => specs.indexOf(spec) !== index);
  throw new TapeSymbolError(`two tapes of ${twice?.row.symbol}: one for each symbol`);
}

function specOf({ metadata: { symbol, tickSize, stepSize } }: Tape): SymbolSpec {
  const spec = listedSymbols.find(({ row }) => row.symbol === symbol);
  if (spec === undefined) {
    const listed = listedSymbols.map(({ row }) => row.symbol).join(", ");
    throw new TapeSymbolError(`tape of ${symbol}: the exchange lists ${listed}`);
  }
  const [tick, step] = [filterText(spec.row, "PRICE_FILTER", "tickSize"), filterText(spec.row, "LOT_SIZE", "stepSize")];
  if (isSame(tickSize, tick) && isSame(stepSize, step)) return spec;
  throw new TapeSymbolError(
    `tape of ${symbol}: tick ${tickSize} and step ${stepSize}; the exchange has ${tick} and ${step}`,
  );
}

function isSame(text: string, other: string | null): boolean {
  return other !== null && new Decimal(text).eq(other);
}
