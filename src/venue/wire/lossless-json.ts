/**
 * JSON without loss: integers beyond 2⁵³ become bigint, because order ids are that large. A parser of our own, because
 * `JSON.parse` shows a number's digits only to a reviver, which takes ten times as long; every fill passes here before
 * its stop leaves.
 *
 * @see failure-catalogue F-21; RFC 8259
 */

/** The text is not JSON that we take. It never quotes the text, which may hold secrets. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/** Keys that could reach a prototype. @see failure-catalogue S-19 */
const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
/** No message of an exchange is nested deeper than a handful of levels. */
const depthMax = 64;
const numberShape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wholeShape = /^-?\d+$/;
/** A double holds as many digits exactly, whatever they are. */
const exactDigits = 15;

const codes = {
  tab: 0x09,
  newLine: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openBracket: 0x5b,
  backslash: 0x5c,
  closeBracket: 0x5d,
  openBrace: 0x7b,
  closeBrace: 0x7d,
} as const;

/**
 * Parses `text`; a whole number that a double cannot hold becomes a bigint, every other number stays a number.
 *
 * @throws {JsonError} no JSON, a key that could reach a prototype, a number beyond a double, or nesting too deep
 */
export function parseJson(text: string): unknown {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): unknown {
    const value = this.#value();
    if (this.#skipSpace() === this.#text.length) return value;
    throw this.#bad();
  }

  #value(): unknown {
    const code = this.#text.charCodeAt(this.#skipSpace());
    if (code === codes.quote) return this.#string();
    if (code === codes.openBrace) return this.#object();
    if (code === codes.openBracket) return this.#array();
    if (code === codes.minus || (code >= codes.zero && code <= codes.nine)) return this.#number();
    if (this.#takes("true")) return true;
    if (this.#takes("false")) return false;
    if (this.#takes("null")) return null;
    throw this.#bad();
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#enter();
    if (this.#ends(codes.closeBrace)) return object;
    for (;;) {
      if (this.#text.charCodeAt(this.#skipSpace()) !== codes.quote) throw this.#bad();
      const key = this.#string();
      if (forbiddenKeys.has(key)) throw new JsonError("a key that could reach a prototype");
      if (this.#text.charCodeAt(this.#skipSpace()) !== codes.colon) throw this.#bad();
      this.#at += 1;
      object[key] = this.#value();
      if (this.#isLast(codes.closeBrace)) return object;
    }
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#enter();
    if (this.#ends(codes.closeBracket)) return array;
    for (;;) {
      array.push(this.#value());
      if (this.#isLast(codes.closeBracket)) return array;
    }
  }

  #enter(): void {
    this.#at += 1;
    this.#depth += 1;
    if (this.#depth > depthMax) throw this.#bad();
  }

  /** Whether nothing stands between the brackets. */
  #ends(closing: number): boolean {
    if (this.#text.charCodeAt(this.#skipSpace()) !== closing) return false;
    this.#at += 1;
    this.#depth -= 1;
    return true;
  }

  /** Takes what follows a member: the end, or a comma and then another one. */
  #isLast(closing: number): boolean {
    if (this.#ends(closing)) return true;
    if (this.#text.charCodeAt(this.#at) !== codes.comma) throw this.#bad();
    this.#at += 1;
    return false;
  }

  #string(): string {
    const from = this.#at + 1;
    let at = from;
    for (; ; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === codes.quote) break;
      if (code === codes.backslash) return this.#escapedString(at);
      // Past the end it is not a number, and nothing that a string may hold.
      if (!(code >= codes.space)) throw this.#bad();
    }
    this.#at = at + 1;
    return this.#text.slice(from, at);
  }

  /** Escapes are rare: where the string ends is ours to find, what it says is not. @param at the first of them */
  #escapedString(at: number): string {
    let end = at;
    for (let code = codes.backslash as number; code !== codes.quote; code = this.#text.charCodeAt(end)) {
      if (Number.isNaN(code)) throw this.#bad();
      end += code === codes.backslash ? 2 : 1;
    }
    const quoted = this.#text.slice(this.#at, end + 1);
    this.#at = end + 1;
    try {
      const string: unknown = JSON.parse(quoted);
      if (typeof string === "string") return string;
    } catch {
      // Said below, without the text.
    }
    throw this.#bad();
  }

  #number(): number | bigint {
    const from = this.#at;
    let value = 0;
    let at = from;
    let code = this.#text.charCodeAt(at);
    for (; code >= codes.zero && code <= codes.nine; code = this.#text.charCodeAt(at)) {
      value = value * 10 + (code - codes.zero);
      at += 1;
    }
    const isPlain = code === codes.comma || code === codes.closeBrace || code === codes.closeBracket;
    const hasLeadingZero = at - from > 1 && this.#text.charCodeAt(from) === codes.zero;
    if (!isPlain || hasLeadingZero || at === from || at - from > exactDigits) return this.#anyNumber();
    this.#at = at;
    return value;
  }

  #anyNumber(): number | bigint {
    numberShape.lastIndex = this.#at;
    const match = numberShape.exec(this.#text);
    if (match === null) throw this.#bad();
    const [digits] = match;
    this.#at += digits.length;
    const value = Number(digits);
    if (Number.isSafeInteger(value)) return value;
    if (wholeShape.test(digits)) return BigInt(digits);
    if (!Number.isFinite(value)) throw new JsonError("a number beyond the range of a double");
    return value;
  }

  #takes(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #skipSpace(): number {
    for (; ; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      const isSpace =
        code === codes.space || code === codes.newLine || code === codes.carriageReturn || code === codes.tab;
      if (!isSpace) return this.#at;
    }
  }

  #bad(): JsonError {
    return new JsonError(`not JSON (${this.#text.length} characters)`);
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
