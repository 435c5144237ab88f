/** What the exchange says of clock, symbols, key and account. Reads only; nothing on it is changed. */

import { Decimal } from "decimal.js";
import { z } from "zod";
import type { Settings } from "../../config/schema.ts";
import { instrumentFromRules, UnsupportedInstrumentError } from "../../domain/instrument.ts";
import { microsFromMillis, symbolIndex } from "../../domain/units.ts";
import { measureOffset } from "../../venue/clock-offset.ts";
import { rulesOf } from "../../venue/exchange-info.ts";
import { queryText } from "../../venue/signing.ts";
import { AccountConfig, ExchangeInfo, PremiumIndex, ServerTime } from "../../venue/wire/schemas.ts";
import type { Venue } from "../venues.ts";
import { codeOf, type Finding, fail, ok, warn } from "./finding.ts";

const timeoutMillis = 5_000;
const bytesMax = 16 * 1_024 * 1_024;
const offsetMillisWarn = 1_000;
const offsetMillisFail = 60_000;

type Asked<Data> =
  | { readonly ok: true; readonly data: Data; readonly receivedAt: number; readonly sentAt: number }
  | { readonly ok: false; readonly cause: string };

type Asker = <Data>(
  base: string,
  path: string,
  schema: z.ZodType<Data>,
  params?: Readonly<Record<string, string>>,
) => Promise<Asked<Data>>;

export async function checkVenue(venue: Venue, settings: Settings): Promise<readonly Finding[]> {
  const { rest } = venue.endpoints;
  const open: Asker = (base, path, schema, params = {}) => ask(`${base}${path}?${new URLSearchParams(params)}`, schema);
  const time = await open(rest, "/fapi/v1/time", ServerTime);
  if (!time.ok) {
    const mend = "check the network, name resolution, a proxy or firewall, and the exchange's status page";
    return [fail("exchange", `${new URL(rest).host}: ${time.cause}`, mend)];
  }
  const sent = microsFromMillis(time.sentAt);
  const clock = measureOffset(sent, microsFromMillis(time.receivedAt), microsFromMillis(time.data.serverTime));
  const signed: Asker = (base, path, schema, params = {}) => {
    const timestamp = Math.floor(Date.now() + clock.offset / 1_000);
    return ask(`${base}${path}?${queryText(params, timestamp, venue.signer)}`, schema, venue.signer.apiKey);
  };
  return [
    ok("exchange", new URL(rest).host),
    clockFinding(clock.offset / 1_000, clock.error / 1_000),
    ...(await checkSymbols(rest, open, settings)),
    ...(await checkKey(venue, signed)),
    await checkAccount(rest, signed),
  ];
}

function clockFinding(offset: number, error: number): Finding {
  const found = `the exchange's clock minus ours: ${offset.toFixed(0)} ms, ±${error.toFixed(0)} ms`;
  const mend = "let the system keep its clock (chrony, systemd-timesyncd); scalpd corrects only what is left";
  const size = Math.abs(offset) - error;
  if (size > offsetMillisFail) return fail("clock", found, mend);
  return size > offsetMillisWarn ? warn("clock", found, mend) : ok("clock", found);
}

async function checkSymbols(rest: string, open: Asker, settings: Settings): Promise<readonly Finding[]> {
  const info = await open(rest, "/fapi/v1/exchangeInfo", ExchangeInfo);
  if (!info.ok) return [fail("symbols", info.cause, "try again: without the symbols' rules nothing is traded")];
  const findings: Finding[] = [];
  for (const name of settings.symbols) {
    const price = await open(rest, "/fapi/v1/premiumIndex", PremiumIndex, { symbol: name });
    findings.push(symbolFinding(name, info.data, price, settings));
  }
  return findings;
}

