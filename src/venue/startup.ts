/**
 * What must be known and right before the first decision: clock, rules, what is held, the account's mode, set-up, fees, candles.
 * What can mend itself is asked again; what cannot is said, with the way to mend it.
 *
 * @see requirements ORD-5, MKT-1; failure-catalogue S-05, F-60
 */

import { z } from "zod";
import type { CoreEvent } from "../domain/event.ts";
import {
  type Instrument,
  instrumentHolding,
  moneyFromText,
  OffGridError,
  UnsupportedInstrumentError,
} from "../domain/instrument.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, microsFromMillis, plus, symbolIndex } from "../domain/units.ts";
import { againstEntries } from "./account-config.ts";
import { type AskPorts, ask } from "./asking.ts";
import { type ClockOffset, measureOffset } from "./clock-offset.ts";
import { rulesOf } from "./exchange-info.ts";
import { candlesUnread, closedCandles, klinesRequest } from "./klines.ts";
import type { RateBudget } from "./rate-budget.ts";
import { accountConfig, accountRequests, publicQuery, query } from "./wire/encode.ts";
import {
  AccountConfig,
  CommissionRate,
  ExchangeInfo,
  Kline,
  PositionRisks,
  PremiumIndex,
  ServerTime,
} from "./wire/schemas.ts";

/** What the account must be like. */
export type AccountTerms = {
  /** `required`: the key may not withdraw, and that must be proven; `absent`: the venue has no service that tells */
  readonly keyPermissions: "required" | "absent";
  /** one-minute candles of the past to begin with, at most 1500 */
  readonly candles: number;
};

export type StartupPorts = AskPorts & {
  readonly symbols: readonly string[];
  readonly terms: AccountTerms;
  readonly budget: RateBudget;
  readonly clock: () => ClockOffset;
  readonly onClock: (clock: ClockOffset) => void;
  /** once; before it no event is emitted */
  readonly onInstruments: (instruments: readonly Instrument[]) => void;
  /** margin type, leverage and stop path of one symbol; whether they are proven by then or not, the start goes on */
  readonly setUp: (instrument: Instrument, done: (now: Micros) => void, now: Micros) => void;
  readonly emit: (event: CoreEvent) => void;
  readonly fatal: (message: string) => void;
  readonly onReady: (now: Micros) => void;
};

type Prepared = StartupPorts & { readonly instruments: readonly Instrument[] };

export function startUp(ports: StartupPorts, now: Micros): void {
  // Rules first, then the account: without instruments there is nobody to tell of fees and candles.
  syncClock(ports, now, (then) => readRules(ports, then));
}

/** One measurement of the exchange's clock. */
export function syncClock(
  ports: AskPorts & Pick<StartupPorts, "onClock">,
  now: Micros,
  done: (now: Micros) => void,
): void {
  const then = ({ serverTime }: z.infer<typeof ServerTime>, receivedAt: Micros, sentAt: Micros): void => {
    ports.onClock(measureOffset(sentAt, receivedAt, microsFromMillis(serverTime)));
    done(receivedAt);
  };
  ask(ports, { name: "time", request: publicQuery("/fapi/v1/time", 1, {}), schema: ServerTime, then }, now);
}

/** Amounts that are open, by symbol: lots are chosen so that they are whole. */
type Held = ReadonlyMap<string, string>;

/** Rules, and what is held, at the same time: what is open waits for its stop meanwhile. */
function readRules(ports: StartupPorts, now: Micros): void {
  let rules: ExchangeInfo | null = null;
  let held: Held | null = null;
  const next = (at: Micros): void => {
    if (rules !== null && held !== null) readPrices(ports, rules, held, 0, [], at);
  };
  const then = (info: ExchangeInfo, at: Micros): void => {
    ports.budget.learnLimits(info.rateLimits, plus(at, ports.clock().offset));
    rules = info;
    next(at);
  };
  ask(
    ports,
    { name: "exchangeInfo", request: publicQuery("/fapi/v1/exchangeInfo", 1, {}), schema: ExchangeInfo, then },
    now,
  );
  const onHeld = (found: Held, at: Micros): void => {
    held = found;
    next(at);
  };
  readHeld(ports, onHeld, now);
}

/** What is refused or unreadable here is judged where the account is read for what it says. */
function readHeld(ports: StartupPorts, done: (held: Held, now: Micros) => void, now: Micros): void {
  const then = (body: unknown, at: Micros): void => {
    const rows = PositionRisks.safeParse(body).data ?? [];
    done(new Map(rows.map((row) => [row.symbol, row.positionAmt])), at);
  };
  const refused = (_code: number, _message: string, at: Micros): void => then(null, at);
  ask(ports, { name: "positions", request: accountRequests.positions, schema: z.unknown(), then, refused }, now);
}

