/**
 * JSON from outside, read strictly: what two readers could take in two ways is refused, not guessed at. Objects have no
 * prototype. @see failure-catalogue S-15, S-18, S-19
 */

/** The text is not JSON that we take. The message says where and why; it quotes nothing but a key. */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

const depthMax = 16;
const keysMax = 256;
/** Keys that could reach a prototype. */
const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);
const numberShape = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const stringShape = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const spaceShape = /[ \t\n\r]*/y;

/**
 * Parses one JSON value.
 *
 * @throws {StrictJsonError} no JSON; a key that stands twice or could reach a prototype; a number that a double does not
 * hold, or minus zero; half a surrogate pair; nesting deeper than {@link depthMax}; more than {@link keysMax} keys
 */
export function parseStrictJson(text: string): unknown {
  const reader = new Reader(text);
  return reader.document();
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value(0);
    this.#space();
    if (this.#at < this.#text.length) throw this.#wrong("something follows the value");
    return value;
  }

  #value(depth: number): unknown {
    if (depth > depthMax) throw this.#wrong(`nested deeper than ${depthMax}`);
    this.#space();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(depth: number): Readonly<Record<string, unknown>> {
    const object: Record<string, unknown> = Object.create(null);
    let keys = 0;
    this.#at += 1;
    if (this.#takes("}")) return object;
    do {
      keys += 1;
      if (keys > keysMax) throw this.#wrong(`an object has more than ${keysMax} keys`);
      this.#space();
      if (this.#text[this.#at] !== '"') throw this.#wrong("a key is expected");
      const key = this.#string();
      if (forbiddenKeys.has(key)) throw this.#wrong(`the key ${key} is not allowed`);
      if (Object.hasOwn(object, key)) throw this.#wrong(`the key ${JSON.stringify(key.slice(0, 40))} stands twice`);
      if (!this.#takes(":")) throw this.#wrong("a colon is expected");
      object[key] = this.#value(depth + 1);
    } while (this.#takes(","));
    if (!this.#takes("}")) throw this.#wrong("a comma or the end of the object is expected");
    return object;
  }

  #array(depth: number): readonly unknown[] {
    const array: unknown[] = [];
    this.#at += 1;
    if (this.#takes("]")) return array;
    do {
      array.push(this.#value(depth + 1));
    } while (this.#takes(","));
    if (!this.#takes("]")) throw this.#wrong("a comma or the end of the list is expected");
    return array;
  }

  #string(): string {
    const quoted = this.#match(stringShape);
    if (quoted === null) throw this.#wrong("not a string");
    const string: unknown = JSON.parse(quoted);
    if (typeof string !== "string" || !string.isWellFormed()) throw this.#wrong("not a string");
    return string;
  }

  #number(): number {
    const digits = this.#match(numberShape);
    if (digits === null) throw this.#wrong("a value is expected");
    const number = Number(digits);
    if (!Number.isFinite(number)) throw this.#wrong("a number is too large");
    if (Object.is(number, -0)) throw this.#wrong("minus zero is not allowed");
    if (number === 0 && /[1-9]/.test(digits.split(/[eE]/)[0] ?? "")) throw this.#wrong("a number is too small");
    return number;
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#wrong("a value is expected");
    this.#at += word.length;
    return value;
  }

  #takes(character: string): boolean {
    this.#space();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    this.#match(spaceShape);
  }

  #match(shape: RegExp): string | null {
    shape.lastIndex = this.#at;
    const found = shape.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at = shape.lastIndex;
    return found;
  }

  #wrong(why: string): StrictJsonError {
    return new StrictJsonError(`not JSON that is taken, at character ${this.#at + 1}: ${why}`);
  }
}
