/** A small venue for the tests: one exchange, a book that is set by hand, and requests in one line. */

import { z } from "zod";
import { askSide, bidSide, depthLevels } from "../../src/domain/market-port.ts";
import { lots, micros, priceE8, symbolIndex, ticks } from "../../src/domain/units.ts";
import { Exchange, type ExchangeOptions, type ExchangeReply, type UserEvent } from "../../src/exchange/exchange.ts";
import { listedSymbols } from "../../src/exchange/symbols.ts";

export const options: ExchangeOptions = {
  symbols: listedSymbols,
  walletUsdt: "10000",
  makerFee: "0.0002",
  takerFee: "0.0005",
  seed: 1,
};

/** Levels as [ticks, lots]. BTCUSDT: a tick is 0.10 USDT, a lot 0.001 BTC. */
export type Levels = readonly (readonly [number, number])[];

const Body = z.record(z.string(), z.unknown());
const Rows = z.array(Body);

export type Row = z.infer<typeof Body>;

export class Venue {
  exchange: Exchange;
  now = 1_721_260_800_000_000 + 3_600_000_000;
  #updateId = 100;
  readonly #levels = depthLevels(4_096);

  constructor(changed: Partial<ExchangeOptions> = {}, exchange = new Exchange({ ...options, ...changed })) {
    this.exchange = exchange;
  }

  /** Replaces the whole book of a symbol. */
  book(bids: Levels, asks: Levels, symbol = 0): void {
    this.#fill(bids, asks);
    this.exchange.onSnapshot(symbolIndex(symbol), this.#levels, this.#tick(), micros(this.now));
  }

  /** Changes some levels. */
  depth(bids: Levels, asks: Levels, symbol = 0): void {
    this.#fill(bids, asks);
    this.exchange.onDepth(symbolIndex(symbol), this.#levels, this.#tick(), micros(this.now));
  }

  ticker(bid: number, bidLots: number, ask: number, askLots: number, symbol = 0, updateId = this.#updateId + 1): void {
    this.#updateId = Math.max(this.#updateId, updateId);
    this.exchange.onBookTicker(
      symbolIndex(symbol),
      updateId,
      ticks(bid),
      lots(bidLots),
      ticks(ask),
      lots(askLots),
      this.#tick(),
      micros(this.now),
    );
  }

  /** A trade of the recording; `aggressor` is the side that took. */
  trade(price: number, quantity: number, aggressor: "BUY" | "SELL", symbol = 0): void {
    const time = this.#tick();
    const buyerIsMaker = aggressor === "SELL";
    this.exchange.onTrade(symbolIndex(symbol), 1, ticks(price), lots(quantity), buyerIsMaker, time, micros(this.now));
  }

  /** @param price in ticks of 0.10 USDT */
  mark(price: number, fundingRate = 0, symbol = 0, tickE8 = 10_000_000, nextFunding = 0): void {
    const mark = priceE8(price * tickE8);
    const time = this.#tick();
    this.exchange.onMark(symbolIndex(symbol), mark, fundingRate, micros(nextFunding), time, micros(this.now));
  }

  gap(symbol = 0): void {
    this.exchange.onGap(symbolIndex(symbol), micros(this.now));
  }

  request(line: string, params: Readonly<Record<string, string>> = {}): ExchangeReply {
    const [method, path] = line.split(" ");
    const known = z.enum(["GET", "POST", "PUT", "DELETE"]).parse(method);
    return this.exchange.request({ method: known, path: `/fapi/${path}`, params }, this.#tick());
  }

  /** The body of an answer that must be an object with status 200. */
  row(line: string, params: Readonly<Record<string, string>> = {}): Row {
    const reply = this.request(line, params);
    if (reply.status !== 200) throw new Error(`${line}: ${JSON.stringify(reply.body)}`);
    return Body.parse(reply.body);
  }

  rows(line: string, params: Readonly<Record<string, string>> = {}): readonly Row[] {
    const reply = this.request(line, params);
    if (reply.status !== 200) throw new Error(`${line}: ${JSON.stringify(reply.body)}`);
    return Rows.parse(reply.body);
  }

  /** The code of a refusal, `null` when the request was done. */
  code(line: string, params: Readonly<Record<string, string>> = {}): unknown {
    const reply = this.request(line, params);
    return reply.status === 200 ? null : Body.parse(reply.body)["code"];
  }

  order(side: "BUY" | "SELL", quantity: string, more: Readonly<Record<string, string>> = {}): ExchangeReply {
    return this.request("POST v1/order", orderParams(side, quantity, more));
  }

  orderCode(side: "BUY" | "SELL", quantity: string, more: Readonly<Record<string, string>> = {}): unknown {
    return this.code("POST v1/order", orderParams(side, quantity, more));
  }

  algoCode(side: "BUY" | "SELL", triggerPrice: string, more: Readonly<Record<string, string>> = {}): unknown {
    return this.code("POST v1/algoOrder", algoParams(side, triggerPrice, more));
  }

  events(kind?: string): readonly UserEvent[] {
    const events = this.exchange.takeEvents();
    return kind === undefined ? events : events.filter((event) => event.e === kind);
  }

  /** Inner objects of the events of a kind that carry one in `o`. */
  inner(kind: string): readonly Row[] {
    return this.events(kind).map((event) => Body.parse(event["o"]));
  }

  position(symbol = "BTCUSDT"): string {
    const [row] = this.rows("GET v2/positionRisk", { symbol });
    return String(row?.["positionAmt"]);
  }

  wallet(): string {
    return String(this.rows("GET v3/balance")[0]?.["balance"]);
  }

  #fill(bids: Levels, asks: Levels): void {
    const levels = this.#levels;
    levels.previousId = this.#updateId;
    this.#updateId += 5;
    levels.firstId = this.#updateId - 2;
    levels.lastId = this.#updateId;
    levels.count = 0;
    for (const [side, rows] of [
      [bidSide, bids],
      [askSide, asks],
    ] as const) {
      for (const [price, size] of rows) {
        levels.side[levels.count] = side;
        levels.price[levels.count] = price;
        levels.size[levels.count] = size;
        levels.count += 1;
      }
    }
  }

  #tick(): ReturnType<typeof micros> {
    this.now += 1_000;
    return micros(this.now);
  }
}

/** A venue with a mark price of 64,000 USDT and a book of three levels a side around it, 10, 20 and 30 lots. */
export function venue(changed: Partial<ExchangeOptions> = {}): Venue {
  const made = new Venue(changed);
  made.mark(640_000);
  made.book(
    [
      [639_999, 10],
      [639_998, 20],
      [639_997, 30],
    ],
    [
      [640_001, 10],
      [640_002, 20],
      [640_003, 30],
    ],
  );
  made.trade(640_000, 1, "BUY");
  made.events();
  return made;
}

function orderParams(side: string, quantity: string, more: Readonly<Record<string, string>>): Record<string, string> {
  const limit = more["price"] === undefined ? { type: "MARKET" } : { type: "LIMIT", timeInForce: "GTC" };
  return { symbol: "BTCUSDT", side, quantity, ...limit, ...more };
}

function algoParams(
  side: string,
  triggerPrice: string,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  return { algoType: "CONDITIONAL", symbol: "BTCUSDT", side, type: "STOP_MARKET", triggerPrice, ...more };
}
