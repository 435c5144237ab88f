/**
 * What is so on the exchange, put together from what it says before anything can get lost. It is the measure of the
 * daemon, so it uses nothing of the daemon: numbers are read from the text, ids by a pattern of its own.
 */

import { z } from "zod";
import type { UserEvent } from "../../../src/exchange/exchange.ts";

/** `e` entry, `f` floor, `r` ratchet, `t1` and `t2` targets, `x` exit; null of an order that is not ours. */
export type TrueRole = "e" | "f" | "r" | "t1" | "t2" | "x" | null;

export type TrueOrder = {
  readonly id: string;
  readonly trade: string;
  readonly role: TrueRole;
  readonly attempt: number;
  readonly side: "BUY" | "SELL";
  readonly reduceOnly: boolean;
  readonly quantity: number;
  readonly price: number;
  readonly filled: number;
  readonly status: string;
};

export type TrueAlgo = {
  readonly id: string;
  readonly trade: string;
  readonly role: TrueRole;
  readonly side: "BUY" | "SELL";
  readonly type: string;
  readonly trigger: number;
  /** null: the whole position */
  readonly quantity: number | null;
  readonly status: string;
};

export type TrueFill = {
  readonly tradeId: string;
  readonly order: TrueOrder;
  readonly price: number;
  readonly lots: number;
  /** 10⁻⁸ USDT */
  readonly fee: bigint;
  readonly before: number;
  readonly after: number;
};

const text = z.string();
const id = z.union([z.bigint(), z.number()]).transform(String);
const OrderUpdate = z.object({
  o: z.object({
    c: text,
    S: z.enum(["BUY", "SELL"]),
    q: text,
    p: text,
    x: text,
    X: text,
    l: text,
    z: text,
    L: text,
    n: text.optional(),
    t: id,
    R: z.boolean(),
  }),
});
const AlgoUpdate = z.object({
  o: z.object({ caid: text, o: text, S: z.enum(["BUY", "SELL"]), X: text, tp: text, q: text, cp: z.boolean() }),
});
const AccountUpdate = z.object({ a: z.object({ P: z.array(z.object({ pa: text })) }) });

const idPattern = /^[A-Za-z0-9]+-([0-9a-z]{8})-(e|f|r|t1|t2|x)_?([0-9]+)-[0-9a-z]{2}$/;

export class Truth {
  /** lots, signed */
  position = 0;
  readonly orders = new Map<string, TrueOrder>();
  readonly algos = new Map<string, TrueAlgo>();
  readonly fills: TrueFill[] = [];

  /** Takes one message in; gives the fill that it tells of. */
  take(event: UserEvent): TrueFill | null {
    if (event.e === "ORDER_TRADE_UPDATE") return this.#takeOrder(event);
    if (event.e === "ALGO_UPDATE") this.#takeAlgo(event);
    if (event.e === "ACCOUNT_UPDATE") this.#compare(event);
    return null;
  }

  get openOrders(): readonly TrueOrder[] {
    return [...this.orders.values()].filter(({ status }) => status === "NEW" || status === "PARTIALLY_FILLED");
  }

  get openAlgos(): readonly TrueAlgo[] {
    return [...this.algos.values()].filter(({ status }) => status === "NEW");
  }

  /** Names such as `e1` and `f1` of all that works or waits, ours and others'. */
  get open(): readonly string[] {
    return [...this.openOrders, ...this.openAlgos].map((one) => one.id.split("-").at(2) ?? one.id);
  }

  /** Triggers of the stops that cover the whole position, the one that is hit first at the head. Ticks. */
  get coveringStops(): readonly number[] {
    return this.covering(this.openAlgos);
  }

  /** The same if these were all that wait. */
  covering(algos: readonly TrueAlgo[]): readonly number[] {
    const size = Math.abs(this.position);
    if (size === 0) return [];
    const closing = this.position > 0 ? "SELL" : "BUY";
    return algos
      .filter(({ type, side, quantity }) => type === "STOP_MARKET" && side === closing && (quantity ?? size) >= size)
      .map(({ trigger }) => trigger)
      .toSorted((a, b) => (closing === "SELL" ? b - a : a - b));
  }

  #takeOrder(event: UserEvent): TrueFill | null {
    const { o } = OrderUpdate.parse(event);
    const order: TrueOrder = {
      id: o.c,
      ...partsOf(o.c),
      side: o.S,
      reduceOnly: o.R,
      quantity: lotsOf(o.q),
      price: ticksOf(o.p),
      filled: lotsOf(o.z),
      status: o.X,
    };
    this.orders.set(o.c, order);
    const size = lotsOf(o.l);
    if (size === 0) return null;
    const before = this.position;
    this.position += o.S === "BUY" ? size : -size;
    const fee = BigInt(Math.round(Number(o.n ?? "0") * 1e8));
    const fill = { tradeId: o.t, order, price: ticksOf(o.L), lots: size, fee, before, after: this.position };
    this.fills.push(fill);
    return fill;
  }

  #takeAlgo(event: UserEvent): void {
    const { o } = AlgoUpdate.parse(event);
    const { trade, role } = partsOf(o.caid);
    this.algos.set(o.caid, {
      id: o.caid,
      trade,
      role,
      side: o.S,
      type: o.o,
      trigger: ticksOf(o.tp),
      quantity: o.cp ? null : lotsOf(o.q),
      status: o.X,
    });
  }

  /** Two messages about one position: ours of the fills must agree with the exchange's own. */
  #compare(event: UserEvent): void {
    for (const { pa } of AccountUpdate.parse(event).a.P) {
      if (Math.round(Number(pa) * 1_000) !== this.position) {
        throw new Error(`the exchange contradicts itself: position ${pa}, fills ${this.position}`);
      }
    }
  }
}

export function partsOf(clientId: string): {
  readonly trade: string;
  readonly role: TrueRole;
  readonly attempt: number;
} {
  const match = idPattern.exec(clientId);
  const role = roleOf(match?.[2]);
  return { trade: match?.[1] ?? "", role, attempt: Number(match?.[3] ?? 0) };
}

function roleOf(letter: string | undefined): TrueRole {
  return (["e", "f", "r", "t1", "t2", "x"] as const).find((role) => role === letter) ?? null;
}

/** BTCUSDT: a tick is 0.1 USDT, a lot 0.001 BTC. */
function ticksOf(price: string): number {
  return Math.round(Number(price) * 10);
}

function lotsOf(quantity: string): number {
  return Math.round(Number(quantity) * 1_000);
}
