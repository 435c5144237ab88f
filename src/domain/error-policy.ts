/**
 * What an error code of the exchange means and what is done about it: one table for the adapter, which judges replies, and
 * for the core, which acts on refusals. A code that it lacks takes the safest class of its request and is an alarm.
 *
 * @see binance-usdm.md §8; requirements SAF-1, SAF-2, SAF-3; failure-catalogue F-02, F-09, F-12
 */

/**
 * `retry`: certainly not executed, waiting helps. `look-up`: fate unknown, ask by client id. `refuse`: not executed, do not
 * resend unchanged. `stop`: our authority or configuration is wrong. `done`: what was asked for is already so.
 * `reconcile`: not executed as asked, because the state differs from what we believed.
 */
export const treatments = ["retry", "look-up", "refuse", "stop", "done", "reconcile"] as const;
export type Treatment = (typeof treatments)[number];

/** `exit` is an order that only reduces, `algo` a conditional one, `query` whatever changes no order. */
export const requestKinds = ["entry", "exit", "algo", "cancel", "amend", "query"] as const;
export type RequestKind = (typeof requestKinds)[number];

/** What a code says, where something depends on it. Several codes may say the same. */
export type Meaning =
  | "limit-of-address"
  | "limit-of-orders"
  | "clock"
  | "no-listen-key"
  | "unsupported"
  /** of leverage, margin type or mode, which no order brings */
  | "setting"
  | "duplicate-id"
  | "absent"
  | "unknown-order"
  | "nothing-to-reduce"
  /** open orders of ours reserve what this one would take */
  | "quantity-reserved"
  /** another order that closes the whole position rests already */
  | "second-close-position"
  /** the level of the conditional order is reached already */
  | "trigger-passed"
  | "trigger-out-of-bounds"
  | "too-many-open"
  /** post-only, and would take */
  | "would-take"
  | "would-not-fill"
  | "nothing-to-amend"
  | FilterFault;

/** What a filter says is wrong with price or quantity. */
export type FilterFault =
  | "grid"
  | "price-grid"
  | "quantity-grid"
  | "too-large"
  | "price-too-high"
  | "price-too-low"
  | "too-small";

/**
 * What a refused entry holds back beside itself, and until when. `again`: the next one waits a little, longer each time.
 * `window`: as long as the exchange counts. `reconciled`: besides, a reconciliation that was read afterwards must find
 * nothing wrong. `long`: what refuses lasts for minutes at least.
 */
export type Hold = { readonly scope: "symbol" | "account"; readonly until: "again" | "window" | "reconciled" | "long" };

export type ErrorRule = {
  readonly treatment: Treatment;
  readonly means?: Meaning;
  /** left out: the symbol, `again`; null: an outcome of every day, which holds nothing */
  readonly holds?: Hold | null;
  /** requests of these kinds never meet it as long as all is well: it is told as an error */
  readonly alarm?: readonly RequestKind[];
};

/** Every code of the reference, once. */
export const errorCodes = [
  -1000, -1001, -1002, -1003, -1006, -1007, -1008, -1010, -1013, -1014, -1015, -1016, -1020, -1021, -1022, -1099, -1100,
  -1101, -1102, -1103, -1104, -1105, -1106, -1109, -1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121,
  -1122, -1125, -1127, -1128, -1130, -1136, -2010, -2011, -2012, -2013, -2014, -2015, -2017, -2018, -2019, -2020, -2021,
  -2022, -2023, -2024, -2025, -2026, -2027, -2028, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4021,
  -4023, -4024, -4028, -4045, -4046, -4047, -4048, -4059, -4060, -4061, -4062, -4067, -4068, -4082, -4087, -4088, -4105,
  -4106, -4107, -4109, -4114, -4115, -4116, -4117, -4118, -4120, -4130, -4131, -4135, -4136, -4137, -4138, -4140, -4141,
  -4142, -4161, -4164, -4166, -4167, -4168, -4169, -4170, -4171, -4172, -4183, -4184, -4192, -4202, -4203, -4204, -4205,
  -4206, -4207, -4208, -4209, -4210, -4211, -4400, -4401, -4402, -4403, -4531, -5021, -5022, -5024, -5025, -5026, -5027,
  -5028, -5029, -5037, -5038, -5039, -5040, -5041, -5043, -5047,
] as const;
export type ErrorCode = (typeof errorCodes)[number];

