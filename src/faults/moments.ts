/** What happens at a moment of a plan, done to a world; and how long after it something may be wrong with the daemon. */

import { type Micros, microsPerMinute, microsPerSecond, symbolIndex } from "../domain/units.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Judge } from "./judge/judge.ts";
import { actByHand } from "./people.ts";
import type { MomentEffect, Partition, StreamKind } from "./plan/fault.ts";
import { gridIn, onGrid } from "./settings.ts";
import type { World } from "./world.ts";

const second = microsPerSecond;
/** Reply time-out, a look-up, and another attempt. */
export const recovery = 7 * second;
/** What the stream does not tell is found when the account is compared. */
export const compared = 75 * second;
/** Connections are opened again, with growing waits, and the account is read. */
const reconnected = 75 * second;
/** A request under way is given up, or a refused close waits, before it is tried again. */
const retried = 30 * second;
/** Our own pings find a connection that is dead. */
const pinged = 30 * second;
/** 403 names no end: the adapter waits for itself. */
const firewalled = 2 * microsPerMinute;
/** Rules are read anew at most once a minute, and while a symbol is not traded every five. */
const rulesRead = 6 * microsPerMinute;
/** An operator who has halted resumes after this long. */
const resumeAfter = 5 * microsPerMinute;
/** Another daemon is answered by then. */
const answered = 10 * second;
/** The owner tries to change the position mode back this often. */
const modeInterval = 10 * second;
const streams: readonly StreamKind[] = ["public", "market", "private", "ws-api"];

/** Nothing is wrong any more. */
export function healAll(world: World): void {
  const { network, disk, market, lag } = world;
  network.heal();
  disk.refusesUntil = 0;
  disk.slowUntil = 0;
  market.thin(null);
  market.burst(1);
  lag.until = 0;
  world.second.end();
  world.exchange.chargeFeesIn("USDT");
  world.exchange.switchPositionMode(false);
  for (const symbol of world.specs.keys()) {
    market.setBasis(symbol, 0);
    market.freeze(symbol, world.now);
    market.halt(symbol, world.now);
    world.exchange.changeRules(symbolIndex(symbol), {});
  }
}

/**
 * @param isOn whether faults still strike
 * @returns whether there was anything to do it to
 */
