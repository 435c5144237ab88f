/** What a journal that was lost or has failed takes from the daemon, until the simulated operator has come. */

import { expect, test } from "vitest";
import type { Fault } from "../../src/faults/plan/fault.ts";
import { runWith } from "./support.ts";

/** What the run tells in order, of the words that count here. */
function told(fault: Fault): { readonly words: readonly string[]; readonly violations: readonly unknown[] } {
  const words: string[] = [];
  const word = /\b(STORE_NOTE|SAFE_MODE_ON|SAFE_MODE_RESTORED|the operator says resume|place e|the daemon starts)\b/;
  const trace = (line: string): void => {
    const found = word.exec(line)?.[1];
    if (found !== undefined && found !== words.at(-1)) words.push(found);
  };
  const { violations } = runWith([fault], { minutes: 40, trace });
  return { words, violations };
}

const afterwards = ["the operator says resume", "place e"];

test("[F-38] after a damaged journal nothing is entered until the operator resumes, and then it is", () => {
  const effect = { do: "crash", loss: "database", down: 2_000_000, again: null } as const;
  const { words, violations } = told({ class: "crash", place: { row: "fill", nth: 20 }, effect });
  const from = words.lastIndexOf("the daemon starts");
  expect(words.slice(from, from + 4)).toEqual(["the daemon starts", "STORE_NOTE", ...afterwards]);
  expect(violations).toEqual([]);
});

test("[F-39] after a journal that failed nothing is entered until a restart and the operator's word", () => {
  const effect = { do: "disk", fault: "refuses", for: 60_000_000 } as const;
  const { words, violations } = told({ class: "disk full", place: { at: 300_000_000 }, effect });
  const from = words.lastIndexOf("SAFE_MODE_ON");
  expect(words.slice(from + 1, from + 6)).toEqual([
    "the daemon starts",
    "STORE_NOTE",
    "SAFE_MODE_RESTORED",
    ...afterwards,
  ]);
  expect(violations).toEqual([]);
});
