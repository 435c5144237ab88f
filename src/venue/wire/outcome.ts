/**
 * What a reply says about the fate of a request: done, refused, or not known. The body decides, not the status alone.
 *
 * @see binance-usdm.md §3.6, §8; failure-catalogue F-01, F-02, F-09; requirements SAF-2
 */

import { type RequestKind, ruleOf, type Treatment, treatmentOf } from "../../domain/error-policy.ts";
import type { Outcome } from "../../domain/event.ts";
import type { SingleCommand } from "./encode.ts";
import { errorIn } from "./schemas.ts";

/** A reply as it came; `body` is null when it was no JSON, and then `text` is what it was. */
export type Reply = { readonly status: number; readonly body: unknown; readonly text?: string };

export type Verdict = {
  readonly outcome: Outcome;
  readonly treatment: Treatment;
  /** a code that the table does not have */
  readonly unlisted: boolean;
};

/** What a request came to where the exchange has given no code of its own. */
const codelessEnds = [
  "success-unreadable",
  "failed-for-certain",
  "limit",
  "firewall",
  "unauthorised",
  "failure-unreadable",
  "no-reply",
  "not-sent",
] as const;
type CodelessEnd = (typeof codelessEnds)[number];

/** The code that says the same, for who acts on codes; null: nothing is known of its fate, so it is looked up. */
const codeOfEnd = {
  "success-unreadable": null,
  "failed-for-certain": -1016,
  limit: -1003,
  // The firewall answers before the request reaches the exchange.
  firewall: -1003,
  unauthorised: -2015,
  // What the body says cannot be read, so a 4xx is no proof either: only the exchange's own words are.
  "failure-unreadable": null,
  "no-reply": null,
  "not-sent": -1016,
} as const satisfies Record<CodelessEnd, number | null>;

/** Stands for a request that our own rate budget held back, as the exchange would say it. */
export const noBudgetCode = codeOfEnd.limit;

/** A reply whose text says that the request failed before it was executed. @see binance-usdm.md §3.6 */
const certainFailures = ["Service Unavailable", "Internal error; unable to process your request. Please try again."];

/** How −2010 says what −4116 does. @see failure-catalogue F-09 */
const duplicateText = /duplicate/i;
const duplicateId = -4116;

/** @param kind of the request: what an unknown code may mean depends on it */
export function classify(reply: Reply, kind: RequestKind): Verdict {
  const error = errorIn(reply.body);
  if (reply.status >= 200 && reply.status < 300) {
    if (reply.body === null) return ended("success-unreadable", `HTTP ${reply.status} with a body that is not JSON`);
    // A success body may carry code 200 (cancel-all); an error inside a success is an error.
    if (error === null || error.code >= 0) return { outcome: { kind: "ok" }, treatment: "done", unlisted: false };
  }
  if (error !== null && error.code < 0) return byCode(reply.status, error.code, error.msg, kind);
  return withoutCode(reply);
}

/** The request's fate when no reply came. @param written false only when it certainly never left */
export function classifyFailure(cause: string, written: boolean): Verdict {
  return written ? ended("no-reply", cause) : ended("not-sent", `not sent: ${cause}`);
}

export function requestKindOf(command: SingleCommand): RequestKind {
  switch (command.kind) {
    case "place-order":
      return command.reduceOnly ? "exit" : "entry";
    case "place-algo":
      return "algo";
    case "cancel-order":
    case "cancel-algo":
      return "cancel";
    case "amend-order":
      return "amend";
    case "query-order":
    case "query-algo":
    case "query-fills":
      return "query";
    default:
      throw new TypeError(`unhandled command ${command satisfies never}`);
  }
}

function byCode(status: number, said: number, words: string, kind: RequestKind): Verdict {
  const code = said === -2010 && duplicateText.test(words) ? duplicateId : said;
  const message = brief(words);
  const isUnlisted = ruleOf(code) === null;
  const treatment = isUnlisted && status >= 500 ? "look-up" : treatmentOf(code, kind);
  return { outcome: outcomeOf(treatment, code, message), treatment, unlisted: isUnlisted };
}

function outcomeOf(treatment: Treatment, code: number, message: string): Outcome {
  switch (treatment) {
    case "look-up":
      return { kind: "unknown", cause: `${code} ${message}` };
    case "done":
      return { kind: "ok" };
    case "retry":
    case "refuse":
    case "stop":
    case "reconcile":
      return { kind: "refused", code, message };
    default:
      throw new TypeError(`unhandled treatment ${treatment satisfies never}`);
  }
}

function withoutCode(reply: Reply): Verdict {
  const { status } = reply;
  if (status === 503 && certainFailures.some((text) => failureText(reply).startsWith(text))) {
    return ended("failed-for-certain", `HTTP 503 ${brief(failureText(reply))}`);
  }
  if (status === 429 || status === 418) return ended("limit", `HTTP ${status}`);
  if (status === 403) return ended("firewall", "HTTP 403");
  if (status === 401) return ended("unauthorised", "HTTP 401");
  return ended("failure-unreadable", `HTTP ${status} without an error code`);
}

function ended(end: CodelessEnd, words: string): Verdict {
  const code = codeOfEnd[end];
  if (code === null) return { outcome: { kind: "unknown", cause: words }, treatment: "look-up", unlisted: false };
  return byCode(0, code, words, "query");
}

/** 503 texts come bare or as `{"msg":"…"}`. */
function failureText(reply: Reply): string {
  const body = reply.body;
  if (typeof body === "object" && body !== null && "msg" in body && typeof body.msg === "string")
    return body.msg.trim();
  if (typeof body === "string") return body.trim();
  return (reply.text ?? "").trim();
}

/**
 * The exchange's words, cut: they are data, and go to logs, journal and replies. They may repeat what was asked, and then
 * key and signature with it (failure-catalogue S-01, I-22).
 */
function brief(message: string): string {
  const plain = message.slice(0, wordsRead).replaceAll(/[^\x20-\x7e]/g, " ");
  return plain.replaceAll(repeatedSignature, "$1[secret]").replaceAll(repeatedKey, "[secret]").slice(0, wordsMax);
}

const wordsMax = 200;
/** Keys behind that are cut off whole. */
const wordsRead = 2_000;
const repeatedSignature = /(signature"?\s?[=:]\s?"?)[\w%+/=-]{8,}/gi;
/** Keys, listen keys and bare signatures; no word of the exchange's, and no client id, is so long without a break. */
const repeatedKey = /[A-Za-z0-9]{32,}/g;
