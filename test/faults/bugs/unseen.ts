/**
 * Mistakes that no invariant has found so far: another line of defence makes them harmless, or nobody looks. They are kept
 * so that the judge can be measured on them again.
 */

import type { Bug } from "./bug.ts";

export const unseenBugs: readonly Bug[] = [
  {
    id: "cancel-for-ever",
    cause: "F-83",
    file: "execution/desk.ts",
    find: `  if (order.cancels > 0 && now < order.cancelAt + wait) return wakeBy(trade, order.cancelAt + wait);`,
    replace: `  if (order.cancels > 0 && now < order.cancelAt + Math.min(wait, 1_000)) return wakeBy(trade, order.cancelAt + Math.min(wait, 1_000));`,
    sentence: "A cancel that does not work is repeated without a wait.",
  },
  {
    id: "stale-position-is-believed",
    cause: "F-31",
    file: "engine/reconciliation.ts",
    find: `const quiet = isYounger && !desk.manager.isMoving;`,
    replace: `const quiet = !desk.manager.isMoving;`,
    sentence: "A read that is older than the last fill says what is open.",
  },
  {
    id: "closing-needs-no-stop",
    cause: "F-54",
    file: "execution/protection.ts",
    find: `  if (trade.closing !== null && (arrangement.covered || !isCloseFailing(desk, trade, now))) return;`,
    replace: `  if (trade.closing !== null) return;`,
    sentence: "While closes fail, a position stays without a stop.",
  },
  {
    id: "events-before-journal-are-lost",
    cause: "F-81",
    file: "host/trader.ts",
    find: `      this.#held.push(event);
      return;`,
    replace: `      if (event.kind !== "order-report") this.#held.push(event);
      return;`,
    sentence: "A fill that comes before everything is loaded is thrown away.",
  },
  {
    id: "others-fills-are-ours",
    cause: "F-80",
    file: "execution/executions.ts",
    find: `  return knownLots(foreign) === missing ? foreign : [];`,
    replace: `  return foreign;`,
    sentence: "Whatever somebody else traded meanwhile counts as the end of our trade.",
  },
  {
    id: "missed-is-never-learnt",
    cause: "F-07",
    file: "engine/account-desk.ts",
    find: `    for (const { manager } of this.#ports.desks()) manager.onReportsMissed(now);
    this.#reads.by(now, now, "reconnect");`,
    replace: `    this.#ports.account.onPosition;`,
    sentence: "After a reconnect nothing is asked for: what happened meanwhile is not learnt.",
  },
];
