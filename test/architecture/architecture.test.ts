/** Plants every kind of violation in a small tree of its own and sees that the check goes red, and where it stays green. */

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { zones } from "../../scripts/architecture/rules.ts";
import { checkArchitecture, type Report } from "../../scripts/architecture.ts";

const roots: string[] = [];

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** One clean file in every zone, each importing what it may. */
const clean: Readonly<Record<string, string>> = {
  "domain/units.ts": 'import { Decimal } from "decimal.js";\nexport const one = new Decimal(1);\n',
  "domain/assert.ts": "export const assert = 1;\n",
  "domain/order.ts": "export type Order = { readonly process: number; readonly Date: string };\n",
  "market/book.ts": 'import { one } from "../domain/units.ts";\nexport const book = Math.max(1, Number(one));\n',
  "account/account.ts": 'export { book } from "../market/book.ts";\n',
  "decision/source.ts": 'import type { Settings } from "../config/schema.ts";\nexport type Source = Settings;\n',
  "risk/risk.ts": 'export * from "../decision/source.ts";\n',
  "execution/gate.ts": 'import "../risk/risk.ts";\nexport const gate = { fetch: 1, async: 2 }.fetch;\n',
  "engine/engine.ts": 'import { gate } from "../execution/gate.ts";\nexport const engine = gate;\n',
  "venue/adapter.ts": 'import { z } from "zod";\nimport "../domain/units.ts";\nexport const shape = z.string();\n',
  "venue/live/socket.ts": 'import { WebSocket } from "ws";\nexport const at = Date.now();\nexport { WebSocket };\n',
  "exchange/match.ts": 'import { assert } from "../domain/assert.ts";\nexport const match = assert;\n',
  "files/make.ts": 'import "node:fs";\nexport const make = 1;\n',
  "exchange/wire/server.ts": 'import "node:crypto";\nimport "../match.ts";\nexport const wait = async () => 1;\n',
  "tape/tape.ts": 'import "apache-arrow";\nexport const tape = 1;\n',
  "store/store.ts": 'import "node:sqlite";\nexport const w = new URL("./store.worker.ts", import.meta.url);\n',
  "store/store.worker.ts": 'import { one } from "../domain/units.ts";\nexport const rows = one;\n',
  "ops/log.ts": 'import "pino";\nimport "../config/schema.ts";\nexport const log = 1;\n',
  "config/schema.ts": 'import "node:fs";\nimport "yaml";\nexport type Settings = { readonly a: 1 };\n',
  "host/live.ts": 'import "../engine/engine.ts";\nexport const host = process.getBuiltinModule("node:http");\n',
  "faults/world.ts":
    'import "node:crypto";\nimport "../engine/engine.ts";\nimport "./judge/judge.ts";\nexport const world = 1;\n',
  "faults/plan/draw.ts": 'import "../../tape/tape.ts";\nexport const plan = 1;\n',
  "faults/judge/judge.ts": 'import type { Order } from "../../domain/order.ts";\nexport type Told = Order;\n',
  "faults/session/pool.ts": 'import "node:worker_threads";\nimport "../world.ts";\nexport const pool = 1;\n',
  "cli/main.ts": 'const host = await import("../host/live.ts");\nexport { host };\n',
};

