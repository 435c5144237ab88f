/**
 * I-01: how long a position lies without a stop that covers it, and how much of that is the daemon's own doing: it is up
 * and has read the account, it could know, and nothing stood between it and its orders.
 */

import type { UserEvent } from "../../exchange/protocol.ts";
import type { Call } from "../call.ts";
import { AccountRounds } from "./account-rounds.ts";
import type { Scene } from "./scene.ts";
import { Waiting } from "./waiting.ts";

/** @see failure-catalogue I-01: 250 ms and two round trips an episode; after 2 s a close is on its way */
const hardMax = 2_000_000;
/** Somebody else's doing contradicts the books; reads lag, so only reads that agree are believed. */
const othersMax = 10_000_000;
/** A stop that is refused because it is hit, and the close that follows it, there and back each; then a repeat. */
const waysMost = 6;
/** Longer ones are told one by one. */
const longFrom = 1_000_000;
/** A close that the exchange's price band refuses is tried again after waits that grow up to 16 s. */
const bandWait = 20_000_000;
/** What is said of an order before its first execution, and of a conditional one that rests. */
const saysNothing = /"executedQty":"0(\.0*)?"|"algoStatus":"NEW"/;
const banded = '"code":-4131';
/** After so many closes that were refused a stop is tried within this. */
const refusedMost = 3;
const triedWithin = 20_000_000;
/** Whatever stands in the way, somebody has to notice after this long of it. */
const absoluteMax = 30 * 60_000_000;

type Cause = "position" | "stop";

/** Of a symbol without a position. */
const nothing = { lots: 0, isCovered: false } as const;

type Episode = {
  readonly since: number;
  /** what laid it bare: the position became another one, or its stop ended */
  readonly cause: Cause;
  most: number;
  /** somebody else has turned a position around that stops of ours covered */
  isTurned: boolean;
  knownAt: number | null;
  charged: number;
  /** what of that a slowed network took to carry a stop or a close; microseconds */
  carried: number;
  carriedUntil: number;
  /** stops and closes that have left in it, and of which the daemon has heard nothing yet */
  readonly asked: Set<Call>;
  /** one way at its slowest since it began, microseconds */
  latency: number;
  told: boolean;
  up: number;
  /** until when the daemon need not have tried again what the exchange's price band has refused */
  bandedUntil: number;
  /** closes that were, and since when no stop was tried */
  refused: number;
  untried: Waiting | null;
};

/** Times are microseconds; `at` is its end, since the world began. */
export type LongNaked = { readonly at: number; readonly symbol: number; readonly charged: number };

