/**
 * Asks for updates and answers commands. Whatever the other side does, hang, refuse, flood or talk nonsense, costs at most
 * a bounded answer at a time, with a wait between two.
 */

import type { NoticeLevel } from "../../domain/output.ts";
import { html } from "../alerts/text.ts";
import { pause, type Timers, waitMillis } from "../timers.ts";
import type { TelegramApi, TelegramFailure, Update } from "./api.ts";
import type { CommandDesk } from "./operator.ts";
import { readUpdate, type UpdateRules } from "./update.ts";

export type PollerOptions = {
  readonly api: Pick<TelegramApi, "dropPending" | "updates" | "sendMessage">;
  readonly desk: CommandDesk;
  readonly rules: Pick<UpdateRules, "chatIds" | "userIds">;
  readonly timers: Timers;
  /** milliseconds since the epoch */
  readonly clock: () => number;
  readonly random: () => number;
  readonly log: (
    level: NoticeLevel,
    code: "COMMANDS_READY" | "COMMANDS_DOWN" | "COMMAND_REFUSED" | "COMMAND_FAILED",
    fields: Readonly<Record<string, string | number>>,
  ) => void;
};

/** How long the other side may hold an empty answer back, and how much later it counts as hanging. */
const waitSeconds = 25;
const hangMillis = 35_000;
const replyMillis = 10_000;
/** Between two questions, however fast the answers come. */
const gapMillis = 1_000;

export class Poller {
  readonly #options: PollerOptions;
  readonly #end = new AbortController();
  #running: Promise<void> | null = null;
  #offset = 0;
  #failures = 0;

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** What was sent up to now is never obeyed. */
  start(): void {
    this.#running ??= this.#run(Math.floor(this.#options.clock() / 1_000));
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(startedAt: number): Promise<void> {
    const { api, log, timers, clock } = this.#options;
    const rules = { ...this.#options.rules, startedAt };
    while (!this.#isOver()) {
      const dropped = await this.#within(hangMillis, (signal) => api.dropPending(signal));
      if (dropped.ok) break;
      await this.#failed(dropped.failure);
    }
    if (!this.#isOver()) log("info", "COMMANDS_READY", { users: rules.userIds.length });
    while (!this.#isOver()) {
      const answer = await this.#within(hangMillis, (signal) => api.updates(this.#offset, waitSeconds, signal));
      if (!answer.ok) {
        await this.#failed(answer.failure);
        continue;
      }
      this.#failures = 0;
      for (const update of answer.data) {
        // Each one once, whatever the other side repeats.
        if (update.update_id < this.#offset || this.#isOver()) continue;
        this.#offset = update.update_id + 1;
        await this.#handle(update, { ...rules }, Math.floor(clock() / 1_000));
      }
      await pause(timers, gapMillis, this.#end.signal);
    }
  }

  async #handle(update: Update, rules: UpdateRules, now: number): Promise<void> {
    const { desk, log } = this.#options;
    const read = readUpdate(update, rules, now);
    try {
      switch (read.kind) {
        case "ignored":
          if (read.from !== null) log("warn", "COMMAND_REFUSED", { from: `user ${read.from}`, reason: read.why });
          return;
        case "help":
          return await this.#reply(read.chat, desk.help());
        case "command":
          return await this.#reply(read.command.chat, await desk.obey(read.command));
        default:
          throw new TypeError(`unhandled update ${read satisfies never}`);
      }
    } catch (error) {
      log("error", "COMMAND_FAILED", { error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** Tried once: whoever asked asks again. */
  async #reply(chat: number, lines: readonly string[] | null): Promise<void> {
    if (lines === null) return;
    await this.#within(replyMillis, (signal) => this.#options.api.sendMessage(chat, html(lines), signal));
  }

  async #failed({ cause, afterMillis }: TelegramFailure): Promise<void> {
    if (this.#isOver()) return;
    if (this.#failures === 0) this.#options.log("warn", "COMMANDS_DOWN", { cause });
    const wait = Math.max(Math.min(afterMillis ?? 0, askedMillisMax), waitMillis(this.#failures, this.#options.random));
    this.#failures += 1;
    await pause(this.#options.timers, wait, this.#end.signal);
  }

  #isOver(): boolean {
    return this.#end.signal.aborted;
  }

  /** A request that hangs is given up. */
  async #within<Data>(millis: number, request: (signal: AbortSignal) => Promise<Data>): Promise<Data> {
    const abort = new AbortController();
    const stop = (): void => abort.abort();
    const cancel = this.#options.timers.after(millis, stop);
    this.#end.signal.addEventListener("abort", stop, { once: true });
    try {
      return await request(abort.signal);
    } finally {
      cancel();
      this.#end.signal.removeEventListener("abort", stop);
    }
  }
}

/** Whatever the other side asks for, we knock again after this long. */
const askedMillisMax = 3_600_000;
