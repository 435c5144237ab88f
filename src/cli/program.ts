/** The commands, their options, and how errors end the process: 0 done, 1 failed, 2 wrong usage or configuration. */

import { existsSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { oneLine } from "../config/text.ts";
import { milliseconds } from "./duration.ts";
import { UsageError } from "./usage-error.ts";

const defaultConfig = "config/settings.yaml";
const longestLine = 2_000;

/** @returns the exit code */
export async function main(given: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = commands((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(given, { from: "user" });
    return exitCode;
  } catch (error) {
    return report(error, given.includes("--verbose"));
  }
}

type Exit = (code: number) => void;

function commands(exit: Exit): Command {
  const program = new Command("scalpd")
    .description("A scalping daemon for Binance USDⓈ-M futures, with an exchange to trade against built in.")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .showSuggestionAfterError()
    .option("--verbose", "with an unexpected error, where in the code it was thrown");
  addRun(program, exit);
  addExchange(program, exit);
  addBacktest(program, exit);
  addTrain(program, exit);
  addFaults(program, exit);
  addImport(program);
  addState(program);
  addWhy(program);
  addTrade(program);
  addMcp(program);
  addConfig(program);
  addDoctor(program, exit);
  return program;
}

function addRun(program: Command, exit: Exit): void {
  command(program, "run", "the daemon; by default against the embedded exchange, with recorded data")
    .option("--config <file>", `settings; without it ${defaultConfig} where that is there, else the defaults`)
    .option("--for <time>", "stop in good order after this long: 60s, 5m, 2h")
    .option(
      "--speed <factor>",
      "how much denser than recorded the embedded exchange plays its tapes",
      number("--speed"),
    )
    .option("--venue <name>", "paper, testnet or production")
    .option("--data <directory>", "where the journal is kept")
    .option("--production <account>", "trade real money on the account that the settings name too")
    .option("--exchange <json>", "the line that `scalpd exchange` printed: use that one instead of starting one")
    .option("--json", "the last line on standard output is a summary as JSON")
    .action(async (options) => {
      const { runCommand } = await import("./run.ts");
      const code = await runCommand({
        config: configPath(options.config),
        overrides: given({
          "exchange.speed": options.speed,
          "venue.name": options.venue,
          "store.directory": options.data,
        }),
        forMs: options.for === undefined ? null : milliseconds("--for", options.for),
        json: options.json === true,
        production: options.production ?? null,
        exchange: options.exchange ?? null,
      });
      exit(code);
    });
}

function addExchange(program: Command, exit: Exit): void {
  command(program, "exchange", "the embedded exchange alone; prints its addresses and keys as JSON when it listens")
    .option("--port <number>", "0 takes a free one")
    .option("--feed <kind>", "where its market data come from: tape")
    .option("--tape <files...>", "recordings to play, one a symbol")
    .option("--speed <factor>", "how much denser than recorded they are played")
    .option("--seed <number>", "seed of all that is generated")
    .option("--wallet <usdt>", "starting wallet")
    .option("--maker-fee <fraction>", "fee of a resting order")
    .option("--taker-fee <fraction>", "fee of a taking order")
    .option("--weightless", "request weight costs nothing: for drills that start clients again and again")
    .option("--data <directory>", "where its account is kept")
    .option("--ed25519 <file>", "PEM file of a public key, for clients that log on with it")
    .option("--child", "started by the daemon: ends with it")
    .option("--json", "accepted for symmetry: the addresses are always JSON")
    .action(async (options) => {
      const { exchangeCommand } = await import("./exchange.ts");
      exit(await exchangeCommand(options));
    });
}

function addBacktest(program: Command, exit: Exit): void {
  command(program, "backtest", "the engine over tapes, in their own time")
    .requiredOption("--tape <files...>", "recordings, one a symbol")
    .option("--config <file>", `settings; without it ${defaultConfig} where that is there, else the defaults`)
    .option("--compare-modes", "the same tapes in mode normal and in mode scalp, side by side")
    .option("--json", "the last line on standard output is the result as JSON")
    .action(async (options) => {
      const { backtestCommand } = await import("./backtest.ts");
      const code = await backtestCommand({
        tapes: options.tape,
        config: configPath(options.config),
        json: options.json === true,
        compareModes: options.compareModes === true,
        print: (line) => process.stdout.write(`${line}\n`),
      });
      exit(code);
    });
}

function addTrain(program: Command, exit: Exit): void {
  command(program, "train", "fits the ensemble to tapes and prints how good it would have been, walking forward")
    .requiredOption("--tape <files...>", "recordings; those of one symbol are taken in the order of time")
    .option("--config <file>", `settings; without it ${defaultConfig} where that is there, else the defaults`)
    .option("--out <file>", "where the models are written, for decision.ensemble.start_from")
    .option("--json", "the last line on standard output is the report as JSON")
    .action(async (options) => {
      const { trainCommand } = await import("./train.ts");
      const code = trainCommand({
        tapes: options.tape,
        config: configPath(options.config),
        json: options.json === true,
        out: options.out ?? null,
        print: (line) => process.stdout.write(`${line}\n`),
        progress: process.stderr.isTTY ? (line) => process.stderr.write(`${line}\n`) : null,
      });
      exit(code);
    });
}

function addFaults(program: Command, exit: Exit): void {
  command(program, "faults", "the whole daemon in a hostile, simulated world, judged by code that knows the truth")
    .option("--seeds <number>", "how many worlds", number("--seeds"), 20)
    .option("--from <number>", "the first seed", number("--from"), 1)
    .option("--hours <number>", "simulated hours of each; below 6 a seed counts as empty", number("--hours"), 6)
    .option("--config <file>", "the settings to run with; without it such as trade all day")
    .option("--tape <files...>", "recordings to play, one a symbol, instead of the seeded market")
    .option("--trace", "prints everything that happens")
    .option("--shrink", "makes the plans of failing seeds smaller, into regressions")
    .option("--out <directory>", "where bundles of failing seeds are written", "data/faults")
    .option("--threads <number>", "worker threads; without it one a core", number("--threads"))
    .option("--json", "the last line on standard output is the summary as JSON")
    .action(async (options) => {
      const { faultsCommand } = await import("./faults.ts");
      const code = await faultsCommand({
        seeds: options.seeds,
        from: options.from,
        hours: options.hours,
        config: options.config ?? null,
        tapes: options.tape ?? [],
        trace: options.trace === true,
        shrink: options.shrink === true,
        out: options.out,
        threads: options.threads ?? null,
        json: options.json === true,
        print: (line) => process.stdout.write(`${line}\n`),
        progress: process.stderr.isTTY ? (line) => process.stderr.write(`\r${line}`) : null,
      });
      exit(code);
    });
}

function addImport(program: Command): void {
  command(program, "import", "recordings to a tape; prints what it found as JSON")
    .argument("<files...>", "the capture, in order")
    .option("--format <name>", "binance: raw streams (the default); csv: tables of books and of trades")
    .option("--gap-seconds <seconds>", "of tables: a book that is silent for longer is a gap")
    .requiredOption("--out <file>", "the tape to write")
    .requiredOption("--symbol <name>", "as the exchange spells it")
    .requiredOption("--tick <size>", "tick size, decimal")
    .requiredOption("--step <size>", "lot step, decimal")
    .option("--source <text>", "where the recording comes from")
    .option("--licence <text>", "under which licence")
    .option("--clock-shift <microseconds>", "added to the recorder's clock; estimated without it")
    .action(async (files: string[], options) => {
      const { ImportUsageError, importTape } = await import("./import.ts");
      try {
        process.stdout.write(`${JSON.stringify(importTape(files, options))}\n`);
      } catch (error) {
        throw error instanceof ImportUsageError ? new UsageError(error.message, { cause: error }) : error;
      }
    });
}

function addState(program: Command): void {
  command(program, "state", "positions with their protection, open orders, equity, last trades")
    .option("--data <directory>", "where the journal is kept", path("--data"), "data")
    .option("--json", "as one line of JSON")
    .action(async (options) => {
      const { stateCommand } = await import("./state.ts");
      stateCommand({ data: options.data, json: options.json === true });
    });
}

function addWhy(program: Command): void {
  command(
    program,
    "why",
    "why there was no trade: reasons with typical values against their limits, and last decisions",
  )
    .option("--since <time>", "how far to look back: 15m, 1h, 1d", "1h")
    .option("--symbol <name>", "only this one")
    .option("--data <directory>", "where the journal is kept", path("--data"), "data")
    .option("--json", "as one line of JSON")
    .action(async (options) => {
      const { whyCommand } = await import("./why.ts");
      whyCommand({
        data: options.data,
        sinceMs: milliseconds("--since", options.since),
        symbol: options.symbol ?? null,
        json: options.json === true,
        now: Date.now(),
      });
    });
}

function addTrade(program: Command): void {
  command(program, "trade", "one trade's story in order: decision, gates, orders, fills, moves of the stop, summary")
    .argument("<id>", "of the trade, of its decision, or of one of its orders")
    .option("--data <directory>", "where the journal is kept", path("--data"), "data")
    .option("--json", "as one line of JSON")
    .action(async (id: string, options) => {
      const { tradeCommand } = await import("./trade.ts");
      tradeCommand({ data: options.data, id, json: options.json === true });
    });
}

function addMcp(program: Command): void {
  command(
    program,
    "mcp",
    "tools for language-model agents on standard input and output, answered by the running daemon",
  )
    .option("--config <file>", `settings; without it ${defaultConfig} where that is there, else the defaults`)
    .option("--url <address>", "where the daemon's interface listens; without it as the settings say")
    .action(async (options) => {
      const { mcpCommand } = await import("./mcp.ts");
      await mcpCommand({ config: configPath(options.config), url: options.url ?? null });
    });
}

function addConfig(program: Command): void {
  const config = command(program, "config", "looks at the settings");
  command(config, "check", "says whether a settings file can be used, with every error at once")
    .option("--config <file>", `the file; without it ${defaultConfig}`)
    .action(async (options) => {
      const { checkCommand } = await import("./config.ts");
      checkCommand(configPath(options.config));
    });
  command(config, "schema", "prints the JSON Schema of the settings").action(async () => {
    const { schemaCommand } = await import("./config.ts");
    schemaCommand();
  });
  command(config, "defaults", "prints every setting with its default and what it means, as YAML").action(async () => {
    const { defaultsCommand } = await import("./config.ts");
    defaultsCommand();
  });
}

function addDoctor(program: Command, exit: Exit): void {
  command(program, "doctor", "what is wrong with machine, settings, key and account, and how to mend it")
    .option("--config <file>", `settings; without it ${defaultConfig} where that is there, else the defaults`)
    .option("--venue <name>", "paper, testnet or production")
    .option("--data <directory>", "where the journal is kept")
    .option("--exchange <json>", "the line that `scalpd exchange` printed: ask that one")
    .option("--json", "as one line of JSON")
    .action(async (options) => {
      const { doctorCommand } = await import("./doctor.ts");
      const code = await doctorCommand({
        config: configPath(options.config),
        overrides: given({ "venue.name": options.venue, "store.directory": options.data }),
        exchange: options.exchange ?? null,
        json: options.json === true,
        print: (line) => process.stdout.write(`${line}\n`),
      });
      exit(code);
    });
}

function command(parent: Command, name: string, description: string): Command {
  return parent.command(name).description(description).allowExcessArguments(false);
}

/** The default file is taken where there is one; a file that was named must be there. */
function configPath(named: string | undefined): string | null {
  if (named !== undefined) return path("--config")(named);
  return existsSync(defaultConfig) ? defaultConfig : null;
}

/** An empty one is most often a variable of a script that is not set. */
function path(option: string): (text: string) => string {
  return (text) => {
    if (text === "") throw new UsageError(`${option} "": allowed is a path`);
    return text;
  };
}

function number(option: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) {
      throw new UsageError(`${option} ${JSON.stringify(text.slice(0, 80))}: allowed is a number`);
    }
    return value;
  };
}

function given(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Errors that were made for people end with their own code and words; any other one is our fault. */
function report(error: unknown, verbose: boolean): number {
  if (error instanceof CommanderError) return usage(error);
  const message = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? `${error.code}: ` : "";
  const known = error instanceof Error && "exitCode" in error && typeof error.exitCode === "number";
  for (const line of message.split("\n")) say(known ? line : `${code}${line}`);
  if (verbose && error instanceof Error && error.stack !== undefined) process.stderr.write(`${error.stack}\n`);
  return known ? Number(error.exitCode) : 1;
}

function usage(error: CommanderError): number {
  if (error.code === "commander.helpDisplayed" || error.code === "commander.version") return 0;
  const noCommand = error.code === "commander.help";
  say(
    noCommand
      ? "which command? Allowed: run, exchange, backtest, train, faults, import, state, why, trade, doctor, mcp, config check, config schema, config defaults (--help says more)"
      : error.message.replace(/^error: /, "").replaceAll("\n", " "),
  );
  return 2;
}

function say(line: string): void {
  process.stderr.write(`scalpd: ${oneLine(line, longestLine)}\n`);
}
