/**
 * I-12: who is told of an order that bears its name and that it did not send shares the account with another daemon: it
 * goes into SAFE MODE at once, and answers, so that the other one learns of it, too. @see failure-catalogue F-59
 */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { partsOf } from "./truth.ts";

const safeModeBy = 1_000_000;
/** A new entry may be one of an earlier run for as long after a start, and a while longer until the account is read. */
const earlierRuns = 20_000_000;
/** Ids that are remembered; another daemon lives for minutes. */
const idsMax = 10_000;

export class Owners {
  readonly #scene: Scene;
  readonly #others = new Set<string>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #due: { readonly id: string; readonly since: number } | null = null;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  onBegin(): void {
    this.#due = null;
    this.#toldAt = Number.NEGATIVE_INFINITY;
  }

  /** Another daemon is about to send it. */
  sentByOther(id: string): void {
    if (this.#others.size >= idsMax) throw new Error(`more than ${idsMax} orders of another daemon`);
    this.#others.add(id);
  }

  /** The daemon has sent it itself: ids of proofs are taken from the clock, and two may be the same. */
  onSent({ name, clientId }: Call): void {
    if (clientId !== null && name.startsWith("place ")) this.#others.delete(clientId);
  }

  /** @param name of the message: `algo f NEW` */
  onTold(name: string, text: string): void {
    if (this.#others.size === 0 || !name.endsWith(" NEW")) return;
    const id = /"(?:caid|c)":"([^"]+)"/.exec(text)?.[1] ?? "";
    if (!this.#others.has(id)) return;
    const { readySince, now } = this.#scene;
    const isProof = partsOf(id).role === "f";
    if (!isProof && (readySince === null || now - readySince < earlierRuns)) return;
    if (isProof) this.#toldAt = now;
    this.#due ??= { id, since: now };
  }

  onStep(isSafe: boolean): void {
    const due = this.#due;
    if (due === null) return;
    const { now, isUp, readySince } = this.#scene;
    if (isSafe) this.#due = null;
    else if (isUp && readySince !== null && now > Math.max(due.since, readySince) + safeModeBy) {
      this.#due = null;
      this.#scene.violated("I-12", `${due.id} was sent by another daemon, and no SAFE MODE followed`);
    }
  }

  /** Another daemon began then and was not answered until now, which counts where nothing stood in the way. */
  notAnswered(since: number): void {
    const { now, quietFor, truth } = this.#scene;
    const wasTold = this.#toldAt >= since;
    if (!wasTold || quietFor < now - since || truth.positions.some((lots) => lots !== 0)) return;
    this.#scene.violated("I-12", `another daemon with our prefix was not answered for ${now - since} µs`);
  }
}
