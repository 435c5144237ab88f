/**
 * Stops that are always there. The floor is one close-position STOP_MARKET for the whole trade, placed at the first fill
 * report; the ratchet is a stop for the quantity that follows break-even, trailing and tighter decisions; targets rest
 * beside them. All live in the algo service, so they survive the daemon and never reserve quantity against a close
 * (design.md, Protection; requirements ORD-3; failure-catalogue I-01). What to do is the arbiter's; it is done here.
 */

import { meaningOf } from "../domain/error-policy.ts";
import { type Lots, lots, type Micros, microsFromMillis, type Ticks } from "../domain/units.ts";
import { cancel, type Desk, placeAlgo } from "./desk.ts";
import { beginClose } from "./exit.ts";
import { mayTrade } from "./order.ts";
import { type Arrangement, arrange, type Situation, type Step } from "./protection-arbiter.ts";
import { takePart } from "./taking.ts";
import { targetFacts, wantedTargets } from "./targets.ts";
import { exitSide, exposedLots, isPointless, lastOf, openLots, type Trade, wakeBy } from "./trade.ts";

/** From so many closes on, a naked position that is being closed gets a stop as well. */
const closesUntilStop = 2;

export function manageProtection(desk: Desk, trade: Trade, now: Micros): void {
  // A reply may tell of a fill before the execution itself is reported: the exposure is known from then on.
  const exposed = exposedLots(trade);
  if (exposed <= 0) {
    trade.exposedSince = null;
    return;
  }
  if (isPointless(trade)) return;
  const arrangement = arrange(situationOf(desk, trade, exposed, now));
  if (arrangement.covered) trade.exposedSince = null;
  else if (trade.exposedSince === null) {
    trade.exposedSince = now;
    // The back-off was one of a position that lay behind a stop (failure-catalogue F-54).
    if (trade.closing !== null) trade.closing.nextAttemptAt = Math.min(trade.closing.nextAttemptAt, now);
  }
  if (Number.isFinite(arrangement.wakeAt)) wakeBy(trade, arrangement.wakeAt);
  // A close that keeps failing must not leave the position without a stop (failure-catalogue F-54).
  if (trade.closing !== null && (arrangement.covered || !isCloseFailing(desk, trade, now))) return;
  carryOut(desk, trade, arrangement, now);
  watchExposure(desk, trade, now);
}

/** The exchange would refuse a stop at or beyond the price; sparing the round trip is sparing naked time. */
export function isStopPassed(desk: Desk, trade: Trade, level: Ticks): boolean {
  const { bid, ask } = desk.touch;
  return trade.plan.side === "buy" ? ask > 0 && ask <= level : bid >= level;
}

/** One whose fate stays unknown closes nothing for all we know: look-ups may take as long as they like (I-01). */
function isCloseFailing({ settings }: Desk, trade: Trade, now: Micros): boolean {
  const { closing } = trade;
  if (closing === null) return false;
  const last = lastOf(trade, "x");
  const isRepeated = closing.attempts >= closesUntilStop;
  if (isRepeated || last?.status.kind !== "unknown") return isRepeated;
  const patientUntil = last.sentAt + microsFromMillis(settings.protection.unprotected_max_ms);
  if (now < patientUntil) wakeBy(trade, patientUntil);
  return now >= patientUntil;
}

/** The exchange hears nothing from us until a time: then the close goes first, for a stop may bring the next silence. */
function isAddressHeld(trade: Trade): boolean {
  return meaningOf(lastOf(trade, "x")?.refusal ?? null) === "limit-of-address";
}

