/**
 * The classes of faults: what each does, and how often in a calm and in a storm. A seed switches each on with
 * probability ½. @see failure-catalogue, Fault model
 */

import { microsPerMillisecond, microsPerMinute, microsPerSecond } from "../../domain/units.ts";
import type { RulesChange } from "../../exchange/protocol.ts";
import type { Random } from "../../tape/random.ts";
import type { AnswerName } from "../answers.ts";
import { logUniform, pick } from "../random.ts";
import { type Aim, anywhere, connected, inTrade, leverageMeddled, type Prelude } from "./aims.ts";
import type { Effect, HumanAct, Loss, Partition, StreamKind } from "./fault.ts";

export type FaultClass = {
  readonly name: string;
  /** a chance for each request, message or row of the names, or a number in an hour */
  readonly per: "request" | "message" | "row" | "hour";
  readonly calm: number;
  readonly storm: number;
  /** what it strikes; nothing for those of an hour */
  readonly on: readonly string[];
  readonly effect: (random: Random) => Effect;
  /** of those of an hour every other one strikes there, in the middle of something; none: all by the clock */
  readonly aims?: readonly Aim[];
  /** what is done first, now and then, so that there is something to strike */
  readonly before?: Prelude;
};

const roles = ["e", "f", "r", "t1", "t2", "x"] as const;
const placements = roles.map((role) => `place ${role}`);
const stops = ["place f", "place r"];
const orders = [...placements, "amend e", ...roles.map((role) => `cancel ${role}`)];
const lookUps = roles.map((role) => `query ${role}`);
const reads = ["balance", "positionRisk", "openOrders", "openAlgoOrders", "userTrades", "allOrders"].map(get);
const services = [
  ...["time", "depth", "exchangeInfo", "premiumIndex", "accountConfig", "symbolConfig", "leverageBracket"].map(get),
  ...["commissionRate", "klines"].map(get),
  "POST listenKey",
  "PUT listenKey",
  "POST leverage",
];
const requests = [...orders, ...lookUps, ...reads, ...services];
const messages = [
  ...roles.flatMap((role) =>
    ["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "EXPIRED"].map((status) => `report ${role} ${status}`),
  ),
  ...["f", "r", "t1", "t2"].flatMap((role) =>
    ["NEW", "CANCELED", "TRIGGERING", "TRIGGERED", "FINISHED", "REJECTED", "EXPIRED"].map(
      (status) => `algo ${role} ${status}`,
    ),
  ),
  "account",
  "TRADE_LITE",
];
const rows = ["intent", "order", "fill", "position", "stop-move", "trade", "session", "safe-mode", "risk-event"];
/** Other bounds, on the same grid. */
const ruleChanges: readonly RulesChange[] = [
  { minNotional: "500" },
  { minNotional: "20000" },
  { marketMaxQuantity: "0.005" },
  { marketMaxQuantity: "0.05" },
  { maxLeverage: 2 },
];
const streams: readonly StreamKind[] = ["public", "market", "private", "ws-api"];
const second = microsPerSecond;

export const classes: readonly FaultClass[] = [
  request("request lost", 0.001, 0.1, requests, () => ({ do: "lose-request" })),
  request("reply lost", 0.001, 0.1, requests, () => ({ do: "lose-reply" })),
  request("latency spike", 0.000_5, 0.05, requests, (random) => delayed("delay-request", random, 1, 30)),
  request("late reply", 0.000_5, 0.05, requests, (random) => delayed("delay-reply", random, 3, 20)),
  // A filled order leaves its id free: the same request once more would be another order, whoever sent it.
  request(
    "repeated request",
    0.000_5,
    0.05,
    orders.filter((name) => name !== "place e"),
    (random) => ({
      do: "repeat-request",
      after: between(random, 0.01 * second, 5 * second),
    }),
  ),
  request("connection reset", 0.000_5, 0.05, requests, () => ({ do: "reset" })),
  answered("503 unknown", 0.000_5, 0.1, requests, ["503 unknown"], "half"),
  answered("503 certain", 0.000_5, 0.1, requests, ["503 unavailable", "503 internal"], "never"),
  answered("-1008", 0.000_5, 0.1, ["place e", "amend e"], ["-1008"], "never"),
  answered("-1006 and -1007", 0.000_2, 0.05, orders, ["-1006", "-1007"], "half"),
  answered("-1000 and -1001", 0.000_2, 0.05, requests, ["-1000", "-1001"], "half"),
  answered("bad gateway", 0.000_2, 0.03, requests, ["html", "html echo", "gateway time-out"], "half"),
  answered("broken body", 0.000_2, 0.03, requests, ["empty", "truncated"], "half"),
  answered("429", 0.000_2, 0.02, requests, ["-1003"], "never"),
  answered("clock refused", 0.000_2, 0.05, [...orders, ...lookUps, ...reads], ["-1021"], "never"),
  answered("service gone", 0.000_2, 0.03, requests, ["-1016"], "never"),
  answered("entry refused", 0.001, 0.1, ["place e"], ["-2019", "-2027"], "never"),
  { ...answered("leverage refused", 0.1, 0.5, ["POST leverage"], ["-4028"], "never"), before: leverageMeddled },
  answered("stops moved away", 0.000_1, 0.02, stops, ["-4120"], "never"),
  answered("history too old", 0.001, 0.1, ["GET userTrades", "GET allOrders"], ["-4166"], "never"),
  answered("unknown code", 0.000_01, 0.01, orders, ["unknown code", "unknown code echo"], "never"),
  answered("does not exist", 0.001, 0.1, lookUps, ["-2013"], "never"),
  answered("cancel unknown", 0.001, 0.05, orders.filter(isCancel), ["-2011"], "half"),
  answered("stop refused", 0.001, 0.1, stops, ["-2021"], "never"),
  answered("exit refused", 0.001, 0.1, ["place x"], ["-2022", "-4131"], "never"),
  answered("post-only refused", 0.001, 0.1, ["place e"], ["-5022"], "never"),
  request("trigger fails", 0.001, 0.1, stops, (random) => ({
    do: "fail-trigger",
    status: pick(random, ["REJECTED", "EXPIRED"] as const),
  })),
  request("trigger delayed", 0.001, 0.2, stops, (random) => ({
    do: "delay-trigger",
    by: between(random, 0.05 * second, 5 * second),
  })),
  request("exception at a request", 0.000_01, 0.005, requests, () => ({ do: "throw" })),
  { name: "exception at a row", per: "row", calm: 0.000_01, storm: 0.005, on: rows, effect: () => ({ do: "throw" }) },
  message("event lost", 0.000_01, 0.02, () => ({ do: "lose-message" })),
  message("event delayed", 0.000_1, 0.1, (random) => ({
    do: "delay-message",
    by: between(random, 0.05 * second, 60 * second),
  })),
  message("event reordered", 0.000_1, 0.1, (random) => ({
    do: "delay-message",
    by: between(random, microsPerMillisecond, 2 * second),
  })),
  message("event repeated", 0.000_1, 0.05, (random) => ({
    do: "repeat-message",
    after: between(random, microsPerMillisecond, 20 * second),
  })),
  hourly("disconnect", 0.2, 20, (random) => ({ do: "disconnect", stream: pick(random, streams) }), connected),
  hourly("half-open", 0.02, 2, (random) => ({ do: "half-open", stream: pick(random, streams) }), connected),
  hourly("stall", 0.02, 2, (random) => ({
    do: "stall",
    stream: pick(random, streams),
    for: minutes(random, 0.05, 10),
  })),
  hourly("market loss", 0.02, 2, (random) => ({
    do: "garble",
    stream: pick(random, ["public", "market"] as const),
    for: minutes(random, 0.05, 5),
    share: logUniform(random, 0.001, 0.3),
  })),
  hourly("market disorder", 0.02, 2, (random) => ({
    do: "warp",
    stream: pick(random, ["public", "market"] as const),
    how: pick(random, ["reorder", "repeat"] as const),
    share: logUniform(random, 0.001, 0.3),
    for: minutes(random, 0.05, 5),
  })),
  hourly("crossed touch", 0.02, 2, (random) => ({
    do: "warp",
    stream: "public",
    how: "cross",
    share: logUniform(random, 0.01, 1),
    for: minutes(random, 0.02, 2),
  })),
  hourly("frozen book", 0.04, 2, (random) => ({
    do: "freeze",
    symbol: random.below(2),
    for: minutes(random, 0.05, 5),
  })),
  hourly("all connections cut", 0.04, 2, () => ({ do: "day-cut" }), connected),
  hourly("listen key lost", 0.04, 2, (random) => ({ do: "lose-listen-key", told: random.below(2) === 0 })),
  hourly("partition", 0.01, 2, (random) => ({
    do: "partition",
    what: pick<Partition>(random, ["all", "rest", "private", "market", "in", "out", "names"]),
    for: minutes(random, 0.002, 10),
  })),
  hourly("read lag", 0.04, 2, (random) => ({
    do: "lag",
    most: between(random, 0.1 * second, 10 * second),
    for: minutes(random, 1, 30),
  })),
  hourly("burst", 0.04, 2, (random) => ({
    do: "burst",
    times: 2 + random.below(49),
    for: between(random, second, 10 * second),
  })),
  hourly("slow network", 0.01, 2, (random) => ({
    do: "slow",
    by: between(random, 0.05 * second, 2 * second),
    for: minutes(random, 0.05, 5),
  })),
  hourly("ban", 0.004, 0.5, (random) => ({
    do: "ban",
    status: pick(random, [418, 403] as const),
    for: minutes(random, 2, 20),
  })),
  hourly("maintenance", 0.004, 0.3, (random) => ({
    do: "maintenance",
    answer: pick(random, ["503 unavailable", "-1016"] as const),
    cancels: random.below(2) === 0,
    for: minutes(random, 0.5, 30),
  })),
  hourly("permission withdrawn", 0.004, 0.3, (random) => ({ do: "deny", for: minutes(random, 0.1, 10) })),
  hourly("backlog", 0.02, 2, (random) => ({ do: "backlog", for: between(random, 0.2 * second, 4.5 * second) })),
  atEntry("forced close", 0.005, 0.1, (random) => ({
    do: "close-out",
    symbol: random.below(2),
    by: pick(random, ["liquidation", "auto-deleveraging"] as const),
  })),
  atEntry("funding", 0.01, 0.5, (random) => ({
    do: "funding",
    symbol: random.below(2),
    rate: pick(random, [-1, 1]) * logUniform(random, 0.000_1, 0.02),
  })),
  hourly("fees in another asset", 0.02, 2, (random) => ({
    do: "fees",
    asset: "BNB",
    for: minutes(random, 1, 60),
  })),
  hourly("rules changed", 0.005, 1, (random) => ({
    do: "rules",
    symbol: random.below(2),
    change: pick(random, ruleChanges),
    for: minutes(random, 1, 30),
  })),
  hourly("grid changed", 0.02, 1, (random) => {
    const [ticks, steps] = pick(random, [
      [2, 1],
      [5, 1],
      [10, 1],
      [1, 2],
      [1, 10],
      [10, 5],
    ] as const);
    return { do: "coarser", symbol: random.below(2), ticks, steps, for: minutes(random, 0.1, 30) };
  }),
  hourly("price band narrowed", 0.01, 1, (random) => ({
    do: "rules",
    symbol: random.below(2),
    change: { marketTakeBound: logUniform(random, 0.000_01, 0.001).toFixed(8) },
    for: minutes(random, 0.05, 5),
  })),
  hourly("symbol closed", 0.005, 0.5, (random) => ({
    do: "rules",
    symbol: random.below(2),
    change: { status: pick(random, ["SETTLING", "CLOSE"] as const) },
    for: minutes(random, 0.5, 15),
  })),
  hourly("hedge mode", 0.02, 0.5, (random) => ({ do: "hedge-mode", for: minutes(random, 0.5, 10) }), []),
  hourly("price gap", 0.04, 2, (random) => ({
    do: "gap",
    symbol: random.below(2),
    share: pick(random, [-1, 1]) * logUniform(random, 0.002, 0.1),
  })),
  hourly("mark apart", 0.04, 2, (random) => ({
    do: "apart",
    symbol: random.below(2),
    share: pick(random, [-1, 1]) * logUniform(random, 0.001, 0.05),
    for: minutes(random, 0.1, 10),
  })),
  hourly("thin trades", 0.2, 4, (random) => ({
    do: "thin",
    lots: 1 + random.below(5),
    for: minutes(random, 1, 30),
  })),
  // Crashes in the middle of something have classes of their own.
  hourly("crash", 0.04, 12, crash, []),
  { ...request("crash at a request", 0.000_1, 0.01, [...orders, ...lookUps], crash) },
  { name: "crash at a row", per: "row", calm: 0.000_02, storm: 0.002, on: rows, effect: crash },
  { name: "crash at a message", per: "message", calm: 0.000_1, storm: 0.01, on: messages, effect: crash },
  hourly("disk full", 0.01, 0.5, (random) => ({ do: "disk", fault: "refuses", for: minutes(random, 0.002, 10) })),
  hourly("slow disk", 0.01, 2, (random) => ({ do: "disk", fault: "slow", for: minutes(random, 0.02, 0.5) })),
  hourly("clock drift", 0.01, 1, (random) => ({ do: "drift-clock", ppm: Math.round((random.uniform() - 0.5) * 200) })),
  hourly("exchange clock stepped", 0.02, 1, (random) => ({
    do: "exchange-clock",
    by: pick(random, [-1, 1]) * between(random, 0.2 * second, 5 * second),
    for: between(random, 2 * second, 120 * second),
  })),
  hourly("pause", 0.005, 2, (random) => ({ do: "pause", for: between(random, 0.05 * second, 60 * second) })),
  hourly("human", 0.02, 2, (random) => ({
    do: "human",
    act: pick<HumanAct>(random, ["close", "reduce", "add", "flip", "cancel-stop", "own-stop", "leverage"]),
    symbol: random.below(2),
  })),
  atEntry("human at an entry", 0.005, 0.1, (random) => ({
    do: "human",
    act: pick<HumanAct>(random, ["close", "reduce", "add", "flip", "cancel-stop", "own-stop", "close-stop"]),
    symbol: random.below(2),
  })),
  hourly("second program", 0.01, 2, (random) => ({
    do: "human",
    act: pick<HumanAct>(random, ["open", "order", "close-stop"]),
    symbol: random.below(2),
  })),
  hourly("second daemon", 0.02, 0.5, (random) => ({
    do: "second-daemon",
    symbol: random.below(2),
    enters: random.below(3) === 0,
    for: between(random, second, 60 * second),
  })),
  hourly(
    "operator",
    0.04,
    4,
    (random) => ({ do: "operator", act: pick(random, ["halt", "resume", "resume", "flatten"] as const) }),
    inTrade,
  ),
];

function request(
  name: string,
  calm: number,
  storm: number,
  on: readonly string[],
  effect: FaultClass["effect"],
): FaultClass {
  return { name, per: "request", calm, storm, on, effect };
}

function answered(
  name: string,
  calm: number,
  storm: number,
  on: readonly string[],
  from: readonly AnswerName[],
  executes: "half" | "never",
): FaultClass {
  return request(name, calm, storm, on, (random) => ({
    do: "answer",
    answer: pick(random, from),
    executed: executes === "half" && random.below(2) === 0,
  }));
}

function message(name: string, calm: number, storm: number, effect: FaultClass["effect"]): FaultClass {
  return { name, per: "message", calm, storm, on: messages, effect };
}

/** While a position has just been opened, by the place where that is told. */
function atEntry(name: string, calm: number, storm: number, effect: FaultClass["effect"]): FaultClass {
  return { name, per: "message", calm, storm, on: ["report e FILLED", "report e PARTIALLY_FILLED"], effect };
}

function hourly(
  name: string,
  calm: number,
  storm: number,
  effect: FaultClass["effect"],
  aims: readonly Aim[] = anywhere,
): FaultClass {
  return { name, per: "hour", calm, storm, on: [], effect, aims };
}

function crash(random: Random): Effect {
  return {
    do: "crash",
    loss: lossOf(random.uniform()),
    down: between(random, 0.05 * second, 15 * microsPerMinute),
    again: random.below(5) === 0 ? Math.floor(logUniform(random, 1, 400)) : null,
  };
}

function lossOf(share: number): Loss {
  if (share < 0.02) return "disk";
  if (share < 0.04) return "database";
  return share < 0.3 ? "power" : "kill";
}

function delayed(effect: "delay-request" | "delay-reply", random: Random, least: number, most: number): Effect {
  return { do: effect, by: between(random, least * second, most * second) };
}

function between(random: Random, least: number, most: number): number {
  return Math.round(logUniform(random, least, most));
}

function minutes(random: Random, least: number, most: number): number {
  return between(random, least * microsPerMinute, most * microsPerMinute);
}

function isCancel(name: string): boolean {
  return name.startsWith("cancel");
}

function get(name: string): string {
  return `GET ${name}`;
}
