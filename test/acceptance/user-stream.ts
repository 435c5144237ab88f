/** The account's events as they come, on a connection of our own: to do something right after one of them. */

import { once } from "node:events";
import { WebSocket } from "ws";
import { z } from "zod";

const UserEvent = z.object({ e: z.string(), o: z.record(z.string(), z.unknown()).optional() });

export class UserStream {
  readonly #socket: WebSocket;
  #wanted: { readonly name: string; readonly resolve: () => void } | null = null;

  static async open(url: string): Promise<UserStream> {
    const socket = new WebSocket(url);
    await once(socket, "open");
    return new UserStream(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data) => this.#onMessage(data.toString()));
  }

  /**
   * Resolves with the next such event, or when it does not come in time.
   *
   * @param name what an order event says of itself (`x`), or `ALGO` and the status of a conditional order
   */
  async next(name: string, millisMax: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, millisMax);
      this.#wanted = {
        name,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    this.#wanted = null;
  }

  close(): void {
    this.#socket.terminate();
  }

  #onMessage(text: string): void {
    const event = UserEvent.safeParse(JSON.parse(text));
    if (!event.success || this.#wanted === null) return;
    const { e, o } = event.data;
    const name = e === "ALGO_UPDATE" ? `ALGO ${o?.["X"]}` : String(o?.["x"] ?? e);
    if (name === this.#wanted.name) this.#wanted.resolve();
  }
}
