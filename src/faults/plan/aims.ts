/** Where faults of an hour are aimed at, and what is done first so that others have something to strike. */

import { microsPerSecond } from "../../domain/units.ts";
import type { Random } from "../../tape/random.ts";
import { logUniform } from "../random.ts";
import type { Fault } from "./fault.ts";

export type Aim = {
  readonly place: { readonly request: string } | { readonly message: string };
  /** how often it comes, about */
  readonly perHour: number;
};

export type Prelude = {
  /** in an hour */
  readonly calm: number;
  readonly storm: number;
  /** times are microseconds from its beginning */
  readonly faults: (random: Random) => readonly (Pick<Fault, "class" | "effect"> & { readonly after: number })[];
};

const second = microsPerSecond;

/** An entry rests, a position is there, its stop is moved, it is closed. */
export const inTrade: readonly Aim[] = [
  { place: { message: "report e NEW" }, perHour: 20 },
  { place: { message: "report e FILLED" }, perHour: 14 },
  { place: { request: "place r" }, perHour: 12 },
  { place: { request: "place x" }, perHour: 12 },
];
/** The same, and while the daemon starts. */
export const anywhere: readonly Aim[] = [...inTrade, { place: { request: "GET commissionRate" }, perHour: 4 }];

/** The same, once connections are there to be cut. */
export const connected: readonly Aim[] = [...inTrade, { place: { request: "GET symbolConfig" }, perHour: 17 }];

/** The owner changes the leverage while the daemon runs or is down: it is set again as soon as nothing is open. */
export const leverageMeddled: Prelude = {
  calm: 0.1,
  storm: 1,
  faults: (random) => {
    const symbol = random.below(2);
    const change = { class: "human", effect: { do: "human", act: "leverage", symbol }, after: second } as const;
    const down = Math.round(logUniform(random, 2 * second, 30 * second));
    const crash = { class: "crash", effect: { do: "crash", loss: "kill", down, again: null }, after: 0 } as const;
    return random.below(2) === 0 ? [crash, change] : [change];
  },
};
