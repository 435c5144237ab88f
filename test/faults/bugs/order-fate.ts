/** Mistakes about the fate of an order: what was sent, what became of it, and what it filled. */

import type { Bug } from "./bug.ts";

export const orderFateBugs: readonly Bug[] = [
  {
    id: "silence-is-refusal",
    cause: "F-01",
    file: "execution/outcome.ts",
    find: `    case "unknown":
      update(desk, trade, order, { kind: "lost" }, now);`,
    replace: `    case "unknown":
      update(desk, trade, order, { kind: "refused", code: 0 }, now);`,
    sentence: "A placement without an answer counts as refused.",
  },
  {
    id: "any-503-is-failure",
    cause: "F-02",
    file: "domain/error-policy.ts",
    find: "[-1000]: lookUp,",
    replace: "[-1000]: refuse,",
    sentence: "A 503 that says nothing of the order's fate counts as a failure.",
  },
  {
    id: "unknown-order-is-cancelled",
    cause: "F-03",
    file: "execution/outcome.ts",
    find: `      if (outcome.kind !== "ok") update(desk, trade, order, { kind: "cancel-failed" }, now);
      return;
    case "cancel-algo":
      update(desk, trade, order, outcome.kind === "ok" ? cancelledAlgo : { kind: "cancel-failed" }, now);`,
    replace: `      update(desk, trade, order, cancelledAlgo, now);
      return;
    case "cancel-algo":
      update(desk, trade, order, cancelledAlgo, now);`,
    sentence: "A cancel that is answered with -2011, or not at all, counts as done.",
  },
  {
    id: "unknown-is-sent-again",
    cause: "F-09",
    file: "venue/orders.ts",
    find: `      const isFailure = outcome.kind === "refused" && treatment === "retry";`,
    replace: `      const isFailure = outcome.kind !== "ok" && (treatment === "retry" || treatment === "look-up");
      if (isFailure && isPlacement(command) && repeats === 0) return this.#later(sending, 1, plus(then, micros(1_000_000)));`,
    sentence:
      "A placement of unknown fate is sent once more a second later, though the order may have been seen alive.",
  },
  {
    id: "unlisted-is-failed",
    cause: "F-10",
    file: "execution/order-evidence.ts",
    find: `update(desk, trade, order, { kind: "unlisted", requestedAt }, now);`,
    replace: `update(desk, trade, order, { kind: "absent" }, now);`,
    sentence: "An entry that is not among the open orders counts as failed, though it may have filled.",
  },
  {
    id: "unknown-entry-once-more",
    cause: "F-11",
    file: "execution/entry.ts",
    find: `  if (mayTrade(entry)) return workOrder(desk, trade, entry, now);`,
    replace: `  const isTwice = entry.status.kind === "unknown" && !trade.adopted && entry.attempt < 3;
  if (isTwice) return send(desk, trade, { quantity: trade.plan.quantity, terms: trade.plan.terms }, now);
  if (mayTrade(entry)) return workOrder(desk, trade, entry, now);`,
    sentence: "The same entry goes out once more while the fate of the first is unknown.",
  },
  {
    id: "one-miss-is-proof",
    cause: "F-19",
    file: "execution/outcome.ts",
    find: `update(desk, trade, unknown, { kind: "missed" }, now);`,
    replace: `update(desk, trade, unknown, { kind: "absent" }, now);`,
    sentence: "One look-up that finds nothing proves that the order never was.",
  },
  {
    id: "late-answer-reopens",
    cause: "F-20",
    file: "execution/order.ts",
    find: `if (status.kind !== "sent" && status.kind !== "unknown") return seen(order);`,
    replace: `if (status.kind === "triggered") return seen(order);`,
    sentence: "An acknowledgement that comes after the fill makes the order live again.",
  },
  {
    id: "fill-counts-twice",
    cause: "F-28",
    file: "execution/trade.ts",
    find: `trade.executions.set(fill.tradeId, { clientOrderId: order.id, side: order.side, fill });`,
    replace:
      "trade.executions.set(`$" +
      "{fill.tradeId} $" +
      "{trade.executions.size}`, { clientOrderId: order.id, side: order.side, fill });",
    sentence: "An execution that is told twice is booked twice.",
  },
  {
    id: "amended-to-more",
    cause: "F-29",
    file: "execution/entry.ts",
    find: `const total = lots(Math.min(entry.quantity, entry.filled + quantity));`,
    replace: `const total = lots(entry.filled + trade.plan.quantity);`,
    sentence: "An entry that has filled in part is amended to what it filled and the whole plan.",
  },
  {
    id: "filled-falls",
    cause: "F-49",
    file: "execution/order.ts",
    find: `const filled = lots(Math.max(order.filled, event.filled));`,
    replace: `const filled = event.filled;`,
    sentence: "A report that comes late sets the filled amount back.",
  },
  {
    id: "lost-amendment-is-cancel",
    cause: "F-50",
    file: "execution/entry.ts",
    find: `  work.amendsRefused = true;
  update(desk, trade, order, { kind: "doubted" }, now);
}

function send(`,
    replace: `  work.amendsRefused = true;
  update(desk, trade, order, { kind: "reported", status: "CANCELED", filled: order.filled, venueId: order.venueId ?? "0" }, now);
}

function send(`,
    sentence: "An amendment whose answer is lost counts as the end of the order, which goes on living unrecorded.",
  },
  {
    id: "exponent-form",
    cause: "F-66",
    file: "venue/wire/encode.ts",
    find: `return positiveText(textFromLots(instrument, quantity));`,
    replace: `return Number(textFromLots(instrument, quantity)).toExponential();`,
    sentence: "A quantity is written as a floating-point number prints itself.",
  },
  {
    id: "ids-are-rounded",
    cause: "F-21",
    file: "venue/wire/lossless-json.ts",
    find: `const exactDigits = 15;`,
    replace: `const exactDigits = 30;`,
    sentence: "Ids beyond 2^53 are rounded.",
  },
  {
    id: "grid-of-yesterday",
    cause: "F-77",
    file: "venue/wire/encode.ts",
    find: `return positiveText(textFromTicks(instrument, gridPrice(instrument, price, direction)));`,
    replace: `return (Number(textFromTicks(instrument, price)) + Number(instrument.rules.tickSize) / 2).toFixed(8);`,
    sentence: "Prices are put on another grid than the exchange's.",
  },
  {
    id: "close-without-wait",
    cause: "F-64",
    file: "execution/exit.ts",
    find: `  closing.nextAttemptAt = now + (trade.exposedSince === null ? wait : Math.min(wait, nakedWaitMax));`,
    replace: `  closing.nextAttemptAt = now + Math.min(wait, 100_000);`,
    sentence: "A close that is refused goes again at once, for as long as it is refused.",
  },
  {
    id: "pending-stop-is-no-stop",
    cause: "F-65",
    file: "execution/protection-arbiter.ts",
    find: `return status.kind === "sent" || (status.kind === "unknown" && !isMissing({ status, ...order }));`,
    replace: `return status.kind === "sent" && isMissing({ status, ...order });`,
    sentence: "A stop whose placement is open does not count, and one more is sent with every look.",
  },
];