export function doAtMoment(effect: MomentEffect, world: World, judge: Judge, isOn: () => boolean): boolean {
  const { network, disk, market, process, queue, now } = world;
  if ("symbol" in effect && effect.symbol >= world.specs.length) return false;
  /** What ends by itself, unless everything was healed before. */
  const later = (after: number, act: () => void): void =>
    queue.push(world.now + after, () => {
      if (isOn()) act();
    });
  switch (effect.do) {
    case "disconnect":
    case "half-open": {
      const isHit =
        effect.do === "disconnect" ? process.port?.disconnect(effect.stream) : process.port?.halfOpen(effect.stream);
      if (isHit !== true) return false;
      judge.trouble(now + (effect.do === "half-open" ? pinged : 0) + reconnected, "none");
      judge.trouble(now + inTheWay(effect), "all");
      return true;
    }
    case "day-cut":
      return cutAll(world, judge);
    case "stall":
      network.stalls.set(effect.stream, now + effect.for);
      judge.trouble(now + effect.for + reconnected, "none");
      judge.trouble(now + inTheWay(effect), "all");
      return true;
    case "garble":
      network.garbled.set(effect.stream, { until: now + effect.for, share: effect.share });
      return true;
    case "warp":
      network.warped.set(effect.stream, { until: now + effect.for, share: effect.share, how: effect.how });
      return true;
    case "freeze":
      market.freeze(effect.symbol, now + effect.for);
      return true;
    case "partition":
      network.partitions.set(effect.what, now + effect.for);
      judge.trouble(now + effect.for + reconnected, "none");
      judge.trouble(now + inTheWay(effect), "all");
      return true;
    case "maintenance":
      network.outage = { answer: effect.answer, refuses: true, until: now + effect.for };
      cutAll(world, judge);
      judge.trouble(now + effect.for + reconnected, "all");
      later(effect.for, () => {
        if (effect.cancels) world.atExchange(cancelAll);
      });
      return true;
    case "deny":
      network.outage = { answer: "-2015", refuses: false, until: now + effect.for };
      judge.trouble(now + effect.for + reconnected, "all");
      return true;
    case "backlog":
      network.backlogUntil = now + effect.for;
      judge.trouble(now + effect.for + recovery, "all");
      return true;
    case "lag":
      world.lag.most = effect.most;
      world.lag.until = now + effect.for;
      judge.scene.readsLagUntil = Math.max(judge.scene.readsLagUntil, now + effect.for + effect.most);
      judge.trouble(now + effect.for + effect.most + recovery, "none");
      return true;
    case "burst":
      if (!market.burst(effect.times)) return false;
      later(effect.for, () => market.burst(1));
      return true;
    case "slow":
      network.slow = { by: effect.by, until: now + effect.for };
      judge.trouble(now + effect.for + recovery, "none");
      return true;
    case "ban":
      network.ban = { status: effect.status, until: now + effect.for };
      judge.trouble(now + effect.for + reconnected + firewalled, "all");
      return true;
    case "lose-listen-key":
      world.service.dropListenKey(effect.told);
      judge.trouble(now + reconnected, "none");
      return true;
    case "gap":
      return market.jump(effect.symbol, effect.share);
    case "apart":
      market.setBasis(effect.symbol, effect.share);
      later(effect.for, () => market.setBasis(effect.symbol, 0));
      return true;
    case "thin":
      market.thin(effect.lots);
      later(effect.for, () => market.thin(null));
      return true;
    case "close-out":
      // Marked before: the exchange tells at once.
      for (const symbol of world.specs.keys()) judge.touched(symbol);
      judge.trouble(now + compared, "none");
      return world.atExchange((exchange, at) => exchange.closeOut(symbolIndex(effect.symbol), effect.by, at));
    case "funding":
      if (judge.scene.truth.position(effect.symbol) === 0) return false;
      return world.atExchange((exchange, at) => {
        exchange.payFunding(symbolIndex(effect.symbol), effect.rate, at);
        return true;
      });
    case "fees":
      world.exchange.chargeFeesIn(effect.asset);
      later(effect.for, () => world.exchange.chargeFeesIn("USDT"));
      return true;
    case "rules":
      return changeRules(effect, world, judge, later);
    case "coarser":
      return coarsen(effect, world, judge, later);
    case "hedge-mode":
      if (!world.exchange.switchPositionMode(true)) return false;
      judge.trouble(now + effect.for + modeInterval + reconnected, "all");
      later(effect.for, () => leaveHedgeMode(world.exchange, later));
      return true;
    case "disk":
      if (effect.fault === "refuses") disk.refusesUntil = now + effect.for;
      else disk.slowUntil = now + effect.for;
      return true;
    case "exchange-clock":
      stepClock(effect.by, world, judge);
      later(effect.for, () => stepClock(0, world, judge));
      return true;
    case "second-daemon": {
      queue.push(now + answered, () => {
        if (world.second.heardAt < now) judge.owners.notAnswered(now);
      });
      return world.second.begin(effect.symbol, effect.enters, effect.for);
    }
    case "drift-clock":
      process.drift(effect.ppm);
      return true;
    case "pause":
      if (!process.isUp) return false;
      process.pause(now + effect.for);
      judge.trouble(now + effect.for + reconnected, "all");
      return true;
    case "human":
      if (!actByHand(world, judge, effect.act, effect.symbol)) return false;
      // Nobody tells whose trade it was: it is found when the account is compared.
      judge.trouble(now + compared, "none");
      return true;
    case "operator":
      if (!process.isReady) return false;
      process.tell({ kind: "control", by: "operator", action: effect.act });
      if (effect.act !== "resume") {
        queue.push(now + resumeAfter, () => process.tell({ kind: "control", by: "operator", action: "resume" }));
      }
      return true;
    default:
      throw new TypeError(`unhandled effect ${effect satisfies never}`);
  }
}

