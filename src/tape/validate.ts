/** What must hold for the events of a tape, wherever the tape comes from. */

import { at } from "../domain/assert.ts";
import {
  askAt,
  askLotsAt,
  bidAt,
  bidLotsAt,
  bookTickerKind,
  buyerIsMakerAt,
  depthKind,
  exchangeTimeAt,
  firstIdAt,
  fundingRateAt,
  idAt,
  kindAt,
  levelsFromAt,
  levelsToAt,
  markAt,
  markKind,
  nextFundingAt,
  previousIdAt,
  priceAt,
  quantityAt,
  receivedAtAt,
  rowWidth,
  snapshotKind,
  type Tape,
  tapeKinds,
  tradeKind,
} from "./format.ts";

/** The first thing wrong, with its row; null when the tape is sound. */
export function problemOf(tape: Tape): string | null {
  const { rows } = tape;
  let latest = 0;
  for (let row = 0; row < tape.length; row += 1) {
    const start = row * rowWidth;
    const receivedAt = at(rows, start + receivedAtAt);
    const problem =
      receivedAt < latest ? `receipt time ${receivedAt} after ${latest} goes back` : rowProblem(tape, rows, start);
    if (problem !== null) return `row ${row} (${tapeKinds[at(rows, start + kindAt)]}): ${problem}`;
    latest = receivedAt;
  }
  return null;
}

function rowProblem(tape: Tape, rows: Float64Array, start: number): string | null {
  const value = (place: number): number => at(rows, start + place);
  if (value(exchangeTimeAt) < 0 || value(receivedAtAt) < 0) return "a time before 1970";
  if (value(idAt) < 0) return `id ${value(idAt)} below 0`;
  switch (value(kindAt)) {
    case bookTickerKind:
      if (value(bidAt) <= 0 || value(askAt) <= value(bidAt)) return `bid ${value(bidAt)}, ask ${value(askAt)}`;
      return value(bidLotsAt) >= 0 && value(askLotsAt) >= 0 ? null : "a quantity below 0";
    case depthKind:
    case snapshotKind:
      if (value(firstIdAt) > value(idAt)) return `first id ${value(firstIdAt)} above last id ${value(idAt)}`;
      if (value(previousIdAt) < 0 || value(firstIdAt) < 0) return "an id below 0";
      return levelsProblem(tape, value(levelsFromAt), value(levelsToAt));
    case tradeKind:
      if (value(priceAt) <= 0 || value(quantityAt) <= 0) {
        return `price ${value(priceAt)}, quantity ${value(quantityAt)}`;
      }
      return value(buyerIsMakerAt) === 0 || value(buyerIsMakerAt) === 1 ? null : "buyer_is_maker must be 0 or 1";
    case markKind:
      if (value(markAt) <= 0) return `mark price ${value(markAt)}`;
      if (!Number.isFinite(value(fundingRateAt))) return `funding rate ${value(fundingRateAt)}`;
      return value(nextFundingAt) >= 0 ? null : "next funding before 1970";
    default:
      return null;
  }
}

function levelsProblem(tape: Tape, from: number, to: number): string | null {
  for (let level = from; level < to; level += 1) {
    const side = at(tape.levelSide, level);
    const price = at(tape.levelPrice, level);
    const size = at(tape.levelSize, level);
    if (side > 1 || price <= 0 || size < 0) return `level with side ${side}, price ${price}, lots ${size}`;
  }
  return null;
}
