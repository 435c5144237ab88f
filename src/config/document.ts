/** The documented defaults as YAML: what `config/settings.yaml` holds, made from the schema so that they cannot drift. */

import type { SchemaNode } from "./explain.ts";
import { schemaTree } from "./load.ts";
import { Settings } from "./schema.ts";

const widest = 118;

const head = [
  "# yaml-language-server: $schema=./settings.schema.json",
  "#",
  "# Every threshold of scalpd, with its default. What is left out has the default that stands here.",
  "# Names carry their unit: _ms milliseconds, _seconds seconds, _bps hundredths of a percent, _ticks steps of the price,",
  "# _usdt and notional USDT; a fraction, share or ratio is 0–1. Bounds: settings.schema.json, which an editor reads.",
  "# Check a changed file with `scalpd config check --config FILE`. Secrets do not belong here: see .env.example.",
];

export function documentedDefaults(): string {
  const lines = [...head, "", ...section(schemaTree(), Settings.parse({}), "")];
  return `${lines.join("\n")}\n`;
}

function section(node: SchemaNode, values: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const value = values[key];
    const comment = wrapped(describe(child, key), indent);
    if (isRecord(value) && hasDescribedKeys(child)) {
      const gap = indent === "" ? [""] : [];
      return [...gap, ...comment, `${indent}${key}:`, ...section(child, value, `${indent}  `)];
    }
    return [...comment, ...entry(key, value, indent)];
  });
}

function entry(key: string, value: unknown, indent: string): string[] {
  if (!Array.isArray(value)) return [`${indent}${key}: ${flow(value)}`];
  const line = `${indent}${key}: [${value.map(flow).join(", ")}]`;
  if (line.length <= 60) return [line];
  return [`${indent}${key}:`, ...value.map((item) => `${indent}  - ${flow(item)}`)];
}

function flow(value: unknown): string {
  if (!isRecord(value)) return String(value);
  const pairs = Object.entries(value).map(([key, item]) => `${key}: ${flow(item)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function describe(node: SchemaNode, key: string): string {
  const choices = node.enum === undefined ? "" : ` One of ${node.enum.join(", ")}.`;
  return `${node.description ?? key}${choices}`;
}

function hasDescribedKeys(node: SchemaNode): boolean {
  return Object.values(node.properties ?? {}).some((child) => child.description !== undefined);
}

function wrapped(text: string, indent: string): string[] {
  const lines: string[] = [];
  let line = `${indent}#`;
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > widest) {
      lines.push(line);
      line = `${indent}#`;
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
