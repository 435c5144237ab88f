/** Entries and what is left of trades: I-02, I-03, I-04, I-11, I-17 and I-23. */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Beginning, Scene } from "./scene.ts";
import { partsOf, type TrueFill } from "./truth.ts";

/** How long the orders of a closed trade may outlive it while the exchange answers. */
const cleanup = 10_000_000;
/** A journal that refuses is a reason for SAFE MODE; it is told in a turn of its own. */
const safeModeBy = 100_000;
/** What an earlier run was in is told when the journal is read. */
const restoredBy = 1_000_000;
/** How long entries may rest in SAFE MODE while nothing is wrong. */
const withdrawnBy = 10_000_000;
/** An operator's word is heard in a turn of its own. */
const resumeTakes = 1_000_000;
/** Codes are documented down to here. @see binance-usdm.md §8 */
const knownCodesFrom = -5_999;

export class Entries {
  readonly #scene: Scene;
  readonly #planned = new Map<string, number>();
  readonly #entered = new Map<string, number>();
  readonly #closed = new Map<string, number>();
  /** orders of unknown fate, by symbol */
  readonly #unknown: Set<string>[];
  /** entries that have left in this turn */
  readonly #left: { readonly id: string; readonly symbol: number }[] = [];
  #safe: { readonly since: number; readonly reason: string } | null = null;
  #safeDue = Number.POSITIVE_INFINITY;
  /** why it is due */
  #trigger = "";
  /** nothing but an operator's word ends SAFE MODE */
  readonly #isOperators: boolean;
  #resumedAt = Number.NEGATIVE_INFINITY;
  /** the journal says that an earlier run was in it, and this one has not said so yet */
  #isRestoreDue = false;
  /** entries that were told of because they rest in it */
  readonly #rested = new Set<string>();
  /** trades of another daemon, which nobody here has planned */
  readonly #others = new Set<string>();

  constructor(scene: Scene, isOperators: boolean) {
    this.#scene = scene;
    this.#isOperators = isOperators;
    this.#unknown = scene.grids.map(() => new Set());
  }

  get safeMode(): { readonly since: number; readonly reason: string } | null {
    return this.#safe;
  }

