/** At the wire: numbers and flags (I-14), others' orders (I-12), silence under a ban (I-13), no storm (I-21). */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { partsOf, type TrueFill } from "./truth.ts";

const decimal = /^\d{1,20}(\.\d{1,20})?$/;
/** Identical orders or cancels in a minute; look-ups have a rhythm of their own. */
const identicalMax = 10;
/** Orders of one trade for one purpose in a minute, each with an id of its own, with no execution in between. */
const inVainMax = 15;
const minute = 60_000_000;
/** Ends are awaited by the exchange's own clock, which may be stepped by five seconds meanwhile. */
const clockSlack = 6_000_000;
const rounding = 1e-9;
/** Of a market order, between the price that it was sized by and the touch. */
const touchSlack = 0.005;
/** Names that are counted at once. */
const countedMax = 10_000;

export class Wire {
  readonly #scene: Scene;
  readonly #recent = new Map<string, number[]>();
  /** ids and when they were last used, by role and trade */
  readonly #ids = new Map<string, Map<string, number>>();
  /** when another daemon sent an order of that role and trade */
  readonly #byOther = new Map<string, number[]>();
  /** the daemon was told that it is banned until then */
  #bannedUntil = 0;
  /** it was told 429, and to be silent until then */
  #silentUntil = 0;

  readonly #notionalMax: (symbol: string) => number;
  readonly #cancelsForeign: boolean;
  readonly #touch: (symbol: string, side: string) => number | null;

  /**
   * @param notionalMax largest notional of an entry, quote asset, by the name of its symbol
   * @param cancelsForeign orders that are not ours may be cancelled
   * @param touch the price that a market order would take, as far as the daemon can know; null: nobody knows
   */
  constructor(
    scene: Scene,
    notionalMax: (symbol: string) => number,
    cancelsForeign = false,
    touch: (symbol: string, side: string) => number | null = () => null,
  ) {
    this.#scene = scene;
    this.#notionalMax = notionalMax;
    this.#cancelsForeign = cancelsForeign;
    this.#touch = touch;
  }

  onBegin(): void {
    this.#bannedUntil = 0;
    this.#silentUntil = 0;
    this.#recent.clear();
    this.#ids.clear();
    this.#byOther.clear();
  }

  /** Another daemon is about to send it: ours answers its proofs with as many of its own (F-59). */
  sentByOther(id: string): void {
    const { role, trade } = partsOf(id);
    const purpose = `${role} ${trade}`;
    const since = this.#scene.now - minute;
    const times = (this.#byOther.get(purpose) ?? []).filter((at) => at > since);
    if (times.length < inVainMax) times.push(this.#scene.now);
    this.#byOther.set(purpose, times);
  }

  /** What is executed was not sent in vain: a large position is closed in as many orders as it takes (F-85). */
  onFill({ order: { role, trade } }: TrueFill): void {
    this.#ids.delete(`${role} ${trade}`);
  }

  /** @param retryAfter seconds; null: until the minute's weight is counted anew */
  onReply(status: number, text: string | null, retryAfter: number | null): void {
    const { now } = this.#scene;
    if (status === 429) {
      const end = retryAfter === null ? (Math.floor(now / minute) + 1) * minute : now + (retryAfter * minute) / 60;
      this.#silentUntil = Math.max(this.#silentUntil, end - clockSlack);
    }
    if (status !== 418 || text === null) return;
    const until = /banned until (\d+)/.exec(text)?.[1];
    if (until !== undefined) this.#bannedUntil = Number(until) * 1_000;
  }

  onSent(call: Call): void {
    const scene = this.#scene;
    const [verb = "", role = ""] = call.name.split(" ");
    if (scene.now < this.#bannedUntil - minute / 60) {
      scene.violated("I-13", `${call.name} leaves while the address is banned`);
      this.#bannedUntil = 0;
    }
    if (scene.now < this.#silentUntil) {
      scene.violated("I-13", `${call.name} leaves, and silence was asked for by a 429`);
      this.#silentUntil = 0;
    }
    if (call.path.includes("allOpenOrders") || call.path.includes("algoOpenOrders")) {
      scene.violated("I-12", `${call.name} cancels whoever's orders`);
    }
    if (verb !== "place" && verb !== "amend" && verb !== "cancel") return;
    const isOurs = call.clientId !== null && partsOf(call.clientId).role !== null;
    if (!isOurs && !(verb === "cancel" && this.#cancelsForeign)) {
      scene.violated("I-12", `${call.name} is about ${call.clientId}, which is not ours`);
    }
    this.#count(`${call.name} ${call.clientId}`);
    if (verb === "place") this.#countIds(role, call.clientId ?? "");
    if (verb === "cancel") return;
    for (const name of ["price", "quantity", "triggerPrice"] as const) this.#checkNumber(call, name);
    if (role === "e") this.#checkNotional(call);
    if (verb === "amend" || role === "e") return;
    const flags = [call.params.get("reduceOnly"), call.params.get("closePosition")];
    if (!flags.includes("true")) scene.violated("I-14", `${call.clientId} protects without a flag that says so`);
  }

  #checkNotional({ clientId, params }: Call): void {
    const [symbol = "", limit] = [params.get("symbol"), params.get("price")];
    const price = limit === undefined ? this.#touch(symbol, params.get("side") ?? "") : Number(limit);
    const notional = (price ?? 0) * Number(params.get("quantity") ?? 0);
    const most = this.#notionalMax(symbol);
    if (notional > most * (1 + (limit === undefined ? touchSlack : rounding)))
      this.#scene.violated("I-13", `${clientId} is worth ${notional}, at most ${most}`);
  }

  #checkNumber(call: Call, name: "price" | "quantity" | "triggerPrice"): void {
    const text = call.params.get(name);
    if (text === undefined) return;
    const grid = this.#scene.grids.find(({ symbol }) => symbol === call.params.get("symbol"));
    const unit = name === "quantity" ? grid?.step : grid?.tick;
    const value = Number(text);
    const steps = value / (unit ?? 1);
    if (decimal.test(text) && value > 0 && Math.abs(steps - Math.round(steps)) < 1e-6) return;
    this.#scene.violated("I-14", `${call.clientId} has ${name} ${text}`);
  }

  /** A storm under ever new ids is one all the same (F-64, F-65). */
  #countIds(role: string, id: string): void {
    const { now } = this.#scene;
    const purpose = `${role} ${partsOf(id).trade}`;
    if (this.#ids.size >= countedMax) this.#ids.clear();
    const ids = this.#ids.get(purpose) ?? new Map<string, number>();
    this.#ids.set(purpose, ids.set(id, now));
    for (const [one, at] of ids) if (at <= now - minute) ids.delete(one);
    const answers = (this.#byOther.get(purpose) ?? []).filter((at) => at > now - minute).length;
    if (ids.size <= inVainMax + answers) return;
    this.#scene.violated("I-21", `${ids.size} orders ${purpose} were sent within a minute, and none was executed`);
    this.#ids.delete(purpose);
  }

  #count(name: string): void {
    const { now } = this.#scene;
    const times = (this.#recent.get(name) ?? []).filter((at) => at > now - minute);
    times.push(now);
    if (this.#recent.size >= countedMax) this.#recent.clear();
    this.#recent.set(name, times);
    if (times.length <= identicalMax) return;
    this.#scene.violated("I-21", `${name} was sent ${times.length} times in a minute`);
    this.#recent.delete(name);
  }
}
