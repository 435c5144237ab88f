/** A mistake made on purpose, as a change of one place in a source file. The judge has to find each of them. */

export type Bug = {
  /** in words of the trade */
  readonly id: string;
  /** what it goes wrong like, of the failure catalogue */
  readonly cause: string;
  /** below src/ */
  readonly file: string;
  /** stands there exactly once */
  readonly find: string;
  readonly replace: string;
  readonly sentence: string;
  /** the class of faults without which it cannot show; a seed whose plan has none is counted, and not run */
  readonly needs?: string;
};

/** @throws {RangeError} the text does not stand there exactly once */
export function withBug({ id, file, find, replace }: Bug, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2) throw new RangeError(`${id}: its text stands ${parts.length - 1} times in src/${file}`);
  return parts.join(replace);
}
