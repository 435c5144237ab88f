/** Settings of one symbol: what it overrides, laid over what holds for all (requirements CFG-3). */

/** A copy of `base` in which sections take the changes key by key, and everything else is replaced. */
export function merged<T extends object>(base: T, changes: object): T {
  const result = { ...base };
  for (const [key, change] of Object.entries(changes)) {
    const own: unknown = Reflect.get(base, key);
    Reflect.set(result, key, isSection(own) && isSection(change) ? merged(own, change) : change);
  }
  return result;
}

function isSection(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
