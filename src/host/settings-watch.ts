/** Watches the settings file and reads it again when it has changed, or when the process is told to (requirements CFG-4). */

import { type FSWatcher, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { loadSettings, type Overrides } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";

export type SettingsWatchOptions = {
  readonly file: string;
  /** what the command line says instead of the file, now as at the start */
  readonly overrides: Overrides;
  readonly onSettings: (settings: Settings) => void;
  /** The file cannot be used: each problem names place, value and what is allowed. */
  readonly onInvalid: (problems: readonly string[]) => void;
  readonly debounceMillis?: number;
};

export type SettingsWatch = {
  /** Reads the file now, whether it has changed or not. */
  readonly reload: () => void;
  readonly close: () => void;
};

/** An editor saves in several steps; the file is read when it has been left alone for this long. */
const debounceMillis = 200;

/**
 * The directory is watched, not the file: editors replace it, and a watch on the old one would go blind. Where the
 * system cannot watch, SIGHUP still works.
 */
export function watchSettings(options: SettingsWatchOptions): SettingsWatch {
  const file = resolve(options.file);
  let timer: NodeJS.Timeout | null = null;
  const reload = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    read(options);
  };
  const soon = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(reload, options.debounceMillis ?? debounceMillis);
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

function read({ file, overrides, onSettings, onInvalid }: SettingsWatchOptions): void {
  let settings: Settings;
  try {
    settings = loadSettings(file, overrides);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return onInvalid(message.split("\n"));
  }
  onSettings(settings);
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