  onBegin({ openTrades, safeModeOf = null }: Beginning): void {
    for (const set of this.#unknown) set.clear();
    this.#safe = safeModeOf === null ? null : { since: this.#scene.now, reason: safeModeOf };
    this.#isRestoreDue = safeModeOf !== null;
    this.#safeDue = Number.POSITIVE_INFINITY;
    for (const { intent } of openTrades) this.#plan(intent.trade, intent.quantity);
  }

  onNotice(code: string, reason: unknown): void {
    if (code === "SAFE_MODE_ON" || code === "SAFE_MODE_RESTORED")
      this.#safe = { since: this.#scene.now, reason: String(reason) };
    if (code === "SAFE_MODE_RESTORED") this.#isRestoreDue = false;
    // It has followed, however soon an operator takes it back.
    if (code === "SAFE_MODE_ON") this.#safeDue = Number.POSITIVE_INFINITY;
    if (code !== "SAFE_MODE_OFF") return;
    this.#safe = null;
    if (this.#isOperators && this.#scene.now - this.#resumedAt > resumeTakes) {
      this.#scene.violated("I-17", "SAFE MODE has ended, and no operator said so");
    }
  }

  /** The store has refused: SAFE MODE follows at once. */
  onStoreFailed(): void {
    this.#expectSafeMode("the store has failed");
  }

  /** What the exchange answers to an order, and nobody knows, is a reason as well. */
  onReply(call: Call, text: string | null): void {
    const [verb = ""] = call.name.split(" ");
    if (verb !== "place" && verb !== "amend" && verb !== "cancel") return;
    const code = Number(/"code":(-\d+)/.exec(text ?? "")?.[1] ?? 0);
    // The stop that proves the stop path belongs to no trade: what is wrong with it keeps entries off by itself.
    if (!this.#planned.has(partsOf(call.clientId ?? "").trade)) return;
    if (code < knownCodesFrom) this.#expectSafeMode(`${call.name} was answered ${code}`);
  }

  /** Another daemon is about to send an order of that id. */
  sentByOther(id: string): void {
    const { role, trade } = partsOf(id);
    if (role === "e") this.#others.add(trade);
  }

  onResume(): void {
    this.#resumedAt = this.#scene.now;
  }

  #expectSafeMode(trigger: string): void {
    if (this.#safe !== null) return;
    this.#safeDue = Math.min(this.#safeDue, this.#scene.now + safeModeBy);
    this.#trigger = trigger;
  }

  onRow(row: Row): void {
    if (row.kind === "intent") this.#plan(row.trade, row.quantity);
    if (row.kind === "trade") this.#closed.set(row.trade, this.#scene.now);
    if (row.kind !== "order") return;
    const unknown = this.#unknown[row.symbol];
    if (row.state === "unknown") unknown?.add(row.clientOrderId);
    else unknown?.delete(row.clientOrderId);
  }

  onSent(call: Call): void {
    const scene = this.#scene;
    const id = call.clientId ?? "";
    const isEntry = call.name === "place e" || call.name === "amend e";
    if (isEntry && this.#safe !== null) {
      scene.violated("I-17", `${call.name} ${id} leaves in SAFE MODE (${this.#safe.reason})`);
    }
    if (call.name !== "place e") return;
    const symbol = scene.grids.findIndex(({ symbol: name }) => name === call.params.get("symbol"));
    if (symbol >= 0) this.#left.push({ id, symbol });
    if (scene.readySince === null) scene.violated("I-04", `${id} leaves before the account was read`);
    if (!scene.isPrivateOpen) scene.violated("I-04", `${id} leaves while no private stream is open`);
  }

  onFill(fill: TrueFill): void {
    const { order, before, after, lots } = fill;
    const scene = this.#scene;
    const grows = Math.abs(after) > Math.abs(before);
    if (order.role === null || this.#others.has(order.trade)) return;
    if (order.role === "e") this.#enter(order.trade, order.id, lots);
    else if (grows || after * before < 0) {
      scene.violated("I-02", `${order.id} took the position from ${before} to ${after}`);
    }
    if (this.#closed.has(order.trade) && grows && order.role !== "e") {
      scene.violated("I-23", `${order.id} opened ${lots} lots after its trade was closed`);
    }
  }

  onOrder(id: string): void {
    const { trade, role } = partsOf(id);
    if (role !== "e") return;
    let live = 0;
    for (const order of this.#scene.truth.openOrders.values())
      if (order.role === "e" && order.trade === trade) live += 1;
    if (live > 1) this.#scene.violated("I-03", `${live} entries of ${trade} live at once`);
  }

  onStep(): void {
    const scene = this.#scene;
    if (this.#left.length > 0) this.#judgeDoubt();
    if (scene.now > this.#safeDue) {
      this.#safeDue = Number.POSITIVE_INFINITY;
      if (this.#safe === null) scene.violated("I-17", `${this.#trigger}, and no SAFE MODE followed`);
    }
    if (this.#isRestoreDue && scene.now - (scene.readySince ?? scene.now) > restoredBy) {
      this.#isRestoreDue = false;
      scene.violated("I-17", "the journal says SAFE MODE, and the run that reads it does not");
    }
  }

  /** Now and then, when nothing has been wrong for a while. */
  onQuiet(): void {
    const scene = this.#scene;
    if (scene.quietFor < cleanup) return;
    for (const order of [...scene.truth.openOrders.values(), ...scene.truth.openAlgos.values()]) {
      const closedAt = this.#closed.get(order.trade);
      if (closedAt === undefined || scene.now - closedAt < cleanup) continue;
      scene.violated("I-23", `${order.id} outlives its trade by ${scene.now - closedAt} µs`);
      this.#closed.delete(order.trade);
    }
    this.#judgeWithdrawal();
  }

  /** Entries that rest are withdrawn; those of another daemon are not ours to touch. */
  #judgeWithdrawal(): void {
    const { now, truth } = this.#scene;
    if (this.#safe === null || now - this.#safe.since < withdrawnBy) return;
    for (const { role, trade, id } of truth.openOrders.values()) {
      if (role !== "e" || !this.#planned.has(trade) || this.#rested.has(id)) continue;
      this.#rested.add(id);
      this.#scene.violated("I-17", `${id} rests in SAFE MODE (${this.#safe.reason}) for ${now - this.#safe.since} µs`);
    }
  }

  /** An order leaves before its turn's books are kept, so they are looked at when the turn is over. */
  #judgeDoubt(): void {
    for (const { id, symbol } of this.#left.splice(0)) {
      // Its own fate may be unknown as soon as it was handed over.
      const others = [...(this.#unknown[symbol] ?? [])].filter((one) => one !== id);
      if (others.length === 0 || !this.#scene.isUp) continue;
      this.#scene.violated("I-04", `${id} leaves while ${others.join(" ")} is unknown`);
    }
  }

  #plan(trade: string, quantity: number): void {
    this.#planned.set(trade, Math.max(quantity, this.#planned.get(trade) ?? 0));
  }

  #enter(trade: string, id: string, lots: number): void {
    const entered = (this.#entered.get(trade) ?? 0) + lots;
    this.#entered.set(trade, entered);
    const planned = this.#planned.get(trade);
    if (planned === undefined) this.#scene.violated("I-10", `${id} filled, and no intent was written`);
    else if (entered > planned) this.#scene.violated("I-03", `${trade} entered ${entered} lots of ${planned}`);
  }
}
