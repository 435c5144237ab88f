/** What is wrong with the settings, all of it at once. */

/** The settings cannot be used. The process ends with exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "CONFIG";
  readonly exitCode = 2;
  /** one line each, naming place, value and what is allowed */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
