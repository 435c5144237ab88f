/** Reads one file's syntax tree: everything that it imports, and every name and construct that determinism forbids. */

import { parseSync, visitorKeys } from "oxc-parser";
import { forbiddenGlobals, forbiddenMembers, hiddenLoaders } from "./rules.ts";

/** `specifier` is null where the argument is not a literal. */
export type Import = { readonly line: number; readonly specifier: string | null; readonly typeOnly: boolean };

/** Something that a deterministic zone may not do, or (`everywhere`) that no zone may do. */
export type Finding = { readonly line: number; readonly found: string; readonly everywhere: boolean };

export type Scan = {
  readonly imports: readonly Import[];
  readonly findings: readonly Finding[];
  /** null when the file parsed without an error */
  readonly parseError: string | null;
};

/** A node of whatever kind: the fields that are read here, each of which most kinds lack. */
type Node = {
  readonly type: string;
  readonly start: number;
  readonly arguments?: unknown;
  readonly async?: unknown;
  readonly await?: unknown;
  readonly callee?: unknown;
  readonly computed?: unknown;
  readonly exportKind?: unknown;
  readonly expression?: unknown;
  readonly importKind?: unknown;
  readonly kind?: unknown;
  readonly left?: unknown;
  readonly name?: unknown;
  readonly object?: unknown;
  readonly property?: unknown;
  readonly quasis?: unknown;
  readonly right?: unknown;
  readonly source?: unknown;
  readonly value?: unknown;
};

export function scan(path: string, text: string): Scan {
  const sourceType = /\.c[jt]s$/.test(path) ? "commonjs" : "module";
  const parsed = parseSync(path, text, { sourceType, showSemanticErrors: true });
  const error = parsed.errors[0];
  if (error !== undefined) return { imports: [], findings: [], parseError: error.message };
  const imports: Import[] = [];
  const findings: Finding[] = [];
  const lineOf = lineCounter(text);
  walk(parsed.program, (node, key, parent, grandparent) => {
    const line = lineOf(node.start);
    for (const loaded of loadedBy(node)) imports.push({ line, ...loaded });
    for (const found of nondeterminism(node, parent, key)) findings.push({ line, found, everywhere: false });
    const loader = hiddenLoader(node, parent, grandparent, key);
    if (loader !== null) findings.push({ line, found: loader, everywhere: true });
  });
  return { imports, findings, parseError: null };
}

function loadedBy(node: Node): readonly Omit<Import, "line">[] {
  switch (node.type) {
    case "ImportDeclaration":
      return [{ specifier: literal(node.source), typeOnly: node.importKind === "type" }];
    case "ExportAllDeclaration":
    case "ExportNamedDeclaration":
      if (!isNode(node.source)) return [];
      return [{ specifier: literal(node.source), typeOnly: node.exportKind === "type" }];
    case "TSImportType":
      return [{ specifier: literal(node.source), typeOnly: true }];
    case "TSExternalModuleReference":
      return [{ specifier: literal(node.expression), typeOnly: false }];
    case "ImportExpression":
      return [{ specifier: literal(node.source), typeOnly: false }];
    case "CallExpression":
      return isLoaderCall(node) ? [{ specifier: literal(firstArgument(node)), typeOnly: false }] : [];
    case "NewExpression":
      return workerFile(node);
    default:
      return [];
  }
}

/** `require(x)`, `process.getBuiltinModule(x)`, `import.meta.resolve(x)` */
function isLoaderCall(node: Node): boolean {
  const callee = node.callee;
  if (!isNode(callee)) return false;
  if (isIdentifier(callee, "require")) return true;
  const member = memberName(callee);
  if (member === "getBuiltinModule") return true;
  return member === "resolve" && isNode(callee.object) && callee.object.type === "MetaProperty";
}

/** `new URL("./store.worker.ts", import.meta.url)`: a worker's file is loaded as surely as an import. */
function workerFile(node: Node): readonly Omit<Import, "line">[] {
  if (!isIdentifier(node.callee, "URL")) return [];
  const path = literal(firstArgument(node));
  return path !== null && /^\.{1,2}\/.*\.[cm]?[jt]sx?$/.test(path) ? [{ specifier: path, typeOnly: false }] : [];
}

function nondeterminism(node: Node, parent: Node | null, key: string): readonly string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return node.async === true ? ["an async function"] : [];
    case "AwaitExpression":
      return ["await"];
    case "ForOfStatement":
      return node.await === true ? ["for await"] : [];
    case "VariableDeclaration":
      return node.kind === "await using" ? ["await using"] : [];
    case "ImportExpression":
      return ["import() (a promise)"];
    case "MemberExpression":
    case "TSQualifiedName":
      return forbiddenMember(node);
    case "Identifier":
      return isPropertyName(parent, key) ? [] : forbiddenName(node, parent, key);
    default:
      return [];
  }
}

