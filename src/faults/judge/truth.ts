/**
 * What is so on the exchange, put together from what it says before anything can get lost. It is the measure of the
 * daemon, so it uses nothing of the daemon: numbers are read from the text, ids by a pattern of its own.
 */

import type { UserEvent } from "../../exchange/protocol.ts";

/** `e` entry, `f` floor, `r` ratchet, `t1` and `t2` targets, `x` exit; null of an order that is not ours. */
export type TrueRole = "e" | "f" | "r" | "t1" | "t2" | "x" | null;

export type TrueOrder = {
  readonly id: string;
  readonly symbol: number;
  readonly trade: string;
  readonly role: TrueRole;
  readonly side: "BUY" | "SELL";
  readonly quantity: number;
  filled: number;
  status: string;
};

export type TrueAlgo = {
  readonly id: string;
  readonly symbol: number;
  readonly trade: string;
  readonly role: TrueRole;
  readonly side: "BUY" | "SELL";
  readonly type: string;
  /** ticks */
  readonly trigger: number;
  /** lots; null: the whole position */
  readonly quantity: number | null;
  status: string;
};

export type TrueFill = {
  readonly tradeId: string;
  readonly order: TrueOrder;
  readonly price: number;
  readonly lots: number;
  /** 10⁻⁸ of the quote asset; what is paid in another asset does not count */
  readonly fee: bigint;
  readonly before: number;
  readonly after: number;
};

/** Grid of a symbol, as the exchange publishes it. */
export type Grid = { readonly symbol: string; readonly tick: number; readonly step: number };

/** Fills that are remembered; more than any run has. */
const fillsMax = 100_000;

const idPattern = /^[A-Za-z0-9]{1,8}-([0-9a-z]{8})-(e|f|r|t1|t2|x)_?[0-9]+-[0-9a-z]{2}$/;
const openOrderStates: ReadonlySet<string> = new Set(["NEW", "PARTIALLY_FILLED"]);

export class Truth {
  /** lots, signed, by symbol */
  readonly positions: number[];
  /** average entry of each, ticks; not a number, or 0, where none is known */
  readonly averages: number[];
  /** every order and conditional order that ever was, by client id */
  readonly orders = new Map<string, TrueOrder>();
  readonly algos = new Map<string, TrueAlgo>();
  readonly openOrders = new Map<string, TrueOrder>();
  readonly openAlgos = new Map<string, TrueAlgo>();
  readonly fills = new Map<string, TrueFill>();
  readonly #grids: readonly Grid[];
  /** lots, by client id and the exchange's own */
  readonly #filled = new Map<string, number>();
  /** the exchange's own ids, by client id */
  readonly #venueIds = new Map<string, Set<string>>();

  constructor(grids: readonly Grid[]) {
    this.#grids = grids;
    this.positions = grids.map(() => 0);
    this.averages = grids.map(() => Number.NaN);
  }

  /** What a message says of funding; null: nothing. 10⁻⁸ of the quote asset, positive was received. */
  fundingIn(event: UserEvent): { readonly symbol: number; readonly amount: bigint; readonly name: string } | null {
    const { m, S: name, B: balances } = event.e === "ACCOUNT_UPDATE" ? fieldsOf(event["a"]) : {};
    const symbol = this.#grids.findIndex((grid) => grid.symbol === name);
    if (m !== "FUNDING_FEE" || symbol < 0 || !Array.isArray(balances)) return null;
    const change = Number(fieldsOf(balances[0])["bc"]);
    return { symbol, amount: BigInt(Math.round(change * 1e8)), name: `${String(name)} ${String(event["E"])}` };
  }

  position(symbol: number): number {
    return this.positions[symbol] ?? 0;
  }

  /** Whether anything of ours waits there. */
  hasOrders(symbol: number): boolean {
    for (const order of this.openOrders.values()) if (order.symbol === symbol && order.role !== null) return true;
    for (const algo of this.openAlgos.values()) if (algo.symbol === symbol && algo.role !== null) return true;
    return false;
  }

  /** Client ids of everything of ours that waits there. */
  get ownOpen(): readonly string[] {
    const open = [...this.openOrders.values(), ...this.openAlgos.values()];
    return open.flatMap(({ id, role }) => (role === null ? [] : [id]));
  }

