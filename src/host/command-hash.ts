/**
 * A hash over the market data that a run was given and everything that it asked of the venue: two runs that saw and did
 * the same have the same one, and one altered event gives another, whether or not it changed what was done.
 */

import { createHash, type Hash } from "node:crypto";
import type { Command } from "../domain/output.ts";
import type { Tape } from "../tape/format.ts";

export class CommandHash {
  readonly #hash: Hash = createHash("sha256");
  #commands = 0;

  addTape({ rows, levelSide, levelPrice, levelSize }: Tape): void {
    for (const column of [rows, levelSide, levelPrice, levelSize]) {
      this.#hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }

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
