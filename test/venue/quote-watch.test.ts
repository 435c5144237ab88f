import { expect, test } from "vitest";
import { askSide, bidSide, type DepthLevels, depthLevels } from "../../src/domain/market-port.ts";
import { micros, symbolIndex } from "../../src/domain/units.ts";
import { QuoteWatch } from "../../src/venue/quote-watch.ts";

const symbol = symbolIndex(0);
type Level = readonly [side: number, price: number, size: number];

function levelsOf(lastId: number, ...rows: readonly Level[]): DepthLevels {
  const levels = depthLevels(rows.length);
  levels.lastId = lastId;
  levels.count = rows.length;
  for (const [index, [side, price, size]] of rows.entries()) {
    levels.side[index] = side;
    levels.price[index] = price;
    levels.size[index] = size;
  }
  return levels;
}

/** The book stands at 100 to 103, five lots each, with more behind. */
const book = levelsOf(10, [bidSide, 99, 7], [bidSide, 100, 5], [bidSide, 98, 9], [askSide, 104, 7], [askSide, 103, 5]);

function watch(): QuoteWatch {
  const quotes = new QuoteWatch(2);
  quotes.onSnapshot(symbol, book);
  return quotes;
}

test.each<readonly [string, Level]>([
  ["a better bid", [bidSide, 101, 1]],
  ["a better ask", [askSide, 102, 1]],
  ["more at the best bid", [bidSide, 100, 6]],
  ["less at the best ask", [askSide, 103, 4]],
  ["no best bid any more", [bidSide, 100, 0]],
  ["no best ask any more", [askSide, 103, 0]],
])("[F-25] since the depth shows %s a ticker is owed", (_, level) => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, level), micros(7));
  expect(quotes.owedSince(symbol)).toBe(7);
});

test.each<readonly [string, Level]>([
  ["another quantity behind the best bid", [bidSide, 99, 1]],
  ["another quantity behind the best ask", [askSide, 104, 1]],
  ["the best bid as it was", [bidSide, 100, 5]],
  ["a level within the spread that goes", [bidSide, 101, 0]],
])("[F-25] no ticker is owed where the depth shows %s", (_, level) => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, level), micros(7));
  expect(quotes.owedSince(symbol)).toBeNull();
});

test("[F-25] a ticker is owed since the first change that none has followed", () => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, [bidSide, 101, 1]), micros(7));
  quotes.onDepth(symbol, levelsOf(12, [bidSide, 101, 2]), micros(8));
  expect(quotes.owedSince(symbol)).toBe(7);
});

test("[F-25] a ticker pays what is owed", () => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, [bidSide, 101, 1]), micros(7));
  quotes.onTicker(symbol, 11, 101, 1, 103, 5);
  expect(quotes.owedSince(symbol)).toBeNull();
});

test("[F-25] depth that is not younger than the ticker owes none", () => {
  const quotes = watch();
  quotes.onTicker(symbol, 12, 100, 4, 103, 5);
  quotes.onDepth(symbol, levelsOf(12, [bidSide, 100, 5]), micros(7));
  expect(quotes.owedSince(symbol)).toBeNull();
});

test("[F-25] a snapshot that is older than the ticker leaves what that has told", () => {
  const quotes = new QuoteWatch(1);
  quotes.onTicker(symbol, 12, 100, 4, 103, 5);
  quotes.onSnapshot(symbol, book);
  quotes.onDepth(symbol, levelsOf(13, [bidSide, 100, 4]), micros(7));
  expect(quotes.owedSince(symbol)).toBeNull();
});

test("[F-25] nothing is owed on a connection that has told nothing yet", () => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, [bidSide, 101, 1]), micros(7));
  quotes.forget();
  quotes.onDepth(symbol, levelsOf(12, [bidSide, 101, 2]), micros(8));
  expect(quotes.owedSince(symbol)).toBeNull();
});

test("[F-25] a ticker is owed where one side of the book was empty", () => {
  const quotes = new QuoteWatch(1);
  quotes.onSnapshot(symbol, levelsOf(10, [bidSide, 100, 5]));
  quotes.onDepth(symbol, levelsOf(11, [askSide, 200, 1]), micros(7));
  expect(quotes.owedSince(symbol)).toBe(7);
});

test("[F-25] what is owed of one symbol is not owed of another", () => {
  const quotes = watch();
  quotes.onDepth(symbol, levelsOf(11, [bidSide, 101, 1]), micros(7));
  expect(quotes.owedSince(symbolIndex(1))).toBeNull();
});
