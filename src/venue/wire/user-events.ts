/** Messages of the private stream. @see binance-usdm.md §2.6, §6.3–§6.5 */

import { type Instrument, moneyFromText } from "../../domain/instrument.ts";
import type { Fill } from "../../domain/order.ts";
import { microsFromMillis, noMoney } from "../../domain/units.ts";
import {
  aboutForeign,
  algoReport,
  both,
  type Decoded,
  fillFrom,
  type InstrumentsByName,
  isHedge,
  nothing,
  notUnderstood,
  onGrid,
  orderReport,
  positionReport,
  told,
} from "./reports.ts";
import { AccountConfigUpdate, AccountUpdate, AlgoUpdate, OrderTradeUpdate, UserEvent } from "./schemas.ts";

/** Why a wallet changes without anybody having traded. @see binance-usdm.md §6.4, `m` */
const transfers: ReadonlySet<string> = new Set([
  "DEPOSIT",
  "WITHDRAW",
  "WITHDRAW_REJECT",
  "ADMIN_DEPOSIT",
  "ADMIN_WITHDRAW",
  "ASSET_TRANSFER",
  "AUTO_EXCHANGE",
  "COIN_SWAP_DEPOSIT",
  "COIN_SWAP_WITHDRAW",
]);

export type UserMessage =
  | ({ readonly kind: "told" } & Decoded)
  | { readonly kind: "listen-key-expired" }
  /** leverage, margin or position mode of the account was changed by somebody */
  | { readonly kind: "configuration-changed" /** null: the whole account */; readonly symbol: string | null }
  | { readonly kind: "margin-call" }
  /** known, and deliberately not used */
  | { readonly kind: "ignored"; readonly type: string }
  /** logged and ignored, as the exchange demands of event types that one does not know */
  | { readonly kind: "unknown"; readonly type: string };

/**
 * @param message parsed losslessly; the wrapper of a combined stream is taken off here
 * @param asset the margin asset of the configured symbols
 */
export function decodeUserMessage(message: unknown, asset: string, instruments: InstrumentsByName): UserMessage {
  const event = unwrap(message);
  const head = UserEvent.safeParse(event);
  if (!head.success) return { kind: "unknown", type: "no event type" };
  const type = head.data.e;
  switch (type) {
    case "ORDER_TRADE_UPDATE":
      return { kind: "told", ...orderTradeUpdate(event, instruments) };
    case "ALGO_UPDATE":
      return { kind: "told", ...algoUpdate(event, instruments) };
    case "ACCOUNT_UPDATE":
      return { kind: "told", ...accountUpdate(event, asset, instruments) };
    case "listenKeyExpired":
      return { kind: "listen-key-expired" };
    case "ACCOUNT_CONFIG_UPDATE": {
      const change = AccountConfigUpdate.safeParse(event);
      return { kind: "configuration-changed", symbol: change.data?.ac?.s ?? null };
    }
    case "MARGIN_CALL":
      return { kind: "margin-call" };
    // TRADE_LITE says less than ORDER_TRADE_UPDATE (no status, fee or cumulative amount) and may come twice; the retired
    // trigger reject is `rm` of ALGO_UPDATE.
    case "TRADE_LITE":
    case "CONDITIONAL_ORDER_TRIGGER_REJECT":
      return { kind: "ignored", type };
    default:
      return { kind: "unknown", type: type.slice(0, 64) };
  }
}

function unwrap(message: unknown): unknown {
  return typeof message === "object" && message !== null && "stream" in message && "data" in message
    ? message.data
    : message;
}

