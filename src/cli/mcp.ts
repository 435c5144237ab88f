/** `scalpd mcp`: tools for language-model agents over standard input and output, answered by the running daemon. */

import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import manifest from "../../package.json" with { type: "json" };
import { loadSettings } from "../config/load.ts";
import { readSecrets } from "../config/secrets.ts";
import { mcpServer } from "../host/api/mcp.ts";
import { httpCaller } from "../host/api/mcp-caller.ts";
import { UsageError } from "./usage-error.ts";

export type McpOptions = {
  readonly config: string | null;
  /** where the daemon's interface listens; null: as the settings say */
  readonly url: string | null;
};

/** Runs until its client closes standard input. @throws {UsageError} no token, or not a loopback or https address */
export async function mcpCommand({ config, url }: McpOptions): Promise<void> {
  const { api } = loadSettings(config);
  const { apiToken, apiTokenTrade, apiTokenRead } = readSecrets(".env", process.env);
  const token = apiToken ?? apiTokenTrade ?? apiTokenRead;
  if (token === null)
    throw new UsageError("mcp: SCALPD_API_TOKEN is not set; allowed: the token of the running daemon");
  if (url === null && api.port === 0) {
    throw new UsageError("mcp: api.port is 0, so the daemon's port is not known; give --url as its log says");
  }
  const host = api.host.includes(":") ? `[${api.host}]` : api.host;
  const base = url ?? `http://${host}:${api.port}`;
  const server = mcpServer(manifest.version, httpCaller(checked(base), token));
  const transport = new StdioServerTransport();
  const ended = new Promise<void>((resolve) => {
    process.stdin.once("end", resolve).once("close", resolve);
  });
  await server.connect(transport);
  await ended;
  await server.close();
}

/** The token is not sent in clear to another machine. */
function checked(base: string): URL {
  const url = URL.canParse(base) ? new URL(base) : null;
  const isLoopback = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLoopback))) return url;
  throw new UsageError(`--url ${JSON.stringify(base.slice(0, 80))}: allowed is http on loopback, or https`);
}
