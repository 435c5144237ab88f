/**
 * The architecture check: which part of src/ may load what, and no clock, I/O, randomness or promise in the
 * deterministic parts. Held on the syntax tree, from the table in architecture/rules.ts. It proves that it saw every
 * file: what it reached through its table and the imports is compared with what lies on the disk.
 */

import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import { type Zone, zones } from "./architecture/rules.ts";
import { type Import, type Scan, scan } from "./architecture/scan.ts";

export type Violation = {
  /** relative to the root */
  readonly file: string;
  readonly line: number;
  readonly rule: "import" | "determinism" | "loader" | "parse" | "unseen" | "empty";
  readonly found: string;
  readonly allowed: string;
};

export type Report = {
  /** files parsed without an error */
  readonly files: number;
  readonly imports: number;
  readonly violations: readonly Violation[];
};

const codeFile = /\.[cm]?[jt]sx?$/;

/**
 * Checks `<root>/src`.
 *
 * @param table the zones; another table than the project's serves to test the check itself
 */
export function checkArchitecture(root: string, table: readonly Zone[] = zones): Report {
  const source = join(root, "src");
  const violations: Violation[] = [];
  const seen = new Map<string, Scan>();
  const waiting = filesOfZones(source, table);
  let imports = 0;
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    const scanned = scan(file, readFileSync(join(source, file), "utf8"));
    seen.set(file, scanned);
    imports += scanned.imports.length;
    violations.push(...violationsOf(source, file, scanned, table));
    for (const { specifier } of scanned.imports) {
      const target = specifier === null ? null : insideTarget(file, specifier);
      if (target !== null && codeFile.test(target) && existsSync(join(source, target))) waiting.push(target);
    }
  }
  violations.push(...unseen(source, seen));
  const files = [...seen.values()].filter((scanned) => scanned.parseError === null).length;
  return { files, imports, violations };
}

function filesOfZones(source: string, table: readonly Zone[]): string[] {
  return table.flatMap((zone) =>
    globSync(`${zone.path}/**/*`, { cwd: source })
      .map((file) => file.split(sep).join("/"))
      .filter((file) => codeFile.test(file)),
  );
}

/** Everything that lies below src/, listed without the table and without the imports, must have been seen. */
function unseen(source: string, seen: ReadonlyMap<string, Scan>): readonly Violation[] {
  const violations: Violation[] = [];
  let count = 0;
  for (const entry of existsSync(source) ? readdirSync(source, { recursive: true, withFileTypes: true }) : []) {
    const file = relative(source, join(entry.parentPath, entry.name)).split(sep).join("/");
    const place = { file: `src/${file}`, line: 1, rule: "unseen" } as const;
    if (entry.isSymbolicLink()) {
      violations.push({ ...place, found: "a symbolic link", allowed: "files and folders" });
    } else if (entry.isFile() && codeFile.test(file)) {
      count += 1;
      if (seen.has(file)) continue;
      violations.push({
        ...place,
        found: "a file that no rule covers",
        allowed: "a folder that the table of rules names",
      });
    }
  }
  if (count === 0) {
    violations.push({ file: "src", line: 1, rule: "empty", found: "no file", allowed: "at least one" });
  }
  return violations;
}

function violationsOf(source: string, file: string, scanned: Scan, table: readonly Zone[]): readonly Violation[] {
  const place = { file: `src/${file}`, line: 1 };
  if (scanned.parseError !== null) {
    return [{ ...place, rule: "parse", found: scanned.parseError, allowed: "TypeScript that parses" }];
  }
  const zone = zoneOf(file, table);
  if (zone === null) return [];
  const violations: Violation[] = [];
  for (const one of scanned.imports) {
    const refused = refusal(source, file, zone, one, table);
    if (refused !== null) violations.push({ ...place, line: one.line, rule: "import", ...refused });
  }
  for (const { line, found, everywhere } of scanned.findings) {
    if (everywhere) {
      violations.push({ ...place, line, rule: "loader", found, allowed: "import, which can be checked" });
    } else if (zone.deterministic) {
      const allowed = `nothing that reads a clock, waits, draws or does I/O in ${zone.path}/: it comes in as an event`;
      violations.push({ ...place, line, rule: "determinism", found, allowed });
    }
  }
  return violations;
}

type Refusal = Pick<Violation, "found" | "allowed">;

function refusal(source: string, file: string, zone: Zone, one: Import, table: readonly Zone[]): Refusal | null {
  if (one.specifier === null) return { found: "an import that is not a literal", allowed: "a literal" };
  const target = insideTarget(file, one.specifier);
  return target === null ? refusedModule(zone, one.specifier) : refusedFile(source, zone, one, target, table);
}

function refusedFile(source: string, zone: Zone, one: Import, target: string, table: readonly Zone[]): Refusal | null {
  const found = `${one.typeOnly ? "import type of " : ""}${one.specifier}`;
  const owner = zoneOf(target, table)?.path ?? null;
  const may = (list: readonly string[]): boolean => list.includes(target) || (owner !== null && list.includes(owner));
  if (owner !== zone.path && !may(zone.imports) && !(one.typeOnly && may(zone.types))) {
    const types = zone.types.length > 0 ? `; import type also of ${zone.types.join(", ")}` : "";
    return { found, allowed: `${zone.path}/ may import ${[zone.path, ...zone.imports].join(", ")}${types}` };
  }
  return existsSync(join(source, target)) ? null : { found, allowed: "a file that exists, with its extension" };
}

function refusedModule(zone: Zone, specifier: string): Refusal | null {
  const name = moduleName(specifier);
  if (name === null) return { found: specifier, allowed: "a relative path, a package or a node: module" };
  if (zone.modules === "any" || zone.modules.includes(name)) return null;
  const allowed = zone.modules.length === 0 ? "no package or node: module" : zone.modules.join(", ");
  return { found: specifier, allowed: `${zone.path}/ may import ${allowed}` };
}

/** `node:fs`, `zod`, `@scope/name`; null for what could lead back into src/ unseen (`#x`, `/x`, `file:x`, ourselves). */
function moduleName(specifier: string): string | null {
  if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  const match = /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*(?=\/|$)/.exec(specifier);
  return match === null || match[0] === "scalpd" ? null : match[0];
}

/** Path relative to src/ of a relative specifier (it may begin with `../`), or null for a package. */
function insideTarget(file: string, specifier: string): string | null {
  return /^\.{1,2}(\/|$)/.test(specifier) ? posix.normalize(posix.join(posix.dirname(file), specifier)) : null;
}

/** The zone with the longest path that holds the file. */
function zoneOf(file: string, table: readonly Zone[]): Zone | null {
  let best: Zone | null = null;
  for (const zone of table) {
    if (file.startsWith(`${zone.path}/`) && zone.path.length > (best?.path.length ?? 0)) best = zone;
  }
  return best;
}

function main(): number {
  const report = checkArchitecture(resolve(dirname(import.meta.filename), ".."));
  for (const { file, line, rule, found, allowed } of report.violations) {
    process.stderr.write(`${file}:${line}: ${rule}: ${found}; allowed: ${allowed}\n`);
  }
  process.stdout.write(`${report.files} files, ${report.imports} imports, ${report.violations.length} violations\n`);
  return report.violations.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main();
