/** Settings of what happens when something is wrong: SAFE MODE, and what reconciliation does with what is not ours. */

import { z } from "zod";
import { milliseconds } from "./units.ts";

export const SafeMode = z.strictObject({
  leave: z
    .enum(["operator", "clean-reconciliation"])
    .default("operator")
    .describe(
      "What ends SAFE MODE: an operator's resume, or also a reconciliation that finds nothing wrong once the cause is gone.",
    ),
  clock_jump_ms: milliseconds
    .min(100)
    .default(1_000)
    .describe("A wall clock that moves this much against the steady clock between two looks has jumped."),
  clock_check_seconds: z.number().min(0.1).max(60).default(1).describe("The two clocks are compared this often."),
  inconsistent_reads: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(5)
    .describe("Account reads in a row that contradict themselves before SAFE MODE."),
});

export const Reconcile = z.strictObject({
  orphan_position: z
    .enum(["adopt", "report"])
    .default("adopt")
    .describe(
      "A position on a traded symbol that no trade of ours explains: taken over and protected, or only told and left alone.",
    ),
  foreign_orders: z
    .enum(["report", "cancel"])
    .default("report")
    .describe("Open orders on a traded symbol that are not ours: told and left alone, or cancelled."),
});
