/** Logs: one line of JSON an event on standard error, or readable text when a terminal is attached (OPS-1). */

import { Writable } from "node:stream";
import { type DestinationStream, type Logger, multistream, pino } from "pino";
import pretty from "pino-pretty";
import { oneLine } from "../config/text.ts";
import type { Notice, NoticeLevel } from "../domain/output.ts";
import { concealed } from "./concealed.ts";
import type { RotatingFile } from "./rotating-file.ts";

const textMax = 500;
const fieldsMax = 32;
const stderr = 2;
/** Lines are written in groups of this size, or after this time: each write wakes a thread beside the trading loop. */
const heldBytes = 4_096;
const heldMillisMax = 100;

/**
 * Names under which text may be logged. Text under any other name is hidden, so that a new field cannot leak a secret
 * before somebody has thought about it. Numbers and booleans pass. @see failure-catalogue S-02
 */
const shownText: ReadonlySet<string> = new Set([
  "account",
  "action",
  "algo",
  "at",
  "by",
  "cause",
  "change",
  "clientOrderId",
  "decision",
  "detail",
  "direction",
  "directory",
  "error",
  "exit",
  "exitReason",
  "file",
  "from",
  "hold",
  "how",
  "instance",
  "item",
  "kind",
  "message",
  "mode",
  "name",
  "order",
  "policy",
  "position",
  "price",
  "reason",
  "reasons",
  "rest",
  "role",
  "session",
  "side",
  "signal",
  "source",
  "state",
  "status",
  "step",
  "stop",
  "stream",
  "symbols",
  "target",
  "to",
  "trade",
  "until",
  "venue",
  "version",
  "what",
  "where",
]);
/** Names that the line itself uses. */
const reserved: ReadonlySet<string> = new Set(["level", "time", "code", "symbol"]);

export type Fields = Notice["fields"];

export type Log = {
  readonly debug: (code: string, fields?: Fields) => void;
  readonly info: (code: string, fields?: Fields) => void;
  readonly warn: (code: string, fields?: Fields) => void;
  readonly error: (code: string, fields?: Fields) => void;
  /** @param symbol name of the notice's instrument; null where it has none */
  readonly notice: (notice: Notice, symbol: string | null) => void;
  /** Least level that is logged from now on. */
  readonly setLevel: (level: NoticeLevel) => void;
  /** Writes what is still in memory; before the process ends. */
  readonly flush: () => void;
};

export type LogOptions = {
  readonly level: NoticeLevel;
  /** readable text instead of JSON; by default when standard error is a terminal */
  readonly readable?: boolean;
  /** where to write; by default standard error */
  readonly write?: (line: string) => void;
  /** gets every line too, as JSON */
  readonly file?: RotatingFile;
};

export function openLog(options: LogOptions): Log {
  const readable = options.readable ?? process.stderr.isTTY === true;
  const { logger, flush } = openLogger(options, readable);
  const put = (level: NoticeLevel, code: string, symbol: string | null, fields: Fields): void => {
    if (!logger.isLevelEnabled(level)) return;
    const line = emptyLine();
    if (symbol !== null) line["symbol"] = oneLine(symbol, textMax);
    logger[level](withShown(line, fields), oneLine(code, textMax));
  };
  return {
    debug: (code, fields = {}) => put("debug", code, null, fields),
    info: (code, fields = {}) => put("info", code, null, fields),
    warn: (code, fields = {}) => put("warn", code, null, fields),
    error: (code, fields = {}) => put("error", code, null, fields),
    notice: (notice, symbol) => put(notice.level, notice.code, symbol, notice.fields),
    setLevel: (level) => {
      logger.level = level;
    },
    flush,
  };
}

/** The fields that may leave the process, by the allow-list: for logs, alerts and the store alike. */
export function shownFields(fields: Fields): Line {
  return withShown(emptyLine(), fields);
}

type Line = Record<string, string | number | boolean | null>;

/** Without a prototype: a field may have any name. */
function emptyLine(): Line {
  return Object.create(null);
}

function withShown(line: Line, fields: Fields): Line {
  for (const [name, value] of Object.entries(fields).slice(0, fieldsMax)) {
    const key = reserved.has(name) ? `${name}_` : oneLine(name, 64);
    line[key] = typeof value === "string" ? shownValue(name, value) : value;
  }
  return line;
}

function shownValue(name: string, value: string): string {
  if (!shownText.has(name)) return "[hidden]";
  return oneLine(concealed(value, textMax), textMax);
}

type Target = { readonly stream: DestinationStream; readonly flush: () => void };

function openLogger(options: LogOptions, readable: boolean): { readonly logger: Logger; readonly flush: () => void } {
  const { stream, flush } = openTarget(options, readable);
  const { file } = options;
  const shape = {
    level: options.level,
    base: null,
    messageKey: "code",
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (file === undefined) return { logger: pino(shape, stream), flush };
  const both = multistream([
    { level: "debug", stream },
    { level: "debug", stream: file },
  ]);
  return {
    logger: pino(shape, both),
    flush: () => {
      flush();
      file.flush();
    },
  };
}

function openTarget(options: LogOptions, readable: boolean): Target {
  if (readable) {
    const { NO_COLOR } = process.env;
    const target = options.write === undefined ? { destination: stderr } : { destination: sink(options.write) };
    const stream = pretty({
      ...target,
      sync: true,
      colorize: options.write === undefined && NO_COLOR === undefined,
      messageKey: "code",
      singleLine: true,
      translateTime: "SYS:HH:MM:ss.l",
    });
    return { stream, flush: () => undefined };
  }
  if (options.write !== undefined) return { stream: { write: options.write }, flush: () => undefined };
  // Not synchronous: a full pipe must not hold up the trading loop.
  const stream = pino.destination({ dest: stderr, sync: false, minLength: heldBytes, periodicFlush: heldMillisMax });
  return { stream, flush: () => stream.flushSync() };
}

function sink(write: (line: string) => void): Writable {
  return new Writable({
    write: (chunk, _, done) => {
      write(String(chunk));
      done();
    },
  });
}
