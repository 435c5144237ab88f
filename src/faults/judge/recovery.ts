/**
 * I-11: after a start the first word about a position without a stop is its protection, and nothing is made twice that an
 * earlier run has made and the account shows.
 */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { partsOf } from "./truth.ts";

const protectiveRoles: ReadonlySet<string | null> = new Set(["f", "r", "x"]);
/** Until then what leaves for a symbol belongs to recovery. */
const recovering = 10_000_000;

export class Recovery {
  readonly #scene: Scene;
  /** symbols whose first word is still to come */
  readonly #isFirst: boolean[];
  /** since when the position lies without a stop; null: it does not */
  readonly #nakedSince: (number | null)[];
  /** stops and targets that lived when the process began */
  readonly #before: Set<string>;
  /** what was ever planned or held; what only proves the stop path belongs to none of them */
  readonly #trades = new Set<string>();
  #startedAt = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#isFirst = scene.grids.map(() => false);
    this.#nakedSince = scene.grids.map(() => null);
    this.#before = new Set();
  }

  onBegin(): void {
    this.#isFirst.fill(true);
    this.#startedAt = this.#scene.now;
    this.#before.clear();
    for (const id of this.#scene.truth.openAlgos.keys()) this.#before.add(id);
  }

  onRow(row: Row): void {
    if (row.kind === "intent" || (row.kind === "position" && row.trade !== null)) this.#trades.add(String(row.trade));
  }

  onStep(): void {
    const { truth, now } = this.#scene;
    for (const symbol of this.#nakedSince.keys()) {
      const isNaked = truth.position(symbol) !== 0 && !truth.isCovered(symbol);
      if (!isNaked) this.#nakedSince[symbol] = null;
      else this.#nakedSince[symbol] ??= now;
    }
  }

  onSent(call: Call): void {
    const [verb = ""] = call.name.split(" ");
    if (verb !== "place" && verb !== "amend" && verb !== "cancel") return;
    const { truth, now, grids, readsLagUntil } = this.#scene;
    const known = truth.algos.get(call.clientId ?? "") ?? truth.orders.get(call.clientId ?? "");
    const symbol = known?.symbol ?? grids.findIndex((grid) => grid.symbol === call.params.get("symbol"));
    const { trade, role } = partsOf(call.clientId ?? "");
    if (this.#isFirst[symbol] === true) {
      this.#isFirst[symbol] = false;
      // What came to be while it starts it may not have read.
      const since = this.#nakedSince[symbol] ?? null;
      const wasNaked = since !== null && since <= this.#startedAt;
      if (wasNaked && readsLagUntil < now && !(verb === "place" && protectiveRoles.has(role))) {
        this.#scene.violated("I-11", `${call.name} ${call.clientId} is the first word about a position without a stop`);
      }
    }
    if (verb !== "place" || now - this.#startedAt > recovering || readsLagUntil > now) return;
    if (!this.#trades.has(trade)) return;
    for (const id of this.#before) {
      const twin = truth.openAlgos.get(id);
      if (twin?.trade !== trade || twin.role !== role || role === "r") continue;
      this.#scene.violated("I-11", `${call.clientId} is made although ${id} lives`);
    }
  }
}
