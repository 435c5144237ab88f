/** The command line as processes on loopback: an embedded exchange, and daemons that trade on it. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { viewWhy } from "../../src/store/why.ts";

/** Enters and leaves all the time, and takes both ways: fees alone are a loss of about a dollar a trade. */
export const losing = `
symbols: [BTCUSDT]
decision:
  ensemble: { enabled: false }
  demo: { interval_seconds: 1, hold_seconds: 1, cooldown_seconds: 0 }
trading: { normal: { entry_order: market } }
log: { status_seconds: 1 }
`;

export type Line = Readonly<Record<string, unknown>>;

export type DaemonProcess = {
  readonly child: ChildProcess;
  /** every line of its log */
  readonly seen: readonly Line[];
  /** the next line with this code that was not waited for before */
  readonly line: (code: string) => Promise<Line>;
  /** the last line on standard output, when it has ended */
  readonly lastOutput: () => Promise<string>;
};

export class Stage {
  readonly directory = mkdtempSync(join(tmpdir(), "scalpd-host-"));
  readonly config = join(this.directory, "settings.yaml");
  readonly data = join(this.directory, "data");
  readonly #running: ChildProcess[] = [];

  async close(): Promise<void> {
    for (const child of this.#running.splice(0)) {
      child.kill("SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    }
    rmSync(this.directory, { recursive: true });
  }

  /** @returns the line that it announces itself with */
  async exchange(...more: readonly string[]): Promise<string> {
    const tape = "config/tapes/BTCUSDT-20240719.arrow";
    const kept = join(this.directory, "exchange");
    const child = this.#spawn(["exchange", "--json", "--speed", "5", "--tape", tape, "--data", kept, ...more]);
    const [line] = await once(linesOf(child.stdout), "line");
    return String(line);
  }

  daemon(exchange: string, ...more: readonly string[]): DaemonProcess {
    const given = ["run", "--config", this.config, "--data", this.data, "--exchange", exchange, ...more];
    const child = this.#spawn(given);
    const seen: Line[] = [];
    const waiting: { readonly code: string; readonly resolve: (line: Line) => void }[] = [];
    let taken = 0;
    let last = "";
    linesOf(child.stderr).on("line", (text) => {
      if (!text.startsWith("{")) return;
      const line: Line = JSON.parse(text);
      seen.push(line);
      for (const one of waiting.filter(({ code }) => code === line["code"])) one.resolve(line);
    });
    linesOf(child.stdout).on("line", (text) => {
      last = text;
    });
    return {
      child,
      seen,
      line: async (code) => {
        const index = seen.findIndex((line, i) => i >= taken && line["code"] === code);
        const line = seen[index] ?? (await new Promise<Line>((resolve) => waiting.push({ code, resolve })));
        taken = seen.indexOf(line) + 1;
        return line;
      },
      lastOutput: async () => {
        await once(child, "close");
        return last;
      },
    };
  }

  /** How often the journal says that it was told. */
  told(event: string): number {
    const [store] = viewWhy({ directory: this.data, since: 0, symbol: null });
    return store?.events.filter((one) => one.event === event).length ?? 0;
  }

  #spawn(given: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, ["src/cli/main.ts", ...given], { stdio: ["ignore", "pipe", "pipe"] });
    this.#running.push(child);
    return child;
  }
}

function linesOf(stream: NodeJS.ReadableStream | null): Interface {
  if (stream === null) throw new Error("no pipe");
  return createInterface({ input: stream });
}