function forbiddenName(node: Node, parent: Node | null, key: string): readonly string[] {
  const name = String(node.name);
  const why = forbiddenGlobals.get(name);
  if (why !== undefined) return [`${name} (${why})`];
  if (!forbiddenMembers.has(name)) return [];
  // Handed on as a value (`const m = Math`, `const { random } = Math`) its members could no longer be seen.
  const member = key === "object" && parent?.type === "MemberExpression" && memberName(parent) !== null;
  const typeMember = key === "left" && parent?.type === "TSQualifiedName";
  return member || typeMember ? [] : [`${name} other than as ${name}.<member>`];
}

function forbiddenMember(node: Node): readonly string[] {
  const object = node.type === "MemberExpression" ? node.object : node.left;
  const member = memberName(node);
  if (!isNode(object) || object.type !== "Identifier" || member === null) return [];
  const why = forbiddenMembers.get(String(object.name))?.get(member);
  return why === undefined ? [] : [`${String(object.name)}.${member} (${why})`];
}

/** A loader that is renamed, handed on or made: what it loads could not be seen, so the name itself is refused. */
function hiddenLoader(node: Node, parent: Node | null, grandparent: Node | null, key: string): string | null {
  const name = node.type === "Identifier" ? node.name : node.type === "Literal" ? node.value : null;
  if (typeof name !== "string") return null;
  if (hiddenLoaders.has(name)) return node.type === "Identifier" ? name : null;
  if (name === "require" && node.type === "Identifier" && !isPropertyName(parent, key)) {
    return key === "callee" && parent?.type === "CallExpression" ? null : "require as a value";
  }
  if (name !== "getBuiltinModule") return null;
  const called = parent?.type === "MemberExpression" && isNode(grandparent) && grandparent.callee === parent;
  return called ? null : "getBuiltinModule as a value";
}

/** Whether this identifier only names a property, a label or another module's export. */
function isPropertyName(parent: Node | null, key: string): boolean {
  switch (parent?.type) {
    case "MemberExpression":
      return key === "property" && parent.computed !== true;
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
    case "TSAbstractMethodDefinition":
    case "TSAbstractPropertyDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return key === "key" && parent.computed !== true;
    case "ImportSpecifier":
      return key === "imported";
    case "ExportSpecifier":
      return key === "exported";
    case "ImportAttribute":
      return key === "key";
    case "TSQualifiedName":
      return key === "right";
    case "TSNamedTupleMember":
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return key === "label";
    case "MetaProperty":
      return true;
    default:
      return false;
  }
}

function memberName(node: Node): string | null {
  if (node.type === "TSQualifiedName") return isNode(node.right) ? String(node.right.name) : null;
  if (node.type !== "MemberExpression") return null;
  const property = node.property;
  if (!isNode(property)) return null;
  if (node.computed === true) return literal(property);
  return property.type === "Identifier" ? String(property.name) : null;
}

function firstArgument(node: Node): unknown {
  return Array.isArray(node.arguments) ? node.arguments[0] : undefined;
}

/** The text of a string literal or of a template without substitutions. */
function literal(node: unknown): string | null {
  if (!isNode(node)) return null;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral") return null;
  const quasis: unknown = node.quasis;
  const only: unknown = Array.isArray(quasis) && quasis.length === 1 ? quasis[0] : undefined;
  const value = isNode(only) ? only.value : undefined;
  if (typeof value !== "object" || value === null || !("cooked" in value)) return null;
  return typeof value.cooked === "string" ? value.cooked : null;
}

function isIdentifier(node: unknown, name: string): boolean {
  return isNode(node) && node.type === "Identifier" && node.name === name;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

type Visit = (node: Node, key: string, parent: Node | null, grandparent: Node | null) => void;

/** @throws {Error} a kind of node that the parser does not list: its children would go unseen */
function walk(root: unknown, visit: Visit): void {
  const inner = (node: Node, key: string, parent: Node | null, grandparent: Node | null): void => {
    visit(node, key, parent, grandparent);
    const keys = visitorKeys[node.type];
    if (keys === undefined) throw new Error(`the parser lists no children for ${node.type}`);
    for (const childKey of keys) {
      const child: unknown = Reflect.get(node, childKey);
      for (const each of Array.isArray(child) ? child : [child]) if (isNode(each)) inner(each, childKey, node, parent);
    }
  };
  if (isNode(root)) inner(root, "program", null, null);
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let line = starts.length;
    while (line > 1 && (starts[line - 1] ?? 0) > offset) line -= 1;
    return line;
  };
}
