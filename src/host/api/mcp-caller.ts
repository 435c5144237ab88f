/** Calls a daemon's interface over HTTP, for tools that run in a process of their own. */

import type { Secret } from "../../config/secrets.ts";
import type { Caller } from "./mcp.ts";

const answerMillisMax = 10_000;

export function httpCaller(base: URL, token: Secret): Caller {
  return async ({ method, path, body }) => {
    try {
      const answer = await fetch(new URL(path, base), {
        method,
        headers: {
          authorization: `Bearer ${token.reveal()}`,
          ...(body === null ? {} : { "content-type": "application/json" }),
        },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
        redirect: "error",
        signal: AbortSignal.timeout(answerMillisMax),
      });
      return { status: answer.status, body: await answer.json() };
    } catch {
      const message = `no daemon answers at ${base.origin}: start it with scalpd run, with the same token`;
      return { status: 503, body: { error: { code: "NOT_READY", message } } };
    }
  };
}
