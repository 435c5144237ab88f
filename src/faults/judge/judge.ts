/**
 * Judges a run by what is so on the exchange, what passes on the wire, what the journal is told and holds, and what the
 * daemon shows of itself, against the invariants of the failure catalogue. It shares no code with the daemon's orders,
 * positions, protection or recovery.
 */

import type { Row } from "../../domain/output.ts";
import type { UserEvent } from "../../exchange/protocol.ts";
import type { Call } from "../call.ts";
import { Agreement } from "./agreement.ts";
import { Alarms } from "./alarms.ts";
import { Booked } from "./booked.ts";
import { Books } from "./books.ts";
import { judgeSizes, restLimits, type Sizes, sizeLimits } from "./bounds.ts";
import { DayLoss, type DayLossTerms } from "./day-loss.ts";
import { Doubts, type OpenDoubt } from "./doubts.ts";
import { Entries } from "./entries.ts";
import { Freshness, type FreshTerms } from "./fresh.ts";
import { injectedMark } from "./injected.ts";
import { Limits } from "./limits.ts";
import { LocalBooks, type OwnBook } from "./local-book.ts";
import { NakedTime } from "./naked.ts";
import { OneTrade } from "./one-trade.ts";
import { Owners } from "./owners.ts";
import { PrivateStream } from "./private-stream.ts";
import { Recovery } from "./recovery.ts";
import { type Beginning, Scene, type Violation } from "./scene.ts";
import { Secrets } from "./secrets.ts";
import { Stops } from "./stops.ts";
import { type Grid, type TrueFill, Truth } from "./truth.ts";
import { Wire } from "./wire.ts";

/** What the daemon shows of itself once everything is healed. */
export type View = {
  readonly isUp: boolean;
  /** parts that are not ready, in words */
  readonly unready: readonly string[];
  /** lots by symbol, as its own books have them */
  readonly positions: readonly number[];
  /** client ids of the orders that it takes for open */
  readonly orders: ReadonlySet<string>;
  /** orders whose fate it does not know; left out: none */
  readonly doubts?: readonly OpenDoubt[];
};

/** What is judged against the run's settings and keys, and how the daemon is looked into. */
export type JudgeParts = {
  readonly fresh: FreshTerms;
  /** what must never be told to anybody */
  readonly canaries: readonly string[];
  /** of an entry, quote asset, by the name of its symbol */
  readonly notionalMax: (symbol: string) => number;
  readonly leverageMax: number;
  /** how many positions may be open at once, and how many trades opened in an hour */
  readonly positionsMax: number;
  readonly tradesAnHourMax: number;
  readonly dayLoss: DayLossTerms;
  /** nothing but an operator's word ends SAFE MODE */
  readonly isSafeModeOperators: boolean;
  /** positions that somebody else has opened are reported and left alone (`reconcile.orphan_position`) */
  readonly leavesOrphans: boolean;
  /** orders that are not ours are cancelled (`reconcile.foreign_orders`) */
  readonly cancelsForeign: boolean;
  readonly ownBook: OwnBook;
  /** lots by symbol, as the daemon's books have them; null while it has none */
  readonly ownPositions: () => readonly number[] | null;
  /** an order that was taken is spoken of by the private stream within this; microseconds */
  readonly firstMessage: number;
  /** a request is given up after this; microseconds */
  readonly replyTimeout: number;
  /** the account may be read while no more than this of the minute's request weight is used */
  readonly readableWeight: number;
  /** ticks from the average entry of a position to its stop, where nothing says where that belongs */
  readonly foundStopDistance: (averageTicks: number) => number;
  readonly sizes: () => Sizes;
};

const noParts: Omit<JudgeParts, "fresh"> = {
  canaries: [],
  notionalMax: () => Number.POSITIVE_INFINITY,
  leverageMax: Number.POSITIVE_INFINITY,
  positionsMax: Number.POSITIVE_INFINITY,
  tradesAnHourMax: Number.POSITIVE_INFINITY,
  dayLoss: { dayLossMax: Number.POSITIVE_INFINITY, wallet: 0, accountAge: 0 },
  isSafeModeOperators: false,
  leavesOrphans: false,
  cancelsForeign: false,
  ownBook: () => null,
  ownPositions: () => null,
  firstMessage: Number.POSITIVE_INFINITY,
  replyTimeout: Number.POSITIVE_INFINITY,
  readableWeight: Number.POSITIVE_INFINITY,
  foundStopDistance: () => Number.POSITIVE_INFINITY,
  sizes: () => ({}),
};

