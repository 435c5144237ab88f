/** A measured number, as people read it. */

/** From here on a measured number is an instant: microseconds since the epoch, of the year 2001 and later. */
const instantMin = 1e15;

/** Six digits are enough to compare with a limit. */
export function shown(value: number | null): string {
  if (value === null) return "–";
  if (value >= instantMin) return new Date(value / 1_000).toISOString();
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}
