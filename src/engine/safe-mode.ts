/**
 * SAFE MODE as a machine: what enters it, what it allows, and how it ends (requirements SAF-3; failure-catalogue I-17).
 * Data in, data out. Inside it no entry leaves and entries that rest are withdrawn; protection is kept up, and exits and
 * closes go on, since nothing of them asks this machine.
 */

import type { SafeModeReason } from "../domain/reason.ts";
import type { SafeModeCause, SafeModeState } from "../domain/safe-mode.ts";
import type { Micros } from "../domain/units.ts";

/** `safe_mode.leave` of the settings. */
export type LeaveRule = "operator" | "clean-reconciliation";

/**
 * What it takes until a cause stands against leaving no more. `reconciliation`: nothing by itself; a reconciliation that
 * finds nothing wrong proves it gone. `evidence`: something of its own must prove it gone first, also when an operator
 * asks. `operator`: nothing that the daemon could observe proves it gone.
 */
export type Ending = "reconciliation" | "evidence" | "operator";

/** A new reason does not compile until it is classified here. */
export const endings = {
  CANNOT_PROTECT: "reconciliation",
  UNKNOWN_POSITION: "reconciliation",
  INCONSISTENT_ACCOUNT: "reconciliation",
  UNKNOWN_STATUS: "reconciliation",
  UNKNOWN_CODE: "reconciliation",
  /** the exchange takes and gives back a stop of ours */
  AUTHORITY_LOST: "evidence",
  /** a journal opens: this run's cannot */
  STORE_FAILED: "evidence",
  /** the exchange's clock is measured anew */
  CLOCK_JUMP: "evidence",
  OVERFILL: "reconciliation",
  ANOTHER_DAEMON: "operator",
  INVALID_ORDER: "operator",
  UNEXPECTED_ERROR: "operator",
} as const satisfies Record<SafeModeReason, Ending>;

export type SafeModeInput =
  | { readonly kind: "trouble"; readonly reason: SafeModeReason; readonly detail: string }
  /** the cause is proven gone */
  | { readonly kind: "evidence"; readonly reason: SafeModeReason }
  /** a reconciliation found nothing wrong in what it read after `requestedAt` */
  | { readonly kind: "clean-pass"; readonly requestedAt: Micros }
  | { readonly kind: "resume" };

export type SafeModeStep = {
  readonly state: SafeModeState;
  /** `added`: another cause inside a running episode; `kept`: an operator asked in vain; null: nothing to tell */
  readonly change: "entered" | "added" | "eased" | "kept" | "left" | null;
};

export function stepSafeMode(state: SafeModeState, input: SafeModeInput, leave: LeaveRule, now: Micros): SafeModeStep {
  switch (input.kind) {
    case "trouble":
      return onTrouble(state, { reason: input.reason, detail: input.detail, seenAt: now, isGone: false });
    case "evidence":
      return onEvidence(state, input.reason);
    case "clean-pass": {
      if (state.mode === "normal" || leave !== "clean-reconciliation") return same(state);
      const mayLeave = state.causes.every((cause) => isOverAfterPass(cause, input.requestedAt));
      return mayLeave ? left(state) : same(state);
    }
    case "resume":
      if (state.mode === "normal") return same(state);
      return state.causes.some(stays) ? { state, change: "kept" } : left(state);
    default:
      throw new TypeError(`unhandled input ${input satisfies never}`);
  }
}

/** What an earlier run was in goes on. That there is a journal to read it from proves the store's failure gone. */
export function restoredSafeMode(state: SafeModeState): SafeModeState {
  return onEvidence(state, "STORE_FAILED").state;
}

/** Whether an operator's word does not suffice: the cause is not proven gone. */
export function stays({ reason, isGone }: SafeModeCause): boolean {
  const ending: Ending = endings[reason];
  return ending === "evidence" && !isGone;
}

function isOverAfterPass(cause: SafeModeCause, requestedAt: Micros): boolean {
  const ending: Ending = endings[cause.reason];
  switch (ending) {
    case "reconciliation":
      // What was read before it happened says nothing about it.
      return cause.seenAt < requestedAt;
    case "evidence":
      return cause.isGone;
    case "operator":
      return false;
    default:
      throw new TypeError(`unhandled ending ${ending satisfies never}`);
  }
}

function onTrouble(state: SafeModeState, cause: SafeModeCause): SafeModeStep {
  const { version, episode } = state;
  if (state.mode === "normal") {
    const safe = { version, mode: "safe", episode: episode + 1, since: cause.seenAt, causes: [cause] } as const;
    return { state: safe, change: "entered" };
  }
  const known = state.causes.find(({ reason }) => reason === cause.reason);
  if (known === undefined) {
    const [first, ...others] = state.causes;
    return { state: { ...state, causes: [first, ...others, cause] }, change: "added" };
  }
  const change = known.isGone ? "added" : null;
  const next = replaced(state, { ...known, seenAt: cause.seenAt, isGone: false });
  return { state: next, change };
}

function onEvidence(state: SafeModeState, reason: SafeModeReason): SafeModeStep {
  const cause = state.mode === "safe" ? state.causes.find((one) => one.reason === reason) : undefined;
  if (state.mode === "normal" || cause === undefined || cause.isGone) return same(state);
  return { state: replaced(state, { ...cause, isGone: true }), change: "eased" };
}

function replaced(state: Extract<SafeModeState, { mode: "safe" }>, cause: SafeModeCause): SafeModeState {
  const put = (one: SafeModeCause): SafeModeCause => (one.reason === cause.reason ? cause : one);
  const [first, ...others] = state.causes;
  return { ...state, causes: [put(first), ...others.map(put)] };
}

function left({ version, episode }: SafeModeState): SafeModeStep {
  return { state: { version, mode: "normal", episode }, change: "left" };
}

function same(state: SafeModeState): SafeModeStep {
  return { state, change: null };
}
