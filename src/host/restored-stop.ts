/** A stop-loss that is placed once more within a trade: the first one was refused, is gone, or was lost (OPS-2). */

import { parseOrderId } from "../domain/order-id.ts";
import type { Command, Notice } from "../domain/output.ts";

/** Null for everything else. @param prefix `order_id_prefix` of the settings */
export function restoredStopNotice(command: Command, prefix: string): Notice | null {
  if (command.kind !== "place-algo" || command.role !== "f") return null;
  const attempt = parseOrderId(command.clientAlgoId, prefix)?.attempt ?? 1;
  if (attempt === 1) return null;
  const fields = { order: command.clientAlgoId, attempt };
  return { kind: "notice", level: "warn", code: "STOP_PLACED_AGAIN", symbol: command.symbol, fields };
}
