/**
 * The clock of the exchange's matching engine, which times executions. The time that the exchange says when it is asked is
 * that of its gate, which checks what we sign; what the engine is heard to say bounds how far off that may be, for nothing
 * is heard before it happens.
 *
 * @see failure-catalogue F-26
 */

import { type Micros, micros, microsPerMinute, microsPerSecond } from "../domain/units.ts";

/** Of what is told within two spans, some message took no longer than `wayMax`, whatever held up the others. */
const span = microsPerMinute;
const wayMax = microsPerSecond;
/** No clocks of one exchange are further apart: what says so is a broken message, or our own clock has stood still. */
const apartMax = 10 * microsPerSecond;

export class EngineClock {
  /** the most that a message was ahead of its receipt by our clock, in this span and in the one before */
  #ahead = Number.NEGATIVE_INFINITY;
  #before = Number.NEGATIVE_INFINITY;
  #spanEnds = Number.NEGATIVE_INFINITY;

  /** @param time when the engine did what is told */
  onTold(time: Micros, receivedAt: Micros): void {
    if (receivedAt >= this.#spanEnds) {
      this.#before = this.#ahead;
      this.#ahead = Number.NEGATIVE_INFINITY;
      this.#spanEnds = receivedAt + span;
    }
    if (time - receivedAt > this.#ahead) this.#ahead = time - receivedAt;
  }

  /** Its clock minus ours. @param gate the gate's minus ours, as it was measured */
  offset(gate: Micros): Micros {
    const least = Math.max(this.#ahead, this.#before);
    const found = Math.min(Math.max(gate, least), least + wayMax);
    return Math.abs(found - gate) > apartMax ? gate : micros(found);
  }
}
