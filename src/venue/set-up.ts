/**
 * What makes a symbol ready for entries, as a conversation without clock and transport: leverage within the bracket,
 * margin type and leverage set and read back, and a stop placed far away and cancelled. Whoever drives it asks each
 * question and hands the answer back, so that it runs the same on the wire and in process.
 *
 * @see requirements ORD-5, CFG-5; failure-catalogue F-12; binance-usdm.md §4.3
 */

import { z } from "zod";
import { type Meaning, meaningOf, treatmentOf } from "../domain/error-policy.ts";
import type { SetUp } from "../domain/event.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { MaintenanceStep } from "../domain/maintenance.ts";
import { orderId, stopPathTrade } from "../domain/order-id.ts";
import type { PlaceAlgo } from "../domain/output.ts";
import { type Lots, lots, ticks } from "../domain/units.ts";
import { againstEntries } from "./account-config.ts";
import {
  accountConfig,
  accountRequests,
  type EncodeOptions,
  encodeCommand,
  query,
  type WireRequest,
} from "./wire/encode.ts";
import { AccountConfig, LeverageBracket, PositionRisks, PremiumIndex, SymbolConfig } from "./wire/schemas.ts";

export const marginTypes = ["CROSSED", "ISOLATED"] as const;
export type MarginType = (typeof marginTypes)[number];

export type SetUpTerms = {
  readonly leverage: number;
  readonly marginType: MarginType;
  /** first part of our order ids */
  readonly prefix: string;
  /** how far below the mark price the stop is placed, as a fraction of it */
  readonly stopDistance: number;
  /** of the stop's id: another one for each proof */
  readonly attempt: number;
  /** the stop path is proven already in this run: only the configuration is looked at */
  readonly isStopProven: boolean;
  /** somebody has changed the account as a whole since it was looked at */
  readonly isAccountInDoubt: boolean;
};

export type Question = {
  /** of this symbol alone */
  readonly name: string;
  readonly request: WireRequest;
  /** Its fate may be unknown: then that is the answer. Every other question is repeated until there is one. */
  readonly isOnce: boolean;
};

export type SetUpAnswer =
  | { readonly kind: "ok"; readonly body: unknown }
  | { readonly kind: "refused"; readonly code: number; readonly message: string }
  | { readonly kind: "unknown"; readonly cause: string };

export type SetUpResult = SetUp | { readonly state: "impossible" /** what to mend */; readonly message: string };

type Conversation<Result> = Generator<Question, Result, SetUpAnswer>;

/** The stop was understood and refused for its price, its moment or its number: later another one is tried. */
const badlyPlaced: ReadonlySet<Meaning | null> = new Set([
  "trigger-passed",
  "trigger-out-of-bounds",
  "too-many-open",
  "price-too-high",
  "price-too-low",
  // The exchange's grid has changed, and is read anew (failure-catalogue F-77).
  "grid",
  "price-grid",
  "quantity-grid",
  "too-small",
]);
/** What only reduces takes no window of ours. */
const reducing: EncodeOptions = { recvWindow: 0 };

/** @param instruments all that are configured */
export function* setUpSymbol(
  instruments: readonly Instrument[],
  instrument: Instrument,
  terms: SetUpTerms,
): Conversation<SetUpResult> {
  const forbidden = terms.isAccountInDoubt ? yield* readAccount(instrument.symbol) : null;
  if (forbidden !== null) return forbidden;
  const maintenance = yield* readBrackets(instrument.symbol, terms.leverage);
  if ("state" in maintenance) return maintenance;
  const configured = yield* configure(instrument.symbol, terms);
  if (configured !== null) return configured;
  const proof = terms.isStopProven ? null : yield* proveStop(instruments, instrument, terms);
  return proof ?? { state: "proven", leverage: terms.leverage, maintenance };
}

/** Modes may be switched while we run (failure-catalogue F-36). Null when they are as wanted. */
function* readAccount(symbol: string): Conversation<SetUp | null> {
  // A question that is repeated replaces one of its name: those of two symbols must not.
  const answer = yield { name: `accountConfig for ${symbol}`, request: accountConfig, isOnce: false };
  const account = AccountConfig.safeParse(answer.kind === "ok" ? answer.body : null).data;
  const cause = account === undefined ? "the account's modes are not told" : againstEntries(account);
  return cause === null ? null : pending(cause);
}

