/** A fault plan is a list of these: plain data, so that a failing run can be shrunk and pasted into a test. */

import type { FeeAsset, ForcedClose, RulesChange } from "../../exchange/protocol.ts";
import type { AnswerName } from "../answers.ts";

/**
 * Where a fault strikes. Semantic places hold however the run before them goes: the `nth` request, message or journal
 * row of a name since the faults began, from 1. Times are microseconds since then.
 */
export type Place =
  | { readonly request: string; readonly nth: number }
  | { readonly message: string; readonly nth: number }
  | { readonly row: string; readonly nth: number }
  | { readonly at: number };

export type StreamKind = "public" | "market" | "private" | "ws-api";

/** What becomes of one request. Times are microseconds. */
export type RequestEffect =
  /** it never arrives; or it is executed and nobody hears; or the connection breaks in the middle of the reply */
  | { readonly do: "lose-request" | "lose-reply" | "reset" }
  | { readonly do: "delay-request" | "delay-reply"; readonly by: number }
  /** it arrives twice, unless the exchange has refused it */
  | { readonly do: "repeat-request"; readonly after: number }
  /** something else is answered; executed or not */
  | { readonly do: "answer"; readonly answer: AnswerName; readonly executed: boolean }
  /** the stop that is placed will fail when it triggers, or stay in triggering for a while */
  | { readonly do: "fail-trigger"; readonly status: "REJECTED" | "EXPIRED" }
  | { readonly do: "delay-trigger"; readonly by: number }
  | Throw;

/** What becomes of one message of the private stream. */
export type MessageEffect =
  | { readonly do: "lose-message" }
  | { readonly do: "delay-message"; readonly by: number }
  | { readonly do: "repeat-message"; readonly after: number };

/** Our own code throws where it hands over a request or a row. */
export type Throw = { readonly do: "throw" };

export type Loss = "kill" | "power" | "disk" | "database";

export type Crash = {
  readonly do: "crash";
  /** a kill keeps what was written, a power loss only what was synced, a damaged database the log, a lost disk nothing */
  readonly loss: Loss;
  readonly down: number;
  /** how many turns of the next life until it crashes again; null: it lives */
  readonly again: number | null;
};

export type Partition = "all" | "rest" | "private" | "market" | "in" | "out" | "names";

/** What happens at a moment. */
export type MomentEffect =
  | { readonly do: "disconnect" | "half-open"; readonly stream: StreamKind }
  | { readonly do: "stall"; readonly stream: StreamKind; readonly for: number }
  /** a share of market messages is lost */
  | { readonly do: "garble"; readonly stream: "public" | "market"; readonly for: number; readonly share: number }
  | { readonly do: "partition"; readonly what: Partition; readonly for: number }
  /** reads tell what was so a while ago, each of them a while of its own */
  | { readonly do: "lag"; readonly most: number; readonly for: number }
  /** so many times the market events */
  | { readonly do: "burst"; readonly times: number; readonly for: number }
  | { readonly do: "slow"; readonly by: number; readonly for: number }
  | { readonly do: "ban"; readonly status: 418 | 403; readonly for: number }
  | { readonly do: "lose-listen-key"; readonly told: boolean }
  | { readonly do: "gap"; readonly symbol: number; readonly share: number }
  /** mark and last price stand apart */
  | { readonly do: "apart"; readonly symbol: number; readonly share: number; readonly for: number }
  /** trades are small: fills come in parts */
  | { readonly do: "thin"; readonly lots: number; readonly for: number }
  | { readonly do: "disk"; readonly fault: "refuses" | "slow"; readonly for: number }
  /** the clock of the exchange's own gate stands so far from the truth */
  | { readonly do: "exchange-clock"; readonly by: number; readonly for: number }
  /** another daemon with our prefix lives for a while; one that is in a trade has an entry out, too */
  | { readonly do: "second-daemon"; readonly symbol: number; readonly enters: boolean; readonly for: number }
  | { readonly do: "drift-clock"; readonly ppm: number }
  /** the process stands still, and then everything comes at once */
  | { readonly do: "pause"; readonly for: number }
  /** what comes is disordered, comes twice, or shows a bid above the ask; a share of the messages */
  | {
      readonly do: "warp";
      readonly stream: "public" | "market";
      readonly how: Warp;
      readonly share: number;
      readonly for: number;
    }
  /** the book stands still while trades and mark prices go on */
  | { readonly do: "freeze"; readonly symbol: number; readonly for: number }
  /** the exchange closes every connection, as it does after a day */
  | { readonly do: "day-cut" }
  /** nothing is answered but that, connections are closed, and orders may be cancelled inside it */
  | { readonly do: "maintenance"; readonly answer: AnswerName; readonly cancels: boolean; readonly for: number }
  /** every signed request is refused: the key's permission or address is gone */
  | { readonly do: "deny"; readonly for: number }
  /** orders are answered with a time-out, and executed together when it is over */
  | { readonly do: "backlog"; readonly for: number }
  | { readonly do: "close-out"; readonly symbol: number; readonly by: ForcedClose }
  | { readonly do: "funding"; readonly symbol: number; readonly rate: number }
  | { readonly do: "fees"; readonly asset: FeeAsset; readonly for: number }
  | { readonly do: "rules"; readonly symbol: number; readonly change: RulesChange; readonly for: number }
  /** tick and step are so many times what they were listed as */
  | {
      readonly do: "coarser";
      readonly symbol: number;
      readonly ticks: number;
      readonly steps: number;
      readonly for: number;
    }
  | { readonly do: "hedge-mode"; readonly for: number }
  | { readonly do: "human"; readonly act: HumanAct; readonly symbol: number }
  | { readonly do: "operator"; readonly act: "halt" | "resume" | "flatten" };

export const humanActs = [
  "close",
  "reduce",
  "add",
  "flip",
  "open",
  "order",
  "cancel-stop",
  "own-stop",
  "close-stop",
  "leverage",
] as const;
export type HumanAct = (typeof humanActs)[number];
export const warps = ["reorder", "repeat", "cross"] as const;
export type Warp = (typeof warps)[number];

export type Effect = RequestEffect | MessageEffect | MomentEffect | Crash;

export type Fault = {
  /** of the table in classes.ts */
  readonly class: string;
  readonly place: Place;
  readonly effect: Effect;
};

export type Plan = {
  readonly seed: number;
  readonly hours: number;
  readonly faults: readonly Fault[];
};
