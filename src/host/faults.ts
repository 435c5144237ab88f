/**
 * What becomes of an exception that nobody expected: it is told with what was being done, and either SAFE MODE follows or
 * an orderly stop that leaves positions protected (requirements SAF-4; failure-catalogue F-35).
 */

import type { CoreEvent } from "../domain/event.ts";
import type { Notice, Output } from "../domain/output.ts";
import { isCommand } from "../domain/output.ts";
import type { Micros } from "../domain/units.ts";

export type FaultPorts = {
  readonly tell: (level: Notice["level"], code: string, fields: Notice["fields"]) => void;
  readonly handle: (event: CoreEvent, now: Micros) => void;
  /** ends the daemon in good order */
  readonly end: (message: string) => void;
};

/** Something that fails with each market event must not fill the disk with its own story. */
const toldMax = 20;

export class Faults {
  readonly #ports: FaultPorts;
  #told = 0;

  constructor(ports: FaultPorts) {
    this.#ports = ports;
  }

  /** Does it; what it throws ends the daemon in good order, since nobody knows what was done by half. */
  run(where: string, now: Micros, act: () => void): void {
    try {
      act();
    } catch (error) {
      this.end(where, error, now);
    }
  }

  end(where: string, error: unknown, now: Micros): void {
    this.#tell(where, error);
    const detail = `${where}: ${messageOf(error)}`;
    this.#toCore({ kind: "internal-error", what: "other", detail }, now);
    this.#ports.end(`unexpected error in ${detail}`);
  }

  /** What follows one output failed: the others are followed all the same, and nothing new is opened. */
  contain(output: Output, error: unknown, now: Micros): void {
    this.#tell(output.kind, error);
    const cause = `${output.kind} failed on our side: ${messageOf(error)}`;
    const isOrder = isCommand(output) && !output.kind.startsWith("query-");
    this.#toCore({ kind: "internal-error", what: isOrder ? "order" : "other", detail: cause }, now);
    // It may have left before something failed: its fate is looked up, not guessed.
    if (isCommand(output)) {
      this.#toCore({ kind: "outcome", command: output, outcome: { kind: "unknown", cause } }, now);
    }
  }

  #toCore(event: CoreEvent, now: Micros): void {
    try {
      this.#ports.handle(event, now);
    } catch (error) {
      this.#tell(event.kind, error);
      this.#ports.end(`unexpected error in ${event.kind}: ${messageOf(error)}`);
    }
  }

  #tell(where: string, error: unknown): void {
    this.#told += 1;
    if (this.#told > toldMax) return;
    try {
      this.#ports.tell("error", "UNEXPECTED_ERROR", { where, message: messageOf(error), at: placeOf(error) });
    } catch {
      // It may be the telling itself that fails: SAFE MODE and the end do not depend on it.
    }
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Function and line of the innermost frame. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frame = stack.split("\n").find((line) => /^\s+at /.test(line)) ?? "";
  return frame.trim().replace(/\(?(?:file:\/\/)?\/.*\/(src|node_modules|test)\//, "($1/");
}
