/** What the command line hands to the commands. */

import type { Overrides } from "../config/load.ts";

export type RunOptions = {
  /** YAML file; null: no file is there, so the defaults hold */
  readonly config: string | null;
  /** what options say instead of the file, for `loadSettings` */
  readonly overrides: Overrides;
  /** stop in good order after this long; null: run until told to stop */
  readonly forMs: number | null;
  readonly json: boolean;
  /** the account that `--production` names (S-06) */
  readonly production: string | null;
  /** the line that `scalpd exchange` printed, as JSON: use that exchange instead of starting one */
  readonly exchange: string | null;
};

export type StateOptions = {
  /** `store.directory` */
  readonly data: string;
  readonly json: boolean;
};
