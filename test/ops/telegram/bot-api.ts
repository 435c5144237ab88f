/** A Bot API on loopback, with everything that can go wrong with one. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Mood = "well" | "hang" | "too-many" | "nonsense" | "unauthorised" | "redirect" | "bad-request";

export type SentMessage = { readonly chat: number; readonly text: string };

export const token = "123456789:AAcanary-7f3a-token_of-the-bot";

export class BotApi {
  mood: Mood = "well";
  /** what reached a chat */
  readonly messages: SentMessage[] = [];
  /** the method of every request */
  readonly calls: string[] = [];
  /** as queued at Telegram; `getUpdates` confirms those below its offset */
  updates: Readonly<Record<string, unknown>>[] = [];
  /** the same updates again and again, whatever is confirmed */
  repeats = false;
  readonly #server: Server;
  readonly #held = new Set<ServerResponse>();
  #watchers: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request, response) => void this.#serve(request, response));
  }

  static async open(): Promise<BotApi> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new BotApi(server);
  }

  get root(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Resolves when something that was requested made the condition true. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push({ holds, resolve }));
  }

  /** Answers the questions for updates that are held back. */
  queue(...updates: readonly Readonly<Record<string, unknown>>[]): void {
    this.updates.push(...updates);
    for (const response of this.#held) reply(response, 200, { ok: true, result: this.updates.slice(0, 20) });
    this.#held.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const method = request.url?.split("/").at(-1) ?? "";
    this.calls.push(method);
    this.#answer(method, body, response, request.url?.includes(token) === true);
    for (const watcher of this.#watchers.filter(({ holds }) => holds())) watcher.resolve();
    this.#watchers = this.#watchers.filter(({ holds }) => !holds());
  }

  #answer(method: string, body: Record<string, unknown>, response: ServerResponse, isKnown: boolean): void {
    switch (this.mood) {
      case "hang":
        return;
      case "too-many":
        return reply(response, 429, {
          ok: false,
          error_code: 429,
          description: `Too Many Requests: retry after 3 ${token}`,
          parameters: { retry_after: 3 },
        });
      case "nonsense":
        response.writeHead(200, { "content-type": "text/html" });
        response.end(`<html>\u001b[31m${token}</html>`);
        return;
      case "unauthorised":
        return reply(response, 401, { ok: false, error_code: 401, description: `Unauthorized ${token}` });
      case "bad-request":
        return reply(response, 400, { ok: false, error_code: 400, description: `Bad Request ${token}` });
      case "redirect":
        response.writeHead(302, { location: `${this.root}/elsewhere` });
        response.end();
        return;
      case "well":
        return isKnown ? this.#do(method, body, response) : reply(response, 404, { ok: false, error_code: 404 });
      default:
        throw new TypeError(`unknown mood ${this.mood satisfies never}`);
    }
  }

  #do(method: string, body: Record<string, unknown>, response: ServerResponse): void {
    if (method === "sendMessage") {
      this.messages.push({ chat: Number(body["chat_id"]), text: String(body["text"]) });
      return reply(response, 200, { ok: true, result: { message_id: this.messages.length } });
    }
    if (method === "deleteWebhook") {
      if (body["drop_pending_updates"] === true && !this.repeats) this.updates = [];
      return reply(response, 200, { ok: true, result: true });
    }
    if (method === "getMe") return reply(response, 200, { ok: true, result: { username: "scalpd_bot" } });
    if (!this.repeats) {
      this.updates = this.updates.filter((update) => Number(update["update_id"]) >= Number(body["offset"]));
    }
    if (this.updates.length === 0) {
      this.#held.add(response);
      response.on("close", () => this.#held.delete(response));
      return;
    }
    return reply(response, 200, { ok: true, result: this.updates.slice(0, 20) });
  }
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? {} : JSON.parse(text);
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
