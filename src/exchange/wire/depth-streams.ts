/**
 * Depth streams of one symbol: differences gathered over the stream's speed, with an unbroken `pu` chain per speed, and
 * the top levels as full replacements. @see binance-usdm.md §5.3, §5.4
 */

import { at } from "../../domain/assert.ts";
import { bidSide, type DepthLevels } from "../../domain/market-port.ts";
import type { Micros } from "../../domain/units.ts";
import type { DecimalText } from "./decimal-text.ts";
import type { Topic } from "./topic.ts";

export type SymbolTexts = { readonly symbol: string; readonly price: DecimalText; readonly quantity: DecimalText };

/** The update ids that the next message of a stream will cover. */
class Span {
  firstId = 0;
  lastId = 0;
  previousId = 0;
  exchangeTime = 0;
  empty = true;

  cover(levels: DepthLevels, previousId: number, exchangeTime: Micros): void {
    if (this.empty) {
      this.empty = false;
      this.firstId = levels.firstId;
      this.previousId = previousId;
    }
    this.lastId = levels.lastId;
    this.exchangeTime = exchangeTime;
  }

  /** The keys that differences and replacements share. */
  head(symbol: string, now: Micros): string {
    const name = JSON.stringify(symbol);
    return `{"e":"depthUpdate","E":${milliseconds(now)},"T":${milliseconds(this.exchangeTime)},"s":${name},"ps":${name},"U":${this.firstId},"u":${this.lastId},"pu":${this.previousId}`;
  }
}

/** Differences at one speed. */
export class DepthDifferences {
  readonly topic: Topic;
  private readonly texts: SymbolTexts;
  private readonly span = new Span();
  private readonly bids = new Map<number, number>();
  private readonly asks = new Map<number, number>();

  constructor(topic: Topic, texts: SymbolTexts) {
    this.topic = topic;
    this.texts = texts;
  }

  /** @param previousId last id of the message before, whether or not somebody listened then */
  add(levels: DepthLevels, previousId: number, exchangeTime: Micros): void {
    if (this.topic.idle) {
      this.reset();
      return;
    }
    this.span.cover(levels, previousId, exchangeTime);
    for (let index = 0; index < levels.count; index += 1) {
      const side = at(levels.side, index) === bidSide ? this.bids : this.asks;
      side.set(at(levels.price, index), at(levels.size, index));
    }
  }

  flush(now: Micros): void {
    if (this.span.empty) return;
    const bids = levelsText(this.texts, this.bids, highestFirst);
    const asks = levelsText(this.texts, this.asks, lowestFirst);
    const text = `${this.span.head(this.texts.symbol, now)},"b":${bids},"a":${asks},"st":1}`;
    this.reset();
    this.topic.publish(text);
  }

  /** Forgets what was gathered: the book behind it is not valid any more. */
  reset(): void {
    if (this.span.empty) return;
    this.span.empty = true;
    this.bids.clear();
    this.asks.clear();
  }
}

/** Bids and asks as JSON text, best first. */
export type TopLevels = { readonly bids: string; readonly asks: string };

/** The best levels of both sides, whole, at one speed. */
export class DepthTop {
  readonly topic: Topic;
  private readonly symbol: string;
  private readonly read: () => TopLevels | null;
  private readonly span = new Span();

  /** @param read the levels as they stand in the exchange's book */
  constructor(topic: Topic, symbol: string, read: () => TopLevels | null) {
    this.topic = topic;
    this.symbol = symbol;
    this.read = read;
  }

  add(levels: DepthLevels, previousId: number, exchangeTime: Micros): void {
    if (this.topic.idle) this.span.empty = true;
    else this.span.cover(levels, previousId, exchangeTime);
  }

  flush(now: Micros): void {
    if (this.span.empty) return;
    const top = this.read();
    if (top === null) return;
    const text = `${this.span.head(this.symbol, now)},"b":${top.bids},"a":${top.asks},"st":1}`;
    this.span.empty = true;
    this.topic.publish(text);
  }

  reset(): void {
    this.span.empty = true;
  }
}

export function milliseconds(time: number): number {
  return Math.floor(time / 1_000);
}

function highestFirst(a: number, b: number): number {
  return b - a;
}

function lowestFirst(a: number, b: number): number {
  return a - b;
}

/** @param sizes by price */
function levelsText(
  { price, quantity }: SymbolTexts,
  sizes: ReadonlyMap<number, number>,
  order: (a: number, b: number) => number,
): string {
  if (sizes.size === 0) return "[]";
  let text = "";
  for (const level of [...sizes.keys()].sort(order)) {
    text += `${text === "" ? "[" : ","}["${price.of(level)}","${quantity.of(sizes.get(level) ?? 0)}"]`;
  }
  return `${text}]`;
}
