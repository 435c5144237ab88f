/** One seed from beginning to end: warm-up, faults, healing, convergence, audit. */

import type { Settings } from "../config/schema.ts";
import type { Row } from "../domain/output.ts";
import { microsPerMinute, microsPerSecond } from "../domain/units.ts";
import type { SymbolSpec } from "../exchange/symbols.ts";
import { readiness } from "../host/readiness.ts";
import type { Fields } from "../ops/log.ts";
import { haltedBy } from "../store/session-state.ts";
import type { Tape } from "../tape/format.ts";
import type { Call } from "./call.ts";
import { clockText } from "./clock-text.ts";
import { differencesOf } from "./differences.ts";
import { Judge, type View } from "./judge/judge.ts";
import type { LongNaked } from "./judge/naked.ts";
import type { Violation } from "./judge/scene.ts";
import type { Grid } from "./judge/truth.ts";
import { doubtsOf, Looking } from "./looking.ts";
import { troubleWays } from "./moments.ts";
import { Operator } from "./operator.ts";
import { Places } from "./places.ts";
import type { DaemonState } from "./plan/demanded.ts";
import type { Place, Plan } from "./plan/fault.ts";
import { Probes } from "./probes.ts";
import { gridIn } from "./settings.ts";
import { Striker } from "./strike.ts";
import { World } from "./world.ts";

export type RunOptions = {
  readonly plan: Plan;
  readonly settings: Settings;
  /** five market events a second and symbol also where nothing is at stake; false when left out */
  readonly isMarketSteady?: boolean;
  /** recordings to be played instead of the seeded walk, one a symbol of the settings in their order */
  readonly tapes?: readonly Tape[] | null;
  /** every line of the run, as people read it; slows it down */
  readonly trace?: (line: string) => void;
  /** `differences`: what exchange and daemon have at that moment */
  readonly onViolation?: (violation: Violation, differences: () => readonly string[]) => void;
  /** the run ends with the first violation that this is true of; what it tells is then what was seen so far */
  readonly until?: (violation: Violation) => boolean;
  /** each place where a fault of a plan could strike, as they come */
  readonly onPlace?: (place: Place) => void;
  readonly onRow?: (row: Row) => void;
};

export type RunResult = {
  readonly seed: number;
  /** hours that passed in the world */
  readonly hours: number;
  readonly trades: number;
  /** how often each class of faults struck */
  readonly faults: Readonly<Record<string, number>>;
  readonly probes: Readonly<Record<string, number>>;
  readonly crashes: number;
  readonly safeModes: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  /** microseconds without a stop that are chargeable to the daemon, one an episode that had any */
  readonly naked: readonly number[];
  readonly nakedLong: readonly LongNaked[];
  readonly nakedEpisodes: number;
  /** microseconds in which the daemon could ask, of each order whose fate was unknown and then told */
  readonly settled: readonly number[];
  readonly wrongVerdicts: number;
  /** trades of which the daemon said, as it may, that it does not know all */
  readonly unexplained: number;
  /** of events, commands and rows */
  readonly hash: string;
  /** indices of the plan that struck, in that order */
  readonly reached: readonly number[];
};

const microsPerHour = 60 * microsPerMinute;
/** An exchange has prices before anybody asks. */
const marketFirst = 20 * microsPerSecond;
const warmUp = 10 * microsPerMinute;
/** @see failure-catalogue I-21: 60 s after healing, and as long again for what was asked for before it */
const convergence = 150 * microsPerSecond;
/** How long both sides may take to be found in agreement: a message may be on its way at any one moment. */
const agreement = 60 * microsPerSecond;
const restPoll = 100_000;
/** The least faults time of a run. */
const faultsLeast = 5 * microsPerMinute;
const supervisorWaits = 5 * microsPerSecond;

/** How long the faults of a run of so many hours last, hours. */
export function faultHours(hours: number): number {
  return Math.max(faultsLeast, hours * microsPerHour - warmUp - convergence) / microsPerHour;
}

/** Enough was seen. */
class Over extends Error {
  override readonly name = "Over";
}

export function run(options: RunOptions): RunResult {
  return new Run(options).result();
}

