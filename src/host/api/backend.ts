/** What the interface needs of the daemon. */

import type { Control } from "../../domain/event.ts";
import type { Core } from "../../engine/core.ts";
import type { Clock } from "../clock.ts";
import type { Outside } from "../outside/outside.ts";

export type ApiBackend = {
  readonly outside: Outside;
  readonly clock: Clock;
  readonly venue: string;
  /** Where the interface listens. */
  readonly url: () => string;
  /** @throws {import("../outside/refusal.ts").Refusal} it is not there yet */
  readonly core: () => Core;
  /** Resolves when it is done and on the disk. @throws {import("../outside/refusal.ts").Refusal} */
  readonly control: (control: Control) => Promise<void>;
};