function orderTradeUpdate(event: unknown, instruments: InstrumentsByName): Decoded {
  const parsed = OrderTradeUpdate.safeParse(event);
  if (!parsed.success) return notUnderstood("unreadable ORDER_TRADE_UPDATE");
  const { o } = parsed.data;
  const facts = {
    symbol: o.s,
    clientOrderId: o.c,
    orderId: o.i,
    status: o.X,
    side: o.S,
    positionSide: o.ps,
    type: o.o,
    price: o.p,
    origQty: o.q,
    executedQty: o.z,
    reduceOnly: o.R,
    updateTime: o.T,
  };
  return orderReport(facts, isExecution(o) ? (instrument) => fillOf(instrument, o) : null, "stream", instruments);
}

/** Liquidation and ADL come as CALCULATED, with an amount like a trade. */
function isExecution(o: OrderTradeUpdate["o"]): boolean {
  return (o.x === "TRADE" || o.x === "CALCULATED") && !/^0*(\.0*)?$/.test(o.l);
}

function fillOf(instrument: Instrument, o: OrderTradeUpdate["o"]): Fill {
  const fill = fillFrom(instrument, {
    id: o.t,
    price: o.L,
    qty: o.l,
    commission: o.n ?? "0",
    commissionAsset: o.N ?? "",
    maker: o.m,
    time: o.T,
  });
  const said = o.n !== undefined && o.n !== null && o.N !== undefined && o.N !== null;
  return said ? fill : { ...fill, commission: null, commissionAsset: null };
}

function algoUpdate(event: unknown, instruments: InstrumentsByName): Decoded {
  const parsed = AlgoUpdate.safeParse(event);
  if (!parsed.success) return notUnderstood("unreadable ALGO_UPDATE");
  const { o, T } = parsed.data;
  return algoReport(
    {
      symbol: o.s,
      clientAlgoId: o.caid,
      algoId: o.aid,
      algoStatus: o.X,
      side: o.S,
      orderType: o.o,
      triggerPrice: o.tp,
      closePosition: o.cp,
      quantity: o.q,
      actualOrderId: o.ai,
      updateTime: T,
      failure: o.rm === undefined || o.rm === null || o.rm === "" ? null : o.rm,
    },
    "stream",
    instruments,
  );
}

function accountUpdate(event: unknown, asset: string, instruments: InstrumentsByName): Decoded {
  const parsed = AccountUpdate.safeParse(event);
  if (!parsed.success) return notUnderstood("unreadable ACCOUNT_UPDATE");
  const time = microsFromMillis(parsed.data.T);
  const { m } = parsed.data.a;
  const wallets = parsed.data.a.B.map((row) =>
    row.a === asset
      ? onGrid(`wallet ${row.a}`, () => {
          const transfer = transfers.has(m) ? moneyFromText(row.bc ?? "0") : noMoney;
          return told({ kind: "wallet", wallet: moneyFromText(row.wb), transfer, time });
        })
      : aboutForeign(`wallet ${row.a} ${row.wb}`),
  );
  if (m === "FUNDING_FEE") wallets.push(funding(parsed.data, asset, instruments));
  const positions = parsed.data.a.P.map((row) => {
    const instrument = instruments.get(row.s);
    if (instrument === undefined) return aboutForeign(`position ${row.s} ${row.pa}`);
    if (isHedge(row.ps)) return notUnderstood(`position ${row.s}: position side ${row.ps}`);
    return onGrid(`position ${row.s}`, () =>
      told({ kind: "position-report", time, ...positionReport(instrument, row.pa, row.ep) }),
    );
  });
  return [...wallets, ...positions].reduce(both, nothing);
}

/** The amount is the change of the balance; the symbol stands in `S`, or in the one position of isolated margin. */
function funding({ a, T }: AccountUpdate, asset: string, instruments: InstrumentsByName): Decoded {
  const amount = a.B.find((row) => row.a === asset)?.bc;
  const instrument = instruments.get(a.S ?? a.P[0]?.s ?? "");
  if (amount === undefined || instrument === undefined) return nothing;
  return onGrid("funding", () =>
    told({ kind: "funding", symbol: instrument.index, amount: moneyFromText(amount), time: microsFromMillis(T) }),
  );
}
