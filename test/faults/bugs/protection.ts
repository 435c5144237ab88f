/** Mistakes about stops, targets and closes. */

import type { Bug } from "./bug.ts";

export const protectionBugs: readonly Bug[] = [
  {
    id: "stop-is-widened",
    cause: "F-04",
    file: "execution/protection-arbiter.ts",
    find: `    if (meaningOf(stop.refusal) !== "trigger-passed") continue;`,
    replace: `    if (meaningOf(stop.refusal) !== "trigger-passed" || stops.length > 1) continue;
    const trigger = floorLevel + (stop.side === "buy" ? 1 : -1) * Math.round(floorLevel / 500);
    return { kind: "place", role: "f", type: "STOP_MARKET", trigger, extent: { kind: "close-position" } };`,
    sentence: "A stop that is refused because the price is there already is put further away, so that it is taken.",
  },
  {
    id: "stop-moves-by-cancel",
    cause: "F-05",
    file: "execution/protection-arbiter.ts",
    find: `  // One move after the other: what is on the way is waited for.
  if (ratchets.some(isOnTheWay)) return [];`,
    replace: `  if (ratchets.some(isOnTheWay)) return [];
  const old = stops.filter(({ status }) => status.kind === "live");
  if (old.length > 0) return old.map((order) => ({ kind: "cancel", order }));`,
    sentence: "A stop is moved by cancelling the old one first.",
  },
  {
    id: "targets-outlive-trade",
    cause: "F-13",
    file: "execution/trade-manager.ts",
    find: `    for (const order of trade.orders.values()) {
      if (!mayTrade(order) || (isKept && isRestingStop(order))) continue;`,
    replace: `    for (const order of trade.orders.values()) {
      if (!mayTrade(order) || order.role === "t1" || order.role === "r") continue;`,
    sentence: "What closes a part is left behind when the trade is over.",
  },
  {
    id: "stop-goes-before-close",
    cause: "F-14",
    file: "execution/exit.ts",
    find: `  if (closing.clearsTargets && clearTargets(desk, trade, now)) closing.nextAttemptAt = now;`,
    replace: `  for (const stop of [...ordersOf(trade, "f"), ...ordersOf(trade, "r")]) cancel(desk, trade, stop, now);`,
    sentence: "A close takes the stops away to make room for itself, and not the targets.",
  },
  {
    id: "minimum-for-exits",
    cause: "F-15",
    file: "execution/exit.ts",
    find: `  if (closing === null || ordersOf(trade, "x").some((exit) => isAwaited(desk, trade, exit))) return;`,
    replace: `  if (closing === null || ordersOf(trade, "x").some((exit) => isAwaited(desk, trade, exit))) return;
  if (open * desk.touch.bid < 10 * desk.instrument.minNotional) return;`,
    sentence: "A minimum that is made for entries is asked of exits.",
  },
  {
    id: "child-is-nobodys",
    cause: "F-23",
    file: "execution/trade-manager.ts",
    find: `    if (trade === null || order === null) return;
    // The cumulative amount orders`,
    replace: `    if (trade === null || order === null || order.service === "algo") return;
    // The cumulative amount orders`,
    sentence: "The fill of the order that a stop has spawned is matched to nothing.",
  },
  {
    id: "algo-orders-unseen",
    cause: "F-30",
    file: "engine/found-orders.ts",
    find: `return [...snapshot.orders, ...snapshot.algos].flatMap((report) => {`,
    replace: `return [...snapshot.orders].flatMap((report) => {`,
    sentence: "Only the list of ordinary orders is read, and stops are not in it.",
  },
  {
    id: "quantity-stop-opens",
    cause: "F-32",
    file: "venue/wire/encode.ts",
    find: `return { quantity: reducingText(instrument, extent.quantity), reduceOnly: "true" };`,
    replace: `return { quantity: reducingText(instrument, extent.quantity) };`,
    sentence: "A stop or target for a quantity is not reduce-only.",
  },
  {
    id: "exit-opens",
    cause: "F-33",
    file: "venue/wire/encode.ts",
    find: `  if (reduceOnly) params["reduceOnly"] = "true";
  else params`,
    replace: `  params`,
    sentence: "Exits are not reduce-only: the second of two sells twice.",
  },
  {
    id: "failed-trigger-is-ignored",
    cause: "F-40",
    file: "execution/order.ts",
    find: `    case "REJECTED":
    case "EXPIRED":
      return { ...next, status: { kind: "closed", reason: "expired" } };`,
    replace: `    case "REJECTED":
    case "EXPIRED":
      return next;`,
    sentence: "A stop that fails when it is triggered goes on counting.",
  },
  {
    id: "close-is-success",
    cause: "F-44",
    file: "execution/trade-manager.ts",
    find: `if (!trade.entryFinished || openLots(trade) !== 0 || lacksExecutions(trade)) return;`,
    replace: `const isLeft = [...trade.orders.values()].some(({ role, status }) => role === "x" && status.kind === "closed");
    if (!trade.entryFinished || (openLots(trade) !== 0 && !isLeft) || lacksExecutions(trade)) return;`,
    sentence: "A close that has ended counts as success, whatever is still open.",
  },
  {
    id: "crumbs-are-naked",
    cause: "F-46",
    file: "execution/protection.ts",
    find: `  if (exposed <= 0) {
    trade.exposedSince = null;`,
    replace: `  if (exposed < 10 * desk.instrument.minLots) {
    trade.exposedSince = null;`,
    sentence: "A small part of an entry gets no stop.",
  },
  {
    id: "unknown-code-is-waited-for",
    cause: "F-12",
    file: "domain/error-policy.ts",
    find: `  algo: "refuse",
  cancel: "look-up",`,
    replace: `  algo: "done",
  cancel: "look-up",`,
    sentence: "A stop that is refused with words that nobody knows counts as placed.",
    needs: "unknown code",
  },
  {
    id: "stop-lives-in-the-program",
    cause: "F-16",
    file: "execution/protection.ts",
    find: `  const exposed = exposedLots(trade);
  if (exposed <= 0) {`,
    replace: `  const exposed = exposedLots(trade);
  if (exposed <= 0 || trade.plan.side === "sell") {`,
    sentence: "The stop of a short is watched by the program, and nothing rests on the exchange.",
  },
  {
    id: "stop-for-first-fill",
    cause: "F-24",
    file: "execution/desk.ts",
    find: `    workingType: desk.settings.protection.working_type,
    extent,`,
    replace: `    workingType: desk.settings.protection.working_type,
    extent: role === "f" ? { kind: "quantity", quantity: Math.max(1, Math.abs(trade.ledger.position)) as Lots } : extent,`,
    sentence: "The stop is for what had filled when it was placed.",
  },
  {
    id: "found-stop-is-far",
    cause: "F-31",
    file: "engine/recovered-plan.ts",
    find: `    Math.floor((entryTicks * settings.protection.default_stop_bps) / 1e4),`,
    replace: `    Math.floor((entryTicks * settings.protection.default_stop_bps) / 1e3),`,
    sentence: "The stop of a position whose own level nobody knows lies ten times as far away as the settings want it.",
  },
];
