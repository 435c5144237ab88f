/**
 * Reads one YAML document as plain data and nothing else: no tags, no merge keys, few aliases, bounded size.
 * @see failure-catalogue S-17, S-19
 */

import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { isMap, isNode, isPair, isScalar, Lexer, LineCounter, parseDocument, visit } from "yaml";
import { ConfigError } from "./error.ts";
import { oneLine } from "./text.ts";

const bytesMax = 256 * 1024;
/** The parser compares each key with its siblings: this bounds the square. Four times the documented defaults. */
const tokensMax = 10_000;
const aliasesMax = 32;
const depthMax = 32;
const problemsMax = 20;

const forbiddenKeys: ReadonlySet<unknown> = new Set(["__proto__", "constructor", "prototype"]);

export type YamlFile = {
  /** null for an empty document */
  readonly value: unknown;
  /** Line, from 1, of a value or of the key itself; null when the file does not have it. */
  readonly lineOf: (path: readonly PropertyKey[]) => number | null;
};

/** @throws {ConfigError} the file cannot be read, is too large, or is not safe, valid YAML */
export function readYaml(path: string): YamlFile {
  const text = readText(path);
  refuseExcess(path, text);
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    merge: false,
    uniqueKeys: true,
  });
  const faults = [...document.errors, ...document.warnings].map((fault) =>
    fault.code === "MULTIPLE_DOCS"
      ? `${path}:${lines.linePos(fault.pos[0]).line}: a second document begins; allowed: one`
      : `${path}: ${oneLine(fault.message.split("\n", 1)[0] ?? "", 200)}`,
  );
  if (faults.length > 0) throw new ConfigError(faults.slice(0, problemsMax));
  const forbidden: string[] = [];
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key)) return;
      const key = pair.key.value;
      const line = pair.key.range ? `:${lines.linePos(pair.key.range[0]).line}` : "";
      if (forbiddenKeys.has(key)) forbidden.push(`${path}${line}: the key ${String(key)} is not allowed`);
      if (key === "<<") forbidden.push(`${path}${line}: merge keys (<<) are not allowed`);
    },
  });
  if (forbidden.length > 0) throw new ConfigError(forbidden.slice(0, problemsMax));
  const lineOf = (keys: readonly PropertyKey[]): number | null => {
    const node = locate(document.contents, keys);
    return node === null ? null : lines.linePos(node).line;
  };
  try {
    return { value: document.toJS({ maxAliasCount: aliasesMax }), lineOf };
  } catch (error) {
    throw new ConfigError([`${path}: ${oneLine(error instanceof Error ? error.message : String(error), 200)}`]);
  }
}

function readText(path: string): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    throw new ConfigError([`${path}: ${whyUnreadable(error)}`]);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw new ConfigError([`${path}: is not a file; allowed: a YAML file`]);
    if (status.size > bytesMax) {
      throw new ConfigError([`${path}: has ${status.size} bytes; allowed: at most ${bytesMax}`]);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`${path}: ${error instanceof TypeError ? "is not UTF-8 text" : whyUnreadable(error)}`]);
  } finally {
    closeSync(file);
  }
}

/** Counts tokens before anything is built from them, so that hostile text costs little. */
function refuseExcess(path: string, text: string): void {
  let tokens = 0;
  let aliases = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    const first = token.charAt(0);
    if (first === "*") aliases += 1;
    if (first === "[" || first === "{") depth += 1;
    if (first === "]" || first === "}") depth -= 1;
    if (first === "!") throw new ConfigError([`${path}: the tag ${oneLine(token, 60)} is not allowed; no tags are`]);
    if (tokens > tokensMax) throw new ConfigError([`${path}: has more than ${tokensMax} YAML tokens`]);
    if (aliases > aliasesMax) throw new ConfigError([`${path}: has more than ${aliasesMax} aliases`]);
    if (depth > depthMax) throw new ConfigError([`${path}: is nested deeper than ${depthMax}`]);
  }
}

/** Offset of the deepest part of the path that the file has; the root alone does not count. */
function locate(root: unknown, path: readonly PropertyKey[]): number | null {
  let node = root;
  let offset: number | null = null;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined || !isPair(pair)) return offset;
      if (isNode(pair.key) && pair.key.range) offset = pair.key.range[0];
      node = pair.value;
    } else {
      return offset;
    }
  }
  return offset;
}

function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "may not be read by this user";
    case "EISDIR":
      return "is a directory; allowed: a YAML file";
    default:
      return `cannot be read: ${oneLine(error instanceof Error ? error.message : String(error), 200)}`;
  }
}
