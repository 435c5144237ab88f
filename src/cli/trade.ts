/** `scalpd trade ID`: one trade's story in order, from the journal, also while the daemon runs. */

import { oneLine } from "../config/text.ts";
import {
  type StoryDecision,
  type StoryEvent,
  type StorySummary,
  type TradeStory,
  viewTrade,
} from "../store/trade-story.ts";
import { comparison, shown } from "./measure.ts";
import { UsageError } from "./usage-error.ts";

export type TradeOptions = {
  /** `store.directory` */
  readonly data: string;
  /** of the trade, of its decision, or of one of its orders */
  readonly id: string;
  readonly json: boolean;
};

const longestLine = 240;
const shownIdMax = 80;

/**
 * @throws {UsageError} there is no such trade
 * @throws {import("../store/store.ts").StoreError} a store cannot be read
 */
export function tradeCommand({ data, id, json }: TradeOptions): void {
  const answer = viewTrade(data, id);
  if (answer.kind === "unknown") {
    const shown = JSON.stringify(id.slice(0, shownIdMax));
    const there = answer.newest.length === 0 ? "there are none yet" : `the newest are ${answer.newest.join(", ")}`;
    throw new UsageError(
      `trade ${shown}: no such trade under ${data}; allowed is the id of a trade, a decision or an order; ${there}`,
    );
  }
  const text = json ? JSON.stringify(answer.story) : readable(answer.story);
  process.stdout.write(`${text}\n`);
}

function readable(story: TradeStory): string {
  const { trade, symbol, side, source, store, decision, events, summary } = story;
  return [
    `trade ${trade}, ${symbol} ${side}, source ${source}, ${store}`,
    ...(decision === null ? [] : decisionLines(decision)),
    ...events.map((event) => `  ${event.time} ${eventText(event)}`),
    ...(summary === null ? ["  still open"] : summaryLines(summary)),
  ]
    .map((line) => oneLine(line, longestLine))
    .join("\n");
}

function decisionLines({ time, action, direction, confidence, edge, gates, size_steps }: StoryDecision): string[] {
  return [
    `  ${time} decision  ${action} ${direction}, confidence ${shown(confidence)}, edge ${shown(edge)}`,
    ...gates.map(
      ({ gate, verdict, measured, limit }) => `    ${verdict.padEnd(8)} ${gate}: ${comparison(gate, measured, limit)}`,
    ),
    ...size_steps.map(({ what, notional }) => `    size     ${what}: ${shown(notional)}`),
  ];
}

const roleNames: Readonly<Record<string, string>> = {
  e: "entry",
  f: "stop",
  r: "moved stop",
  t1: "target 1",
  t2: "target 2",
  x: "close",
};

function eventText(event: StoryEvent): string {
  switch (event.what) {
    case "intent": {
      const { quantity, stop_price, target_price, second_target_price, hold_until } = event;
      const targets = [target_price, second_target_price].filter((level) => level !== null);
      const target = targets.length === 0 ? "no target" : `target ${targets.join(" and ")}`;
      return `intent    ${quantity}, stop ${stop_price}, ${target}, until ${hold_until}`;
    }
    case "order": {
      const { role, side, quantity, price, state, filled, id } = event;
      const size = quantity ?? "whole position";
      const level = price === null ? "market" : `at ${price}`;
      return `order     ${roleNames[role] ?? role}: ${side} ${size} ${level}, ${state}, filled ${filled} (${id})`;
    }
    case "fill": {
      const { side, quantity, price, fee, fee_asset, maker, order } = event;
      const paid = fee === null ? "fee not told" : `fee ${fee} ${fee_asset ?? ""}`.trimEnd();
      const kind = maker === null ? "" : maker ? ", maker" : ", taker";
      return `fill      ${side} ${quantity} at ${price}, ${paid}${kind} (${order})`;
    }
    case "stop-move":
      return `stop      ${event.from} to ${event.to}: ${event.cause}`;
    default:
      throw new TypeError(`unhandled event ${event satisfies never}`);
  }
}

function summaryLines(summary: StorySummary): string[] {
  const { quantity, entry_price, exit_price, exit_time, exit_reason, duration_ms, maker_share } = summary;
  const { pnl_gross, fees, funding, pnl_net, r, mae, mfe, slippage, arrival_slippage } = summary;
  return [
    `  ${exit_time} closed    ${exit_reason} after ${duration_ms / 1_000} s: ${quantity} from ${entry_price} to ${exit_price}`,
    `    result   ${pnl_net} USDT net = ${pnl_gross} gross - ${fees} fees + ${funding} funding; R ${shown(r)}`,
    `    price    worst ${mae} against, best ${mfe} in favour; maker share ${shown(maker_share)}`,
    `    slippage ${slippage ?? "–"} from the decision's mid, ${arrival_slippage ?? "–"} from the mid when it left`,
  ];
}
