/** Draws a fault plan from a seed: a swarm, each class with an intensity and a stream of random numbers of its own. */

import { microsPerMinute } from "../../domain/units.ts";
import type { Random } from "../../tape/random.ts";
import { exponential, logUniform, randomFor } from "../random.ts";
import type { Prelude } from "./aims.ts";
import { classes, type FaultClass } from "./classes.ts";
import type { Fault, Place, Plan } from "./fault.ts";

const microsPerHour = 60 * microsPerMinute;
/** Requests, messages or rows of one name in an hour; more are left alone. */
const perHourMax = 240;

/** @param hours how long the faults last */
export function drawPlan(seed: number, hours: number): Plan {
  const faults: Fault[] = [];
  for (const one of classes) {
    const random = randomFor(seed, one.name);
    if (random.below(2) === 0) continue;
    const intensity = logUniform(random, one.calm, one.storm);
    if (one.per === "hour") drawMoments(one, intensity, hours, random, faults);
    else for (const name of one.on) drawOccurrences(one, name, intensity, hours, random, faults);
    if (one.before !== undefined) drawPreludes(one.before, hours, random, faults);
  }
  return { seed, hours, faults };
}

/** Half of them by the clock, half in the middle of something, where that comes as often as usual. */
function drawMoments(one: FaultClass, intensity: number, hours: number, random: Random, faults: Fault[]): void {
  const { name, effect, aims = [] } = one;
  const byClock = aims.length === 0 ? intensity : intensity / 2;
  for (const at of times(byClock, hours, random)) faults.push({ class: name, place: { at }, effect: effect(random) });
  for (const { place, perHour } of aims) {
    const chance = intensity / 2 / aims.length / perHour;
    for (const nth of occurrences(chance, hours, random)) {
      faults.push({ class: name, place: { ...place, nth }, effect: effect(random) });
    }
  }
}

function drawPreludes({ calm, storm, faults: of }: Prelude, hours: number, random: Random, faults: Fault[]): void {
  for (const at of times(logUniform(random, calm, storm), hours, random)) {
    for (const { after, ...fault } of of(random)) faults.push({ ...fault, place: { at: at + after } });
  }
}

function drawOccurrences(
  one: FaultClass,
  name: string,
  chance: number,
  hours: number,
  random: Random,
  faults: Fault[],
): void {
  for (const nth of occurrences(chance, hours, random)) {
    faults.push({ class: one.name, place: placeOf(one, name, nth), effect: one.effect(random) });
  }
}

/** Microseconds; one after the other, so that what is drawn for each stands between them. @param intensity in an hour */
function* times(intensity: number, hours: number, random: Random): Generator<number> {
  const end = hours * microsPerHour;
  const mean = microsPerHour / intensity;
  for (let at = exponential(random, mean); at < end; at += exponential(random, mean)) yield Math.round(at);
}

function* occurrences(chance: number, hours: number, random: Random): Generator<number> {
  const last = perHourMax * hours;
  for (let nth = gap(random, chance); nth <= last; nth += gap(random, chance)) yield nth;
}

function placeOf({ per }: FaultClass, name: string, nth: number): Place {
  if (per === "request") return { request: name, nth };
  return per === "row" ? { row: name, nth } : { message: name, nth };
}

/** How many come until it strikes, that one included. */
function gap(random: Random, chance: number): number {
  return 1 + Math.floor(exponential(random, 1 / chance));
}
