/**
 * Reads the whole account: four requests, each sent after the read was asked for, joined into one snapshot.
 *
 * @see binance-usdm.md §6.2; failure-catalogue F-07, F-44, F-60
 */

import type { AskedAt, CoreEvent, Outcome } from "../domain/event.ts";
import { type Micros, micros, microsPerSecond, plus, type SymbolIndex } from "../domain/units.ts";
import { type AskPorts, verdictOf } from "./asking.ts";
import { type Backoff, waitBefore } from "./backoff.ts";
import type { Answer } from "./caller.ts";
import { ReadPace } from "./read-pace.ts";
import { decodeAccount, type OffGridPosition } from "./wire/decode.ts";
import { accountRequests } from "./wire/encode.ts";
import { noBudgetCode } from "./wire/outcome.ts";
import type { InstrumentsByName } from "./wire/reports.ts";

const parts = ["balance", "positions", "orders", "algos"] as const;
type Part = (typeof parts)[number];

/** `events` end with the snapshot, or are empty. */
type Found = {
  readonly outcome: Outcome;
  readonly events: readonly CoreEvent[];
  /** when the rate budget lets another one out; null where it held nothing back */
  readonly heldUntil: Micros | null;
};

export type AccountRead = Pick<Found, "outcome" | "heldUntil"> & {
  /** What is to be told of it. Whoever takes it first tells it: twice told one read would count as two. */
  readonly takeEvents: () => readonly CoreEvent[];
};

export type AccountReaderPorts = AskPorts & {
  /** margin asset of the configured symbols */
  readonly asset: string;
  readonly instruments: InstrumentsByName;
  /** of the clock that times executions, against ours */
  readonly engineOffset: () => Micros;
  /** the answers were here and came to nothing */
  readonly onUnproven: (cause: string) => void;
  readonly onOutcome: (outcome: Outcome, now: Micros) => void;
};

type Done = (read: AccountRead, now: Micros) => void;

/** A read that is not over, and who asked for it. */
type Open = { readonly asked: AskedAt; readonly wanted: Done[] };

const repeatBackoff: Backoff = { first: micros(500_000), most: micros(10 * microsPerSecond) };
/** Reads under way at the same time. */
const readsMax = 4;
const readWeight = parts.reduce((sum, part) => sum + accountRequests[part].weight, 0);

export class AccountReader {
  readonly #ports: AccountReaderPorts;
  readonly #pace = new ReadPace();
  /** who asked for one that cannot begin yet: all of them are told of the next */
  #waiting: Done[] = [];
  #underWay = 0;
  /** the last one; null when it is over */
  #open: Open | null = null;
  #newest = 0;
  /** symbols whose position the last read showed off the grid, which was told */
  #offGrid: ReadonlySet<SymbolIndex> = new Set();

  constructor(ports: AccountReaderPorts) {
    this.#ports = ports;
  }

  /** As soon as the pace lets it. What several ask for in one moment, or wait for, is one read. */
  read(now: Micros, done: Done): void {
    if (this.#open?.asked.requestedAt === now) {
      this.#open.wanted.push(done);
      return;
    }
    this.#waiting.push(done);
    this.#beginNext(now);
  }

  #beginNext(now: Micros): void {
    if (this.#waiting.length === 0 || this.#underWay >= readsMax) return;
    const from = this.#pace.from(readWeight, now);
    if (from > now) return this.#ports.timers.set("account-pace", from, (then) => this.#beginNext(then));
    const wanted = this.#waiting;
    this.#waiting = [];
    this.#begin(wanted, now);
  }

