/** Draws a fault plan from a seed: a swarm, each class with an intensity and a stream of random numbers of its own. */

import { microsPerMinute } from "../../domain/units.ts";
import type { Random } from "../../tape/random.ts";
import { exponential, logUniform, randomFor } from "../random.ts";
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
    if (one.per === "hour") drawTimes(one, intensity, hours, random, faults);
    else for (const name of one.on) drawOccurrences(one, name, intensity, hours, random, faults);
  }
  return { seed, hours, faults };
}

function drawTimes(one: FaultClass, intensity: number, hours: number, random: Random, faults: Fault[]): void {
  const end = hours * microsPerHour;
  const mean = microsPerHour / intensity;
  for (let at = exponential(random, mean); at < end; at += exponential(random, mean)) {
    faults.push({ class: one.name, place: { at: Math.round(at) }, effect: one.effect(random) });
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
  const last = perHourMax * hours;
  for (let nth = gap(random, chance); nth <= last; nth += gap(random, chance)) {
    faults.push({ class: one.name, place: placeOf(one, name, nth), effect: one.effect(random) });
  }
}

function placeOf({ per }: FaultClass, name: string, nth: number): Place {
  if (per === "request") return { request: name, nth };
  return per === "row" ? { row: name, nth } : { message: name, nth };
}

/** How many come until it strikes, that one included. */
function gap(random: Random, chance: number): number {
  return 1 + Math.floor(exponential(random, 1 / chance));
}
