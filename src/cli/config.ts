/** `scalpd config check | schema | defaults`. */

import { documentedDefaults } from "../config/document.ts";
import { loadSettings, settingsJsonSchema } from "../config/load.ts";

/** Says that the settings can be used. @throws {import("../config/error.ts").ConfigError} they cannot */
export function checkCommand(config: string | null): void {
  loadSettings(config);
  process.stdout.write(`${config ?? "the defaults"}: ok\n`);
}

/** Prints the JSON Schema: `config/settings.schema.json`. */
export function schemaCommand(): void {
  process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
}

/** Prints the documented defaults: `config/settings.yaml`. */
export function defaultsCommand(): void {
  process.stdout.write(documentedDefaults());
}