  /** Whether the network has made two orders of one request: an id is free again once its order has ended. */
  isRepeated(id: string): boolean {
    return (this.#venueIds.get(id)?.size ?? 0) > 1;
  }

  /** Takes one message in; gives the fill that it tells of. */
  take(event: UserEvent): TrueFill | null {
    const inner = fieldsOf(event["o"]);
    if (event.e === "ORDER_TRADE_UPDATE") return this.#takeOrder(inner);
    if (event.e === "ALGO_UPDATE") this.#takeAlgo(inner);
    if (event.e === "ACCOUNT_UPDATE") this.#compare(fieldsOf(event["a"]));
    return null;
  }

  /** Waiting stops on the closing side that together cover the position, the one that is hit first at the head. */
  stopsOf(symbol: number): readonly TrueAlgo[] {
    const position = this.position(symbol);
    if (position === 0) return [];
    const stops = [...this.openAlgos.values()].filter((algo) => protects(algo, symbol, position));
    return stops.sort((a, b) => (position > 0 ? b.trigger - a.trigger : a.trigger - b.trigger));
  }

  isCovered(symbol: number): boolean {
    const position = this.position(symbol);
    const size = Math.abs(position);
    let covered = 0;
    for (const algo of this.openAlgos.values()) if (protects(algo, symbol, position)) covered += algo.quantity ?? size;
    return covered >= size;
  }

  #takeOrder(o: Fields): TrueFill | null {
    const symbol = this.#symbolOf(o);
    const grid = this.#grids[symbol];
    if (grid === undefined) return null;
    const name = String(o["c"]);
    // The exchange's own orders share a name; ours never do.
    const id = partsOf(name).role === null ? `${name} ${String(o["i"])}` : name;
    const known = this.orders.get(id);
    const order: TrueOrder = known ?? {
      id,
      symbol,
      ...partsOf(id),
      side: sideOf(o),
      quantity: units(o["q"], grid.step),
      filled: 0,
      status: "",
    };
    // An id is free again once its order has ended: a request that arrives twice may be two orders.
    const one = `${id} ${o["i"]}`;
    this.#meet(id, o["i"]);
    const filled = units(o["z"], grid.step);
    order.filled += filled - (this.#filled.get(one) ?? 0);
    this.#filled.set(one, filled);
    order.status = String(o["X"]);
    this.orders.set(id, order);
    if (openOrderStates.has(order.status)) this.openOrders.set(id, order);
    else this.openOrders.delete(id);
    const lots = units(o["l"], grid.step);
    return lots === 0 ? null : this.#fill(o, order, lots, grid);
  }

  #fill(o: Fields, order: TrueOrder, lots: number, grid: Grid): TrueFill {
    const before = this.position(order.symbol);
    const after = before + (order.side === "BUY" ? lots : -lots);
    this.positions[order.symbol] = after;
    const isInQuote = o["N"] === "USDT";
    const fee = isInQuote ? BigInt(Math.round(Number(o["n"] ?? "0") * 1e8)) : 0n;
    const fill = { tradeId: String(o["t"]), order, price: units(o["L"], grid.tick), lots, fee, before, after };
    if (this.fills.size >= fillsMax) throw new Error(`more than ${fillsMax} fills`);
    this.fills.set(fill.tradeId, fill);
    return fill;
  }

  #takeAlgo(o: Fields): void {
    const symbol = this.#symbolOf(o);
    const grid = this.#grids[symbol];
    if (grid === undefined) return;
    const id = String(o["caid"]);
    this.#meet(id, o["aid"]);
    const algo: TrueAlgo = this.algos.get(id) ?? {
      id,
      symbol,
      ...partsOf(id),
      side: sideOf(o),
      type: String(o["o"]),
      trigger: units(o["tp"], grid.tick),
      quantity: o["cp"] === true ? null : units(o["q"], grid.step),
      status: "",
    };
    algo.status = String(o["X"]);
    this.algos.set(id, algo);
    if (algo.status === "NEW") this.openAlgos.set(id, algo);
    else this.openAlgos.delete(id);
  }

  #meet(id: string, venueId: unknown): void {
    const known = this.#venueIds.get(id) ?? new Set<string>();
    this.#venueIds.set(id, known.add(String(venueId)));
  }

  /** Two messages about one position: ours of the fills must agree with the exchange's own. */
  #compare(a: Fields): void {
    for (const row of Array.isArray(a["P"]) ? a["P"] : []) {
      const fields = fieldsOf(row);
      const symbol = this.#symbolOf(fields);
      const grid = this.#grids[symbol];
      if (grid === undefined) continue;
      this.averages[symbol] = units(fields["ep"], grid.tick);
      const stated = units(fields["pa"], grid.step);
      if (stated !== this.position(symbol)) {
        throw new Error(`the exchange contradicts itself: position ${stated}, fills ${this.position(symbol)}`);
      }
    }
  }

  #symbolOf(fields: Fields): number {
    return this.#grids.findIndex(({ symbol }) => symbol === fields["s"]);
  }
}

export function partsOf(clientId: string): { readonly trade: string; readonly role: TrueRole } {
  const match = idPattern.exec(clientId);
  const role = (["e", "f", "r", "t1", "t2", "x"] as const).find((one) => one === match?.[2]) ?? null;
  return { trade: match?.[1] ?? "", role };
}

/** Whether a conditional order is a stop that closes such a position. */
function protects({ symbol, type, side }: TrueAlgo, ofSymbol: number, position: number): boolean {
  return symbol === ofSymbol && type === "STOP_MARKET" && side === (position > 0 ? "SELL" : "BUY");
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function sideOf(o: Fields): "BUY" | "SELL" {
  return o["S"] === "BUY" ? "BUY" : "SELL";
}

function units(text: unknown, unit: number): number {
  return Math.round(Number(text) / unit);
}

/** What a message says the wallet is, quote asset; null: nothing. */
export function walletIn(event: UserEvent): number | null {
  const { B: balances } = event.e === "ACCOUNT_UPDATE" ? fieldsOf(event["a"]) : {};
  if (!Array.isArray(balances)) return null;
  const wallet = Number(fieldsOf(balances[0])["wb"]);
  return Number.isFinite(wallet) ? wallet : null;
}