function symbolFinding(
  name: string,
  info: ExchangeInfo,
  price: Asked<z.infer<typeof PremiumIndex>>,
  { risk }: Settings,
): Finding {
  const check = `symbol ${name}`;
  const found = rulesOf(info, name);
  if (!found.ok) return fail(check, found.cause, "take it out of `symbols`, or spell it as the exchange does");
  const { rules } = found;
  // The daemon starts all the same, because others may have something open (failure-catalogue F-58, F-60).
  if (!rules.tradable)
    return warn(check, "is not trading: no entries in it until it does", "wait, or take it out of `symbols`");
  if (!price.ok) return warn(check, `its price could not be read: ${price.cause}`, "try again");
  try {
    instrumentFromRules(rules, symbolIndex(0), price.data.markPrice, rules.maxQuantity);
  } catch (error) {
    if (!(error instanceof UnsupportedInstrumentError)) throw error;
    return fail(check, error.message, "take it out of `symbols`");
  }
  const step = new Decimal(rules.minQuantity).times(price.data.markPrice);
  const least = Decimal.max(step, rules.minNotional);
  const words = `tick ${rules.tickSize}, step ${rules.stepSize}, least order ${least.toFixed(2)} ${rules.quoteAsset}`;
  if (least.gt(risk.max_notional)) {
    return warn(check, words, `no order fits: risk.max_notional ${risk.max_notional} is below the least order`);
  }
  return ok(check, words);
}

/** Only production has a service that tells the permissions of a key. */
async function checkKey(venue: Venue, signed: Asker): Promise<readonly Finding[]> {
  const { sapi } = venue.endpoints;
  if (sapi === null) return [ok("key", "this exchange does not tell the permissions of a key")];
  const Restrictions = z.object({
    enableWithdrawals: z.boolean(),
    enableFutures: z.boolean(),
    ipRestrict: z.boolean(),
  });
  const key = await signed(sapi, "/sapi/v1/account/apiRestrictions", Restrictions);
  if (!key.ok) return [fail("key", key.cause, "check SCALPD_API_KEY and its secret, and the key's address list")];
  const findings: Finding[] = [];
  if (key.data.enableWithdrawals) findings.push(fail("key", "may withdraw", "switch withdrawals off for this key"));
  if (!key.data.enableFutures) findings.push(fail("key", "may not trade futures", "switch futures on for this key"));
  if (!key.data.ipRestrict) {
    findings.push(warn("key", "works from any address", "restrict it to this machine's address"));
  }
  return findings.length === 0 ? [ok("key", "futures only, no withdrawals, restricted by address")] : findings;
}

async function checkAccount(rest: string, signed: Asker): Promise<Finding> {
  const account = await signed(rest, "/fapi/v1/accountConfig", AccountConfig);
  if (!account.ok) {
    return fail("account", account.cause, "check the key, its secret, its futures permission and its address list");
  }
  const { canTrade, dualSidePosition, multiAssetsMargin } = account.data;
  if (!canTrade) return fail("account", "may not trade", "ask the exchange why");
  if (dualSidePosition) {
    return fail("account", "hedge mode", "set the position mode to one-way, with no open orders or positions");
  }
  if (multiAssetsMargin) return fail("account", "multi-assets mode", "set the asset mode to single-asset");
  return ok("account", "may trade, one-way, single-asset");
}

/** Addresses may hold signatures: what goes wrong is told by status or code. @see failure-catalogue S-01 */
async function ask<Data>(url: string, schema: z.ZodType<Data>, apiKey?: string): Promise<Asked<Data>> {
  const sentAt = Date.now();
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMillis),
      headers: apiKey === undefined ? {} : { "X-MBX-APIKEY": apiKey },
    });
    const receivedAt = Date.now();
    const text = await response.text();
    if (text.length > bytesMax) return { ok: false, cause: "an answer that is too large" };
    if (!response.ok) return { ok: false, cause: refusalOf(response.status, text) };
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success
      ? { ok: true, data: parsed.data, sentAt, receivedAt }
      : { ok: false, cause: "an answer that cannot be read" };
  } catch (error) {
    return { ok: false, cause: error instanceof SyntaxError ? "an answer that is not JSON" : codeOf(error) };
  }
}

function refusalOf(status: number, text: string): string {
  const Refusal = z.object({ code: z.int(), msg: z.string() });
  try {
    const parsed = Refusal.safeParse(JSON.parse(text));
    if (parsed.success) return `HTTP ${status}, code ${parsed.data.code}: ${parsed.data.msg.slice(0, 200)}`;
  } catch {
    // Not JSON: the status says enough.
  }
  return `HTTP ${status}`;
}

/** For a venue that is not running: nothing is asked of it. */
export function venueNotAsked(): Finding {
  return ok("exchange", "paper: the embedded exchange starts with `scalpd run`; nothing is asked");
}
