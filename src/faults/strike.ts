/** Executes a fault plan: finds what is to go wrong with a request, a message or a row, or at a moment, and does it. */

import type { Row } from "../domain/output.ts";
import { microsPerMinute, microsPerSecond } from "../domain/units.ts";
import type { Call } from "./call.ts";
import type { Judge } from "./judge/judge.ts";
import { actByHand } from "./people.ts";
import type { Crash, Effect, Fault, Loss, MessageEffect, MomentEffect, Plan, RequestEffect } from "./plan/fault.ts";
import { randomFor } from "./random.ts";
import type { World } from "./world.ts";

export type StrikeHooks = {
  /** what the daemon is in the middle of, for the table of probes */
  readonly state: () => string;
  readonly onStruck: (fault: Fault, detail: string) => void;
};

type Ordered = Map<string, Map<number, Fault[]>>;

const second = microsPerSecond;
/** Reply time-out, a look-up, and another attempt. */
const recovery = 7 * second;
/** A close that is refused again and again waits up to 16 s. */
const closeBackOff = 20 * second;
/** What the stream does not tell is found when the account is compared. */
const compared = 75 * second;
/** Connections are opened again, with growing waits, and the account is read. */
const reconnected = 75 * second;
const protective = /^(place|query|cancel) (f|r|x)$/;
/** An operator who has halted resumes after this long. */
const resumeAfter = 5 * microsPerMinute;

export class Striker {
  /** how often each class struck, and each of them in each state */
  readonly struck = new Map<string, number>();
  readonly probes = new Map<string, number>();
  /** places that were reached: indices of the plan */
  readonly reached = new Set<number>();
  crashes = 0;
  readonly #plan: Plan;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #hooks: StrikeHooks;
  readonly #byRequest: Ordered = new Map();
  readonly #byMessage: Ordered = new Map();
  readonly #byRow: Ordered = new Map();
  readonly #seen = new Map<string, number>();
  readonly #clockRandom;
  #isOn = false;
  #again: { readonly turns: number; readonly crash: Crash } | null = null;

