/**
 * What the daemon must have been in the middle of when faults struck, before their absence from the violations means
 * anything: data, held against what many seeds have counted. @see failure-catalogue, Fault model
 */

import { classes, type FaultClass } from "./classes.ts";

export const states = ["flat", "entering", "open", "moving the stop", "closing", "recovering", "down"] as const;
export type DaemonState = (typeof states)[number];

export const crashInRecovery = "crash in recovery";
/** The last thing that the daemon did or heard before a crash. */
export const beforeCrash = ["request", "reply", "message", "row"] as const;
export type BeforeCrash = (typeof beforeCrash)[number];
export const fillUnheard = "fill while the private stream is gone";
export const unknownAccepted = "unknown order that was accepted";
export const unknownNever = "unknown order that was not accepted";

/** Reached in whatever way. */
const situations: readonly string[] = [
  crashInRecovery,
  ...beforeCrash.map(crashAfter),
  fillUnheard,
  unknownAccepted,
  unknownNever,
];

const trading: readonly DaemonState[] = ["flat", "entering", "open", "moving the stop", "closing"];
const always: readonly DaemonState[] = [...trading, "recovering"];
const entries: readonly DaemonState[] = ["flat", "entering", "open"];
/** Without a position a stop proves that stops are taken. */
const stopStates: readonly DaemonState[] = ["flat", "open", "moving the stop"];

/** Where a kind of fault cannot meet everything. */
const statesOf: ReadonlyMap<string, readonly DaemonState[]> = new Map([
  ["-1008", entries],
  ["entry refused", entries],
  ["post-only refused", entries],
  ["stop refused", stopStates],
  ["stops moved away", stopStates],
  ["trigger fails", stopStates],
  ["trigger delayed", stopStates],
  ["exit refused", ["closing"]],
  ["does not exist", trading],
  ["cancel unknown", trading],
  ["forced close", ["open"]],
  ["funding", ["open"]],
  ["human at an entry", ["open"]],
  // Leverage is set and the mode is switched where nothing is open.
  ["leverage refused", ["flat"]],
  ["hedge mode", ["flat"]],
  ["operator", trading],
]);

/** Requests about orders: each stands for what the order is in the middle of. */
const orderRequests: readonly string[] = [
  ...["e", "f", "r", "t1", "t2", "x"].flatMap((role) => [`place ${role}`, `query ${role}`]),
  ...["e", "f", "r", "t1", "t2"].map((role) => `cancel ${role}`),
  "amend e",
];
const orderMessages: readonly string[] = [
  ...["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"].map((status) => `report e ${status}`),
  ...["f", "r", "t1", "x"].map((role) => `report ${role} FILLED`),
  ...["f", "r"].flatMap((role) => ["NEW", "CANCELED", "TRIGGERED"].map((status) => `algo ${role} ${status}`)),
  "account",
];

/** Names of what must be counted at least once. */
export function demandedProbes(): readonly string[] {
  return [...classes.flatMap(probesOf), ...situations];
}

function probesOf(one: FaultClass): readonly string[] {
  const usual = one.per === "message" || one.per === "row" ? trading : always;
  const found = statesOf.get(one.name) ?? usual;
  const details = one.per === "request" ? orderRequests : orderMessages;
  return [
    ...found.map((state) => inState(one.name, state)),
    ...one.on.filter((name) => details.includes(name)).map((name) => atDetail(one.name, name)),
  ];
}

export function inState(name: string, state: DaemonState): string {
  return `${name} × ${state}`;
}

/** @param detail the request, message or row that was struck */
export function atDetail(name: string, detail: string): string {
  return `${name} @ ${detail}`;
}

export function crashAfter(what: BeforeCrash): string {
  return `crash after a ${what}`;
}
