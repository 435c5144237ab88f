/** What commands do: look, or ask the core as a supervisor would. Flatten is done only when it is confirmed. */

import { pause, type Timers } from "../timers.ts";
import { type Command, type CommandName, commandNames } from "./update.ts";

/** The daemon as an operator sees it. Lines of text are data and are escaped where they are shown. */
export type Operator = {
  readonly status: () => readonly string[];
  readonly positions: () => readonly string[];
  readonly why: () => Promise<readonly string[]>;
  /**
   * Hands it to the core; resolves once it is in the journal, so that what was acknowledged outlives a crash (I-10).
   *
   * @throws {Error} it may not be in the journal
   */
  readonly control: (action: "halt" | "resume" | "flatten", by: string) => Promise<void>;
};

export type CommandDeskOptions = {
  readonly operator: Operator;
  readonly timers: Timers;
  /** milliseconds */
  readonly clock: () => number;
  /** a number from 0 to 9999 that nobody can guess */
  readonly draw: () => number;
  readonly log: (code: "COMMAND", fields: Readonly<Record<string, string>>) => void;
};

const confirmMillisMax = 60_000;
/** The journal is waited for so long: a disk that has stalled must not keep the next command from being heard (F-39). */
const keepMillisMax = 5_000;
/** Commands that are obeyed a minute; what is above is not answered. */
export const commandsPerMinute = 20;

const halts = "no new entries until /resume; protection stays";

export class CommandDesk {
  readonly #options: CommandDeskOptions;
  /** the one question that is open; another /flatten replaces it */
  #asked: { readonly code: string; readonly chat: number; readonly user: number; readonly until: number } | null = null;
  #times: number[] = [];

  constructor(options: CommandDeskOptions) {
    this.#options = options;
  }

  /** @returns the answer's lines; null: none is given */
  async obey(command: Command): Promise<readonly string[] | null> {
    if (!this.#hasRoom()) return null;
    const { operator, log } = this.#options;
    const by = `telegram:${command.user}`;
    log("COMMAND", { action: command.name, by });
    switch (command.name) {
      case "status":
        return operator.status();
      case "positions":
        return operator.positions();
      case "why":
        return await operator.why();
      case "halt":
        return await this.#control("halt", by, `Halted: ${halts}.`);
      case "resume":
        return await this.#control("resume", by, "Resumed.");
      case "flatten":
        return await this.#flatten(command, by);
      default:
        throw new TypeError(`unhandled command ${command.name satisfies never}`);
    }
  }

  help(): readonly string[] | null {
    return this.#hasRoom() ? ["Commands", ...commandNames.map((name) => `/${name} ${meanings[name]}`)] : null;
  }

  #hasRoom(): boolean {
    const now = this.#options.clock();
    this.#times = this.#times.filter((time) => time > now - 60_000);
    if (this.#times.length >= commandsPerMinute) return false;
    this.#times.push(now);
    return true;
  }

  async #flatten({ argument, chat, user }: Command, by: string): Promise<readonly string[]> {
    const now = this.#options.clock();
    const asked = this.#asked;
    // Whatever comes, a code is good for one answer.
    this.#asked = null;
    const isConfirmed =
      asked !== null && asked.code === argument && asked.chat === chat && asked.user === user && now < asked.until;
    if (isConfirmed) return await this.#control("flatten", by, `Closing everything; ${halts}.`);
    const code = String(this.#options.draw()).padStart(4, "0");
    this.#asked = { code, chat, user, until: now + confirmMillisMax };
    return [
      "Close everything at market?",
      `Send /flatten ${code} within ${confirmMillisMax / 1_000} seconds.`,
      ...(argument === "" ? [] : ["What you sent was no valid confirmation."]),
    ];
  }

  async #control(action: "halt" | "resume" | "flatten", by: string, done: string): Promise<readonly string[]> {
    const isKept = await this.#isKept(this.#options.operator.control(action, by));
    return [
      isKept ? done : `${action}: asked for, but it may not outlive a restart: the journal has not confirmed it.`,
    ];
  }

  async #isKept(control: Promise<void>): Promise<boolean> {
    const isOver = new AbortController();
    const late = pause(this.#options.timers, keepMillisMax, isOver.signal).then(() => false);
    try {
      return await Promise.race([control.then(() => true), late]);
    } catch {
      return false;
    } finally {
      isOver.abort();
    }
  }
}

const meanings: Readonly<Record<CommandName, string>> = {
  status: "account, limits, symbols",
  positions: "open positions and their stops",
  why: "why there was no trade in the last hour",
  halt: halts,
  resume: "trade again",
  flatten: "close everything, after a confirmation",
};