export class NakedTime {
  /**
   * Chargeable microseconds of each episode that had any, but for those that somebody else brought about, and without
   * what a slowed network took to carry the stop or the close to the exchange.
   */
  readonly charges: number[] = [];
  /** those of them that people want to look at */
  readonly long: LongNaked[] = [];
  episodes = 0;
  readonly #scene: Scene;
  readonly #open: (Episode | null)[];
  /** whether all of a position was covered at the last step, and its lots */
  readonly #before: { readonly lots: number; readonly isCovered: boolean }[];
  /** whether each lies bare, and what made it so, event by event */
  readonly #bare: { isBare: boolean; cause: Cause }[];
  readonly #answeredAt = new WeakMap<Call, number>();
  readonly #rounds = new AccountRounds();
  #lastStep = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#open = scene.grids.map(() => null);
    this.#before = scene.grids.map(() => nothing);
    this.#bare = scene.grids.map(() => ({ isBare: false, cause: "position" }));
  }

  /** The exchange has said something, and the truth has taken it in. */
  onHappened({ e }: UserEvent): void {
    for (const [symbol, one] of this.#bare.entries()) {
      const isBare = this.#scene.truth.position(symbol) !== 0 && !this.#scene.truth.isCovered(symbol);
      if (isBare && !one.isBare) one.cause = e === "ALGO_UPDATE" ? "stop" : "position";
      one.isBare = isBare;
    }
  }

  /** Whether the daemon was told of an exposure that lasts. */
  isKnown(symbol: number): boolean {
    return (this.#open[symbol]?.knownAt ?? null) !== null;
  }

  /** @param text what the exchange itself has said */
  onAnswered(call: Call, text: string): void {
    const { now, grids } = this.#scene;
    this.#answeredAt.set(call, now);
    if (call.name !== "place x" || !text.includes(banded)) return;
    const symbol = grids.findIndex(({ symbol: name }) => name === call.params.get("symbol"));
    const episode = this.#open[symbol] ?? null;
    if (episode !== null) episode.bandedUntil = now + bandWait;
  }

  /** What the exchange said after the exposure began has reached the daemon. */
  onReply(call: Call, status: number, text: string | null): void {
    this.#open[this.#symbolOf(call)]?.asked.delete(call);
    const round = this.#rounds.onReply(call, status, text, this.#scene.now);
    if (text === null) return;
    if (call.name === "place x" && status >= 400) {
      const episode = this.#open[this.#symbolOf(call)];
      if (episode) episode.refused += 1;
    }
    const answered = this.#answeredAt.get(call);
    for (const [symbol, episode] of this.#open.entries()) {
      if (episode === null || episode.knownAt !== null || answered === undefined) continue;
      // What was said of the position in the moment in which its stop ended says nothing of that.
      if (answered < episode.since || (episode.cause === "stop" && answered === episode.since)) continue;
      const name = this.#scene.grids[symbol]?.symbol ?? "";
      const isOfOrder = call.clientId !== null && text.includes(`"symbol":"${name}"`) && !saysNothing.test(text);
      // What is served from elsewhere lags by itself, whatever the other answers of the same read say.
      const positionsAt = round === null ? undefined : this.#answeredAt.get(round.positionsBy);
      const isRead = round !== null && round.askedAt >= episode.since && (positionsAt ?? 0) >= episode.since;
      if (isOfOrder || isRead) episode.knownAt = this.#scene.now;
    }
  }

  onSent(call: Call): void {
    this.#rounds.onSent(call, this.#scene.now);
    const isStop = call.name === "place f" || call.name === "place r";
    const episode = isStop || call.name === "place x" ? this.#open[this.#symbolOf(call)] : null;
    if (!episode) return;
    if (isStop) episode.untried = null;
    episode.asked.add(call);
    episode.carriedUntil = Math.max(episode.carriedUntil, this.#scene.now + this.#scene.slowedBy);
  }

  /** Closes that are refused again and again do not keep it from resting a stop (F-54). */
  onSecond(passed: number): void {
    for (const [symbol, episode] of this.#open.entries()) {
      if (episode === null || episode.knownAt === null || episode.refused < refusedMost || episode.told) continue;
      // What somebody else turned around is closed the wrong way until it is understood.
      if (episode.most === othersMax) continue;
      episode.untried ??= new Waiting(triedWithin);
      if (this.#scene.isSilenced || !episode.untried.isOver(passed)) continue;
      episode.told = true;
      const closes = `${episode.refused} closes were refused`;
      this.#scene.violated("I-01", `symbol ${symbol} lies without a stop, ${closes}, and no stop is tried`);
    }
  }

  #symbolOf({ params }: Call): number {
    return this.#scene.grids.findIndex(({ symbol }) => symbol === params.get("symbol"));
  }

  onTold(name: string, text: string): void {
    const tells = name.includes("FILLED") || (name.startsWith("algo") && !name.endsWith("NEW")) || name === "account";
    if (!tells) return;
    for (const [symbol, episode] of this.#open.entries()) {
      const own = this.#scene.grids[symbol]?.symbol ?? "";
      if (episode === null || !text.includes(`"s":"${own}"`)) continue;
      if (episode.cause === "stop" && !name.startsWith("algo") && saidAt(text) <= episode.since) continue;
      episode.knownAt ??= this.#scene.now;
      const isSaid = Math.sign(Number(saidLots(text, own))) === Math.sign(this.#scene.truth.position(symbol));
      if (!episode.isTurned || episode.most === hardMax || name !== "account" || !isSaid) continue;
      // The stream does not lag: what it says against our trade needs no reads that agree.
      episode.most = hardMax;
      episode.charged = 0;
      episode.carried = 0;
    }
  }

  /** A new process learns everything anew, from the account; where reads lag, only later ones may show what is so. */
  onReady(): void {
    if (this.#scene.readsLagUntil > this.#scene.now) return;
    for (const episode of this.#open) if (episode !== null) episode.knownAt = this.#scene.now;
  }

  onStep(): void {
    const { now } = this.#scene;
    const passed = now - this.#lastStep;
    this.#lastStep = now;
    for (let symbol = 0; symbol < this.#open.length; symbol += 1) this.#watch(symbol, passed);
  }

  #watch(symbol: number, passed: number): void {
    const { truth, now } = this.#scene;
    const episode = this.#open[symbol] ?? null;
    const lots = truth.position(symbol);
    const before = this.#before[symbol] ?? nothing;
    if (episode === null && lots === 0) {
      this.#before[symbol] = nothing;
      return;
    }
    const isCovered = lots !== 0 && truth.isCovered(symbol);
    const isTurned = before.isCovered && before.lots * lots < 0;
    this.#before[symbol] = { lots, isCovered };
    const isNaked = lots !== 0 && !isCovered && this.#scene.isLeftAlone[symbol] !== true;
    const isOthers = this.#scene.othersFilledAt[symbol] === now;
    if (episode !== null && isOthers) episode.most = othersMax;
    if (episode !== null) this.#charge(symbol, episode, passed);
    if (isNaked && episode === null) {
      this.#open[symbol] = {
        since: now,
        cause: this.#bare[symbol]?.cause ?? "position",
        most: isOthers ? othersMax : hardMax,
        isTurned: isOthers && isTurned,
        knownAt: null,
        charged: 0,
        carried: 0,
        carriedUntil: 0,
        asked: new Set(),
        latency: 0,
        told: false,
        up: 0,
        bandedUntil: 0,
        refused: 0,
        untried: null,
      };
      this.episodes += 1;
    } else if (!isNaked && episode !== null) {
      const charged = episode.charged - episode.carried;
      if (charged > 0 && episode.most === hardMax) this.#ended(symbol, charged);
      this.#open[symbol] = null;
    }
  }

  #ended(symbol: number, charged: number): void {
    this.charges.push(charged);
    if (charged > longFrom) this.long.push({ at: this.#scene.sinceOrigin, symbol, charged });
  }

  #charge(symbol: number, episode: Episode, passed: number): void {
    const scene = this.#scene;
    if (!scene.isUp || scene.readySince === null) {
      episode.asked.clear();
      return;
    }
    episode.up += passed;
    episode.latency = Math.max(episode.latency, scene.latency);
    // What somebody else has opened is believed by reads alone, and those may still tell of before.
    const isDenied = episode.most === othersMax && scene.readsLagUntil > scene.now;
    const blocked = Math.max(scene.wayTroubledUntil[symbol] ?? 0, episode.bandedUntil);
    const isOurs = episode.knownAt !== null && scene.now > blocked && !isDenied;
    if (isOurs) episode.charged += passed;
    if (isOurs && scene.now <= episode.carriedUntil) episode.carried += passed;
    if (episode.told) return;
    const lots = scene.truth.position(symbol);
    if (episode.charged > episode.most + waysMost * episode.latency) {
      episode.told = true;
      scene.violated("I-01", `${lots} lots of symbol ${symbol} without a stop for ${episode.charged} µs of ours`);
    } else if (isOurs && episode.charged > episode.most && episode.asked.size === 0) {
      episode.told = true;
      scene.violated(
        "I-01",
        `${lots} lots of symbol ${symbol} without a stop, and neither a stop nor a close on its way`,
      );
    } else if (episode.up > absoluteMax) {
      episode.told = true;
      scene.violated("I-01", `${lots} lots of symbol ${symbol} without a stop for ${episode.up} µs while it ran`);
    }
  }
}

/** When a message was said, by its millisecond; microseconds. */
function saidAt(text: string): number {
  return Number(/"E":(\d+)/.exec(text)?.[1] ?? Number.POSITIVE_INFINITY) * 1_000;
}

/** What a message of the account says is open of a symbol; undefined: nothing. */
function saidLots(text: string, symbol: string): string | undefined {
  return new RegExp(`"s":"${symbol}","pa":"([^"]+)"`).exec(text)?.[1];
}