/** How often what needs a quiet time is looked at. */
const quietInterval = 1_000_000;

export class Judge {
  readonly scene: Scene;
  readonly naked: NakedTime;
  readonly #truth: Truth;
  readonly #entries: Entries;
  readonly #books: Books;
  readonly #booked: Booked;
  readonly #doubts: Doubts;
  readonly #oneTrade: OneTrade;
  readonly #stops: Stops;
  readonly #wire: Wire;
  readonly #parts: Omit<JudgeParts, "fresh">;
  readonly alarms: Alarms;
  /** null without settings to judge by */
  readonly fresh: Freshness | null;
  readonly localBooks: LocalBooks;
  readonly secrets: Secrets;
  readonly owners: Owners;
  readonly #limits: Limits;
  readonly #dayLoss: DayLoss;
  readonly #recovery: Recovery;
  readonly #privateStream: PrivateStream;
  readonly #agreement: Agreement;
  #quietAt = 0;
  #secondAt = 0;

  /** @param origin when the world began; times of violations count from there */
  constructor(
    grids: readonly Grid[],
    origin: number,
    onViolation?: (violation: Violation) => void,
    parts: JudgeParts | null = null,
  ) {
    this.#truth = new Truth(grids);
    this.scene = new Scene(this.#truth, grids, origin, onViolation ?? (() => undefined));
    this.naked = new NakedTime(this.scene);
    this.#parts = parts ?? noParts;
    this.#entries = new Entries(this.scene, this.#parts.isSafeModeOperators);
    this.#books = new Books(this.scene);
    this.#booked = new Booked(this.scene);
    this.#doubts = new Doubts(this.scene, this.#parts.replyTimeout);
    this.#oneTrade = new OneTrade(this.scene);
    this.#stops = new Stops(this.scene, this.#parts.foundStopDistance);
    this.#wire = new Wire(
      this.scene,
      this.#parts.notionalMax,
      this.#parts.cancelsForeign,
      (symbol, side) => this.fresh?.touch(symbol, side) ?? null,
    );
    this.#limits = new Limits(this.scene, this.#parts);
    this.#dayLoss = new DayLoss(this.scene, this.#parts.dayLoss);
    this.alarms = new Alarms(this.scene);
    this.fresh = parts === null ? null : new Freshness(this.scene, parts.fresh);
    this.localBooks = new LocalBooks(this.scene, this.#parts.ownBook);
    this.secrets = new Secrets(this.scene, this.#parts.canaries);
    this.owners = new Owners(this.scene);
    this.#recovery = new Recovery(this.scene);
    this.#privateStream = new PrivateStream(this.scene, this.#parts);
    this.#agreement = new Agreement(this.scene, this.#parts.ownPositions);
  }

  get violations(): readonly Violation[] {
    return this.scene.violations;
  }

  /** Trades of which the daemon says, as it may, that it does not know all. */
  get unexplained(): number {
    return this.#booked.unexplained;
  }

  /** What became of orders whose fate was unknown. */
  get verdicts(): { readonly settled: readonly number[]; readonly wrong: number } {
    return { settled: this.#doubts.settled, wrong: this.#books.wrongVerdicts };
  }

  get safeMode(): Entries["safeMode"] {
    return this.#entries.safeMode;
  }

  /**
   * Something is wrong until then.
   *
   * @param way whose protection it stands in the way of
   */
  trouble(until: number, way: "all" | "none" | number): void {
    const { scene } = this;
    scene.troubledUntil = Math.max(scene.troubledUntil, until);
    for (const [symbol, before] of scene.wayTroubledUntil.entries()) {
      if (way === "all" || way === symbol) scene.wayTroubledUntil[symbol] = Math.max(before, until);
    }
  }

  /** A process begins with what the journal holds. */
  begins(beginning: Beginning): void {
    this.scene.isUp = true;
    this.scene.readySince = null;
    const byJournal = [
      this.#entries,
      this.#books,
      this.#booked,
      this.#oneTrade,
      this.#stops,
      this.#limits,
      this.#dayLoss,
    ];
    for (const part of byJournal) part.onBegin(beginning);
    for (const part of [this.#wire, this.alarms, this.localBooks, this.owners, this.#recovery]) part.onBegin();
    for (const part of [this.#privateStream, this.#agreement, this.#doubts]) part.onBegin();
    this.fresh?.onBegin();
  }

  /** It has read account and journal. */
  ready(): void {
    this.scene.readySince = this.scene.now;
    this.naked.onReady();
  }

  /** What the journal held is gone with the disk, or was set aside. */
  journalLost(): void {
    this.#booked.onLost();
    this.#oneTrade.onLost();
  }

  ends(): void {
    this.scene.isUp = false;
    this.scene.readySince = null;
  }

  storeFailed(): void {
    this.#entries.onStoreFailed();
  }

  /** The operator tells the daemon what to do. */
  commanded(action: string): void {
    if (action !== "resume") return;
    this.#entries.onResume();
    this.#dayLoss.onResume();
  }

  /** Somebody else has used the account. */
  touched(symbol: number): void {
    this.scene.touchedAt[symbol] = this.scene.now;
  }

  /** Another daemon that trades under the same prefix is about to send an order of that id. */
  sentByOther(id: string): void {
    this.owners.sentByOther(id);
    this.#entries.sentByOther(id);
    this.#wire.sentByOther(id);
  }

  sent(call: Call): void {
    this.#wire.onSent(call);
    this.#limits.onSent(call);
    this.#dayLoss.onSent(call);
    this.#entries.onSent(call);
    this.#oneTrade.onSent(call);
    this.#recovery.onSent(call);
    this.#privateStream.onSent(call);
    this.localBooks.onSent(call);
    this.naked.onSent(call);
    this.owners.onSent(call);
    this.#agreement.onSent(call);
    this.fresh?.onSent(call);
  }

  arrived(call: Call): void {
    this.#stops.onArrived(call);
  }

  /**
   * @param text what the exchange has said, whether or not it is heard
   * @param usedWeight of the minute; null where it does not say so
   */
  answered(call: Call, status: number, text: string, usedWeight: number | null = null): void {
    if (usedWeight !== null) this.#privateStream.onUsedWeight(usedWeight);
    this.naked.onAnswered(call, text);
    this.#limits.onAnswered(call, status);
  }

  /** @param retryAfter seconds, where the reply asks for that much silence */
  reply(call: Call, status: number, text: string | null, retryAfter: number | null = null): void {
    this.#wire.onReply(status, text, retryAfter);
    this.#entries.onReply(call, text);
    this.#booked.onReply(call, status, text);
    this.#doubts.onReply(call, text);
    this.naked.onReply(call, status, text);
    this.#privateStream.onReply(call, status, text);
    this.#recovery.onReply(call, text);
    this.#agreement.onReply(call, status, text);
    this.fresh?.onReply(call, status);
  }

  told(name: string, text: string): void {
    this.naked.onTold(name, text);
    this.owners.onTold(name, text);
    this.#privateStream.onTold(name, text);
    if (name === "account" && text.includes('"m":"FUNDING_FEE"')) {
      this.#books.onFundingTold(`${/"S":"([^"]+)"/.exec(text)?.[1]} ${/"E":(\d+)/.exec(text)?.[1]}`);
    }
  }

  happened(event: UserEvent): void {
    const fill = this.#truth.take(event);
    this.naked.onHappened(event);
    if (fill !== null) {
      if (fill.order.role === null) this.#onOthersFill(fill);
      if (fill.after === 0) this.scene.isLeftAlone[fill.order.symbol] = false;
      this.#entries.onFill(fill);
      this.#books.onFill(fill);
      this.#booked.onFill(fill);
      this.#oneTrade.onFill(fill);
      this.#agreement.onFill(fill);
      this.#limits.onFill(fill);
      this.#wire.onFill(fill);
    }
    const funding = this.#truth.fundingIn(event);
    if (funding !== null) this.#books.onFunding(funding.symbol, funding.amount, funding.name);
    if (event.e === "ACCOUNT_UPDATE") this.#stops.onAccount();
    this.#dayLoss.onHappened(event);
    const inner = event["o"];
    if (typeof inner !== "object" || inner === null) return;
    if (event.e === "ORDER_TRADE_UPDATE") {
      const id = String(Reflect.get(inner, "c"));
      this.#entries.onOrder(id);
      this.#oneTrade.onOrder(id);
    }
    if (event.e === "ALGO_UPDATE") this.#stops.onAlgo(String(Reflect.get(inner, "caid")));
  }

  #onOthersFill({ order: { symbol }, before, after }: TrueFill): void {
    this.scene.othersFilledAt[symbol] = this.scene.now;
    const hasOpened = before * after < 0 || Math.abs(after) > Math.abs(before);
    if (hasOpened && this.#parts.leavesOrphans) this.scene.isLeftAlone[symbol] = true;
  }

  row(row: Row): void {
    this.#entries.onRow(row);
    this.#stops.onRow(row);
    this.#books.onRow(row);
    if (row.kind === "order") this.#doubts.onRow(row);
    this.#booked.onRow(row);
    this.#oneTrade.onRow(row);
    this.#limits.onRow(row);
    this.alarms.onRow(row);
    this.#recovery.onRow(row);
    if (row.kind === "fill") this.#agreement.onBooked(row.tradeId);
  }

  notice(code: string, fields: Readonly<Record<string, unknown>>): void {
    this.secrets.onText(code, JSON.stringify(fields));
    this.#entries.onNotice(code, fields["reason"]);
    this.#books.onNotice(code, fields["trade"]);
    if (code === "BOOKS_UNEXPLAINED") this.#booked.onUnexplained(String(fields["trade"]));
    if (code === "TRADE_ADOPTED") {
      this.#stops.onAdopted(String(fields["trade"]));
      this.#agreement.onAdopted(Number(fields["symbol"]), Number(fields["lots"]));
    }
    if (code === "UNEXPECTED_ERROR") this.#onError(fields);
  }

  /** An exception that nobody threw on purpose is a defect, however well it was contained. */
  #onError({ where, message, at }: Readonly<Record<string, unknown>>): void {
    const text = String(message);
    if (!text.includes(injectedMark)) this.scene.violated("ERROR", `${String(where)}: ${text} ${String(at)}`);
  }

  /** After everything of one moment. */
  step(): void {
    this.naked.onStep();
    this.#entries.onStep();
    this.#books.onStep();
    this.localBooks.onStep();
    this.owners.onStep(this.safeMode !== null);
    this.alarms.onStep();
    this.#privateStream.onStep();
    if (this.scene.now < this.#quietAt) return;
    this.#quietAt = this.scene.now + quietInterval;
    this.#onSecond();
    this.alarms.onSecond((symbol) => this.naked.isKnown(symbol));
    judgeSizes(this.scene, this.#parts.sizes(), sizeLimits);
    if (this.scene.quietFor < 0) return;
    this.#entries.onQuiet();
    this.#booked.onQuiet();
  }

  #onSecond(): void {
    const { scene } = this;
    // More at once is a time that nobody has looked at.
    const passed = Math.min(scene.now - this.#secondAt, 2 * quietInterval);
    this.#secondAt = scene.now;
    this.#agreement.onSecond(scene.isStill || scene.isSilenced ? 0 : passed);
    this.#doubts.onSecond();
    this.#dayLoss.onSecond();
    if (!scene.isUp || scene.readySince === null || scene.isStill) return;
    this.#privateStream.onSecond(passed);
    this.localBooks.onSecond(passed);
    this.naked.onSecond(passed);
  }

  /** Everything was healed long enough ago: now both sides must agree (I-06), and the daemon be at work (I-21). */
  audit({ isUp, unready, positions, orders, doubts = [] }: View): void {
    const { scene } = this;
    if (!isUp) return scene.violated("I-21", "the daemon is down after everything was healed");
    judgeSizes(scene, this.#parts.sizes(), restLimits);
    this.#booked.audit();
    this.#doubts.audit(doubts);
    const isExcused = this.safeMode !== null;
    const waiting = unready.filter((part) => !(isExcused && part.startsWith("entries")));
    if (waiting.length > 0) scene.violated("I-21", `not ready after everything was healed: ${waiting.join("; ")}`);
    for (const id of this.#truth.ownOpen) {
      if (!orders.has(id)) scene.violated("I-06", `${id} is open at the exchange, and the daemon does not know it`);
    }
    for (const [symbol, lots] of positions.entries()) {
      const position = this.#truth.position(symbol);
      if (scene.isLeftAlone[symbol] === true) continue;
      if (position !== 0 && !this.#truth.isCovered(symbol)) {
        scene.violated("I-01", `${position} lots of symbol ${symbol} are left without a stop`);
      }
      if (lots !== position)
        scene.violated("I-06", `symbol ${symbol}: ${lots} lots in the books, ${position} at the exchange`);
    }
  }
}
