/**
 * Watches the settings file and reads it again when it has changed, or when the process is told to (requirements CFG-4).
 * What a file lacks has its default, so one that was cut short would reset limits: where a key has vanished that the
 * running file named, only somebody's word takes it over.
 */

import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { type Overrides, settingsOf } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import { oneLine } from "../config/text.ts";
import { readYaml, type YamlFile } from "../config/yaml.ts";

export type SettingsWatchOptions = {
  readonly file: string;
  /** what the command line says instead of the file, now as at the start */
  readonly overrides: Overrides;
  /** @returns whether they are in force now */
  readonly onSettings: (settings: Settings) => boolean;
  /** The file cannot be used: each problem names place, value and what is allowed. */
  readonly onInvalid: (problems: readonly string[]) => void;
  readonly debounceMillis?: number;
};

export type SettingsWatch = {
  /** Reads the file now, whether it has changed or not, and takes it as it is. */
  readonly reload: () => void;
  readonly close: () => void;
};

/** An editor saves in several steps; the file is read when it has been left alone for this long. */
const debounceMillis = 200;
const goneShownMax = 5;
const valueShownMax = 60;

/**
 * The directory is watched, not the file: editors replace it, and a watch on the old one would go blind. Where the
 * system cannot watch, SIGHUP still works.
 */
export function watchSettings(options: SettingsWatchOptions): SettingsWatch {
  const file = resolve(options.file);
  let timer: NodeJS.Timeout | null = null;
  let running = namedIn(options.file);
  const read = (isAsked: boolean): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    running = readAgain(options, isAsked ? new Map() : running) ?? running;
  };
  const reload = (): void => read(true);
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => read(false), options.debounceMillis ?? debounceMillis);
  };
  const watcher = watchDirectory(dirname(file), (name) => {
    if (name === null || name === basename(file)) soon();
  });
  process.on("SIGHUP", reload);
  return {
    reload,
    close: () => {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      watcher?.close();
      process.off("SIGHUP", reload);
    },
  };
}

/**
 * @param needed what the file must still name
 * @returns what it names; null when it is not in force
 */
function readAgain({ file, overrides, onSettings, onInvalid }: SettingsWatchOptions, needed: Named): Named | null {
  let read: YamlFile;
  let settings: Settings;
  try {
    read = readYaml(file);
    settings = settingsOf(read, file, overrides);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    onInvalid(message.split("\n"));
    return null;
  }
  const named = new Map(valuesOf(read.value, ""));
  const gone = [...needed].filter(([path]) => !named.has(path));
  if (gone.length > 0) {
    onInvalid([goneText(file, gone, named.size === 0)]);
    return null;
  }
  return onSettings(settings) ? named : null;
}

/** What a file says, by path; lists as a whole. */
type Named = ReadonlyMap<string, unknown>;

/** Nothing when it cannot be read: then the daemon did not begin with it. */
function namedIn(file: string): Named {
  try {
    return new Map(valuesOf(readYaml(file).value, ""));
  } catch {
    return new Map();
  }
}

function valuesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return path === "" ? [] : [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => valuesOf(child, path === "" ? key : `${path}.${key}`));
}

function goneText(file: string, gone: readonly [string, unknown][], isEmpty: boolean): string {
  const shown = gone
    .slice(0, goneShownMax)
    .map(([path, was]) => `${path} (was ${oneLine(JSON.stringify(was), valueShownMax)})`);
  const more = gone.length > shown.length ? [`${gone.length - shown.length} more`] : [];
  const what = `${isEmpty ? "is empty; " : ""}no longer names ${[...shown, ...more].join(", ")}`;
  return `${file}: ${what}. It may be cut short: nothing of it is taken. Write the values that shall hold, or have it taken as it is, with defaults for what is missing, by SIGHUP or a restart`;
}

function watchDirectory(directory: string, changed: (name: string | null) => void): FSWatcher | null {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, name) => changed(name));
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return null;
  }
}
