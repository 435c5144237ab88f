/** The interface on loopback over a core that the test drives, with a real store. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readSecrets } from "../../../src/config/secrets.ts";
import { type Api, startApi } from "../../../src/host/api/server.ts";
import { type Tokens, tokensFrom } from "../../../src/host/api/tokens.ts";
import { Outside, outsideSources } from "../../../src/host/outside/outside.ts";
import { shownFields } from "../../../src/ops/log.ts";
import { openStore } from "../../../src/store/open.ts";
import type { Store } from "../../../src/store/store.ts";
import { CoreBench } from "../../engine/support.ts";
import { instrument, type SettingsChanges, settingsWith, start } from "../../support/core.ts";

export const tokens = {
  control: "control-0123456789abcdef0123",
  trade: "trade-0123456789abcdef012345",
  read: "read-0123456789abcdef0123456",
} as const;

const Failure = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

export class ApiBench {
  readonly core: CoreBench;
  readonly outside: Outside;
  readonly store: Store;
  readonly api: Api;
  readonly directory: string;
  readonly faults: string[] = [];

  private constructor(core: CoreBench, outside: Outside, store: Store, api: Api, directory: string) {
    this.core = core;
    this.outside = outside;
    this.store = store;
    this.api = api;
    this.directory = directory;
  }

  /** @param directory of an earlier one; a fresh one without it */
  static async open(changes: SettingsChanges = {}, directory = newDirectory()): Promise<ApiBench> {
    const settings = settingsWith({ trading: { normal: { entry_order: "market" } }, api: { port: 0 }, ...changes });
    const core = CoreBench.ready(settings, outsideSources(settings, true));
    const store = await openStore({
      directory,
      venue: "paper",
      instance: "bench",
      instruments: [{ symbol: instrument.symbol, tickSize: "0.10", stepSize: "0.001" }],
      commitIntervalMs: 10,
      startedAt: start,
      retention: {
        events: { age: 86_400_000_000, rows: 1_000_000 },
        books: { age: 86_400_000_000, rows: 1_000_000 },
      },
      intentTtl: 21_600_000_000,
      stateIntervalMs: 1_000,
      onNote: () => undefined,
      episode: 600_000_000,
      shownFields,
      onFailure: () => undefined,
    });
    const take = (): void => {
      for (const output of core.outputs) {
        if (output.kind === "decision") outside.onDecision(output);
        if (output.kind === "decision") store.append([output]);
        if (output.kind === "intent") store.intent(output);
      }
    };
    const outside: Outside = new Outside({
      settings: () => settings,
      clock: () => core.now,
      core: () => core.core,
      tell: (event) => {
        core.tell(event);
        take();
      },
      keep: async (row) => {
        if (row !== null) store.outside(row);
        await store.committed();
      },
      notice: () => undefined,
    });
    outside.open(store.journal.outside);
    outside.afterTurn(core.core, core.now);
    const faults: string[] = [];
    const api = await startApi({
      settings: settings.api,
      tokens: benchTokens(),
      version: "0.0.0",
      onFault: (message) => faults.push(message),
      backend: {
        outside,
        clock: () => core.now,
        venue: "paper",
        core: () => core.core,
        control: async (control) => {
          core.tell(control);
          await store.committed();
        },
      },
    });
    const bench = new ApiBench(core, outside, store, api, directory);
    bench.faults.push(...faults);
    return bench;
  }

  async close(): Promise<void> {
    await this.api.close();
    this.outside.close();
    await this.store.close();
  }

  async ask(method: string, path: string, options: AskOptions = {}): Promise<Answer> {
    const { token = tokens.control, body, headers = {} } = options;
    const answer = await fetch(`${this.api.url}${path}`, {
      method,
      headers: {
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === "" ? null : JSON.parse(text), headers: answer.headers };
  }
}

export type AskOptions = {
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export function codeOf({ body }: Answer): string {
  return Failure.parse(body).error.code;
}

const directories = new Set<string>();

export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "scalpd-api-"));
  directories.add(directory);
  return directory;
}

export function removeDirectories(): void {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
}

function benchTokens(): Tokens {
  const found = tokensFrom(
    readSecrets(join(tmpdir(), "no-such-env-file"), {
      SCALPD_API_TOKEN: tokens.control,
      SCALPD_API_TOKEN_TRADE: tokens.trade,
      SCALPD_API_TOKEN_READ: tokens.read,
    }),
  );
  if (found === null) throw new Error("no tokens");
  return found;
}
