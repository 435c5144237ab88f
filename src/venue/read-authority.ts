/**
 * Whether the exchange lets us read: the account, and the listen key. A refusal says that we have lost control although
 * no order was refused; that all of it works again is only the beginning of a proof (requirements SAF-3; failure-catalogue
 * F-56).
 */

import { isAuthorityLost } from "../domain/error-policy.ts";
import type { Outcome } from "../domain/event.ts";
import type { Micros } from "../domain/units.ts";

export type Read = "account" | "listen key";

export type ReadAuthorityPorts = {
  readonly onLost: (detail: string, now: Micros) => void;
  /** all that was refused has been answered since */
  readonly onBack: (now: Micros) => void;
};

export class ReadAuthority {
  readonly #ports: ReadAuthorityPorts;
  readonly #refused = new Set<Read>();

  constructor(ports: ReadAuthorityPorts) {
    this.#ports = ports;
  }

  onOutcome(read: Read, outcome: Outcome, now: Micros): void {
    if (outcome.kind === "refused" && isAuthorityLost(outcome.code)) {
      this.#refused.add(read);
      return this.#ports.onLost(`${outcome.code} ${outcome.message}: the ${read} is refused`, now);
    }
    if (outcome.kind !== "ok" || !this.#refused.delete(read)) return;
    if (this.#refused.size === 0) this.#ports.onBack(now);
  }
}