  /** Asks once, and once more for a part whose answer got lost: four answers in a row are much to ask of a bad network. */
  #begin(wanted: Done[], now: Micros): void {
    this.#underWay += 1;
    // With what is known now: a machine that sleeps meanwhile wakes with another offset.
    const asked = { requestedAt: now, asOf: plus(now, this.#ports.engineOffset()) };
    const open: Open = { asked, wanted };
    this.#open = open;
    const bodies = new Map<Part, unknown>();
    let isOver = false;
    const finish = (found: Found, then: Micros): void => {
      isOver = true;
      this.#underWay -= 1;
      if (this.#open === open) this.#open = null;
      this.#ports.onOutcome(found.outcome, then);
      tell(wanted, found, then);
      this.#beginNext(then);
    };
    const ask = (part: Part, isLast: boolean, then: Micros): void => {
      const { weight } = accountRequests[part];
      const answered = (answer: Answer, at: Micros): void => {
        if (answer.kind === "held-back") this.#pace.giveBack(weight);
        if (isOver) return;
        const failure = failureOf(part, answer);
        if (failure !== null && !isLast && mayHaveBeenLost(answer)) return ask(part, true, at);
        if (failure !== null) return finish(failure, at);
        if (answer.kind === "reply") bodies.set(part, answer.reply.body);
        if (bodies.size === parts.length) finish(this.#join(bodies, asked), at);
      };
      this.#pace.take(weight, then);
      this.#ports.caller.call(accountRequests[part], { done: answered }, then);
    };
    try {
      for (const part of parts) ask(part, false, now);
    } catch (error) {
      // What is not asked is never answered: the read would be under way for ever (failure-catalogue F-35).
      if (!isOver) finish(failed(heldBack("a request could not be handed over")), now);
      throw error;
    }
  }

  /** Repeats until it is read. A newer wish takes the place of an older one. */
  readUntilDone(now: Micros, done: Done): void {
    this.#newest += 1;
    this.#ports.timers.clear("account");
    this.#attempt(this.#newest, 0, now, done);
  }

  #attempt(serial: number, repeats: number, now: Micros, done: Done): void {
    this.read(now, (read, then) => {
      if (serial !== this.#newest) return;
      if (read.outcome.kind === "ok") return done(read, then);
      const cause = read.outcome.kind === "unknown" ? read.outcome.cause : read.outcome.message;
      this.#ports.notice({
        kind: "notice",
        level: "warn",
        code: "ACCOUNT_UNREAD",
        symbol: null,
        fields: { cause, repeats },
      });
      const { heldUntil } = read;
      const wait = waitBefore(repeats, repeatBackoff, this.#ports.random);
      const at = heldUntil !== null && heldUntil > then ? heldUntil : plus(then, wait);
      this.#ports.timers.set("account", at, (due) => this.#attempt(serial, repeats + 1, due, done));
    });
  }

  #join(bodies: ReadonlyMap<Part, unknown>, asked: AskedAt): Found {
    const decoded = decodeAccount(
      {
        balance: bodies.get("balance"),
        positions: bodies.get("positions"),
        orders: bodies.get("orders"),
        algos: bodies.get("algos"),
      },
      this.#ports.asset,
      this.#ports.instruments,
      asked,
    );
    if (decoded.kind === "unproven") this.#ports.onUnproven(decoded.cause);
    if (decoded.kind === "unproven") return failed({ kind: "unknown", cause: decoded.cause });
    this.#tellOffGrid(decoded.offGrid);
    return { outcome: { kind: "ok" }, events: [...decoded.events, decoded.snapshot], heldUntil: null };
  }

  /** Once for as long as it is so. */
  #tellOffGrid(positions: readonly OffGridPosition[]): void {
    for (const { symbol, amount } of positions) {
      if (this.#offGrid.has(symbol)) continue;
      this.#ports.notice({ kind: "notice", level: "error", code: "POSITION_OFF_GRID", symbol, fields: { amount } });
    }
    this.#offGrid = new Set(positions.map(({ symbol }) => symbol));
  }
}

function tell(wanted: readonly Done[], { outcome, events, heldUntil }: Found, now: Micros): void {
  let untold = events;
  const takeEvents = (): readonly CoreEvent[] => {
    const taken = untold;
    untold = [];
    return taken;
  };
  for (const done of wanted) done({ outcome, heldUntil, takeEvents }, now);
}

function failureOf(part: Part, answer: Answer): Found | null {
  if (answer.kind === "held-back") return failed(heldBack(`${part}: ${answer.cause}`), answer.until);
  const { outcome } = verdictOf(answer);
  return outcome.kind === "ok" ? null : failed(outcome);
}

/** Nobody has answered, or only what stands before the exchange's service. */
function mayHaveBeenLost(answer: Answer): boolean {
  return answer.kind === "failed" || (answer.kind === "reply" && answer.reply.status >= 500);
}

function failed(outcome: Outcome, heldUntil: Micros | null = null): Found {
  return { outcome, events: [], heldUntil };
}

function heldBack(message: string): Outcome {
  return { kind: "refused", code: noBudgetCode, message };
}
