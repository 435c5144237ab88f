/** Stories of the error table: answers as data, and the ways in which each kind of request leaves. */

import { restingEntry } from "./given.ts";
import { normal } from "./settings.ts";
import type { Simulation } from "./simulate.ts";
import type { Fault } from "./wire.ts";

export const rest = { through: "rest" } as const;
export const html = "<html><head><title>Error</title></head></html>";

type Answered = Extract<Fault, { kind: "answered" }>;

export function answer(status: number, body: string, executes = false): Answered {
  return { kind: "answered", status, body, executes };
}

/** An answer with the exchange's own code. */
export function refusal(code: number, status = 400, executes = false): Answered {
  return answer(status, JSON.stringify({ code, msg: "words" }), executes);
}

/** What was asked for of orders of one role, such as `place-order e1`. */
export function of(sim: Simulation, role: string): readonly string[] {
  return sim.sent().filter((name) => name.includes(` ${role}`));
}

export function levelOf(sim: Simulation, code: string): readonly string[] {
  return sim.notices(code).map(({ level }) => level);
}

/** An entry that is answered so, half a minute later. */
export function entered(fault: Fault): Simulation {
  const sim = restingEntry({ ...rest, faults: [{ on: "place-order e1", fault }] });
  sim.advance(30_000);
  return sim;
}

/** The entry follows the price in place. */
export const chasing = normal({
  order_timeout_seconds: 10,
  entry_max_seconds: 15,
  chase: { after_seconds: 1, threshold_bps: 0.5, max_attempts: 2 },
});

/** What reaches the exchange later than `from`, for so long. */
export function arrived(sim: Simulation, from: number, milliseconds: number): readonly string[] {
  return sim.adapterWire.arrivals
    .filter(({ at }) => at > from && at <= from + milliseconds * 1_000)
    .map(({ name }) => name);
}