function readPrices(
  ports: StartupPorts,
  info: ExchangeInfo,
  held: Held,
  index: number,
  done: readonly Instrument[],
  now: Micros,
): void {
  const name = ports.symbols[index];
  if (name === undefined) {
    const assets = new Set(done.map((instrument) => instrument.rules.quoteAsset));
    if (assets.size > 1) return ports.fatal(`all symbols must have one quote asset, not ${[...assets].join(" and ")}`);
    ports.onInstruments(done);
    checkKey({ ...ports, instruments: done }, now);
    return;
  }
  const found = rulesOf(info, name);
  if (!found.ok) return ports.fatal(found.cause);
  const { rules } = found;
  const take = (price: string, at: Micros): void => {
    try {
      // The largest order stands for the largest position: adopted ones may be above what is configured.
      const amount = held.get(name) ?? "0";
      const instrument = instrumentHolding(amount, rules, symbolIndex(index), price, rules.maxQuantity);
      const { stepSize } = rules;
      if (instrument.stepSize !== stepSize)
        ports.notice(warning("POSITION_OFF_GRID", { symbol: name, amount, stepSize }));
      readPrices(ports, info, held, index + 1, [...done, instrument], at);
    } catch (error) {
      if (!(error instanceof UnsupportedInstrumentError)) throw error;
      ports.fatal(error.message);
    }
  };
  // A symbol that is closed may have no price for days, and what is open in the others does not wait for it (F-58, F-60);
  // the price only bounds products of whole numbers, by far more than a position is worth.
  if (!rules.tradable) return take(rules.tickSize, now);
  const then = ({ markPrice }: z.infer<typeof PremiumIndex>, at: Micros): void => take(markPrice, at);
  const request = publicQuery("/fapi/v1/premiumIndex", 1, { symbol: name });
  // An exchange that has just begun has no mark price yet, and says 0.
  const schema = PremiumIndex.refine(({ markPrice }) => Number(markPrice) > 0);
  ask(ports, { name: `price ${name}`, request, schema, then, refused: fatally(ports, name) }, now);
}

/**
 * Only the permissions of the key itself prove that it cannot withdraw: `canWithdraw` of the futures account speaks of
 * the account and is true for every ordinary one.
 */
function checkKey(ports: Prepared, now: Micros): void {
  if (ports.terms.keyPermissions === "absent") return checkAccount(ports, now);
  const Restrictions = z.object({
    enableWithdrawals: z.boolean(),
    enableFutures: z.boolean(),
    ipRestrict: z.boolean(),
  });
  const then = (key: z.infer<typeof Restrictions>, at: Micros): void => {
    if (key.enableWithdrawals) return ports.fatal("the API key may withdraw: switch withdrawals off for it");
    if (!key.enableFutures) return ports.fatal("the API key may not trade futures: switch futures on for it");
    if (!key.ipRestrict) ports.notice(warning("KEY_WITHOUT_IP_RESTRICTION", {}));
    checkAccount(ports, at);
  };
  const request = query("/sapi/v1/account/apiRestrictions", 1, {});
  ask(
    ports,
    {
      name: "key permissions",
      request,
      host: "sapi",
      schema: Restrictions,
      then,
      refused: fatally(ports, "the permissions of the API key cannot be read, so withdrawal is not ruled out"),
    },
    now,
  );
}

function checkAccount(ports: Prepared, now: Micros): void {
  const then = (account: z.infer<typeof AccountConfig>, at: Micros): void => {
    const cause = againstEntries(account);
    if (cause !== null) return ports.fatal(cause);
    prepareSymbol(ports, 0, at);
  };
  const refused = fatally(ports, "the account");
  ask(ports, { name: "accountConfig", request: accountConfig, schema: AccountConfig, then, refused }, now);
}

/** Set-up, fees and candles of one symbol after the other. Those of a closed one come when they come (F-58, F-60). */
function prepareSymbol(ports: Prepared, index: number, now: Micros): void {
  const instrument = ports.instruments[index];
  if (instrument === undefined) return ports.onReady(now);
  const next = (then: Micros): void => prepareSymbol(ports, index + 1, then);
  const isWaitedFor = instrument.rules.tradable;
  const begun = (then: Micros): void => {
    readFees(ports, instrument, isWaitedFor ? next : null, then);
    if (!isWaitedFor) next(then);
  };
  ports.setUp(instrument, begun, now);
}

/** @param next what waits for it; null: nothing, and no refusal ends the start */
function readFees(ports: Prepared, instrument: Instrument, next: ((now: Micros) => void) | null, now: Micros): void {
  const symbol = instrument.symbol;
  const then = (rate: z.infer<typeof CommissionRate>, at: Micros): void => {
    ports.emit({
      kind: "fees",
      symbol: instrument.index,
      makerE8: Number(moneyFromText(rate.makerCommissionRate)),
      takerE8: Number(moneyFromText(rate.takerCommissionRate)),
    });
    readCandles(ports, instrument, next, at);
  };
  const request = query("/fapi/v1/commissionRate", 20, { symbol });
  const question = { name: `fees ${symbol}`, request, schema: CommissionRate, then };
  ask(ports, next === null ? question : { ...question, refused: fatally(ports, symbol) }, now);
}

function readCandles(ports: Prepared, instrument: Instrument, next: ((now: Micros) => void) | null, now: Micros): void {
  const symbol = instrument.symbol;
  const request = klinesRequest(symbol, ports.terms.candles, null);
  const then = (rows: readonly Kline[], at: Micros): void => {
    try {
      const candles = closedCandles(instrument, rows, plus(at, ports.clock().offset));
      ports.emit({ kind: "candle-history", symbol: instrument.index, candles });
    } catch (error) {
      if (!(error instanceof OffGridError)) throw error;
      ports.notice(candlesUnread(symbol, error.message));
    }
    next?.(at);
  };
  const question = { name: `candles ${symbol}`, request, schema: z.array(Kline), then };
  ask(ports, next === null ? question : { ...question, refused: fatally(ports, symbol) }, now);
}

function fatally(ports: Pick<StartupPorts, "fatal">, what: string): (code: number, message: string) => void {
  return (code, message) => ports.fatal(`${what}: ${code} ${message}`);
}

function warning(code: string, fields: Notice["fields"]): Notice {
  return { kind: "notice", level: "warn", code, symbol: null, fields };
}
