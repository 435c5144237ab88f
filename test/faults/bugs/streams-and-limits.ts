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
    id: "half-open-session",
    cause: "F-48",
    file: "venue/caller.ts",
    find: `    if (call.viaSession && isSilent) this.#ports.onSessionSilent(now);`,
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
    find: `    const wait = isSettled ? micros(0)`,
    replace: `    if (connection.attempts > 1) return this.#ports.onDown(name, cause, now);
    const wait = isSettled ? micros(0)`,
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
];
