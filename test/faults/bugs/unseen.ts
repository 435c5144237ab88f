/**
 * Mistakes that no invariant has found so far: another line of defence makes them harmless, or nobody looks. They are kept
 * so that the judge can be measured on them again.
 */

import type { Bug } from "./bug.ts";

export const unseenBugs: readonly Bug[] = [
  {
    id: "unlisted-is-failed",
    cause: "F-10",
    file: "execution/trade-manager.ts",
    find: `isListed ? { kind: "accepted" } : { kind: "unlisted", requestedAt }`,
    replace: `isListed ? { kind: "accepted" } : { kind: "absent" }`,
    sentence: "An entry that is not among the open orders counts as failed, though it may have filled.",
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
    find: `const quiet = snapshot.requestedAt > lastChange + lag && !desk.manager.isMoving;`,
    replace: `const quiet = !desk.manager.isMoving;`,
    sentence: "A read that is older than the last fill says what is open.",
  },
  {
    id: "closing-needs-no-stop",
    cause: "F-54",
    file: "execution/protection.ts",
    find: `  if (trade.closing !== null && (arrangement.covered || trade.closing.attempts < closesUntilStop)) return;`,
    replace: `  if (trade.closing !== null) return;`,
    sentence: "While closes fail, a position stays without a stop.",
  },
  {
    id: "dead-listen-key",
    cause: "F-06",
    file: "venue/adapter.ts",
    find: `        // Asked for anew each time: with a dead key the handshake succeeds and nothing ever comes.
        return this.#keeper.obtain(now);`,
    replace: `        return this.#connections.open(name, "/private/ws/none", now);`,
    sentence: "The private stream is opened again with a key that is no more.",
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
  {
    id: "silent-stream-is-alive",
    cause: "F-17",
    file: "venue/private-feed.ts",
    find: `    if (!this.#isAlive || this.#heard.has(clientId) || this.#expected.size >= expectedMax) return;`,
    replace: `    if (this.#isAlive || this.#heard.has(clientId) || this.#expected.size >= expectedMax) return;`,
    sentence: "A private stream that says nothing of the orders that are taken counts as alive.",
  },
  {
    id: "expiry-is-not-heard",
    cause: "F-34",
    file: "venue/private-feed.ts",
    find: `        return this.#ports.drop("listen key expired", now);`,
    replace: `        return;`,
    sentence: "That the listen key has expired is not acted on.",
  },
  {
    id: "nothing-is-compared",
    cause: "F-55",
    file: "engine/reconciliation.ts",
    find: `    if (reported === own || isLeft) {`,
    replace: `    if (reported === own || isLeft || trade !== null) {`,
    sentence: "Single events that are lost are not missed, because a running trade is not compared with the account.",
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
    id: "book-is-not-mended",
    cause: "F-47",
    file: "engine/symbol-desk.ts",
    find: `    if (this.market.book.needsSnapshot) this.#askForBook();`,
    replace: "",
    sentence: "A book with a gap is not fetched again.",
  },
  {
    id: "hand-is-not-seen",
    cause: "F-27",
    file: "engine/reconciliation.ts",
    find: `    if (seen < 2 || (isAsked && seen < mismatchesMax)) {`,
    replace: `    if (seen < 1_000_000) {`,
    sentence: "What a person does to the position is asked about for ever, and never accepted.",
  },
  {
    id: "others-fills-are-ours",
    cause: "F-80",
    file: "execution/executions.ts",
    find: `  return knownLots(foreign) === missing ? foreign : [];`,
    replace: `  return foreign;`,
    sentence: "Whatever somebody else traded meanwhile counts as the end of our trade.",
  },
];
