/** Mistakes about streams, limits and clocks. */

import type { Bug } from "./bug.ts";

export const streamBugs: readonly Bug[] = [
  {
    id: "ban-is-ignored",
    cause: "F-18",
    file: "venue/rate-budget.ts",
    find: `    if (time < this.#silentUntil) return refuse("the exchange asked for silence", this.#silentUntil);`,
    replace: "",
    sentence: "Requests go on during a ban.",
    needs: "ban",
  },
  {
    id: "offset-the-wrong-way",
    cause: "F-26",
    file: "venue/clock-offset.ts",
    find: `return Math.floor((now + clock.offset) / 1_000);`,
    replace: `return Math.floor((now - clock.offset) / 1_000);`,
    sentence: "Requests are signed with the exchange's offset taken the wrong way.",
  },
  {
    id: "old-socket-speaks",
    cause: "F-67",
    file: "venue/connections.ts",
    find: `    const name = this.ownerOf(stream);
    if (name !== null) this.#down(name, cause, now);`,
    replace: `    this.#down("private", \`\${cause} \${stream}\`, now);`,
    sentence: "The end of any socket counts as the end of the private one.",
  },
  {
    id: "day-begins-with-each-read",
    cause: "F-88",
    file: "risk/session.ts",
    find: `  const limitEquity = state.limitEquity ?? equity;`,
    replace: `  const limitEquity = equity;`,
    sentence: "The loss of the day counts from the last equity, and is never reached.",
  },
  {
    id: "half-open-session",
    cause: "F-48",
    file: "venue/caller.ts",
    find: `    this.#isSessionSilent = true;
    this.#ports.onSessionSilent(now);`,
    replace: "",
    sentence: "A connection that does not answer is used until the machine notices.",
  },
  {
    id: "session-loss-is-not-told",
    cause: "F-71",
    file: "venue/caller.ts",
    find: `      if (call.viaSession)
        this.#finish(id, { kind: "failed", cause: "connection lost before the reply", written: true }, now);`,
    replace: `      if (call.viaSession)
        this.#finish(id, { kind: "failed", cause: "connection lost before the reply", written: false }, now);`,
    sentence: "What was under way when a connection broke counts as never sent.",
  },
  {
    id: "connection-is-given-up",
    cause: "F-70",
    file: "venue/connections.ts",
    find: `    this.openAfter(name, now);`,
    replace: `    if (connection.attempts > 1) return this.#ports.onDown(name, cause, now);
    this.openAfter(name, now);`,
    sentence: "After two attempts in vain a connection is not opened any more.",
  },
  {
    id: "strange-event-throws",
    cause: "F-35",
    file: "venue/private-feed.ts",
    find: `      case "ignored":
        return;`,
    replace: `      case "ignored":
        throw new TypeError(message.type);`,
    sentence: "An event that is not of use throws where nobody catches it.",
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
    id: "book-is-not-mended",
    cause: "F-47",
    file: "engine/symbol-desk.ts",
    find: `    if (this.market.book.needsSnapshot) this.#askForBook();`,
    replace: "",
    sentence: "A book with a gap is not fetched again.",
  },
];
