/**
 * Plants a mistake in a source file while it is loaded, for the thread that asks for it. The files on the disk stay as
 * they are, and the daemon knows no switch: without this hook there is nothing to switch.
 */

import { registerHooks } from "node:module";
import { pathToFileURL } from "node:url";

export type Planting = {
  /** absolute path of the file */
  readonly path: string;
  /** what it reads as instead, whole */
  readonly source: string;
};

/** Before the file is imported for the first time. */
export function plant({ path, source }: Planting): void {
  const planted = pathToFileURL(path).href;
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      return url === planted ? { ...loaded, source } : loaded;
    },
  });
}