function treeWith(planted: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "scalpd-architecture-"));
  roots.push(root);
  for (const [file, text] of Object.entries({ ...clean, ...planted })) {
    const path = join(root, "src", file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return root;
}

function check(planted: Readonly<Record<string, string>>): Report {
  return checkArchitecture(treeWith(planted));
}

/** `file:line rule` of each violation. */
function places(report: Report): readonly string[] {
  return report.violations.map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

test("the project's own src/ has no violation", () => {
  const report = checkArchitecture(resolve(import.meta.dirname, "../.."));
  expect(report.violations).toEqual([]);
  expect(report.files).toBeGreaterThan(10);
});

test("a clean tree passes, and every file and import of it is counted", () => {
  expect(check({})).toEqual({ files: Object.keys(clean).length, imports: 32, violations: [] });
});

test("the order of the table makes no difference", () => {
  const root = treeWith({ "venue/live/planted.ts": 'import "node:net";', "venue/planted.ts": 'import "node:net";' });
  expect(places(checkArchitecture(root, zones.toReversed()))).toEqual(["src/venue/planted.ts:1 import"]);
  expect(places(checkArchitecture(root))).toEqual(["src/venue/planted.ts:1 import"]);
});

const refusedImports: readonly (readonly [what: string, file: string, text: string])[] = [
  ["a folder to its right", "market/planted.ts", 'import "../execution/gate.ts";'],
  ["a type of a folder to its right", "market/planted.ts", 'import type { Source } from "../decision/source.ts";'],
  ["a type by import()", "market/planted.ts", 'export type S = import("../decision/source.ts").Source;'],
  ["a re-export of a folder to its right", "domain/planted.ts", 'export { book } from "../market/book.ts";'],
  ["a star export of a folder to its right", "domain/planted.ts", 'export * from "../market/book.ts";'],
  ["venue from the core", "engine/planted.ts", 'import "../venue/adapter.ts";'],
  ["exchange from the core", "engine/planted.ts", 'import "../exchange/match.ts";'],
  ["store from the core", "engine/planted.ts", 'import "../store/store.ts";'],
  ["ops from the core", "engine/planted.ts", 'import "../ops/log.ts";'],
  ["tape from the core", "engine/planted.ts", 'import "../tape/tape.ts";'],
  ["host from the core", "engine/planted.ts", 'import "../host/live.ts";'],
  ["the command line from the core", "engine/planted.ts", 'import "../cli/main.ts";'],
  ["the configuration's values from the core", "risk/planted.ts", 'import { Settings } from "../config/schema.ts";'],
  ["a value beside a type", "risk/planted.ts", 'import { type Settings } from "../config/schema.ts";'],
  [
    "the configuration's types from domain",
    "domain/planted.ts",
    'import type { Settings } from "../config/schema.ts";',
  ],
  ["a node module from the core", "engine/planted.ts", 'import { readFileSync } from "node:fs";'],
  ["a node module without its prefix", "engine/planted.ts", 'import { readFileSync } from "fs";'],
  ["a type of a node module", "engine/planted.ts", 'import type { Stats } from "node:fs";'],
  ["a package from the core", "engine/planted.ts", 'import { z } from "zod";'],
  ["decimal.js outside domain", "engine/planted.ts", 'import { Decimal } from "decimal.js";'],
  ["another package from domain", "domain/planted.ts", 'import { z } from "zod";'],
  ["the core from the exchange", "exchange/planted.ts", 'import "../execution/gate.ts";'],
  ["the order vocabulary from the exchange", "exchange/planted.ts", 'import type { Order } from "../domain/order.ts";'],
  [
    "the order vocabulary from the wire",
    "exchange/wire/planted.ts",
    'import type { Order } from "../../domain/order.ts";',
  ],
  ["the wire from the exchange's state machine", "exchange/planted.ts", 'import "./wire/server.ts";'],
  ["a server in the exchange's state machine", "exchange/planted.ts", 'import "fastify";'],
  ["the live transport from the adapter", "venue/planted.ts", 'import "./live/socket.ts";'],
  ["a socket in the adapter", "venue/planted.ts", 'import "ws";'],
  ["node:crypto in the adapter", "venue/planted.ts", 'import "node:crypto";'],
  ["the core from the adapter", "venue/planted.ts", 'import "../execution/gate.ts";'],
  ["the core from the live transport", "venue/live/planted.ts", 'import "../../engine/engine.ts";'],
  ["the core from tape", "tape/planted.ts", 'import "../market/book.ts";'],
  ["the core from store", "store/planted.ts", 'import "../engine/engine.ts";'],
  ["the core from a worker that store starts", "store/planted.ts", 'new URL("../engine/engine.ts", import.meta.url);'],
  ["store from ops", "ops/planted.ts", 'import "../store/store.ts";'],
  ["a socket in config", "config/planted.ts", 'import "node:net";'],
  [
    "the core's orders from the judge",
    "faults/judge/planted.ts",
    'import type { gate } from "../../execution/gate.ts";',
  ],
  ["recovery from the judge", "faults/judge/planted.ts", 'import "../../engine/engine.ts";'],
  [
    "the vocabulary's code from the judge",
    "faults/judge/planted.ts",
    'import { assert } from "../../domain/assert.ts";',
  ],
  ["the exchange's code from the judge", "faults/judge/planted.ts", 'import "../../exchange/match.ts";'],
  ["the simulated world from the judge", "faults/judge/planted.ts", 'import "../world.ts";'],
  ["a socket from the simulation", "faults/planted.ts", 'import "node:net";'],
  ["the simulation from the daemon", "host/planted.ts", 'import "../faults/world.ts";'],
  ["the command line from host", "host/planted.ts", 'import "../cli/main.ts";'],
  ["a folder to its right by import()", "store/planted.ts", 'void import("../engine/engine.ts");'],
  ["a folder to its right by require", "store/planted.ts", 'require("../engine/engine.ts");'],
  ["a node module by getBuiltinModule", "config/planted.ts", 'process.getBuiltinModule("node:net");'],
  ["a module through import =", "config/planted.ts", 'import net = require("node:net");'],
  ["import() of what is not a literal", "host/planted.ts", "void import(String(process.argv[2]));"],
  ["require of what is not a literal", "host/planted.ts", "require(String(process.argv[2]));"],
  ["getBuiltinModule of what is not a literal", "host/planted.ts", "process.getBuiltinModule(process.title);"],
  ["a subpath that package.json could map into src/", "host/planted.ts", 'import "#engine";'],
  ["the project by its own name", "host/planted.ts", 'import "scalpd/src/cli/main.ts";'],
  ["an absolute file", "host/planted.ts", 'import "file:///tmp/x.ts";'],
  ["a file outside src/", "host/planted.ts", 'import "../../scripts/architecture.ts";'],
  ["a file that does not exist", "host/planted.ts", 'import "./nowhere.ts";'],
];

test.each(refusedImports)("an import is refused: %s", (_what, file, text) => {
  expect(places(check({ [file]: `\n${text}\n` }))).toEqual([`src/${file}:2 import`]);
});

const nondeterminism: readonly (readonly [what: string, text: string])[] = [
  ["Date.now", "export const now = Date.now();"],
  ["new Date", "export const now = new Date();"],
  ["Date as a type", "export type Time = Date;"],
  ["Date in a shorthand property", "export const bag = { Date };"],
  ["performance", "export const now = performance.now();"],
  ["a clock inside Intl", "export const now = new Intl.DateTimeFormat().format();"],
  ["Math.random", "export const draw = Math.random();"],
  ["Math.random by a computed name", 'export const draw = Math["random"]();'],
  ["Math.random by its type", "export type Draw = typeof Math.random;"],
  ["Math handed on", "export const m = Math;"],
  ["Math taken apart", "export const { random } = Math;"],
  ["a computed member of Math", "export const f = (name: 'max') => Math[name];"],
  ["crypto", "export const id = crypto.randomUUID();"],
  ["setTimeout", "setTimeout(() => {}, 1);"],
  ["setInterval", "setInterval(() => {}, 1);"],
  ["setImmediate", "setImmediate(() => {});"],
  ["queueMicrotask", "queueMicrotask(() => {});"],
  ["process", "export const id = process.pid;"],
  ["process under a local name", "export const f = (process: number) => process;"],
  ["Promise", "export const p = Promise.resolve(1);"],
  ["Promise as a type", "export type P = Promise<number>;"],
  ["an async function", "export async function f() {}"],
  ["an async arrow", "export const f = async () => 1;"],
  ["an async method", "export class A { async f() {} }"],
  ["await", "await 1;"],
  ["for await", "for await (const _ of []) {}"],
  ["import()", 'export const p = import("./nothing.json");'],
  ["import() of what is not a literal", "export const p = (name: string) => import(name);"],
  ["fetch", 'fetch("http://localhost");'],
  ["globalThis", 'export const D = globalThis["Date"];'],
  ["console", 'console.log("x");'],
  ["require", 'require("node:fs");'],
  ["eval", 'eval("Date.now()");'],
  ["the Function constructor", 'new Function("return Date.now()")();'],
];

const deterministicFolders = zones.filter((zone) => zone.deterministic).map((zone) => zone.path);

test("the deterministic folders are the core, the adapter, the exchange's state machine and the simulation's judge", () => {
  const core = ["domain", "market", "account", "decision", "risk", "execution", "engine"];
  expect(deterministicFolders).toEqual([...core, "venue", "exchange", "faults/plan", "faults/judge"]);
});

test.each(nondeterminism)("each deterministic folder refuses %s", (_what, text) => {
  const files = deterministicFolders.map((folder) => `${folder}/planted.ts`);
  const report = check(Object.fromEntries(files.map((file) => [file, `\n${text}\n`])));
  const red = new Set(places(report).filter((place) => place.endsWith("determinism")));
  expect([...red].toSorted()).toEqual(files.map((file) => `src/${file}:2 determinism`).toSorted());
});

const allowedInCore: readonly (readonly [what: string, text: string])[] = [
  ["a property", "export const f = (order: { process: number }) => order.process;"],
  ["an optional property", "export const f = (order?: { Date: number }) => order?.Date;"],
  ["a property key", "export const o = { fetch: 1, Date: 2, process() {} };"],
  ["a property that a pattern renames", "export const f = ({ process: name }: { process: 1 }) => name;"],
  ["a member of a class", "export class A { performance = 1; crypto() {} }"],
  ["a key of a type", 'export type T = { Promise: 1; process(): void }; export type U = T["Promise"];'],
  ["a string or comment", '// Date.now() and setTimeout\nexport const text = "new Date() await process";'],
  ["an exported name", "const a = 1;\nexport { a as performance };"],
  ["other members of Math", "export const most = Math.max(1, Math.PI);"],
  ["a label", "process: for (;;) break process;"],
];

test.each(allowedInCore)("a forbidden name is no violation as %s", (_what, text) => {
  expect(check({ "engine/planted.ts": `${text}\n` }).violations).toEqual([]);
});

test("outside the deterministic folders clocks, timers and promises are allowed", () => {
  const text = "export const f = async () => { setTimeout(() => {}, Date.now()); await fetch('x'); };\n";
  const folders = zones.filter((zone) => !zone.deterministic).map((zone) => zone.path);
  const planted = Object.fromEntries(folders.map((folder) => [`${folder}/planted.ts`, text]));
  expect(check(planted).violations).toEqual([]);
});

test.each([
  ["createRequire", 'import { createRequire } from "node:module";\nexport { createRequire as c };'],
  ["require under another name", "\nexport const load = require;"],
  ["getBuiltinModule under another name", "\nexport const load = process.getBuiltinModule;"],
  ["getBuiltinModule taken out of process", "\nexport const { getBuiltinModule: load } = process;"],
  ["getBuiltinModule by a string", '\nexport const load = Reflect.get(process, "getBuiltinModule");'],
])("a loader that hides what it loads is refused everywhere: %s", (_what, text) => {
  expect(new Set(check({ "cli/planted.ts": text }).violations.map(({ rule }) => rule))).toEqual(new Set(["loader"]));
});

test("a violation says place, rule, what was found and what is allowed", () => {
  const report = check({ "market/planted.ts": '\nimport "../venue/adapter.ts";\n' });
  expect(report.violations).toEqual([
    {
      file: "src/market/planted.ts",
      line: 2,
      rule: "import",
      found: "../venue/adapter.ts",
      allowed: "market/ may import market, domain; import type also of config",
    },
  ]);
});

test.each(["ts", "mts", "cts", "tsx", "js", "mjs", "cjs", "jsx"])("a file ending in .%s is checked", (extension) => {
  expect(places(check({ [`engine/planted.${extension}`]: "Date.now();\n" }))).toEqual([
    `src/engine/planted.${extension}:1 determinism`,
  ]);
});

test("a hidden file is checked", () => {
  const report = check({ "engine/.planted.ts": "export const now = Date.now();\n" });
  expect(report.violations).toHaveLength(1);
});

test("a file that does not parse is a violation and does not count as seen", () => {
  const report = check({ "engine/planted.ts": "export const = ;\n" });
  expect(places(report)).toEqual(["src/engine/planted.ts:1 parse"]);
  expect(report.files).toBe(Object.keys(clean).length);
});

test("seeing fewer files than exist is a violation: a folder is missing in the table", () => {
  const table = zones.filter((zone) => zone.path !== "cli");
  const report = checkArchitecture(treeWith({}), table);
  expect(places(report)).toEqual(["src/cli/main.ts:1 unseen"]);
});

test.each(["stray.ts", "newfolder/stray.ts"])("seeing fewer files than exist is a violation: %s", (file) => {
  expect(places(check({ [file]: "export const now = Date.now();\n" }))).toEqual([`src/${file}:1 unseen`]);
});

test("a symbolic link, behind which files would go unseen, is a violation", () => {
  const root = treeWith({});
  symlinkSync(join(root, "src/host"), join(root, "src/engine/linked"));
  expect(places(checkArchitecture(root))).toContain("src/engine/linked:1 unseen");
});

test("no file at all is a violation, not a pass", () => {
  const root = mkdtempSync(join(tmpdir(), "scalpd-architecture-"));
  roots.push(root);
  expect(places(checkArchitecture(root))).toEqual(["src:1 empty"]);
});