/** Null when everything is as wanted. */
function* configure(symbol: string, terms: SetUpTerms): Conversation<SetUpResult | null> {
  const before = yield* readConfig(symbol);
  if (before === null) return pending(`${symbol}: leverage and margin type are not told`);
  if (isAsWanted(before, terms)) return null;
  const held = yield* whatIsHeld(symbol);
  if (held !== null) return held;
  if (marginOf(before) !== terms.marginType) {
    const refused = yield* change(`margin type ${terms.marginType} of ${symbol}`, "/fapi/v1/marginType", {
      symbol,
      marginType: terms.marginType,
    });
    if (refused !== null) return refused;
  }
  if (before.leverage !== terms.leverage) {
    const refused = yield* change(`leverage ${terms.leverage} of ${symbol}`, "/fapi/v1/leverage", {
      symbol,
      leverage: String(terms.leverage),
    });
    if (refused !== null) return refused;
  }
  const after = yield* readConfig(symbol);
  if (after !== null && isAsWanted(after, terms)) return null;
  const is = after === null ? "nothing" : `${marginOf(after)} at ${after.leverage}`;
  return pending(`${symbol}: set to ${terms.marginType} at ${terms.leverage}, yet the exchange says ${is}`);
}

/** What keeps a position open, once the leverage is known to be allowed. @see requirements CFG-5 */
function* readBrackets(symbol: string, leverage: number): Conversation<SetUpResult | readonly MaintenanceStep[]> {
  const request = query("/fapi/v1/leverageBracket", 1, { symbol });
  const answer = yield { name: `leverage brackets of ${symbol}`, request, isOnce: false };
  if (answer.kind !== "ok") return pending(textOf(`leverage brackets of ${symbol}`, answer));
  const rows = z.array(LeverageBracket).safeParse(answer.body);
  const brackets = rows.data?.find((row) => row.symbol === symbol)?.brackets ?? [];
  const most = Math.max(0, ...brackets.map(({ initialLeverage }) => initialLeverage));
  if (most === 0) return pending(`${symbol}: the leverage brackets are not told`);
  if (leverage <= most) {
    return brackets.map(({ notionalCap, maintMarginRatio }) => ({ upTo: notionalCap, rate: maintMarginRatio }));
  }
  return {
    state: "impossible",
    message: `risk.max_leverage ${leverage} for ${symbol}: the exchange allows 1 to ${most}`,
  };
}

function* readConfig(symbol: string): Conversation<SymbolConfig | null> {
  const request = query("/fapi/v1/symbolConfig", 5, { symbol });
  const answer = yield { name: `symbolConfig ${symbol}`, request, isOnce: false };
  const rows = z.array(SymbolConfig).safeParse(answer.kind === "ok" ? answer.body : null);
  return rows.data?.find((row) => row.symbol === symbol) ?? null;
}

/** Under an open position nothing is set: it would change what keeps it from liquidation (failure-catalogue F-73). */
function* whatIsHeld(symbol: string): Conversation<SetUp | null> {
  const answer = yield { name: `position of ${symbol}`, request: accountRequests.positions, isOnce: false };
  const rows = PositionRisks.safeParse(answer.kind === "ok" ? answer.body : null);
  if (!rows.success) return pending(`${symbol}: whether a position is open is not told, and its leverage is to be set`);
  const isHeld = rows.data.some((row) => row.symbol === symbol && Number(row.positionAmt) !== 0);
  return isHeld ? pending(`${symbol}: its leverage or margin type is set once its position is closed`) : null;
}

/** Null when it was done, or was so already. */
function* change(
  name: string,
  path: string,
  params: Readonly<Record<string, string>>,
): Conversation<SetUpResult | null> {
  const answer = yield { name, request: { ...query(path, 1, params), method: "POST" }, isOnce: false };
  if (answer.kind === "ok") return null;
  const message = textOf(`cannot set ${name}`, answer);
  if (answer.kind === "refused" && isNeverPossible(answer.code)) return { state: "impossible", message };
  return pending(message);
}

