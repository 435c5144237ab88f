/** Executes a fault plan: finds what is to go wrong with a request, a message or a row, or at a moment, and does it. */

import type { Row } from "../domain/output.ts";
import { microsPerMinute, microsPerSecond } from "../domain/units.ts";
import type { Call } from "./call.ts";
import { injectedMark } from "./judge/injected.ts";
import type { Judge } from "./judge/judge.ts";
import { compared, doAtMoment, healAll, recovery } from "./moments.ts";
import { crashInRecovery, type DaemonState } from "./plan/demanded.ts";
import type { Crash, Effect, Fault, Loss, MessageEffect, Plan, RequestEffect } from "./plan/fault.ts";
import type { Probes } from "./probes.ts";
import { randomFor } from "./random.ts";
import type { World } from "./world.ts";

export type StrikeHooks = {
  /** what the daemon is in the middle of, for the table of probes */
  readonly state: () => DaemonState;
  readonly onStruck: (fault: Fault, detail: string) => void;
};

type Ordered = Map<string, Map<number, Fault[]>>;

const second = microsPerSecond;
/** Share of the starts with a clock that is far off, and how far at most. */
const farClocks = 0.1;
const farClockMost = 90 * second;
/** A close that is refused again and again waits up to 16 s. */
const closeBackOff = 20 * second;
/** An HTTP request that nobody answers is waited for so long. */
const givenUp = 15 * second;
const accountRead = /^GET (balance|positionRisk|openOrders|openAlgoOrders|userTrades|allOrders)$/;
const protective = /^(place|query|cancel) (f|r|x)$/;
export class Striker {
  /** how often each class struck */
  readonly struck = new Map<string, number>();
  /** places that were reached: indices of the plan */
  readonly reached = new Set<number>();
  crashes = 0;
  readonly #plan: Plan;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #hooks: StrikeHooks;
  readonly #probes: Probes;
  readonly #byRequest: Ordered = new Map();
  readonly #byMessage: Ordered = new Map();
  readonly #byRow: Ordered = new Map();
  readonly #seen = new Map<string, number>();
  readonly #clockRandom;
  readonly #farClockRandom;
  #isOn = false;
  #again: { readonly turns: number; readonly crash: Crash } | null = null;