const refuse = { treatment: "refuse" } as const satisfies ErrorRule;
const retry = { treatment: "retry" } as const satisfies ErrorRule;
const lookUp = { treatment: "look-up" } as const satisfies ErrorRule;
const stop = { treatment: "stop" } as const satisfies ErrorRule;
const done = { treatment: "done" } as const satisfies ErrorRule;
const reconcile = { treatment: "reconcile" } as const satisfies ErrorRule;
const setting = { treatment: "stop", means: "setting" } as const satisfies ErrorRule;
const symbolOff = { treatment: "refuse", holds: { scope: "symbol", until: "long" } } as const satisfies ErrorRule;
const accountOff = { treatment: "refuse", holds: { scope: "account", until: "long" } } as const satisfies ErrorRule;
const noMargin = { treatment: "refuse", holds: { scope: "account", until: "reconciled" } } as const satisfies ErrorRule;
const tooLarge = { treatment: "refuse", holds: { scope: "symbol", until: "reconciled" } } as const satisfies ErrorRule;
const everyDay = { treatment: "refuse", holds: null } as const satisfies ErrorRule;
const afterWindow = { scope: "account", until: "window" } as const satisfies Hold;
const outOfBounds = { treatment: "refuse", means: "trigger-out-of-bounds" } as const satisfies ErrorRule;

const rules = {
  [-1000]: lookUp,
  [-1001]: lookUp,
  [-1002]: stop,
  [-1003]: { treatment: "retry", means: "limit-of-address", holds: afterWindow },
  [-1006]: lookUp,
  [-1007]: lookUp,
  // Whatever only reduces is exempt from this throttle: there it says that our flags are wrong (F-02).
  [-1008]: { treatment: "retry", alarm: ["exit", "algo", "cancel"] },
  [-1010]: lookUp,
  [-1013]: { treatment: "refuse", means: "grid" },
  [-1014]: refuse,
  [-1015]: { treatment: "retry", means: "limit-of-orders", holds: afterWindow },
  // It stands for a connection that failed, too: what lasts longer says so again.
  [-1016]: { treatment: "retry", holds: { scope: "account", until: "again" } },
  [-1020]: { treatment: "stop", means: "unsupported" },
  [-1021]: { treatment: "retry", means: "clock" },
  [-1022]: stop,
  [-1099]: stop,
  [-1100]: refuse,
  [-1101]: refuse,
  [-1102]: refuse,
  [-1103]: refuse,
  [-1104]: refuse,
  [-1105]: refuse,
  [-1106]: refuse,
  [-1109]: stop,
  [-1111]: { treatment: "refuse", means: "grid" },
  [-1112]: retry,
  [-1114]: refuse,
  [-1115]: refuse,
  [-1116]: refuse,
  [-1117]: refuse,
  [-1118]: refuse,
  [-1119]: refuse,
  [-1120]: refuse,
  [-1121]: refuse,
  [-1122]: symbolOff,
  [-1125]: { treatment: "reconcile", means: "no-listen-key" },
  [-1127]: refuse,
  [-1128]: refuse,
  [-1130]: refuse,
  [-1136]: refuse,
  [-2010]: refuse,
  [-2011]: { treatment: "reconcile", means: "unknown-order" },
  [-2012]: retry,
  [-2013]: { treatment: "reconcile", means: "absent" },
  [-2014]: stop,
  [-2015]: stop,
  [-2017]: stop,
  [-2018]: noMargin,
  [-2019]: noMargin,
  [-2020]: everyDay,
  [-2021]: { treatment: "refuse", means: "trigger-passed" },
  [-2022]: { treatment: "reconcile", means: "nothing-to-reduce" },
  [-2023]: stop,
  [-2024]: { treatment: "reconcile", means: "nothing-to-reduce" },
  [-2025]: { treatment: "refuse", means: "too-many-open" },
  [-2026]: refuse,
  [-2027]: tooLarge,
  [-2028]: tooLarge,
  [-4001]: { treatment: "refuse", means: "price-too-low" },
  [-4002]: { treatment: "refuse", means: "price-too-high" },
  [-4003]: { treatment: "refuse", means: "too-small" },
  [-4004]: { treatment: "refuse", means: "too-small" },
  [-4005]: { treatment: "refuse", means: "too-large" },
  [-4013]: { treatment: "refuse", means: "price-too-low" },
  [-4014]: { treatment: "refuse", means: "price-grid" },
  [-4015]: refuse,
  [-4016]: { treatment: "refuse", means: "price-too-high" },
  [-4021]: refuse,
  [-4023]: { treatment: "refuse", means: "quantity-grid" },
  [-4024]: { treatment: "refuse", means: "price-too-low" },
  [-4028]: setting,
  [-4045]: { treatment: "refuse", means: "too-many-open" },
  [-4046]: done,
  [-4047]: reconcile,
  [-4048]: reconcile,
  [-4059]: done,
  [-4060]: stop,
  [-4061]: stop,
  [-4062]: refuse,
  [-4067]: reconcile,
  [-4068]: reconcile,
  [-4082]: refuse,
  [-4087]: accountOff,
  [-4088]: stop,
  [-4105]: symbolOff,
  [-4106]: symbolOff,
  [-4107]: symbolOff,
  [-4109]: stop,
  [-4114]: refuse,
  [-4115]: refuse,
  // Ids are never used twice, so an order of this id is ours and on the exchange: evidence of life, no rejection (F-09).
  [-4116]: { treatment: "look-up", means: "duplicate-id" },
  [-4117]: reconcile,
  [-4118]: { treatment: "refuse", means: "quantity-reserved" },
  [-4120]: { treatment: "stop", means: "unsupported" },
  [-4130]: { treatment: "refuse", means: "second-close-position" },
  [-4131]: { treatment: "retry", alarm: ["exit"] },
  [-4135]: refuse,
  [-4136]: refuse,
  [-4137]: refuse,
  [-4138]: refuse,
  [-4140]: symbolOff,
  [-4141]: symbolOff,
  [-4142]: { treatment: "refuse", means: "trigger-passed" },
  [-4161]: refuse,
  [-4164]: { treatment: "refuse", means: "too-small" },
  [-4166]: refuse,
  [-4167]: setting,
  [-4168]: setting,
  [-4169]: setting,
  [-4170]: setting,
  [-4171]: done,
  [-4172]: setting,
  [-4183]: outOfBounds,
  [-4184]: outOfBounds,
  [-4192]: accountOff,
  [-4202]: setting,
  [-4203]: setting,
  [-4204]: setting,
  [-4205]: setting,
  [-4206]: setting,
  [-4207]: setting,
  [-4208]: setting,
  [-4209]: setting,
  [-4210]: outOfBounds,
  [-4211]: outOfBounds,
  [-4400]: accountOff,
  [-4401]: stop,
  [-4402]: stop,
  [-4403]: stop,
  [-4531]: setting,
  [-5021]: { treatment: "refuse", means: "would-not-fill", holds: null },
  [-5022]: { treatment: "refuse", means: "would-take", holds: null },
  [-5024]: reconcile,
  [-5025]: refuse,
  [-5026]: refuse,
  [-5027]: { treatment: "done", means: "nothing-to-amend" },
  [-5028]: retry,
  [-5029]: refuse,
  [-5037]: refuse,
  [-5038]: refuse,
  [-5039]: refuse,
  [-5040]: refuse,
  [-5041]: everyDay,
  [-5043]: retry,
  [-5047]: refuse,
} as const satisfies Record<ErrorCode, ErrorRule>;

