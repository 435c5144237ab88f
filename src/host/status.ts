/** The periodic status line of each symbol (requirements OPS-1). */

import { numberFromTicks, textFromLots } from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, microsPerSecond } from "../domain/units.ts";
import type { Core } from "../engine/core.ts";
import { mayTrade } from "../execution/order.ts";

export function statusNotices(core: Core, now: Micros): readonly Notice[] {
  return core.desks.map(({ instrument, market, manager, lastDecision }) => {
    const { trade } = manager;
    return {
      kind: "notice",
      level: "info",
      code: "STATUS",
      symbol: instrument.index,
      fields: {
        decision: lastDecision?.id ?? null,
        decisionAge: lastDecision === null ? null : (now - lastDecision.time) / microsPerSecond,
        direction: lastDecision?.direction ?? null,
        bid: numberFromTicks(instrument, market.bid),
        ask: numberFromTicks(instrument, market.ask),
        position: trade === null ? "0" : textFromLots(instrument, trade.ledger.position),
        orders: trade === null ? 0 : [...trade.orders.values()].filter(mayTrade).length,
        fills: manager.counts.fills,
        trades: manager.counts.trades,
        net: Number(manager.counts.netPnl) / 1e8,
      },
    };
  });
}
