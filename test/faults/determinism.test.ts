import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { planOf, runSeed } from "../../src/faults/session/seed.ts";
import { summarise } from "../../src/faults/session/summary.ts";
import { seedSettingsOf } from "../../src/faults/settings.ts";
import { runWith } from "./support.ts";

const job = { seed: 11, hours: 0.3, settings: seedSettingsOf(11), tapes: null };
const main = join(import.meta.dirname, "../../src/cli/main.ts");

/** Three runs, one of them in a process of its own. */
const patience = 60_000;

test(
  "[I-20] a seed gives the same events, commands and rows twice in one process and once in another",
  async () => {
    const [first, second] = [summarise([runSeed(job)]), summarise([runSeed(job)])];
    const out = mkdtempSync(join(tmpdir(), "scalpd-faults-"));
    const options = ["--seeds", "1", "--from", "11", "--hours", "0.3", "--threads", "1", "--out", out, "--json"];
    const { stdout } = await promisify(execFile)(process.execPath, [main, "faults", ...options]);
    rmSync(out, { recursive: true });
    const other = z.object({ hash: z.string() }).parse(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""));
    expect([second.hash, other.hash]).toEqual([first.hash, first.hash]);
  },
  patience,
);

test("[I-20] one fault more is another run", () => {
  const fault = { class: "one", place: { message: "report e NEW", nth: 1 }, effect: { do: "lose-message" } } as const;
  const [without, withIt] = [runWith([]), runWith([fault])];
  expect(withIt.faults).toEqual({ one: 1 });
  expect(withIt.hash).not.toBe(without.hash);
});

test("[SIM-3] a plan is data that survives JSON", () => {
  const plan = planOf(job);
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});
