/** Reads the settings: YAML, then the schema; every error at once. @see requirements CFG-1, CFG-2 */

import { z } from "zod";
import { ConfigError } from "./error.ts";
import { explain, type Problem, SchemaNode } from "./explain.ts";
import { Settings } from "./schema.ts";
import { readYaml, type YamlFile } from "./yaml.ts";

/** What the command line says instead of the file, by dotted path: `{ "exchange.speed": 5 }`. */
export type Overrides = Readonly<Record<string, unknown>>;

/**
 * @param path the YAML file; null takes the defaults
 * @throws {ConfigError} the file or a value in it cannot be used; `problems` has a line for each
 */
export function loadSettings(path: string | null, overrides: Overrides = {}): Settings {
  return settingsOf(path === null ? { value: null, lineOf: () => null } : readYaml(path), path, overrides);
}

/**
 * The settings of a file that was read.
 *
 * @throws {ConfigError} a value in it cannot be used
 */
export function settingsOf(file: YamlFile, path: string | null, overrides: Overrides): Settings {
  const raw = withOverrides(file.value ?? {}, overrides);
  const parsed = Settings.safeParse(raw, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = [...explainAll(parsed.error, raw), ...crossFieldProblems(raw, parsed.error)];
  const placed = problems.map((problem) => {
    // What an option has replaced does not stand in the file, whatever stands there.
    const isOption = Object.hasOwn(overrides, problem.path.join("."));
    const line = isOption ? null : file.lineOf(problem.path);
    return { line, text: `${isOption ? "command line" : placeIn(path, line)}: ${problem.text}` };
  });
  placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  throw new ConfigError(placed.map(({ text }) => text));
}

function placeIn(path: string | null, line: number | null): string {
  return `${path ?? "settings"}${line === null ? "" : `:${line}`}`;
}

/** The published schema: an editor completes and checks the YAML with it. */
export function settingsJsonSchema(): unknown {
  return {
    title: "scalpd settings",
    ...z.toJSONSchema(Settings, { io: "input" }),
  };
}

/** The same, for those who walk through it. */
export function schemaTree(): SchemaNode {
  return SchemaNode.parse(settingsJsonSchema());
}

function explainAll(error: z.ZodError, raw: unknown): Problem[] {
  const root = schemaTree();
  return error.issues.flatMap((issue) => explain(issue, root, raw));
}

/**
 * zod checks relations between settings only when every single value is good. The bad ones are replaced by their
 * defaults and the rest is checked again, so that nothing has to be mended in two rounds.
 */
function crossFieldProblems(raw: unknown, error: z.ZodError): Problem[] {
  const mended = structuredClone(raw);
  const touched = new Set<string>();
  for (const issue of error.issues) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    for (const path of keys) {
      touched.add(path.join("."));
      remove(mended, path);
    }
  }
  const again = Settings.safeParse(mended, { reportInput: true });
  if (again.success) return [];
  const fresh = again.error.issues.filter((issue) => issue.code === "custom" && !touched.has(issue.path.join(".")));
  return fresh.flatMap((issue) => explain(issue, schemaTree(), raw));
}

/** Removes the value, or the whole list that it stands in. */
function remove(root: unknown, path: readonly PropertyKey[]): void {
  const list = path.findIndex((step) => typeof step === "number");
  const keys = list === -1 ? path : path.slice(0, list);
  let section = root;
  for (const key of keys.slice(0, -1)) {
    if (!isSection(section)) return;
    section = section[String(key)];
  }
  const last = keys.at(-1);
  if (isSection(section) && last !== undefined) delete section[String(last)];
}

function withOverrides(value: unknown, overrides: Overrides): unknown {
  if (!isSection(value)) return value;
  const root: Record<string, unknown> = structuredClone(value);
  for (const [path, wanted] of Object.entries(overrides)) {
    const keys = path.split(".");
    let section = root;
    for (const key of keys.slice(0, -1)) {
      const child = section[key];
      if (child === undefined || child === null) {
        const made: Record<string, unknown> = {};
        section[key] = made;
        section = made;
      } else if (isSection(child)) {
        section = child;
      } else {
        // The file has something else where a section belongs: the schema says so in its own words.
        return root;
      }
    }
    section[keys.at(-1) ?? ""] = wanted;
  }
  return root;
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
