/** Settings of what is kept and shown for people who operate the daemon: logs and health. @see requirements OPS-1, OPS-3 */

import { z } from "zod";
import { seconds } from "./units.ts";

export const Log = z.strictObject({
  level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("Least level that is logged."),
  status_seconds: seconds.default(10).describe("A status line per symbol this often."),
  file: z
    .string()
    .min(1)
    .max(200)
    .nullable()
    .default("logs/engine.log")
    .describe("The log as JSON lines, below `store.directory`; null: no file."),
  file_mb: z.number().min(0.01).max(1_000).default(10).describe("A log file that is larger is put aside, megabytes."),
  files: z.number().int().min(1).max(100).default(5).describe("Log files that are kept, the current one among them."),
  store_days: z
    .number()
    .positive()
    .max(3_650)
    .default(14)
    .describe("Events in the journal's `logs` are kept this long."),
  store_rows: z
    .number()
    .int()
    .min(1_000)
    .max(100_000_000)
    .default(200_000)
    .describe("Largest number of events in the journal's `logs`; the oldest go first."),
});

export const Health = z.strictObject({
  port: z
    .number()
    .int()
    .min(0)
    .max(65_535)
    .nullable()
    .default(null)
    .describe("Loopback port of /healthz and /readyz; null: none, 0 takes a free one."),
});