  constructor(plan: Plan, world: World, judge: Judge, hooks: StrikeHooks) {
    this.#plan = plan;
    this.#world = world;
    this.#judge = judge;
    this.#hooks = hooks;
    this.#clockRandom = randomFor(plan.seed, "machine clock");
    for (const fault of plan.faults) {
      const { place } = fault;
      if ("request" in place) file(this.#byRequest, place.request, place.nth, fault);
      else if ("message" in place) file(this.#byMessage, place.message, place.nth, fault);
      else if ("row" in place) file(this.#byRow, place.row, place.nth, fault);
    }
  }

  begin(): void {
    this.#isOn = true;
    const { queue, now } = this.#world;
    for (const fault of this.#plan.faults) {
      const { place, effect } = fault;
      if ("at" in place) queue.push(now + place.at, () => this.#atMoment(fault, effect));
    }
  }

  /** No fault strikes any more; what was wrong is right again. */
  heal(): void {
    this.#isOn = false;
    this.#again = null;
    this.#world.network.heal();
    this.#world.disk.refusesUntil = 0;
    this.#world.disk.slowUntil = 0;
    this.#world.market.tradeLotsMax = null;
    this.#world.market.times = 1;
    this.#world.lag.until = 0;
    for (const symbol of this.#world.specs.keys()) this.#world.market.setBasis(symbol, 0);
  }

  boot(): void {
    if (this.#world.process.isUp) return;
    this.#world.boot(Math.round((this.#clockRandom.uniform() - 0.5) * 2 * second));
  }

  /** The process dies now, and a new one begins after a while. */
  crash(loss: Loss, down: number): void {
    const { world, judge } = this.#parts();
    if (!world.process.isUp) return;
    this.crashes += 1;
    world.crash(loss);
    judge.ends();
    judge.trouble(world.now + down + compared, "none");
    world.queue.push(world.now + down, () => this.boot());
  }

  readonly requestEffect = (call: Call): RequestEffect | null => {
    const fault = this.#next(this.#byRequest, call.name);
    if (fault === null) return null;
    const { effect } = fault;
    if (effect.do === "crash") {
      this.#strike(fault, call.name);
      this.#crash(effect);
      return { do: "lose-reply" };
    }
    if (!isRequestEffect(effect)) return null;
    this.#strike(fault, call.name);
    this.#troubleRequest(call, effect);
    if (effect.do !== "fail-trigger") return effect;
    this.#failTrigger(call, effect.status);
    return null;
  };

  readonly messageEffect = (name: string): MessageEffect | null => {
    const fault = this.#next(this.#byMessage, name);
    if (fault === null) return null;
    const { effect } = fault;
    if (effect.do === "crash") {
      this.#strike(fault, name);
      // Not within the exchange's own turn.
      this.#world.queue.push(this.#world.now, () => this.#crash(effect));
      return null;
    }
    if (!isMessageEffect(effect)) return null;
    this.#strike(fault, name);
    const late = effect.do === "lose-message" ? compared : effect.do === "delay-message" ? effect.by : effect.after;
    this.#judge.trouble(this.#world.now + late + recovery, "none");
    return effect;
  };

  onRow(row: Row): void {
    const fault = this.#next(this.#byRow, row.kind);
    if (fault === null || fault.effect.do !== "crash") return;
    this.#strike(fault, row.kind);
    this.#crash(fault.effect);
  }

  /** After each turn of a life: recovery itself may be interrupted. */
  onTurn(turns: number): void {
    const again = this.#again;
    if (again === null || turns < again.turns || !this.#isOn) return;
    this.#again = null;
    this.#crash({ ...again.crash, again: null });
    this.#count("crash in recovery");
  }

  #crash(crash: Crash): void {
    if (!this.#world.process.isUp) return;
    this.crash(crash.loss, crash.down);
    this.#again = crash.again === null ? null : { turns: crash.again, crash };
  }

  #atMoment(fault: Fault, effect: Effect): void {
    if (!this.#isOn || isRequestEffect(effect) || isMessageEffect(effect)) return;
    if (effect.do === "crash") {
      if (!this.#world.process.isUp) return;
      this.#strike(fault, "");
      this.#crash(effect);
    } else if (this.#do(effect)) this.#strike(fault, "");
  }

  /** @returns whether there was anything to do it to */
  #do(effect: MomentEffect): boolean {
    const { world, judge } = this.#parts();
    const { network, disk, market, process, queue, now } = world;
    switch (effect.do) {
      case "disconnect":
      case "half-open": {
        const isHit =
          effect.do === "disconnect" ? process.port?.disconnect(effect.stream) : process.port?.halfOpen(effect.stream);
        if (isHit !== true) return false;
        const found = effect.do === "half-open" ? 30 * second : 0;
        judge.trouble(now + found + reconnected, effect.stream === "ws-api" ? "all" : "none");
        return true;
      }
      case "stall":
        network.stalls.set(effect.stream, now + effect.for);
        judge.trouble(now + effect.for + reconnected, effect.stream === "ws-api" ? "all" : "none");
        return true;
      case "garble":
        network.garbled.set(effect.stream, { until: now + effect.for, share: effect.share });
        return true;
      case "partition":
        network.partitions.set(effect.what, now + effect.for);
        judge.trouble(now + effect.for + reconnected, "all");
        return true;
      case "lag":
        world.lag.most = effect.most;
        world.lag.until = now + effect.for;
        judge.trouble(now + effect.for + effect.most + recovery, "none");
        return true;
      case "burst":
        market.times = effect.times;
        queue.push(now + effect.for, () => {
          market.times = 1;
        });
        return true;
      case "slow":
        network.slow = { by: effect.by, until: now + effect.for };
        judge.trouble(now + effect.for + recovery, "all");
        return true;
      case "ban":
        network.ban = { status: effect.status, until: now + effect.for };
        // 403 names no end: the adapter waits two minutes for itself.
        judge.trouble(now + effect.for + reconnected + 2 * microsPerMinute, "all");
        return true;
      case "lose-listen-key":
        world.service.dropListenKey(effect.told);
        judge.trouble(now + reconnected, "none");
        return true;
      case "gap":
        market.jump(effect.symbol, effect.share);
        return true;
      case "apart":
        market.setBasis(effect.symbol, effect.share);
        queue.push(now + effect.for, () => market.setBasis(effect.symbol, 0));
        return true;
      case "thin":
        market.tradeLotsMax = effect.lots;
        queue.push(now + effect.for, () => {
          market.tradeLotsMax = null;
        });
        return true;
      case "disk":
        if (effect.fault === "refuses") disk.refusesUntil = now + effect.for;
        else disk.slowUntil = now + effect.for;
        return true;
      case "drift-clock":
        process.drift(effect.ppm);
        return true;
      case "pause":
        if (!process.isUp) return false;
        process.pause(now + effect.for);
        judge.trouble(now + effect.for + reconnected, "all");
        return true;
      case "human":
        if (!actByHand(world, judge, effect.act, effect.symbol)) return false;
        // Nobody tells whose trade it was: it is found when the account is compared.
        judge.trouble(now + compared, "none");
        return true;
      case "operator":
        if (!process.isReady) return false;
        process.tell({ kind: "control", by: "operator", action: effect.act });
        if (effect.act !== "resume") {
          queue.push(now + resumeAfter, () => process.tell({ kind: "control", by: "operator", action: "resume" }));
        }
        return true;
      default:
        throw new TypeError(`unhandled effect ${effect satisfies never}`);
    }
  }

  #troubleRequest(call: Call, effect: RequestEffect): void {
    const { now } = this.#world;
    const late = "by" in effect ? effect.by : 0;
    const back = call.name === "place x" ? closeBackOff : recovery;
    const isSilenced = effect.do === "answer" && effect.answer === "-1003";
    const isHarmless = effect.do === "repeat-request" || effect.do === "fail-trigger";
    // A second one that arrives when the first is over is an order of its own, found when the account is compared.
    const again = effect.do === "repeat-request" ? effect.after + compared : 0;
    const until = now + late + again + back + (isSilenced ? 2 * microsPerMinute : 0);
    // What follows on the same connection waits behind it.
    const isBlocking = effect.do === "delay-request" && call.via === "ws-api";
    this.#judge.trouble(until, isSilenced || isBlocking ? "all" : isHarmless ? "none" : this.#wayOf(call));
  }

  /** Whose protection the request is about; what is not about protection stands in nobody's way. */
  #wayOf(call: Call): "all" | "none" | number {
    if (!protective.test(call.name)) return "none";
    const named = call.params.get("symbol");
    const known = this.#judge.scene.truth.algos.get(call.clientId ?? "")?.symbol;
    const symbol = this.#world.specs.findIndex(({ row }) => row.symbol === named);
    return symbol >= 0 ? symbol : (known ?? "all");
  }

  #failTrigger({ clientId }: Call, status: "REJECTED" | "EXPIRED"): void {
    if (clientId === null) return;
    this.#world.exchange.failTrigger({ clientAlgoId: clientId, status, reason: "Simulated: the trigger failed" });
  }

  #next(from: Ordered, name: string): Fault | null {
    if (!this.#isOn) return null;
    const key = from === this.#byRequest ? `> ${name}` : from === this.#byMessage ? `! ${name}` : `= ${name}`;
    const nth = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, nth);
    return from.get(name)?.get(nth)?.[0] ?? null;
  }

  #strike(fault: Fault, detail: string): void {
    this.reached.add(this.#plan.faults.indexOf(fault));
    this.#count(fault.class);
    const probe = `${fault.class} × ${this.#hooks.state()}`;
    this.probes.set(probe, (this.probes.get(probe) ?? 0) + 1);
    this.#world.record(`* ${fault.class} ${detail}`);
    this.#hooks.onStruck(fault, detail);
  }

  #count(name: string): void {
    this.struck.set(name, (this.struck.get(name) ?? 0) + 1);
  }

  #parts(): { readonly world: World; readonly judge: Judge } {
    return { world: this.#world, judge: this.#judge };
  }
}

function file(under: Ordered, name: string, nth: number, fault: Fault): void {
  const places = under.get(name) ?? new Map<number, Fault[]>();
  under.set(name, places);
  places.set(nth, [...(places.get(nth) ?? []), fault]);
}

const requestEffects: ReadonlySet<string> = new Set([
  "lose-request",
  "lose-reply",
  "reset",
  "delay-request",
  "delay-reply",
  "repeat-request",
  "answer",
  "fail-trigger",
]);
const messageEffects: ReadonlySet<string> = new Set(["lose-message", "delay-message", "repeat-message"]);

function isRequestEffect(effect: Effect): effect is RequestEffect {
  return requestEffects.has(effect.do);
}

function isMessageEffect(effect: Effect): effect is MessageEffect {
  return messageEffects.has(effect.do);
}
