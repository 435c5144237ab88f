/** The settings that are in force, and how other ones take their place while the daemon runs (requirements CFG-4). */

import type { Settings } from "../config/schema.ts";
import type { Notice } from "../domain/output.ts";
import { loosenedLimits } from "./loosened-limits.ts";
import { changeText, settingsChange } from "./settings-change.ts";

type Tell = (level: Notice["level"], code: string, fields: Notice["fields"]) => void;

export class LiveSettings {
  #current: Settings;
  readonly #tell: Tell;
  readonly #apply: (settings: Settings) => void;

  /** @param apply hands them to everything that works by them, between two events */
  constructor(settings: Settings, tell: Tell, apply: (settings: Settings) => void) {
    this.#current = settings;
    this.#tell = tell;
    this.#apply = apply;
  }

  get current(): Settings {
    return this.#current;
  }

  /**
   * Takes other settings over, whole or not at all: a change that needs a restart is refused with everything beside it,
   * and said so.
   *
   * @returns whether they are in force
   */
  replace(wanted: Settings): boolean {
    const change = settingsChange(this.#current, wanted);
    if (change.kind === "same") return true;
    if (change.kind === "refused") {
      this.#refuse("SETTINGS_REFUSED", change.problems);
      return false;
    }
    const loosened = loosenedLimits(change.changes, this.#current, wanted).map(changeText);
    this.#current = wanted;
    for (const one of change.changes) this.#tell("info", "SETTING_CHANGED", { change: changeText(one) });
    if (loosened.length > 0) {
      this.#tell("warn", "LIMITS_LOOSENED", { limits: loosened.length, change: loosened.join("; ") });
    }
    this.#apply(wanted);
    return true;
  }

  /** The changed file cannot be used: what runs goes on as it was. */
  refuseInvalid(problems: readonly string[]): void {
    this.#refuse("SETTINGS_INVALID", problems);
  }

  #refuse(code: string, problems: readonly string[]): void {
    this.#tell("error", code, { problems: problems.length, message: problems.join("; ") });
  }
}
