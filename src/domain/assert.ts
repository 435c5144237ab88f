/** The one assertion of the project: it stays on in production, because a broken invariant costs more than a stop. */

/** We broke our own invariant. The process stops in good order and keeps its journal (style: three kinds of failure). */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** @throws {InvariantError} when `condition` does not hold */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The value, or a stop when it is missing: for look-ups whose absence would be our own error. */
export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new InvariantError(`missing ${what}`);
  return value;
}

/** An element of a numeric array that must be there; the engine inlines it, so hot loops may use it. */
export function at(array: ArrayLike<number>, index: number): number {
  const value = array[index];
  if (value === undefined) throw new InvariantError(`index ${index} outside ${array.length}`);
  return value;
}
