/** What `scalpd doctor` found at one place, and how to mend it. */

export type Finding = {
  readonly check: string;
  /** `fail`: the daemon will not start, or must not trade, like this */
  readonly state: "ok" | "warn" | "fail";
  readonly found: string;
  /** null when nothing is to be mended */
  readonly mend: string | null;
};

export function ok(check: string, found: string): Finding {
  return { check, state: "ok", found, mend: null };
}

export function warn(check: string, found: string, mend: string): Finding {
  return { check, state: "warn", found, mend };
}

export function fail(check: string, found: string, mend: string): Finding {
  return { check, state: "fail", found, mend };
}

/** The system's word for an error; its sentence may hold an address. */
export function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return error instanceof Error ? error.name : "error";
}
