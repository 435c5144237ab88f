/** Why something from outside is not taken, in the words of the interface. */

export const refusalCodes = {
  BODY_INVALID: 400,
  UNKNOWN_SYMBOL: 400,
  OFF_GRID: 400,
  NOT_AUTHORISED: 401,
  FORBIDDEN: 403,
  HOST_NOT_ALLOWED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  ID_REUSED: 409,
  PLAN_IS_OVER: 409,
  BODY_TOO_LARGE: 413,
  NOT_JSON: 415,
  TOO_MANY_REQUESTS: 429,
  TOO_MANY_WAITING: 429,
  INTERNAL: 500,
  NOT_READY: 503,
  STORE_FAILED: 503,
} as const;
export type RefusalCode = keyof typeof refusalCodes;

/** What was asked for is not done. The message names place, value and what is allowed. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }

  get status(): number {
    return refusalCodes[this.code];
  }
}

export function refusalBody({ code, message }: Refusal) {
  return { error: { code, message } };
}