/** The market, what the private stream tells, and names that are known already are in no order's way. */
const cutsOrders: Readonly<Record<Partition, boolean>> = {
  all: true,
  rest: true,
  in: true,
  out: true,
  private: false,
  market: false,
  names: false,
};

/** From its beginning on, microseconds, for so long a fault stands between the daemon and its orders; 0: not at all. */
export function inTheWay(
  effect: Extract<
    MomentEffect,
    { do: "disconnect" | "half-open" | "stall" | "day-cut" | "partition" | "slow" | "rules" }
  >,
): number {
  switch (effect.do) {
    case "disconnect":
    case "half-open":
    case "stall":
      // Of a request under way nobody hears; the next one goes by REST.
      return effect.stream === "ws-api" ? recovery : 0;
    case "day-cut":
      return recovery;
    case "partition":
      return cutsOrders[effect.what] ? effect.for + retried : 0;
    case "slow":
      // How long a way takes is counted by itself.
      return 0;
    case "rules":
      // Other bounds refuse no stop and no close, but for the price band, and what that refuses is counted by itself.
      return effect.change.status === "CLOSE" ? effect.for + retried : 0;
    default:
      throw new TypeError(`unhandled effect ${effect satisfies never}`);
  }
}

/** No order can leave where no name is resolved and the connection for orders is gone as well. */
export function troubleWays({ network, process, now }: World, judge: Judge): void {
  if (network.isNameless() && process.port?.isOpen("ws-api") !== true) judge.trouble(now + retried, "all");
}

function cancelAll(exchange: Exchange, now: Micros): boolean {
  exchange.cancelAll(now);
  return true;
}

/** What is signed is refused until the time is asked for anew. */
function stepClock(offset: number, { network, now }: World, judge: Judge): void {
  const { scene } = judge;
  network.gateOffset = offset;
  scene.gateBehind = Math.max(scene.gateBehind, -offset);
  scene.gateTrueSince = offset === 0 ? now : Number.POSITIVE_INFINITY;
  judge.trouble(now + recovery, "all");
}

function cutAll({ process, now }: World, judge: Judge): boolean {
  const { port } = process;
  if (port === null) return false;
  judge.trouble(now + reconnected, "none");
  judge.trouble(now + inTheWay({ do: "day-cut" }), "all");
  return streams.filter((stream) => port.disconnect(stream)).length > 0;
}

/** A symbol that is closed has no market either. */
function changeRules(
  effect: Extract<MomentEffect, { do: "rules" }>,
  { exchange, market, now, coarse }: World,
  judge: Judge,
  later: (after: number, act: () => void) => void,
): boolean {
  const { symbol, change, for: time } = effect;
  exchange.changeRules(symbolIndex(symbol), change);
  coarse.delete(symbol);
  if (change.status === "CLOSE") market.halt(symbol, now + time);
  judge.trouble(now + time + rulesRead, "none");
  judge.trouble(now + inTheWay(effect), symbol);
  later(time, () => exchange.changeRules(symbolIndex(symbol), {}));
  return true;
}

function coarsen(
  { symbol, ticks, steps, for: time }: Extract<MomentEffect, { do: "coarser" }>,
  { exchange, coarse, process, specs, now }: World,
  judge: Judge,
  later: (after: number, act: () => void) => void,
): boolean {
  const spec = specs[symbol];
  // A process that has not read the rules yet would begin on these.
  if (spec === undefined || process.core === null) return false;
  const { tickSize, stepSize } = gridIn(spec);
  const listed = symbolIndex(symbol);
  exchange.changeRules(listed, { tickSize: onGrid(ticks, tickSize), stepSize: onGrid(steps, stepSize) });
  coarse.add(symbol);
  // The refusal says that it is the grid, and another one is tried without waiting for the rules.
  judge.trouble(now + recovery, symbol);
  later(time, () => exchange.changeRules(listed, {}));
  return true;
}

function leaveHedgeMode(exchange: Exchange, later: (after: number, act: () => void) => void): void {
  if (!exchange.switchPositionMode(false)) later(modeInterval, () => leaveHedgeMode(exchange, later));
}
