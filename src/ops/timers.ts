/** Waits as a port, so that tests hand in a clock of their own. */

export type Timers = {
  /** @returns cancels it */
  readonly after: (millis: number, then: () => void) => () => void;
};

export const machineTimers: Timers = {
  after: (millis, then) => {
    const timer = setTimeout(then, millis);
    return () => clearTimeout(timer);
  },
};

/** A wait in the middle of something; ends early, without an error, when the signal says so. */
export function pause(timers: Timers, millis: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = timers.after(millis, done);
    signal.addEventListener("abort", done, { once: true });
  });
}

const firstMillis = 2_000;
const mostMillis = 300_000;

/** The wait before repetition `attempt` (0 is the first): doubled each time, between half and the whole of it. */
export function waitMillis(attempt: number, random: () => number): number {
  return Math.min(mostMillis, firstMillis * 2 ** Math.min(attempt, 20)) * (0.5 + random() / 2);
}
