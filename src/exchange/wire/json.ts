/** JSON as the exchange writes it: order and trade ids pass 2⁵³ and stay plain integers in both directions. */

/** ASCII without control characters, quotes and backslashes. */
const plainText = /^[ !#-[\]-~]*$/;

/** Serialises JSON values, bigint as plain integers. Keys with `undefined` are left out. @throws {TypeError} anything else */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quoted(value);
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
      return String(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return arrayText(value);
      return isFields(value) ? objectText(value) : "{}";
    default:
      throw new TypeError(`not a JSON value: ${typeof value}`);
  }
}

/**
 * Parses JSON; an integer outside ±2⁵³ becomes a bigint instead of being rounded.
 *
 * @throws {SyntaxError} the text is not JSON
 */
export function parseJson(text: string): unknown {
  // A reviver takes ten times as long, and numbers of fewer digits are all exact.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (...seen: readonly unknown[]) => {
    const [, value, context] = seen;
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    const source = sourceOf(context);
    return source !== null && /^-?\d+$/.test(source) ? BigInt(source) : value;
  });
}

function arrayText(values: readonly unknown[]): string {
  let text = "[";
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) text += ",";
    text += jsonText(values[index] ?? null);
  }
  return `${text}]`;
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: object): value is Fields {
  return !Array.isArray(value);
}

/** Names are walked in place: a list of pairs would be made for each message. */
function objectText(value: Fields): string {
  let text = "{";
  for (const key in value) {
    const field = value[key];
    if (field === undefined) continue;
    if (text.length > 1) text += ",";
    text += `${quoted(key)}:${jsonText(field)}`;
  }
  return `${text}}`;
}

/** Nearly all texts have nothing to escape, and are quoted several times faster so. */
function quoted(text: string): string {
  return plainText.test(text) ? `"${text}"` : JSON.stringify(text);
}

/** The digits as they were sent, which the runtime hands over for primitives. */
function sourceOf(context: unknown): string | null {
  if (typeof context !== "object" || context === null || !("source" in context)) return null;
  return typeof context.source === "string" ? context.source : null;
}