  constructor(plan: Plan, world: World, judge: Judge, probes: Probes, hooks: StrikeHooks) {
    this.#plan = plan;
    this.#probes = probes;
    this.#world = world;
    this.#judge = judge;
    this.#hooks = hooks;
    this.#clockRandom = randomFor(plan.seed, "machine clock");
    this.#farClockRandom = randomFor(plan.seed, "machine clock that is far off");
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
    healAll(this.#world);
  }

  boot(): void {
    if (this.#world.process.isUp) return;
    // A machine may start before its time is set, and a process keeps what it has begun with (F-26).
    const isFar = this.#farClockRandom.uniform() < farClocks;
    const far = (this.#farClockRandom.uniform() - 0.5) * 2 * farClockMost;
    const near = (this.#clockRandom.uniform() - 0.5) * 2 * second;
    this.#world.boot(Math.round(isFar ? far : near));
  }

  /** The process dies now, and a new one begins after a while. */
  crash(loss: Loss, down: number): void {
    const { world, judge } = this.#parts();
    if (!world.process.isUp) return;
    this.crashes += 1;
    this.#probes.crashed();
    world.crash(loss);
    judge.ends();
    if (loss === "disk" || loss === "database") judge.journalLost();
    judge.trouble(world.now + down + compared, "none");
    world.queue.push(world.now + down, () => this.boot());
  }

  readonly requestEffect = (call: Call): RequestEffect | null => {
    // The first silence on a connection is its end: what is sent on it later could have known.
    const unheard = call.via === "ws-api" ? this.#world.process.port?.unheardSince("ws-api") : null;
    if (typeof unheard === "number") this.#judge.trouble(unheard + recovery, this.#wayOf(call));
    const fault = this.#next(this.#byRequest, call.name, isRequestEffect);
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
    if (effect.do !== "fail-trigger" && effect.do !== "delay-trigger") return effect;
    this.#troubleTrigger(call, effect);
    return null;
  };

  readonly messageEffect = (name: string): MessageEffect | null => {
    const fault = this.#next(this.#byMessage, name, isMessageEffect);
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
    const fault = this.#next(this.#byRow, row.kind, ({ do: what }) => what === "throw");
    if (fault?.effect.do === "crash") {
      this.#strike(fault, row.kind);
      this.#crash(fault.effect);
    } else if (fault?.effect.do === "throw") {
      this.#strike(fault, row.kind);
      this.#judge.trouble(this.#world.now + compared, "all");
      throw new Error(`${injectedMark} a row cannot be handed over`);
    }
  }

  /** After each turn of a life: recovery itself may be interrupted. */
  onTurn(turns: number): void {
    const again = this.#again;
    if (again === null || turns < again.turns || !this.#isOn) return;
    this.#again = null;
    this.#crash({ ...again.crash, again: null });
    this.#count(crashInRecovery);
    this.#probes.count(crashInRecovery);
  }

  #crash(crash: Crash): void {
    if (!this.#world.process.isUp) return;
    this.crash(crash.loss, crash.down);
    this.#again = crash.again === null ? null : { turns: crash.again, crash };
  }

  #atMoment(fault: Fault, effect: Effect, place = ""): void {
    if (!this.#isOn || isRequestEffect(effect) || isMessageEffect(effect)) return;
    if (effect.do === "crash") {
      if (!this.#world.process.isUp) return;
      this.#strike(fault, place);
      this.#crash(effect);
    } else if (doAtMoment(effect, this.#world, this.#judge, () => this.#isOn)) {
      this.#strike(fault, place);
    }
  }

  #troubleRequest(call: Call, effect: RequestEffect): void {
    const { now } = this.#world;
    const late = "by" in effect ? effect.by : 0;
    const back = call.name === "place x" ? closeBackOff : recovery;
    const isSilenced = effect.do === "answer" && effect.answer === "-1003";
    const isHarmless = ["repeat-request", "fail-trigger", "delay-trigger"].includes(effect.do);
    // A second one that arrives when the first is over is an order of its own, found when the account is compared.
    const again = effect.do === "repeat-request" ? effect.after + compared : 0;
    const until = now + late + again + back + (isSilenced ? microsPerMinute : 0);
    const { scene } = this.#judge;
    if (accountRead.test(call.name)) scene.readsLagUntil = Math.max(scene.readsLagUntil, until + givenUp);
    // What follows on the same connection waits behind it, or was on its way when it broke.
    const isBlocking = call.via === "ws-api" && (effect.do === "delay-request" || effect.do === "reset");
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

  #troubleTrigger({ clientId }: Call, effect: Extract<RequestEffect, { do: "fail-trigger" | "delay-trigger" }>): void {
    if (clientId === null) return;
    const { exchange } = this.#world;
    if (effect.do === "delay-trigger") exchange.failTrigger({ clientAlgoId: clientId, delay: effect.by });
    else {
      const reason = "Simulated: the trigger failed";
      exchange.failTrigger({ clientAlgoId: clientId, status: effect.status, reason });
    }
  }

  /**
   * What happens at a moment and is addressed by a place happens as soon as this turn is over. Of what strikes the place
   * itself only the first does.
   */
  #next(from: Ordered, name: string, isOfPlace: (effect: Effect) => boolean): Fault | null {
    if (!this.#isOn) return null;
    const key = from === this.#byRequest ? `> ${name}` : from === this.#byMessage ? `! ${name}` : `= ${name}`;
    const nth = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, nth);
    let first: Fault | null = null;
    for (const fault of from.get(name)?.get(nth) ?? []) {
      const { effect } = fault;
      if (effect.do === "crash" || isOfPlace(effect)) first ??= fault;
      else this.#world.queue.push(this.#world.now, () => this.#atMoment(fault, effect, name));
    }
    return first;
  }

  #strike(fault: Fault, detail: string): void {
    this.reached.add(this.#plan.faults.indexOf(fault));
    this.#count(fault.class);
    this.#probes.struck(fault, this.#hooks.state());
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
  "delay-trigger",
  "throw",
]);
const messageEffects: ReadonlySet<string> = new Set(["lose-message", "delay-message", "repeat-message"]);

function isRequestEffect(effect: Effect): effect is RequestEffect {
  return requestEffects.has(effect.do);
}

function isMessageEffect(effect: Effect): effect is MessageEffect {
  return messageEffects.has(effect.do);
}
