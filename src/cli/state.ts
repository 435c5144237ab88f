/** `scalpd state`: positions with their protection, open orders, equity and last trades, from the journal. */

import { oneLine } from "../config/text.ts";
import { type OrderView, type PositionView, type StoreView, type TradeView, viewStores } from "../store/view.ts";
import type { StateOptions } from "./options.ts";

/** @throws {import("../store/store.ts").StoreError} a store cannot be read */
export function stateCommand(options: StateOptions): void {
  const stores = viewStores(options.data);
  const text = options.json ? JSON.stringify({ stores }) : readable(stores, options.data);
  process.stdout.write(`${text}\n`);
}

function readable(stores: readonly StoreView[], directory: string): string {
  if (stores.length === 0) return `no journal under ${directory}: nothing has been traded from here`;
  return stores
    .flatMap(storeLines)
    .map((line) => oneLine(line, 400))
    .join("\n");
}

function storeLines({ store, account, safe_mode, positions, orders, trades }: StoreView): string[] {
  const money =
    account === null ? "not known yet" : `wallet ${account.wallet}, equity ${account.equity} USDT at ${account.time}`;
  return [
    store,
    `  account    ${money}`,
    ...(safe_mode === null
      ? []
      : [`  SAFE MODE  ${safe_mode.reasons.join(", ")} since ${safe_mode.since}: ${safe_mode.detail}`]),
    ...positions.flatMap(positionLines),
    ...(positions.length === 0 ? ["  positions  none"] : []),
    ...orders.map((order) => `  order      ${orderText(order)}`),
    ...trades.map((trade) => `  trade      ${tradeText(trade)}`),
  ];
}

function positionLines(position: PositionView): string[] {
  const { symbol, quantity, entry_price, protection } = position;
  const stops = protection.map((stop) => `${stop.side} stop at ${stop.price} (${stop.state})`);
  const guard = stops.length === 0 ? "NO LIVE STOP KNOWN" : stops.join(", ");
  return [`  position   ${symbol} ${quantity} at ${entry_price}: ${guard}`];
}

function orderText(order: OrderView): string {
  const size = order.quantity ?? "whole position";
  const level = order.price === null ? "market" : `at ${order.price}`;
  return `${order.symbol} ${order.id} ${order.side} ${size} ${level}, ${order.state}, filled ${order.filled}`;
}

function tradeText(trade: TradeView): string {
  const { exit_time, symbol, side, quantity, entry_price, exit_price, pnl_net, exit_reason } = trade;
  return `${exit_time} ${symbol} ${side} ${quantity} ${entry_price} → ${exit_price}: ${pnl_net} USDT net, ${exit_reason}`;
}
