/**
 * The Bot API by grammY. The token stands in every request's path, so no error of the network leaves this file with its
 * words, no redirect is followed, and answers are bounded. @see failure-catalogue S-01, S-07
 */

import { Api, GrammyError } from "grammy";
import { z } from "zod";
import type { Secret } from "../../config/secrets.ts";

export type TelegramFailure = {
  readonly cause: string;
  /** the request itself is wrong: repeating it is of no use */
  readonly isRefusal: boolean;
  /** the least wait that is asked for */
  readonly afterMillis: number | null;
};

export type TelegramAnswer<Data> =
  | { readonly ok: true; readonly data: Data }
  | { readonly ok: false; readonly failure: TelegramFailure };

export type TelegramApi = {
  /** @param html text with tags */
  readonly sendMessage: (chat: number, html: string, signal: AbortSignal) => Promise<TelegramAnswer<unknown>>;
  /** Drops what was sent to the bot before, and makes it one that asks for updates. */
  readonly dropPending: (signal: AbortSignal) => Promise<TelegramAnswer<unknown>>;
  /** @param waitSeconds how long the other side may hold the answer back when there is nothing */
  readonly updates: (
    offset: number,
    waitSeconds: number,
    signal: AbortSignal,
  ) => Promise<TelegramAnswer<readonly Update[]>>;
  readonly me: (signal: AbortSignal) => Promise<TelegramAnswer<{ readonly username: string }>>;
};

/** As it comes: only the number is looked at here. */
const UpdateShape = z.looseObject({ update_id: z.int().nonnegative() });
export type Update = z.infer<typeof UpdateShape>;

const Sent = z.object({ message_id: z.int() });
const Me = z.object({ username: z.string() });

/** Updates that one answer may hold, and its bytes: a message has at most 4096 characters. */
const updatesMax = 20;
const answerBytesMax = 1_024 * 1_024;
/** Every request has its own end; this is a second one behind it. */
const timeoutSeconds = 120;

export function telegramApi(token: Secret, root: string): TelegramApi {
  const { raw } = new Api(token.reveal(), {
    apiRoot: root,
    timeoutSeconds,
    sensitiveLogs: false,
    baseFetchConfig: { redirect: "error", size: answerBytesMax },
  });
  return {
    sendMessage: (chat, text, signal) =>
      answer(
        Sent,
        raw.sendMessage(
          {
            chat_id: chat,
            text,
            parse_mode: "HTML",
            link_preview_options: { is_disabled: true },
          },
          bridged(signal),
        ),
      ),
    dropPending: (signal) =>
      answer(z.literal(true), raw.deleteWebhook({ drop_pending_updates: true }, bridged(signal))),
    updates: (offset, timeout, signal) =>
      answer(
        z.array(UpdateShape).max(updatesMax),
        raw.getUpdates({ offset, timeout, limit: updatesMax, allowed_updates: ["message"] }, bridged(signal)),
      ),
    me: (signal) => answer(Me, raw.getMe(bridged(signal))),
  };
}

async function answer<Data>(schema: z.ZodType<Data>, request: Promise<unknown>): Promise<TelegramAnswer<Data>> {
  try {
    const parsed = schema.safeParse(await request);
    if (parsed.success) return { ok: true, data: parsed.data };
    return failed("an answer that is not one of the Bot API", false, null);
  } catch (error) {
    if (!(error instanceof GrammyError)) return failed("no connection, or no answer of the Bot API", false, null);
    const code = Number(error.error_code);
    const after = Number(error.parameters.retry_after);
    const afterMillis = Number.isFinite(after) && after > 0 ? after * 1_000 : null;
    return failed(`Bot API error ${Number.isInteger(code) ? code : "without a number"}`, code === 400, afterMillis);
  }
}

function failed(
  cause: string,
  isRefusal: boolean,
  afterMillis: number | null,
): { ok: false; failure: TelegramFailure } {
  return { ok: false, failure: { cause, isRefusal, afterMillis } };
}

/** grammY knows only the signals of a package of its own, and uses no more of them than this. */
type GrammySignal = NonNullable<Parameters<Api["raw"]["getMe"]>[0]>;

function bridged(signal: AbortSignal): GrammySignal {
  const listeners = new Map<unknown, () => void>();
  return {
    get aborted() {
      return signal.aborted;
    },
    onabort: null,
    addEventListener: (_type: string, listener: unknown) => {
      if (typeof listener !== "function") return;
      const heard = (): void => Reflect.apply(listener, undefined, []);
      listeners.set(listener, heard);
      signal.addEventListener("abort", heard);
    },
    removeEventListener: (_type: string, listener?: unknown) => {
      const heard = listeners.get(listener);
      if (heard !== undefined) signal.removeEventListener("abort", heard);
    },
    dispatchEvent: () => true,
  };
}
