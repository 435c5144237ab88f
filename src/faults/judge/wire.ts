/** At the wire: numbers and flags (I-14), others' orders (I-12), silence under a ban (I-13), no storm (I-21). */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { partsOf, type TrueFill } from "./truth.ts";

const decimal = /^\d{1,20}(\.\d{1,20})?$/;
/** Identical orders or cancels in a minute; look-ups have a rhythm of their own. */
const identicalMax = 10;
/** Requests of one trade for one purpose in a minute, whatever their ids, with no execution in between. */
const placementsMax = 20;
const cancelsMax = 30;
const minute = 60_000_000;
const rounding = 1e-9;
/** Names that are counted at once. */
const countedMax = 10_000;

export class Wire {
  readonly #scene: Scene;
  readonly #recent = new Map<string, number[]>();
  /** the daemon was told that it is banned until then */
  #bannedUntil = 0;

  readonly #notionalMax: (symbol: string) => number;

  /** @param notionalMax largest notional of an entry, quote asset, by the name of its symbol */
  constructor(scene: Scene, notionalMax: (symbol: string) => number) {
    this.#scene = scene;
    this.#notionalMax = notionalMax;
  }

  onBegin(): void {
    this.#bannedUntil = 0;
    this.#recent.clear();
  }

  /** What is executed was not sent in vain: a large position is closed in as many orders as it takes (F-85). */
  onFill({ order: { role, trade } }: TrueFill): void {
    this.#recent.delete(`place ${role} of trade ${trade}`);
  }

  onReply(status: number, text: string | null): void {
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
    if (call.path.includes("allOpenOrders") || call.path.includes("algoOpenOrders")) {
      scene.violated("I-12", `${call.name} cancels whoever's orders`);
    }
    if (verb !== "place" && verb !== "amend" && verb !== "cancel") return;
    if (call.clientId === null || partsOf(call.clientId).role === null) {
      scene.violated("I-12", `${call.name} is about ${call.clientId}, which is not ours`);
    }
    this.#count(`${call.name} ${call.clientId}`, identicalMax);
    // With an id of its own each time it is a storm all the same (F-64, F-65, F-83).
    const { trade } = partsOf(call.clientId ?? "");
    this.#count(`${call.name} of trade ${trade}`, verb === "cancel" ? cancelsMax : placementsMax);
    if (verb === "cancel") return;
    for (const name of ["price", "quantity", "triggerPrice"] as const) this.#checkNumber(call, name);
    if (role === "e") this.#checkNotional(call);
    if (verb === "amend" || role === "e") return;
    const flags = [call.params.get("reduceOnly"), call.params.get("closePosition")];
    if (!flags.includes("true")) scene.violated("I-14", `${call.clientId} protects without a flag that says so`);
  }

  #checkNotional({ clientId, params }: Call): void {
    const notional = Number(params.get("price") ?? 0) * Number(params.get("quantity") ?? 0);
    const most = this.#notionalMax(params.get("symbol") ?? "");
    if (notional > most * (1 + rounding))
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

  #count(name: string, most: number): void {
    const { now } = this.#scene;
    const times = (this.#recent.get(name) ?? []).filter((at) => at > now - minute);
    times.push(now);
    if (this.#recent.size >= countedMax) this.#recent.clear();
    this.#recent.set(name, times);
    if (times.length <= most) return;
    this.#scene.violated("I-21", `${name} was sent ${times.length} times in a minute`);
    this.#recent.delete(name);
  }
}
