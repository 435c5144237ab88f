/** JSON without loss: integers beyond 2⁵³ become bigint, because order ids are that large. @see failure-catalogue F-21 */

/** The text is not JSON that we take. It never quotes the text, which may hold secrets. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/** Keys that could reach a prototype. @see failure-catalogue S-19 */
const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const wholeNumber = /^-?\d+$/;

/**
 * Parses `text`; a whole number that a double cannot hold becomes a bigint, every other number stays a number.
 *
 * @throws {JsonError} no JSON, a key that could reach a prototype, a number beyond a double, or nesting too deep
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keep);
  } catch (error) {
    if (error instanceof JsonError) throw error;
    throw new JsonError(`not JSON (${text.length} characters)`);
  }
}

/** JSON text of a value whose bigints are written as plain integers: the inverse of {@link parseJson}. */
export function stringifyJson(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map((item) => stringifyJson(item ?? null)).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => `${JSON.stringify(key)}:${stringifyJson(member)}`);
    return `{${members.join(",")}}`;
  }
  return JSON.stringify(value);
}

function keep(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (forbiddenKeys.has(key)) throw new JsonError("a key that could reach a prototype");
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  if (wholeNumber.test(source)) return BigInt(source);
  if (!Number.isFinite(value)) throw new JsonError("a number beyond the range of a double");
  return value;
}