function situationOf(desk: Desk, trade: Trade, exposed: number, now: Micros): Situation {
  const { protection } = desk.settings;
  const byContract = protection.working_type === "CONTRACT_PRICE";
  return {
    now,
    side: trade.plan.side,
    exposed,
    cover: coverLots(desk, trade, exposed + uncoveredLots(trade)),
    settled: trade.entryFinished,
    closesFail: isCloseFailing(desk, trade, now) && !isAddressHeld(trade),
    floorLevel: trade.plan.stopLoss,
    stopLevel: trade.stopLevel,
    targets: wantedTargets(desk.instrument, targetFacts(trade)),
    orders: [...trade.orders.values()].filter(({ role }) => role !== "e" && role !== "x"),
    isPassed: (level) => byContract && isStopPassed(desk, trade, level),
    triggerMicros: microsFromMillis(protection.unprotected_max_ms),
    retryMicros: microsFromMillis(protection.close_retry_ms),
    resizeMicros: trade.rules.moveIntervalMicros,
  };
}

/** What others have added, where no floor closes the whole position: the stop for a quantity is all that it has (F-22, F-27). */
function uncoveredLots({ orders, othersLots }: Trade): number {
  const hasFloor = [...orders.values()].some((order) => order.role === "f" && mayTrade(order));
  return hasFloor ? 0 : Math.max(0, othersLots);
}

/** What may still fill is covered in advance: the order only reduces, so being too large costs nothing. */
function coverLots({ instrument }: Desk, trade: Trade, exposed: number): Lots {
  const { marketStepLots, marketMinLots, marketMaxLots } = instrument;
  const wanted = trade.entryFinished ? exposed : Math.max(exposed, trade.plan.quantity);
  const onStep = Math.ceil(Math.max(wanted, marketMinLots) / marketStepLots) * marketStepLots;
  return lots(Math.min(onStep, Math.floor(marketMaxLots / marketStepLots) * marketStepLots));
}

function carryOut(desk: Desk, trade: Trade, { steps, watchStop, watchTarget }: Arrangement, now: Micros): void {
  trade.watchStop = watchStop;
  trade.watchTarget = watchTarget;
  for (const step of steps) carryOutOne(desk, trade, step, now);
}

function carryOutOne(desk: Desk, trade: Trade, step: Step, now: Micros): void {
  switch (step.kind) {
    case "place":
      placeAlgo(desk, trade, step.role, exitSide(trade), step.type, step.trigger, step.extent, now);
      return;
    case "cancel":
      return cancel(desk, trade, step.order, now);
    case "take":
      takePart(desk, trade, step.quantity, now);
      return;
    case "close":
      return beginClose(desk, trade, step.reason, now);
    case "give-up":
      return giveUp(desk, trade, step.detail, now);
    default:
      throw new TypeError(`unhandled step ${step satisfies never}`);
  }
}

function watchExposure(desk: Desk, trade: Trade, now: Micros): void {
  if (trade.exposedSince === null) return;
  const limit = trade.exposedSince + microsFromMillis(desk.settings.protection.unprotected_max_ms);
  if (now < limit) return wakeBy(trade, limit);
  if (trade.closing === null) giveUp(desk, trade, "no stop became live in time", now);
  else tellExposure(desk, trade);
}

/** Once an exposure: SAFE MODE may be on for something else, and then says nothing of it (failure-catalogue I-18). */
function tellExposure({ instrument, emit }: Desk, trade: Trade): void {
  if (trade.exposureTold === trade.exposedSince) return;
  trade.exposureTold = trade.exposedSince;
  const { plan, closing, exposedSince: since } = trade;
  const fields = { trade: plan.trade, lots: openLots(trade), closes: closing?.attempts ?? 0, since };
  emit({ kind: "notice", level: "error", code: "CLOSING_WITHOUT_STOP", symbol: instrument.index, fields });
}

/** The position cannot be protected: it is closed, and nothing new is opened (requirements SAF-3). */
function giveUp(desk: Desk, trade: Trade, detail: string, now: Micros): void {
  desk.enterSafeMode("CANNOT_PROTECT", `${desk.instrument.symbol}: ${detail}`, now);
  beginClose(desk, trade, "CANNOT_PROTECT", now);
}
