/**
 * Another daemon with our prefix on the account, as far as it can be told from outside: it proves the stop path when it
 * starts, answers our proofs with its own, and has an entry out when it is in the middle of a trade. Answered itself, it
 * refuses to enter, as ours must. @see failure-catalogue F-59
 */

import { orderId, parseOrderId, stopPathTrade, type TradeId, tradeIdFrom } from "../domain/order-id.ts";
import { microsPerMillisecond, microsPerSecond } from "../domain/units.ts";
import type { UserEvent } from "../exchange/exchange.ts";

export type SecondDaemonPorts = {
  readonly prefix: string;
  /** names, and of each the least that may be ordered, as text */
  readonly symbols: readonly { readonly name: string; readonly least: string }[];
  /** true time, microseconds */
  readonly now: () => number;
  /** the time as the exchange says it */
  readonly exchangeNow: () => number;
  readonly later: (after: number, act: () => void) => void;
  readonly request: (method: "POST" | "DELETE", path: string, params: Readonly<Record<string, string>>) => boolean;
  /** a usual price of the symbol, as text, so much of the present one */
  readonly price: (symbol: number, share: number) => string;
  /** an entry of usual worth, base asset, as text */
  readonly quantity: (symbol: number) => string;
  /** an order of it is about to be accepted */
  readonly onOwn: (id: string) => void;
};

const algoPath = "/fapi/v1/algoOrder";
const orderPath = "/fapi/v1/order";
/** How far away a stop is that only proves, and an entry that nobody is meant to meet. */
const proofShare = 0.5;
const entryShare = 0.97;
const proofLives = 100 * microsPerMillisecond;
const entryLives = 200 * microsPerMillisecond;
/** As the daemon answers: at once, and again when the other one may be listening; then it is quiet for a while. */
const answerWaits = [20 * microsPerMillisecond, 500 * microsPerMillisecond, 2 * microsPerSecond] as const;
const answerQuiet = 5 * microsPerSecond;
/** Attempts in ids count hundredths of a second, in a circle. */
const microsPerTick = 10_000;
const attemptsMax = 999_999;

export class SecondDaemon {
  /** when a proof of somebody else was last accepted; negative infinity: never */
  heardAt = Number.NEGATIVE_INFINITY;
  readonly #ports: SecondDaemonPorts;
  readonly #proven: ReadonlyMap<TradeId, number>;
  readonly #own = new Set<string>();
  #livesUntil = Number.NEGATIVE_INFINITY;
  #answeredUntil = Number.NEGATIVE_INFINITY;
  #entries = 0;

  constructor(ports: SecondDaemonPorts) {
    this.#ports = ports;
    this.#proven = new Map(ports.symbols.map(({ name }, symbol) => [stopPathTrade(name), symbol]));
  }

  /** It lives for so long, beginning now. @returns whether the exchange took what it began with */
  begin(symbol: number, enters: boolean, time: number): boolean {
    this.#livesUntil = this.#ports.now() + time;
    const isProven = this.#prove(symbol);
    return enters ? this.#enter(symbol) || isProven : isProven;
  }

  /** Nothing of it is left. */
  end(): void {
    this.#livesUntil = Number.NEGATIVE_INFINITY;
  }

  /** The exchange has told it. */
  onEvent({ e: kind, o: order }: UserEvent): void {
    if (kind !== "ALGO_UPDATE" || typeof order !== "object" || order === null) return;
    const id = String(Reflect.get(order, "caid"));
    if (Reflect.get(order, "X") !== "NEW" || this.#own.has(id)) return;
    const symbol = this.#proven.get(parseOrderId(id, this.#ports.prefix)?.trade ?? tradeIdFrom("nobody's"));
    if (symbol === undefined) return;
    const now = this.#ports.now();
    this.heardAt = now;
    if (now > this.#livesUntil || now < this.#answeredUntil) return;
    this.#answeredUntil = now + answerQuiet;
    for (const wait of answerWaits) this.#ports.later(wait, () => this.#answer(symbol));
  }

  #answer(symbol: number): void {
    if (this.#ports.now() <= this.#livesUntil) this.#prove(symbol);
  }

  #prove(symbol: number): boolean {
    const { prefix, symbols, exchangeNow, request, later, price } = this.#ports;
    const { name = "", least = "" } = symbols[symbol] ?? {};
    const attempt = (Math.floor(exchangeNow() / microsPerTick) % attemptsMax) + 1;
    const clientAlgoId = orderId({ prefix, trade: stopPathTrade(name), role: "f", attempt });
    this.#remember(clientAlgoId);
    const isTaken = request("POST", algoPath, {
      algoType: "CONDITIONAL",
      symbol: name,
      side: "SELL",
      type: "STOP_MARKET",
      triggerPrice: price(symbol, proofShare),
      quantity: least,
      reduceOnly: "true",
      workingType: "MARK_PRICE",
      clientAlgoId,
    });
    if (isTaken) later(proofLives, () => request("DELETE", algoPath, { clientAlgoId }));
    return isTaken;
  }

  #enter(symbol: number): boolean {
    const { prefix, symbols, now, request, later, price, quantity } = this.#ports;
    const { name = "" } = symbols[symbol] ?? {};
    this.#entries += 1;
    const trade = tradeIdFrom(`another daemon's ${this.#entries} of ${now()}`);
    const newClientOrderId = orderId({ prefix, trade, role: "e", attempt: 1 });
    this.#remember(newClientOrderId);
    const isTaken = request("POST", orderPath, {
      symbol: name,
      side: "BUY",
      type: "LIMIT",
      timeInForce: "GTC",
      price: price(symbol, entryShare),
      quantity: quantity(symbol),
      newClientOrderId,
    });
    const origClientOrderId = newClientOrderId;
    if (isTaken) later(entryLives, () => request("DELETE", orderPath, { symbol: name, origClientOrderId }));
    return isTaken;
  }

  #remember(id: string): void {
    this.#own.add(id);
    this.#ports.onOwn(id);
  }
}
