/** A book kept from the snapshot and the differences, as the exchange's documentation tells clients to do it. */

import type { Json } from "./support.ts";

/** A book kept by the documented procedure. @see binance-usdm.md §5.4 */
export class LocalBook {
  lastId = 0;
  private started = false;
  private previous: unknown = null;
  private waiting: Json[] = [];
  private readonly bidLevels = new Map<string, string>();
  private readonly askLevels = new Map<string, string>();

  buffer(message: Json): void {
    this.waiting.push(message);
    if (this.started) this.drain();
  }

  start(snapshot: Json): void {
    this.lastId = Number(snapshot["lastUpdateId"]);
    setLevels(this.bidLevels, snapshot["bids"]);
    setLevels(this.askLevels, snapshot["asks"]);
    this.started = true;
    const first = this.waiting.find((message) => Number(message["u"]) >= this.lastId);
    if (first !== undefined && Number(first["U"]) > this.lastId)
      throw new Error("the snapshot is older than the stream");
    this.drain();
  }

  /** Levels as the exchange writes them, best first. */
  bids(): readonly (readonly [string, string])[] {
    return [...this.bidLevels].sort(([a], [b]) => Number(b) - Number(a));
  }

  asks(): readonly (readonly [string, string])[] {
    return [...this.askLevels].sort(([a], [b]) => Number(a) - Number(b));
  }

  private drain(): void {
    for (const message of this.waiting.splice(0)) {
      if (Number(message["u"]) < this.lastId) continue;
      if (this.previous !== null && message["pu"] !== this.previous) throw new Error("the chain of ids is broken");
      setLevels(this.bidLevels, message["b"]);
      setLevels(this.askLevels, message["a"]);
      this.lastId = Number(message["u"]);
      this.previous = message["u"];
    }
  }
}

function setLevels(side: Map<string, string>, levels: unknown): void {
  if (!Array.isArray(levels)) throw new Error("no levels");
  for (const [price, size] of levels) {
    if (Number(size) === 0) side.delete(String(price));
    else side.set(String(price), String(size));
  }
}