/** A setting that this account or symbol can never have. */
function isNeverPossible(code: number): boolean {
  const meaning = meaningOf(code);
  return meaning === "setting" || meaning === "unsupported";
}

/** Null when the exchange took a stop of ours and gave it back. */
function* proveStop(
  instruments: readonly Instrument[],
  instrument: Instrument,
  terms: SetUpTerms,
): Conversation<SetUp | null> {
  const { symbol } = instrument;
  const request = query("/fapi/v1/premiumIndex", 1, { symbol });
  const answer = yield { name: `price ${symbol}`, request: { ...request, access: "none" }, isOnce: false };
  const price = PremiumIndex.safeParse(answer.kind === "ok" ? answer.body : null);
  const mark = Number(price.data?.markPrice ?? 0);
  if (!(mark > 0)) return pending(`${symbol}: there is no mark price to prove the stop path with`);
  const stop = farStop(instrument, terms, mark);
  const placed = yield {
    name: `stop path of ${symbol}`,
    request: encodeCommand(stop, instruments, reducing),
    isOnce: true,
  };
  if (placed.kind === "refused") return refusedStop(symbol, placed);
  const { clientAlgoId } = stop;
  const cancel = encodeCommand({ kind: "cancel-algo", symbol: stop.symbol, clientAlgoId }, instruments, reducing);
  return yield* takeBack(symbol, cancel, placed);
}

function refusedStop(symbol: string, refused: Extract<SetUpAnswer, { kind: "refused" }>): SetUp | null {
  const meaning = meaningOf(refused.code);
  // Only an exchange that has understood the stop says that there is no position for it.
  if (meaning === "nothing-to-reduce") return null;
  const cause = textOf(`a stop of ${symbol}`, refused);
  const isLater = badlyPlaced.has(meaning) || treatmentOf(refused.code, "algo") === "retry";
  return isLater ? pending(cause) : stopRefused(cause);
}

/** A cancel that succeeds proves the placement, too, when its reply was lost. */
function* takeBack(symbol: string, request: WireRequest, placed: SetUpAnswer): Conversation<SetUp | null> {
  const cancelled = yield { name: `end of the stop of ${symbol}`, request, isOnce: false };
  if (cancelled.kind === "ok") return null;
  const isGone = cancelled.kind === "refused" && meaningOf(cancelled.code) === "unknown-order";
  if (isGone && placed.kind === "ok") return null;
  return pending(textOf(`the stop of ${symbol} cannot be cancelled`, cancelled));
}

/** As small and as far away as it may be; reduce-only, so that without a position it can do nothing. */
function farStop(instrument: Instrument, terms: SetUpTerms, mark: number): PlaceAlgo {
  const far = Math.floor((mark * 1e8 * (1 - terms.stopDistance)) / instrument.tickE8);
  const { prefix, attempt } = terms;
  return {
    kind: "place-algo",
    symbol: instrument.index,
    clientAlgoId: orderId({ prefix, trade: stopPathTrade(instrument.symbol), role: "f", attempt }),
    role: "f",
    side: "sell",
    type: "STOP_MARKET",
    trigger: ticks(Math.max(1, instrument.minTicks, far)),
    workingType: "MARK_PRICE",
    extent: { kind: "quantity", quantity: smallest(instrument) },
  };
}

function smallest({ minLots, marketMinLots, marketStepLots }: Instrument): Lots {
  return lots(Math.ceil(Math.max(minLots, marketMinLots) / marketStepLots) * marketStepLots);
}

function isAsWanted(config: SymbolConfig, terms: SetUpTerms): boolean {
  return marginOf(config) === terms.marginType && config.leverage === terms.leverage;
}

function marginOf({ marginType }: SymbolConfig): string {
  return marginType.toUpperCase();
}

function pending(cause: string): SetUp {
  return { state: "pending", cause };
}

function stopRefused(cause: string): SetUp {
  return { state: "stop-refused", cause };
}

function textOf(what: string, answer: Exclude<SetUpAnswer, { kind: "ok" }>): string {
  return answer.kind === "refused" ? `${what}: ${answer.code} ${answer.message}` : `${what}: ${answer.cause}`;
}
