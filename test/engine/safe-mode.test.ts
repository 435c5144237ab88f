import fc from "fast-check";
import { expect, test } from "vitest";
import { type SafeModeReason, safeModeReasons } from "../../src/domain/reason.ts";
import { normalMode, type SafeModeState } from "../../src/domain/safe-mode.ts";
import {
  endings,
  type LeaveRule,
  restoredSafeMode,
  type SafeModeInput,
  stepSafeMode,
} from "../../src/engine/safe-mode.ts";
import { after } from "../support/core.ts";

/** Plays inputs a second apart; tells the last state and every change. */
function play(
  inputs: readonly SafeModeInput[],
  leave: LeaveRule = "operator",
  from: SafeModeState = normalMode,
): { readonly state: SafeModeState; readonly changes: readonly (string | null)[] } {
  const changes: (string | null)[] = [];
  let state = from;
  for (const [index, input] of inputs.entries()) {
    const step = stepSafeMode(state, input, leave, after(1_000 * (index + 1)));
    state = step.state;
    changes.push(step.change);
  }
  return { state, changes };
}

const trouble = (reason: SafeModeReason): SafeModeInput => ({ kind: "trouble", reason, detail: "why" });
const gone = (reason: SafeModeReason): SafeModeInput => ({ kind: "evidence", reason });
const cleanPass = (milliseconds: number): SafeModeInput => ({ kind: "clean-pass", requestedAt: after(milliseconds) });
const resume: SafeModeInput = { kind: "resume" };

const by = (ending: string) => safeModeReasons.filter((reason) => endings[reason] === ending);

test.each(safeModeReasons)("[I-17] %s enters SAFE MODE", (reason) => {
  expect(play([trouble(reason)]).state).toEqual({
    version: 1,
    mode: "safe",
    episode: 1,
    since: after(1_000),
    causes: [{ reason, detail: "why", seenAt: after(1_000), isGone: false }],
  });
});

test("[I-18] an episode is entered once, whatever comes in it, and the next one counts on", () => {
  const { state, changes } = play([
    trouble("UNKNOWN_STATUS"),
    trouble("UNKNOWN_STATUS"),
    trouble("OVERFILL"),
    resume,
    trouble("UNKNOWN_STATUS"),
  ]);
  expect([changes, state.episode]).toEqual([["entered", null, "added", "left", "entered"], 2]);
});

test("[SAF-3] an operator ends it, and asking again changes nothing", () => {
  expect(play([trouble("CANNOT_PROTECT"), resume, resume]).changes).toEqual(["entered", "left", null]);
});

test.each(by("evidence"))("[SAF-3] while %s is not proven gone, an operator asks in vain", (reason) => {
  const { changes } = play([trouble(reason), resume, gone(reason), resume]);
  expect(changes).toEqual(["entered", "kept", "eased", "left"]);
});

test.each(by("evidence"))("[SAF-3] %s that comes back after it was gone stands in the way again", (reason) => {
  const { changes } = play([trouble(reason), gone(reason), trouble(reason), resume]);
  expect(changes).toEqual(["entered", "eased", "added", "kept"]);
});

test.each(by("operator"))("[SAF-3] no reconciliation ends %s", (reason) => {
  const { changes } = play([trouble(reason), cleanPass(1_500), resume], "clean-reconciliation");
  expect(changes).toEqual(["entered", null, "left"]);
});

test.each(by("reconciliation"))("[SAF-3] a clean reconciliation ends %s where it is so configured", (reason) => {
  const inputs = [trouble(reason), cleanPass(1_500)];
  expect([play(inputs, "clean-reconciliation").changes, play(inputs, "operator").changes]).toEqual([
    ["entered", "left"],
    ["entered", null],
  ]);
});

test("[SAF-3] what was read before the last trouble proves nothing", () => {
  const inputs = [trouble("UNKNOWN_STATUS"), trouble("UNKNOWN_STATUS"), cleanPass(1_500), cleanPass(2_500)];
  expect(play(inputs, "clean-reconciliation").changes).toEqual(["entered", null, null, "left"]);
});

test("[SAF-3] one cause that is not over is enough to stay", () => {
  const { changes } = play(
    [trouble("UNKNOWN_STATUS"), trouble("CLOCK_JUMP"), cleanPass(2_500), gone("CLOCK_JUMP"), cleanPass(4_500)],
    "clean-reconciliation",
  );
  expect(changes).toEqual(["entered", "added", null, "eased", "left"]);
});

test("[I-17] a restart ends nothing, and proves only that the journal works", () => {
  const { state } = play([trouble("STORE_FAILED"), trouble("AUTHORITY_LOST")]);
  const restored = restoredSafeMode(state);
  expect(restored.mode === "safe" && restored.causes.map(({ reason, isGone }) => [reason, isGone])).toEqual([
    ["STORE_FAILED", true],
    ["AUTHORITY_LOST", false],
  ]);
});

const anyReason = fc.constantFrom(...safeModeReasons);
const anyInput: fc.Arbitrary<SafeModeInput> = fc.oneof(
  anyReason.map(trouble),
  anyReason.map(gone),
  fc.integer({ min: 0, max: 60_000 }).map(cleanPass),
  fc.constant(resume),
);

test("[I-17] it is left only by its rule, and every reason stands in it once", () => {
  fc.assert(
    fc.property(
      fc.array(anyInput, { maxLength: 40 }),
      fc.constantFrom<LeaveRule>("operator", "clean-reconciliation"),
      (inputs, leave) => {
        let state: SafeModeState = normalMode;
        for (const [index, input] of inputs.entries()) {
          const before: SafeModeState = state;
          state = stepSafeMode(before, input, leave, after(1_000 * (index + 1))).state;
          if (state.mode === "safe") {
            const reasons = state.causes.map(({ reason }) => reason);
            expect(new Set(reasons).size).toBe(reasons.length);
          }
          if (before.mode === "normal" || state.mode === "safe") continue;
          expect(input.kind === "resume" || (input.kind === "clean-pass" && leave !== "operator")).toBe(true);
          const unproven = before.causes.filter(({ reason, isGone }) => endings[reason] === "evidence" && !isGone);
          expect(unproven).toEqual([]);
        }
      },
    ),
  );
});
