/** Spans of time on the command line. */

import { UsageError } from "./usage-error.ts";

const shape = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const millisecondsIn: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What a timer can hold. */
const longestMs = 2 ** 31 - 1;

/**
 * `60s`, `5m`, `2h`, `500ms`, `1d` to milliseconds.
 *
 * @throws {UsageError} another shape, zero, or longer than 24 days
 */
export function milliseconds(option: string, text: string): number {
  const match = shape.exec(text);
  const value = Number(match?.[1]) * (millisecondsIn[match?.[2] ?? ""] ?? Number.NaN);
  if (!(value > 0 && value <= longestMs)) {
    throw new UsageError(
      `${option} ${JSON.stringify(text.slice(0, 80))}: allowed are 500ms, 60s, 5m, 2h, 1d and the like, up to 24 days`,
    );
  }
  return value;
}
