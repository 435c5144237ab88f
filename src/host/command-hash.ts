/** A hash over everything that a run asked of the venue: two runs that did the same have the same one. */

import { createHash, type Hash } from "node:crypto";
import type { Command } from "../domain/output.ts";

export class CommandHash {
  readonly #hash: Hash = createHash("sha256");
  #commands = 0;

  add(command: Command, at: number): void {
    this.#commands += 1;
    this.#hash.update(`${at} ${JSON.stringify(command)}\n`);
  }

  get commands(): number {
    return this.#commands;
  }

  /** Hexadecimal; to be read once, at the end. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}
