/** Where commands leave: an entry whose intent could not be written does not (failure-catalogue F-39). */

import type { CoreEvent } from "../domain/event.ts";
import type { Command, IntentRow } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";

export type EntryGateParts = {
  /** @returns false when it could not be written */
  readonly write: (row: IntentRow) => boolean;
  readonly send: (command: Command, now: Micros) => void;
  /** back to the core */
  readonly tell: (event: CoreEvent, now: Micros) => void;
};

/** Not a code of the exchange, which uses negative numbers. */
const notWritten = 1;

export class EntryGate {
  readonly #parts: EntryGateParts;
  /** the entry that must not leave */
  #unwritten: string | null = null;

  constructor(parts: EntryGateParts) {
    this.#parts = parts;
  }

  /** Before the entry that it covers. */
  write(row: IntentRow, now: Micros): void {
    if (this.#parts.write(row)) return;
    this.#unwritten = row.clientOrderId;
    this.#parts.tell({ kind: "store-failed", message: "the intent log could not be written" }, now);
  }

  send(command: Command, now: Micros): void {
    if (command.kind !== "place-order" || command.clientOrderId !== this.#unwritten) {
      return this.#parts.send(command, now);
    }
    this.#unwritten = null;
    const outcome = { kind: "refused", code: notWritten, message: "its intent could not be written" } as const;
    this.#parts.tell({ kind: "outcome", command, outcome }, now);
  }
}
