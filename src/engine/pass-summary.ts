/** What one comparison with the exchange came to, in words and numbers (requirements REC-1, REC-2). */

import { isCommand, type Notice, type Output } from "../domain/output.ts";
import type { ReadCause } from "./account-reads.ts";

/** What was found, by kind. */
export type PassTally = {
  /** positions that no trade of ours explains */
  orphans: number;
  /** positions of our books that the exchange does not have */
  phantoms: number;
  /** positions of which the exchange has another quantity than our books */
  differences: number;
  /** orders of ours that belong to no running trade */
  leftovers: number;
  /** orders and positions that are not ours */
  foreign: number;
};

export function newTally(): PassTally {
  return { orphans: 0, phantoms: 0, differences: 0, leftovers: 0, foreign: 0 };
}

/** @param outputs what was asked for and told in the pass */
export function passNotice(cause: ReadCause, tally: PassTally, outputs: readonly Output[], isClean: boolean): Notice {
  const commands = outputs.filter(isCommand).filter(({ kind }) => !kind.startsWith("query-"));
  const restored = commands.filter((command) => command.kind === "place-algo" && command.type === "STOP_MARKET");
  const told = (level: Notice["level"]): number =>
    outputs.filter((output) => output.kind === "notice" && output.level === level).length;
  const counts = {
    ...tally,
    stops: restored.length,
    actions: commands.length,
    warnings: told("warn"),
    errors: told("error"),
  };
  const { orphans, phantoms, differences, leftovers, foreign } = tally;
  const mismatches = orphans + phantoms + differences + leftovers + restored.length;
  const isQuiet = mismatches + foreign + counts.warnings + counts.errors === 0;
  return {
    kind: "notice",
    level: isQuiet ? (cause === "doubt" ? "debug" : "info") : "warn",
    code: "RECONCILED",
    symbol: null,
    fields: { cause, mismatches, ...counts, isClean, detail: isQuiet ? "nothing found" : wordsOf(counts) },
  };
}

function wordsOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${names[name] ?? name}`)
    .join(", ");
}

const names: Readonly<Record<string, string>> = {
  orphans: "orphan positions",
  phantoms: "phantom positions",
  differences: "other quantities",
  leftovers: "leftover orders",
  foreign: "not ours",
  stops: "stops placed",
};
