/** Turns what zod found into lines that name place, value and what is allowed. */

import { z } from "zod";
import { oneLine } from "./text.ts";

/** The part of JSON Schema that zod makes of the settings. */
export const SchemaNode = z.object({
  type: z.string().optional(),
  description: z.string().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  get properties(): z.ZodOptional<z.ZodRecord<z.ZodString, typeof SchemaNode>> {
    return z.record(z.string(), SchemaNode).optional();
  },
  get items(): z.ZodOptional<typeof SchemaNode> {
    return SchemaNode.optional();
  },
  get additionalProperties(): z.ZodOptional<z.ZodUnion<readonly [typeof SchemaNode, z.ZodBoolean]>> {
    return z.union([SchemaNode, z.boolean()]).optional();
  },
  get anyOf(): z.ZodOptional<z.ZodArray<typeof SchemaNode>> {
    return z.array(SchemaNode).optional();
  },
});
export type SchemaNode = z.infer<typeof SchemaNode>;

export type Problem = {
  readonly path: readonly PropertyKey[];
  readonly text: string;
};

/** One problem for each issue; an issue about unknown keys gives one for each key. */
export function explain(issue: z.core.$ZodIssue, root: SchemaNode, raw: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path, text: `${dotted(path)} is not a known key${suggestion(issue.path, key, root)}` };
    });
  }
  const node = nodeAt(root, issue.path);
  const place = issue.path.length === 0 ? "the document" : dotted(issue.path);
  if (issue.code === "custom") {
    const value = valueAt(raw, issue.path) ?? node?.default;
    return [{ path: issue.path, text: `${place} is ${shown(value)}; it ${issue.message}` }];
  }
  const allowed = issue.code === "invalid_format" || node === null ? issue.message : allowedIn(node);
  return [{ path: issue.path, text: `${place} is ${shown(issue.input)}; allowed: ${allowed}` }];
}

/** What the value at a path may be, in words: `a whole number from 1 to 125`; null where the schema has no such path. */
export function allowedAt(root: SchemaNode, path: readonly PropertyKey[]): string | null {
  const node = nodeAt(root, path);
  return node === null ? null : allowedIn(node);
}

function allowedIn(node: SchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(allowedIn).join(" or ");
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  switch (node.type) {
    case "integer":
      return `a whole number${bounds(node)}`;
    case "number":
      return `a number${bounds(node)}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `a list of ${node.minItems ?? 0} to ${node.maxItems ?? "any number of"} entries${
        node.items === undefined ? "" : `, each ${allowedIn(node.items)}`
      }`;
    case "object":
      return `a section with the keys ${Object.keys(node.properties ?? {}).join(", ")}`;
    default:
      if (node.maxLength !== undefined) return `text of ${node.minLength ?? 0} to ${node.maxLength} characters`;
      return node.minLength === undefined
        ? "text"
        : `text of at least ${node.minLength} character${node.minLength === 1 ? "" : "s"}`;
  }
}

/** Least number of single-character edits between two words. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function dotted(path: readonly PropertyKey[]): string {
  return oneLine(path.map((step) => (typeof step === "number" ? `[${step}]` : String(step))).join("."), 200).replaceAll(
    ".[",
    "[",
  );
}

function bounds(node: SchemaNode): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const low =
    minimum !== undefined ? `at least ${minimum}` : exclusiveMinimum !== undefined ? `above ${exclusiveMinimum}` : null;
  const high =
    maximum !== undefined ? `at most ${maximum}` : exclusiveMaximum !== undefined ? `below ${exclusiveMaximum}` : null;
  const both = [low, high].filter((part) => part !== null);
  return both.length === 0 ? "" : ` ${both.join(" and ")}`;
}

function suggestion(section: readonly PropertyKey[], key: string, root: SchemaNode): string {
  const siblings = Object.keys(nodeAt(root, section)?.properties ?? {});
  const elsewhere = pathsOf(root, []).find((path) => path.at(-1) === key);
  if (elsewhere !== undefined && !siblings.some((name) => editDistance(key.slice(0, 64), name) <= 2)) {
    return `; the nearest is ${dotted(elsewhere)}`;
  }
  const nearest = siblings
    .map((name) => ({ name, distance: editDistance(key.slice(0, 64), name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return nearest === undefined ? "" : `; the nearest is ${dotted([...section, nearest.name])}`;
}

function pathsOf(node: SchemaNode, path: readonly string[]): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => [
    [...path, key],
    ...pathsOf(child, [...path, key]),
  ]);
}

function nodeAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | null {
  let node: SchemaNode | undefined = root;
  for (const step of path) {
    node = typeof step === "number" ? node.items : (node.properties?.[String(step)] ?? anyKeyOf(node));
    if (node === undefined) return null;
  }
  return node;
}

/** What stands under any name, in a section whose keys are names. */
function anyKeyOf({ additionalProperties }: SchemaNode): SchemaNode | undefined {
  return typeof additionalProperties === "object" ? additionalProperties : undefined;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "number") return String(value);
  return oneLine(JSON.stringify(value) ?? String(value), 80);
}