const ruleByCode: ReadonlyMap<number, ErrorRule> = new Map(errorCodes.map((code) => [code, rules[code]]));

/**
 * The safest class of a code that nobody knows. An order that adds risk, and what works on a resting one, may have been
 * executed for all that we know: asked about, never repeated. What only reduces counts as refused, because another way
 * out must be taken at once and doing it twice can at worst be refused (F-12).
 */
const unlisted = {
  entry: "look-up",
  exit: "refuse",
  algo: "refuse",
  cancel: "look-up",
  amend: "look-up",
  query: "refuse",
} as const satisfies Record<RequestKind, Treatment>;

/** Null: the reference does not have the code. */
export function ruleOf(code: number): ErrorRule | null {
  return ruleByCode.get(code) ?? null;
}

export function treatmentOf(code: number, kind: RequestKind): Treatment {
  return ruleByCode.get(code)?.treatment ?? unlisted[kind];
}

/** Null: nothing depends on what the code says. */
export function meaningOf(code: number | null): Meaning | null {
  return code === null ? null : (ruleByCode.get(code)?.means ?? null);
}

/** What a refused entry holds back; null: nothing. A code that nobody knows holds its symbol. */
export function holdOf(code: number): Hold | null {
  const rule = ruleByCode.get(code);
  return rule?.holds === undefined ? { scope: "symbol", until: "again" } : rule.holds;
}

/** Key, account or its mode do not allow us to trade: nothing that we could send otherwise would help. */
export function isAuthorityLost(code: number): boolean {
  const rule = ruleByCode.get(code);
  return rule?.treatment === "stop" && rule.means !== "setting" && rule.means !== "unsupported";
}

/** How loud a refused order is told: what belongs to the trade of every day is no warning. */
export function noticeLevelOf(code: number, kind: RequestKind): "info" | "warn" | "error" {
  const rule = ruleByCode.get(code);
  if (rule?.alarm?.includes(kind) === true) return "error";
  return rule?.means === "would-take" || rule?.means === "would-not-fill" ? "info" : "warn";
}
