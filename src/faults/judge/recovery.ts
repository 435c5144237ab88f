/**
 * I-11: after a start the first word about a position without a stop is its protection, and nothing is made twice that an
 * earlier run has made and the account shows.
 */

import type { Row } from "../../domain/output.ts";
import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { partsOf } from "./truth.ts";

const protectiveRoles: ReadonlySet<string | null> = new Set(["f", "r", "x"]);
/** After so many answers that find nothing of it another one may be made: the exchange refuses what would be a second. */
const denialsMost = 2;
const notFound = '"code":-2013';
/** Until then what leaves for a symbol belongs to recovery. */
const recovering = 10_000_000;

export class Recovery {
  readonly #scene: Scene;
  /** symbols whose first word is still to come */
  readonly #isFirst: boolean[];
  /** whether the position lay without a stop when the process began */
  readonly #wasNaked: boolean[];
  /** stops and targets that lived when the process began */
  readonly #before: Set<string>;
  /** what was ever planned or held */
  readonly #trades = new Set<string>();
  /** names under which the stop path is proven: stops without a position and without a plan */
  readonly #proofs = new Set<string>();
  /** how often look-ups have found nothing of an order since the start; one may be told so, and is there all the same */
  readonly #denials = new Map<string, number>();
  #startedAt = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#isFirst = scene.grids.map(() => false);
    this.#wasNaked = scene.grids.map(() => false);
    this.#before = new Set();
  }

  onBegin(): void {
    this.#isFirst.fill(true);
    this.#startedAt = this.#scene.now;
    for (const symbol of this.#wasNaked.keys()) this.#wasNaked[symbol] = this.#isNaked(symbol);
    this.#before.clear();
    this.#denials.clear();
    for (const id of this.#scene.truth.openAlgos.keys()) this.#before.add(id);
  }

  onRow(row: Row): void {
    if (row.kind === "intent" || (row.kind === "position" && row.trade !== null)) this.#trades.add(String(row.trade));
  }

  onReply({ name, clientId }: Call, text: string | null): void {
    if (clientId === null || !name.startsWith("query") || text?.includes(notFound) !== true) return;
    this.#denials.set(clientId, (this.#denials.get(clientId) ?? 0) + 1);
  }

  onSent(call: Call): void {
    const [verb = ""] = call.name.split(" ");
    if (verb !== "place" && verb !== "amend" && verb !== "cancel") return;
    const { truth, now, grids, readsLagUntil } = this.#scene;
    const known = truth.algos.get(call.clientId ?? "") ?? truth.orders.get(call.clientId ?? "");
    const symbol = known?.symbol ?? grids.findIndex((grid) => grid.symbol === call.params.get("symbol"));
    const { trade, role } = partsOf(call.clientId ?? "");
    if (role === "f" && truth.position(symbol) === 0 && !this.#trades.has(trade)) this.#proofs.add(trade);
    if (this.#proofs.has(trade)) return;
    if (this.#isFirst[symbol] === true) {
      this.#isFirst[symbol] = false;
      // What came to be while it starts it may not have read.
      const isNaked = this.#wasNaked[symbol] === true && this.#isNaked(symbol);
      if (isNaked && readsLagUntil < now && !(verb === "place" && protectiveRoles.has(role))) {
        this.#scene.violated("I-11", `${call.name} ${call.clientId} is the first word about a position without a stop`);
      }
    }
    if (verb !== "place" || now - this.#startedAt > recovering || readsLagUntil > now) return;
    for (const id of this.#before) {
      const twin = truth.openAlgos.get(id);
      if (twin?.trade !== trade || twin.role !== role || role === "r") continue;
      if ((this.#denials.get(id) ?? 0) >= denialsMost) continue;
      this.#scene.violated("I-11", `${call.clientId} is made although ${id} lives`);
    }
  }

  #isNaked(symbol: number): boolean {
    const { truth } = this.#scene;
    const size = Math.abs(truth.position(symbol));
    if (size === 0) return false;
    let covered = 0;
    for (const { trade, quantity } of truth.stopsOf(symbol)) if (!this.#proofs.has(trade)) covered += quantity ?? size;
    return covered < size;
  }
}