class Run {
  readonly #options: RunOptions;
  readonly #world: World;
  readonly #judge: Judge;
  readonly #looking: Looking;
  readonly #striker: Striker;
  readonly #operator: Operator;
  readonly #safeModes = new Map<string, number>();
  readonly #places: Places;
  readonly #probes = new Probes(() => this.#world.now);
  #isOver = false;
  #trades = 0;
  #sentAt = { x: 0, r: 0 };

  constructor(options: RunOptions) {
    this.#options = options;
    const { plan, settings, trace, isMarketSteady = false, tapes = null } = options;
    this.#places = new Places(options.onPlace);
    // Words are made only for those who read them.
    const say = (mark: string, text: () => string): void =>
      trace?.(`${clockText(this.#world.now - this.#world.start)} ${mark} ${text()}`);
    this.#world = new World({
      seed: plan.seed,
      settings,
      isMarketSteady,
      tapes,
      effects: {
        requestEffect: (call) => {
          this.#places.request(call.name);
          return this.#striker.requestEffect(call);
        },
        messageEffect: (name) => {
          this.#places.message(name);
          return this.#striker.messageEffect(name);
        },
      },
      observer: {
        onSent: (call, now) => {
          this.#look();
          this.#probes.passed("request");
          if (call.clientId !== null) this.#stir(call);
          if (call.name === "place x") this.#sentAt.x = now;
          if (call.name === "place r") this.#sentAt.r = now;
          say(">", () => `${call.name} ${call.clientId ?? ""} ${call.via}`);
          this.#judge.sent(call);
        },
        onArrived: (call) => {
          this.#look();
          this.#judge.arrived(call);
        },
        onAnswered: (call, status, text, usedWeight) => {
          this.#look();
          say("at the exchange", () => `${call.name} ${call.clientId ?? ""} ${status} ${text.slice(0, 160)}`);
          this.#judge.answered(call, status, text, usedWeight);
        },
        onReply: (call, status, text, retryAfter) => {
          this.#look();
          say("<", () => `${call.name} ${call.clientId ?? ""} ${status} ${(text ?? "no reply").slice(0, 160)}`);
          this.#probes.passed("reply");
          this.#judge.reply(call, status, text, retryAfter);
          this.#looking.onReply(this.#judge, call, text);
        },
        onTold: (name, text) => {
          this.#look();
          say("!", () => name);
          this.#probes.passed("message");
          this.#judge.told(name, text);
        },
        onTruth: (event) => {
          this.#look();
          const fills = this.#judge.scene.truth.fills.size;
          this.#judge.happened(event);
          if (this.#judge.scene.isUp && this.#judge.scene.truth.fills.size > fills) {
            this.#probes.filled(this.#judge.scene.isPrivateOpen);
          }
          this.#hold();
          say(
            "truth",
            () =>
              `${event.e} ${JSON.stringify(event["o"] ?? "", plain).slice(0, 200)} positions ${this.#judge.scene.truth.positions}`,
          );
        },
        onOther: (id) => this.#judge.sentByOther(id),
        onRow: (row, text) => {
          this.#look();
          this.#judge.secrets.onText(`row ${row.kind}`, text);
          if (row.kind === "trade") this.#trades += 1;
          say("=", () => text.slice(0, 240));
          this.#options.onRow?.(row);
          this.#probe(row);
          this.#judge.row(row);
          this.#places.row(row.kind);
          this.#striker.onRow(row);
        },
        onMarket: (bytes) => {
          this.#look();
          this.#looking.onMarket(this.#judge, bytes);
        },
        onBook: (symbol, body) => this.#looking.onBook(this.#judge, symbol, body),
        onAlert: (alert) => {
          this.#look();
          this.#judge.alarms.onAlert(alert);
          this.#judge.secrets.onText(`alert ${alert.code}`, JSON.stringify(alert.fields));
        },
        onNotice: (level, code, fields) => {
          this.#look();
          say(level, () => `${code} ${JSON.stringify(fields)}`);
          this.#onNotice(code, fields);
        },
        onControl: ({ action }) => {
          this.#look();
          say("*", () => `the operator says ${action}`);
          this.#judge.commanded(action);
        },
        onStart: () => {
          this.#look();
          say("*", () => "the daemon starts");
          const { openTrades, safeMode } = this.#world.disk.journal();
          const safeModeOf = safeMode?.mode === "safe" ? safeMode.causes[0].reason : null;
          this.#judge.begins({ openTrades, safeModeOf, fills: this.#world.disk.fills });
        },
        onStoreFailed: (message) => {
          this.#look();
          say("*", () => `the store fails: ${message}`);
          this.#judge.storeFailed();
        },
        onEnd: (why) => {
          say("*", () => `the daemon ends: ${why}`);
          this.#striker.crash("kill", supervisorWaits);
        },
        onBroken: (error) => {
          this.#look();
          const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
          say("*", () => `the daemon breaks: ${text}`);
          this.#judge.scene.violated("CRASH", text.split("\n").slice(0, 4).join(" | "));
          this.#striker.crash("kill", supervisorWaits);
        },
        onTurn: (turns) => {
          this.#look();
          if (this.#judge.scene.isUp && this.#judge.scene.readySince === null && this.#world.process.isReady) {
            this.#judge.ready();
          }
          this.#striker.onTurn(turns);
        },
        onStep: () => {
          this.#look();
          troubleWays(this.#world, this.#judge);
          this.#judge.step();
          // Between two steps nothing of the daemon is on the stack that could catch it.
          if (this.#isOver) throw new Over();
        },
      },
    });
    const grids = this.#world.specs.map(gridOf);
    this.#looking = new Looking(grids, settings, this.#world);
    const tell = (violation: Violation): void => {
      options.onViolation?.(violation, () => differencesOf(this.#world, this.#judge.scene.truth));
      this.#isOver ||= options.until?.(violation) === true;
    };
    this.#judge = new Judge(grids, this.#world.start, tell, this.#looking.parts);
    this.#striker = new Striker(plan, this.#world, this.#judge, this.#probes, {
      state: () => this.#state(),
      onStruck: (fault, detail) => say("*", () => `${fault.class} ${detail} ${JSON.stringify(fault.effect)}`),
    });
    this.#operator = new Operator(plan.seed, this.#world, {
      state: () => this.#mode(),
      restart: (down) => this.#striker.crash("kill", down),
    });
  }

  result(): RunResult {
    const { plan } = this.#options;
    const world = this.#world;
    try {
      this.#live();
    } catch (error) {
      if (!(error instanceof Over)) throw error;
    }
    return {
      seed: plan.seed,
      hours: (world.now - world.start) / microsPerHour,
      trades: this.#trades,
      faults: recordOf(this.#striker.struck),
      probes: recordOf(this.#probes.counts),
      crashes: this.#striker.crashes,
      safeModes: recordOf(this.#safeModes),
      violations: this.#judge.violations,
      naked: this.#judge.naked.charges,
      nakedLong: this.#judge.naked.long,
      nakedEpisodes: this.#judge.naked.episodes,
      settled: this.#judge.verdicts.settled,
      wrongVerdicts: this.#judge.verdicts.wrong,
      unexplained: this.#judge.unexplained,
      hash: world.digest(),
      reached: [...this.#striker.reached],
    };
  }

  #live(): void {
    const world = this.#world;
    world.run(world.start + marketFirst);
    this.#striker.boot();
    world.run(world.start + warmUp);
    this.#striker.begin();
    this.#places.begin();
    world.run(world.now + this.#options.plan.hours * microsPerHour);
    this.#heal();
  }

  #heal(): void {
    const world = this.#world;
    const bannedUntil = world.network.ban.until;
    this.#places.end();
    this.#striker.heal();
    this.#striker.boot();
    world.run(Math.max(world.now + convergence, bannedUntil + convergence));
    const until = world.now + agreement;
    while (world.now < until && !this.#agrees(this.#view())) world.run(world.now + restPoll);
    this.#judge.audit(this.#view());
  }

  #agrees({ isUp, unready, positions, orders }: View): boolean {
    const { truth } = this.#judge.scene;
    const isSettled = (lots: number, symbol: number): boolean =>
      lots === truth.position(symbol) && (lots === 0 || truth.isCovered(symbol));
    const isKnown = truth.ownOpen.every((id) => orders.has(id));
    return isUp && unready.length === 0 && isKnown && positions.every(isSettled);
  }

  #view(): View {
    const { process } = this.#world;
    const { core } = process;
    const parts = readiness({ core, isJournalOpen: core !== null, isStopping: false }, process.clock());
    const positions = this.#world.specs.map((_, symbol) => {
      const own = core?.openPositions().filter(({ instrument }) => instrument.index === symbol) ?? [];
      return own.reduce((sum, { lots }) => sum + lots, 0);
    });
    const unready = parts.filter(({ ready }) => !ready).map(({ part, detail }) => `${part} (${detail})`);
    const trades = core?.desks.flatMap(({ manager }) => manager.trade ?? []) ?? [];
    const open = trades.flatMap(({ orders }) => [...orders.values()].filter(({ status }) => status.kind !== "closed"));
    const orders = new Set(open.map(({ id }) => id));
    return { isUp: process.isUp, unready, positions, orders, doubts: doubtsOf(this.#world) };
  }

  #onNotice(code: string, fields: Fields): void {
    this.#judge.notice(code, fields);
    this.#operator.onNotice(code, fields);
    if (code !== "SAFE_MODE_ON") return;
    const why = String(fields["reason"]);
    this.#safeModes.set(why, (this.#safeModes.get(why) ?? 0) + 1);
  }

  /** As whoever looks after the daemon sees it. */
  #mode(): "down" | "stopped" | "trading" {
    const { process } = this.#world;
    if (this.#judge.safeMode !== null) return "stopped";
    if (process.core === null) return "down";
    const { hold } = process.core.session(process.clock());
    return hold.kind === "halt" && hold.by === haltedBy ? "stopped" : "trading";
  }

  /** The judge sees the world as it is now. */
  #look(): void {
    const { scene } = this.#judge;
    const { network, now, process } = this.#world;
    scene.now = now;
    const { latency } = network.options;
    scene.slowedBy = network.slow.until > now ? network.slow.by : 0;
    scene.latency = latency * 2 + scene.slowedBy;
    scene.isNameless = network.isNameless();
    scene.isPrivateOpen = process.port?.isOpen("private") === true;
    scene.isStill = (process.port?.pausedUntil ?? 0) > now;
  }

  #stir({ params }: Call): void {
    const symbol = this.#world.specs.findIndex(({ row }) => row.symbol === params.get("symbol"));
    if (symbol >= 0) this.#world.market.stir(symbol, this.#world.now);
  }

  /** Where something is at stake the market is as dense as it gets. */
  #hold(): void {
    const { truth, now } = this.#judge.scene;
    for (let symbol = 0; symbol < this.#world.specs.length; symbol += 1) {
      this.#world.market.hold(symbol, truth.position(symbol) !== 0 || truth.hasOrders(symbol), now);
    }
  }

  #probe(row: Row): void {
    this.#probes.passed("row");
    if (row.kind !== "order") return;
    const { truth } = this.#judge.scene;
    const { clientOrderId: id, state } = row;
    this.#probes.order(id, state, truth.orders.has(id) || truth.algos.has(id));
  }

  /** What the daemon is in the middle of. */
  #state(): DaemonState {
    const { truth, now } = this.#judge.scene;
    if (!this.#judge.scene.isUp) return "down";
    if (this.#judge.scene.readySince === null) return "recovering";
    if (now - this.#sentAt.x < microsPerSecond) return "closing";
    if (now - this.#sentAt.r < microsPerSecond) return "moving the stop";
    for (const { role } of truth.openOrders.values()) if (role === "e") return "entering";
    return truth.positions.some((lots) => lots !== 0) ? "open" : "flat";
  }
}

function gridOf(spec: SymbolSpec): Grid {
  const { tickSize, stepSize } = gridIn(spec);
  return { symbol: spec.row.symbol, tick: Number(tickSize), step: Number(stepSize) };
}

function recordOf(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}
