/** Counts by name, added up. */

export type Counts = Readonly<Record<string, number>>;

export function added(all: readonly Counts[]): Counts {
  const sums = new Map<string, number>();
  for (const one of all) for (const [name, count] of Object.entries(one)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
}
