/**
 * A hash over the market data that a run was given and everything that it asked of the venue: two runs that saw and did
 * the same have the same one, and one altered event gives another, whether or not it changed what was done.
 */

import { createHash, type Hash } from "node:crypto";
import type { Command } from "../domain/output.ts";
import type { Tape } from "../tape/format.ts";

/** Characters of commands that wait: hashing each on its own costs more than the command. */
const waitingMax = 65_536;

export class CommandHash {
  readonly #hash: Hash;
  #commands = 0;
  #waiting = "";

  constructor(tapes: readonly Tape[]) {
    this.#hash = tapes.reduce(withTape, nothingHashed).hash.copy();
  }

  add(command: Command, at: number): void {
    this.#commands += 1;
    this.#waiting += `${at} ${JSON.stringify(command)}\n`;
    if (this.#waiting.length >= waitingMax) this.#flush();
  }

  get commands(): number {
    return this.#commands;
  }

  /** Hexadecimal; to be read once, at the end. */
  digest(): string {
    this.#flush();
    return this.#hash.digest("hex");
  }

  #flush(): void {
    this.#hash.update(this.#waiting);
    this.#waiting = "";
  }
}

/**
 * The hash of some tapes in a row, and of those with one more. A tape in memory is never written to, so whoever runs the
 * same ones again does not hash their megabytes again; they are forgotten with the tapes.
 */
type TapesHash = { readonly hash: Hash; readonly longer: WeakMap<Tape, TapesHash> };

const nothingHashed: TapesHash = { hash: createHash("sha256"), longer: new WeakMap() };

function withTape(before: TapesHash, tape: Tape): TapesHash {
  const known = before.longer.get(tape);
  if (known !== undefined) return known;
  const hash = before.hash.copy();
  for (const column of [tape.rows, tape.levelSide, tape.levelPrice, tape.levelSize]) {
    hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  }
  const after = { hash, longer: new WeakMap<Tape, TapesHash>() };
  before.longer.set(tape, after);
  return after;
}
