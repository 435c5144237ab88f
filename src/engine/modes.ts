/** Why a core may enter nothing at all, whatever the symbol: SAFE MODE, a stop that was asked for, an account not read. */

import type { Settings } from "../config/schema.ts";
import type { Output, SafeModeRow } from "../domain/output.ts";
import type { BlockReason, SafeModeReason } from "../domain/reason.ts";
import { normalMode, type SafeModeCause, type SafeModeState } from "../domain/safe-mode.ts";
import type { Micros } from "../domain/units.ts";
import { restoredSafeMode, type SafeModeInput, stays, stepSafeMode } from "./safe-mode.ts";

export type StopPolicy = Settings["stop"]["policy"];

export type ModePorts = {
  readonly settings: () => Settings;
  readonly emit: (output: Output) => void;
  /** entries that rest must go */
  readonly withdrawEntries: () => void;
};

/** SAFE MODE for those who look at it. */
export type SafeModeView = {
  /** of the first cause */
  readonly reason: SafeModeReason;
  readonly detail: string;
  /** of all causes, in the order in which they came */
  readonly reasons: readonly SafeModeReason[];
  readonly since: Micros;
  readonly episode: number;
};

/** Stands in the journal as who ended it. */
const byReconciliation = "reconciliation";

export class Modes {
  readonly #ports: ModePorts;
  #safeMode: SafeModeState = normalMode;
  stopPolicy: StopPolicy | null = null;

  constructor(ports: ModePorts) {
    this.#ports = ports;
  }

  /** Null while it is off. */
  get safeMode(): SafeModeView | null {
    const state = this.#safeMode;
    if (state.mode === "normal") return null;
    const { causes, since, episode } = state;
    const { reason, detail } = causes[0];
    return { reason, detail, reasons: causes.map((cause) => cause.reason), since, episode };
  }

  entriesOff(): BlockReason | null {
    if (this.stopPolicy !== null) return "STOPPING";
    return this.#safeMode.mode === "safe" ? "SAFE_MODE" : null;
  }

  enter(reason: SafeModeReason, detail: string, now: Micros): void {
    this.#step({ kind: "trouble", reason, detail }, null, now);
  }

  /** What is in the way of leaving for this reason is proven gone. */
  prove(reason: SafeModeReason, now: Micros): void {
    if (this.#safeMode.mode === "safe") this.#step({ kind: "evidence", reason }, null, now);
  }

  /** A reconciliation found nothing wrong. */
  onCleanPass(requestedAt: Micros, now: Micros): void {
    if (this.#safeMode.mode === "safe") this.#step({ kind: "clean-pass", requestedAt }, byReconciliation, now);
  }

  resume(by: string, now: Micros): void {
    this.#step({ kind: "resume" }, by, now);
  }

  /** An earlier run was in it: so is this one. */
  restore(state: SafeModeState, now: Micros): void {
    this.#safeMode = restoredSafeMode(state);
    if (this.#safeMode.mode === "safe") this.#tell("restored", this.#safeMode.causes[0], null, now);
  }

  #step(input: SafeModeInput, by: string | null, now: Micros): void {
    const before = this.#safeMode;
    const { state, change } = stepSafeMode(before, input, this.#ports.settings().safe_mode.leave, now);
    this.#safeMode = state;
    if (change === null) return;
    if (change === "entered") this.#ports.withdrawEntries();
    const cause = causeOf(change === "left" ? before : state, input);
    if (cause !== null) this.#tell(change, cause, by, now);
  }

  #tell(change: SafeModeRow["change"], { reason, detail }: SafeModeCause, by: string | null, now: Micros): void {
    this.#ports.emit({ kind: "safe-mode", change, reason, detail, by, state: this.#safeMode, time: now });
  }
}

/** The cause that a change is about. */
function causeOf(state: SafeModeState, input: SafeModeInput): SafeModeCause | null {
  if (state.mode === "normal") return null;
  const [first] = state.causes;
  switch (input.kind) {
    case "trouble":
    case "evidence":
      return state.causes.find(({ reason }) => reason === input.reason) ?? first;
    case "resume":
      return state.causes.find(stays) ?? first;
    case "clean-pass":
      return first;
    default:
      throw new TypeError(`unhandled input ${input satisfies never}`);
  }
}
