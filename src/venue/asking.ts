/** Asks for something until it is there: a read or a setting whose answer start-up or the account reader needs. */

import type { z } from "zod";
import type { Outcome } from "../domain/event.ts";
import type { Notice } from "../domain/output.ts";
import { type Micros, micros, microsPerSecond, plus } from "../domain/units.ts";
import { type Backoff, type Random, waitBefore } from "./backoff.ts";
import type { Answer, Caller } from "./caller.ts";
import type { Timers } from "./timers.ts";
import type { RestHost } from "./transport.ts";
import type { WireRequest } from "./wire/encode.ts";
import { classify, classifyFailure, type Verdict } from "./wire/outcome.ts";

const askBackoff: Backoff = { first: micros(500_000), most: micros(30 * microsPerSecond) };

export type AskPorts = {
  readonly caller: Pick<Caller, "call">;
  readonly timers: Timers;
  readonly random: Random;
  readonly notice: (notice: Notice) => void;
};

export type Ask<Data> = {
  /** names the question; asking again under the same name replaces the old one */
  readonly name: string;
  readonly request: WireRequest;
  readonly schema: z.ZodType<Data>;
  readonly host?: RestHost;
  readonly then: (data: Data, now: Micros, sentAt: Micros) => void;
  /** a refusal that repeating cannot mend; left out: everything is repeated */
  readonly refused?: (code: number, message: string, now: Micros) => void;
  /** hears each answer, also those that are followed by another question */
  readonly heard?: (outcome: Outcome, now: Micros) => void;
  /** the fate is not known; left out: it is asked again */
  readonly unknown?: (cause: string, now: Micros) => void;
};

/** Repeats with growing waits, without giving up, until an answer or a refusal for good. */
export function ask<Data>(ports: AskPorts, question: Ask<Data>, now: Micros, attempt = 0): void {
  const again = (cause: string, until: Micros | null, then: Micros): void => {
    const wait = waitBefore(attempt, askBackoff, ports.random);
    const at = until !== null && until > then + wait ? until : plus(then, wait);
    ports.notice(askNotice(question.name, cause, attempt));
    ports.timers.set(`ask:${question.name}`, at, (due) => ask(ports, question, due, attempt + 1));
  };
  ports.timers.clear(`ask:${question.name}`);
  const done = (answer: Answer, then: Micros): void => {
    if (answer.kind === "held-back") return again(answer.cause, answer.until, then);
    const verdict = verdictOf(answer);
    const { outcome } = verdict;
    question.heard?.(outcome, then);
    if (outcome.kind === "ok") {
      const body = answer.kind === "reply" ? answer.reply.body : null;
      const parsed = question.schema.safeParse(body);
      if (parsed.success) question.then(parsed.data, then, now);
      else again("unreadable reply", null, then);
      return;
    }
    if (outcome.kind === "unknown" && question.unknown !== undefined) return question.unknown(outcome.cause, then);
    if (outcome.kind === "refused" && verdict.treatment !== "retry" && question.refused !== undefined) {
      question.refused(outcome.code, outcome.message, then);
      return;
    }
    again(outcome.kind === "refused" ? `${outcome.code} ${outcome.message}` : outcome.cause, null, then);
  };
  ports.caller.call(question.request, { done, ...(question.host === undefined ? {} : { host: question.host }) }, now);
}

export function verdictOf(answer: Exclude<Answer, { kind: "held-back" }>): Verdict {
  return answer.kind === "reply" ? classify(answer.reply, "query") : classifyFailure(answer.cause, answer.written);
}

function askNotice(name: string, cause: string, attempt: number): Notice {
  return { kind: "notice", level: "warn", code: "VENUE_RETRY", symbol: null, fields: { name, cause, attempt } };
}
