/** Wrong usage of the command line: the message names the option, the value and what is allowed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "USAGE";
  readonly exitCode = 2;
}
