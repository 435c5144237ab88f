/** The faults of a story that are still to happen. */

import type { Micros } from "../../../src/domain/units.ts";
import type { Fault, ScriptedFault, WireObserver } from "./wire.ts";

export class FaultList {
  readonly #troubled: WireObserver["troubled"];
  #left: { readonly on: string; readonly fault: Fault; left: number }[] = [];

  constructor(troubled: WireObserver["troubled"]) {
    this.#troubled = troubled;
  }

  add(faults: readonly ScriptedFault[]): void {
    this.#left.push(...faults.map(({ on, fault, times }) => ({ on, fault, left: times ?? 1 })));
  }

  clear(): void {
    this.#left = [];
  }

  /** What happens to this one; taken off the list. */
  on(name: string, now: Micros): Fault | null {
    const found = this.#left.find(({ on, left }) => left > 0 && matches(on, name));
    if (found === undefined) return null;
    found.left -= 1;
    this.#troubled(found.fault, name, now);
    return found.fault;
  }
}

function matches(on: string, name: string): boolean {
  return on.endsWith("*") ? name.startsWith(on.slice(0, -1)) : name === on;
}
