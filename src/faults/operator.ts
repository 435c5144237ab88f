/**
 * Who looks after the daemon: sees SAFE MODE, or that its journal was found damaged, looks into it for a while, and ends
 * it as a user would, by `resume`; now and then, and where the journal of the run has failed, by a restart first. SAFE
 * MODE and a halt outlive a restart.
 */

import { microsPerSecond } from "../domain/units.ts";
import type { Fields } from "../ops/log.ts";
import type { Random } from "../tape/random.ts";
import { randomFor } from "./random.ts";
import type { World } from "./world.ts";

export type OperatorParts = {
  /** `stopped`: in SAFE MODE, or halted by what the journal was found to be */
  readonly state: () => "down" | "stopped" | "trading";
  readonly restart: (down: number) => void;
};

/** Until somebody has come and found the cause gone. */
const patience = 90 * microsPerSecond;
const restartTime = 2 * microsPerSecond;
/** Of ten, how many are restarted although a word would do. */
const restartsOfTen = 3;

export class Operator {
  readonly #world: World;
  readonly #parts: OperatorParts;
  readonly #random: Random;
  #isComing = false;
  #needsRestart = false;

  constructor(seed: number, world: World, parts: OperatorParts) {
    this.#world = world;
    this.#parts = parts;
    this.#random = randomFor(seed, "who looks after it");
  }

  onNotice(code: string, { reason }: Fields): void {
    if (code === "STORE_NOTE") return this.#come();
    if (code !== "SAFE_MODE_ON" && code !== "SAFE_MODE_RESTORED" && code !== "SAFE_MODE_CAUSE") return;
    if (reason === "STORE_FAILED" && code !== "SAFE_MODE_RESTORED") this.#needsRestart = true;
    else if (code === "SAFE_MODE_ON") this.#needsRestart = this.#random.below(10) < restartsOfTen;
    this.#come();
  }

  #come(): void {
    if (this.#isComing) return;
    this.#isComing = true;
    this.#world.queue.push(this.#world.now + patience, () => this.#act());
  }

  #act(): void {
    this.#isComing = false;
    const state = this.#parts.state();
    if (state === "trading") return;
    // Once more, should it be in vain: what the cause needs to be gone may not have happened yet.
    this.#come();
    if (state === "down") return;
    if (this.#needsRestart) {
      this.#needsRestart = false;
      return this.#parts.restart(restartTime);
    }
    this.#world.process.tell({ kind: "control", by: "operator", action: "resume" });
  }
}
