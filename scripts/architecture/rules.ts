/** What the architecture check holds, as data: which part of src/ may load what, and what the deterministic parts may not name. */

/** A part of src/: all code files below `path` that no longer path claims. */
export type Zone = {
  readonly path: string;
  /** zones (their path) or single files, relative to src/, that it may import; it may always import itself */
  readonly imports: readonly string[];
  /** the same, by `import type` only */
  readonly types: readonly string[];
  /** npm packages and node builtins that it may import */
  readonly modules: readonly string[] | "any";
  /** no clock, I/O, randomness, promise or timer */
  readonly deterministic: boolean;
};

/** The core, in import direction: each folder may import itself and everything to its left. */
const coreFolders = ["domain", "market", "account", "decision", "risk", "execution", "engine"] as const;

/** The embedded exchange judges the core, so it shares only the vocabulary of numbers and of market data with it. */
const sharedWithExchange = [
  "domain/assert.ts",
  "domain/units.ts",
  "domain/instrument.ts",
  "domain/market-port.ts",
  "domain/candle.ts",
  "domain/typed.ts",
  "tape",
] as const;

const everyZoneButCommandLine = [
  ...coreFolders,
  "venue",
  "venue/live",
  "exchange",
  "exchange/wire",
  "tape",
  "store",
  "ops",
  "config",
  "host",
] as const;

export const zones: readonly Zone[] = [
  ...coreFolders.map((path, position) => ({
    path,
    imports: coreFolders.slice(0, position),
    types: position === 0 ? [] : ["config"],
    modules: path === "domain" ? ["decimal.js"] : [],
    deterministic: true,
  })),
  { path: "venue", imports: ["domain"], types: [], modules: ["decimal.js", "zod"], deterministic: true },
  { path: "venue/live", imports: ["domain", "venue"], types: [], modules: "any", deterministic: false },
  { path: "exchange", imports: sharedWithExchange, types: [], modules: ["decimal.js", "zod"], deterministic: true },
  {
    path: "exchange/wire",
    imports: ["exchange", "files", ...sharedWithExchange],
    types: [],
    modules: "any",
    deterministic: false,
  },
  { path: "tape", imports: ["domain"], types: [], modules: "any", deterministic: false },
  { path: "files", imports: [], types: [], modules: ["node:fs", "node:path"], deterministic: false },
  { path: "store", imports: ["domain", "files"], types: [], modules: "any", deterministic: false },
  { path: "ops", imports: ["domain", "config", "files"], types: [], modules: "any", deterministic: false },
  {
    path: "config",
    imports: ["domain"],
    types: [],
    modules: ["zod", "yaml", "node:fs", "node:path", "node:util"],
    deterministic: false,
  },
  { path: "host", imports: everyZoneButCommandLine, types: [], modules: "any", deterministic: false },
  {
    path: "faults",
    imports: [...everyZoneButCommandLine, "faults/plan", "faults/judge"],
    types: [],
    modules: ["node:crypto"],
    deterministic: false,
  },
  {
    path: "faults/plan",
    imports: ["domain", "tape", "faults"],
    types: ["exchange/protocol.ts"],
    modules: [],
    deterministic: true,
  },
  // It judges the core, so it shares only the vocabulary with it, and that by type alone.
  {
    path: "faults/judge",
    imports: [],
    types: ["domain", "exchange/protocol.ts", "faults/call.ts"],
    modules: [],
    deterministic: true,
  },
  {
    path: "faults/session",
    imports: ["domain", "config", "faults", "faults/plan", "faults/judge"],
    types: [],
    modules: ["node:crypto", "node:worker_threads", "node:fs", "node:path", "zod"],
    deterministic: false,
  },
  {
    path: "cli",
    imports: [...everyZoneButCommandLine, "faults", "faults/session", "../package.json"],
    types: [],
    modules: "any",
    deterministic: false,
  },
];

/** Globals that a deterministic zone may not name, as value, type or local name, and why. */
export const forbiddenGlobals: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "a clock": ["Date", "performance", "Intl", "Temporal"],
    randomness: ["crypto"],
    "a timer": ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"],
    "a microtask": ["queueMicrotask"],
    "a promise": ["Promise", "PromiseLike", "AbortSignal", "AsyncIterable", "AsyncGenerator", "AsyncIterator"],
    "the outside": ["process", "fetch", "WebSocket", "EventSource", "console", "navigator", "NodeJS"],
    "another thread": ["Worker", "MessageChannel", "BroadcastChannel", "Atomics"],
    "the garbage collector": ["WeakRef", "FinalizationRegistry"],
    "a way to all of these": ["globalThis", "global", "require", "eval", "Function"],
  }).flatMap(([why, names]) => names.map((name) => [name, why] as const)),
);

/** Members of allowed globals that a deterministic zone may not use. */
export const forbiddenMembers: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map([
  ["Math", new Map([["random", "randomness"]])],
]);

/** Names that load modules where no import stands; refused in every zone, since what they load can't be seen. */
export const hiddenLoaders: ReadonlySet<string> = new Set(["createRequire", "registerHooks"]);
