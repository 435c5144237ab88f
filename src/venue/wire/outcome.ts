/**
 * What a reply says about the fate of a request: done, refused, or not known. The body decides, not the status alone.
 *
 * @see binance-usdm.md §3.6, §8; failure-catalogue F-01, F-02, F-09; requirements SAF-2
 */

import type { Outcome } from "../../domain/event.ts";
import { errorIn } from "./schemas.ts";

/**
 * What to do about a code. `retry`: certainly not executed, waiting helps. `look-up`: fate unknown, ask by client id.
 * `refuse`: not executed, do not resend unchanged. `stop`: our authority or configuration is wrong. `done`: what was
 * asked for is already so. `reconcile`: not executed as asked, because the state differs from what we believed.
 */
export const treatments = ["retry", "look-up", "refuse", "stop", "done", "reconcile"] as const;
export type Treatment = (typeof treatments)[number];

/** A reply as it came; `body` is null when it was no JSON, and then `text` is what it was. */
export type Reply = { readonly status: number; readonly body: unknown; readonly text?: string };

export type Verdict = {
  readonly outcome: Outcome;
  readonly treatment: Treatment;
  /** a code that the table does not have: refused below 500, unknown from there */
  readonly unlisted: boolean;
};

/** Every code of the reference, once. @see binance-usdm.md §8 */
const codesByTreatment: Readonly<Record<Treatment, readonly number[]>> = {
  retry: [-1003, -1008, -1015, -1016, -1021, -1112, -2012, -4131, -5028, -5043],
  "look-up": [-1000, -1001, -1006, -1007, -1010],
  refuse: [
    -1014, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1114, -1115, -1116, -1117, -1118, -1119, -1120,
    -1121, -1122, -1127, -1128, -1130, -1136, -2010, -2018, -2019, -2020, -2021, -2025, -2026, -2027, -2028, -4001,
    -4002, -4003, -4004, -4005, -4013, -4014, -4015, -4016, -4021, -4023, -4024, -4045, -4062, -4082, -4087, -4105,
    -4106, -4107, -4114, -4115, -4116, -4118, -4130, -4135, -4136, -4137, -4138, -4140, -4141, -4142, -4161, -4164,
    -4166, -4183, -4184, -4192, -4210, -4211, -4400, -5021, -5022, -5025, -5026, -5029, -5037, -5038, -5039, -5040,
    -5041, -5047,
  ],
  stop: [
    -1002, -1020, -1022, -1099, -1109, -2014, -2015, -2017, -2023, -4028, -4060, -4061, -4088, -4109, -4120, -4167,
    -4168, -4169, -4170, -4172, -4202, -4203, -4204, -4205, -4206, -4207, -4208, -4209, -4401, -4402, -4403, -4531,
  ],
  done: [-4046, -4059, -4171, -5027],
  reconcile: [-1125, -2011, -2013, -2022, -2024, -4047, -4048, -4067, -4068, -4117, -5024],
};

const treatmentByCode: ReadonlyMap<number, Treatment> = new Map(
  treatments.flatMap((treatment) => codesByTreatment[treatment].map((code) => [code, treatment] as const)),
);

/** Codes that name lost authority: the key, the account or its mode no longer allow trading. */
const authorityCodes: ReadonlySet<number> = new Set([
  -1002, -2014, -2015, -2017, -2023, -4088, -4109, -4401, -4402, -4403,
]);

/** The duplicate id: after an attempt of unknown fate it proves that the first one arrived (F-09). */
const duplicateId = -4116;

/** Stands for a request that never left: certainly not executed, as −1008 says of a throttled one. */
const notSentCode = -1008;

/** Stands for a request that our own rate budget held back, as the exchange would say it. */
export const noBudgetCode = -1003;

/** A reply whose text says that the request failed before it was executed. @see binance-usdm.md §3.6 */
const certainFailures = ["Service Unavailable", "Internal error; unable to process your request. Please try again."];

/**
 * @param afterUnknown an earlier attempt with the same client id has an unknown fate
 */
export function classify(reply: Reply, afterUnknown = false): Verdict {
  const error = errorIn(reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    if (reply.body === null) return unknown(`HTTP ${reply.status} with a body that is not JSON`);
    // A success body may carry code 200 (cancel-all); an error inside a success is an error.
    if (error === null || error.code >= 0) return { outcome: { kind: "ok" }, treatment: "done", unlisted: false };
  }
  if (error !== null && error.code < 0) return byCode(reply.status, error.code, error.msg, afterUnknown);
  return withoutCode(reply);
}

/** The request's fate when no reply came. @param written false only when it certainly never left */
export function classifyFailure(cause: string, written: boolean): Verdict {
  if (written) return unknown(cause);
  return {
    outcome: { kind: "refused", code: notSentCode, message: `not sent: ${cause}` },
    treatment: "retry",
    unlisted: false,
  };
}

export function treatmentOf(code: number): Treatment | null {
  return treatmentByCode.get(code) ?? null;
}

export function isAuthorityCode(code: number): boolean {
  return authorityCodes.has(code);
}

function byCode(status: number, code: number, message: string, afterUnknown: boolean): Verdict {
  const treatment = treatmentByCode.get(code);
  if (code === duplicateId && afterUnknown) return unknown("−4116 after an unknown fate: the first attempt exists");
  // −1008 is listed as a certain failure; 503 with any other text and −1000 … is not.
  if (treatment === "look-up") return unknown(`${code} ${brief(message)}`);
  if (treatment === undefined && status >= 500) {
    return { ...unknown(`${code} ${brief(message)}`), unlisted: true };
  }
  if (treatment === "done") return { outcome: { kind: "ok" }, treatment, unlisted: false };
  return {
    outcome: { kind: "refused", code, message: brief(message) },
    treatment: treatment ?? "refuse",
    unlisted: treatment === undefined,
  };
}

function withoutCode(reply: Reply): Verdict {
  const { status } = reply;
  if (status === 503 && certainFailures.some((text) => failureText(reply).startsWith(text))) {
    return refused(notSentCode, `HTTP 503 ${brief(failureText(reply))}`, "retry");
  }
  if (status === 429 || status === 418) return refused(noBudgetCode, `HTTP ${status}`, "retry");
  // The firewall answers before the request reaches the exchange.
  if (status === 403) return refused(noBudgetCode, "HTTP 403", "retry");
  if (status === 401) return refused(-2015, "HTTP 401", "stop");
  // What the body says cannot be read, so a 4xx is no proof either: only the exchange's own words are.
  return unknown(`HTTP ${status} without an error code`);
}

/** 503 texts come bare or as `{"msg":"…"}`. */
function failureText(reply: Reply): string {
  const body = reply.body;
  if (typeof body === "object" && body !== null && "msg" in body && typeof body.msg === "string")
    return body.msg.trim();
  if (typeof body === "string") return body.trim();
  return (reply.text ?? "").trim();
}

function unknown(cause: string): Verdict {
  return { outcome: { kind: "unknown", cause }, treatment: "look-up", unlisted: false };
}

function refused(code: number, message: string, treatment: Treatment): Verdict {
  return { outcome: { kind: "refused", code, message }, treatment, unlisted: false };
}

/** The exchange's words, cut: they are data, and go to logs. */
function brief(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, " ").slice(0, 200);
}
