/**
 * A connection to one of the stream routes. Every well-formed subscription is acknowledged; what does not exist on the
 * route, or is spelt in upper case, stays silent. @see binance-usdm.md §1.2, §5.5
 */

import { z } from "zod";
import type { Link } from "./connection.ts";
import { jsonText, parseJson } from "./json.ts";
import type { StreamMessage, Subscriber, Topic } from "./topic.ts";

/** The legacy paths without a route serve the public kinds only. */
export type Route = "public" | "market" | "private" | "unrouted";

/** What a stream name means on this connection's route. */
export type Subscriptions = {
  /** null: nothing of that name, so silence */
  readonly topic: (name: string) => Topic | null;
  /** only on the private route: a name is a listen key */
  readonly listen: boolean;
};

/** What a connection asked for in its URL. `events` null: all of them. */
export type Requested = { readonly name: string; readonly events: ReadonlySet<string> | null };

const namesMax = 1_024;

const ControlMessage = z.object({
  method: z.enum(["SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY"]),
  params: z.array(z.unknown()).optional(),
  // Integers by the documentation; the official connector sends text.
  id: z.union([z.number().int().nonnegative(), z.bigint(), z.string().min(1).max(36)]),
});
type ControlMessage = z.infer<typeof ControlMessage>;

const Names = z.array(z.string());

export class StreamConnection implements Subscriber {
  readonly connection: Link;
  private readonly subscriptions: Subscriptions;
  private combined: boolean;
  private readonly names = new Map<string, ReadonlySet<string> | null>();

  constructor(
    connect: (onText: (text: string) => void) => Link,
    subscriptions: Subscriptions,
    combined: boolean,
    requested: readonly Requested[],
  ) {
    this.subscriptions = subscriptions;
    this.combined = combined;
    this.connection = connect((text) => this.control(text));
    this.connection.onClose(() => this.dropAll());
    this.subscribe(requested);
  }

  receive(message: StreamMessage): void {
    this.connection.send(this.combined ? message.combined() : message.raw());
  }

  /** Hands over a user event, if this connection listens to the key and wants events of that kind. */
  receiveUserEvent(message: StreamMessage, kind: string): void {
    const events = this.names.get(message.stream);
    if (!this.subscriptions.listen || events === undefined) return;
    if (events === null || events.has(kind)) this.receive(message);
  }

  private control(text: string): void {
    let message: unknown;
    try {
      message = parseJson(text);
    } catch {
      this.connection.send(jsonText({ error: { code: 3, msg: "Invalid JSON: expected value" } }));
      return;
    }
    const parsed = ControlMessage.safeParse(message);
    if (!parsed.success) {
      const at = parsed.error.issues[0]?.path.join(".") ?? "";
      this.fail(
        2,
        `Invalid request: ${at === "method" ? "unknown variant" : `invalid ${at || "message"}`}`,
        idOf(message),
      );
      return;
    }
    this.obey(parsed.data);
  }

  private obey(message: ControlMessage): void {
    switch (message.method) {
      case "SUBSCRIBE":
      case "UNSUBSCRIBE":
        this.change(message);
        return;
      case "LIST_SUBSCRIPTIONS":
        this.succeed([...this.names.keys()], message);
        return;
      case "SET_PROPERTY":
      case "GET_PROPERTY":
        this.property(message);
        return;
      default:
        throw new TypeError(`unhandled method ${message.method satisfies never}`);
    }
  }

  private change(message: ControlMessage): void {
    const names = Names.safeParse(message.params);
    if (!names.success) {
      this.fail(2, "Invalid request: params must be an array of strings", message.id);
      return;
    }
    if (message.method === "UNSUBSCRIBE") for (const name of names.data) this.drop(name);
    else if (!this.subscribe(names.data.map((name) => ({ name, events: null })))) return;
    this.succeed(null, message);
  }

  private property(message: ControlMessage): void {
    const [name, value] = message.params ?? [];
    if (name !== "combined") this.fail(0, "Unknown property", message.id);
    else if (message.method === "GET_PROPERTY") this.succeed(this.combined, message);
    else if (typeof value !== "boolean") this.fail(1, "Invalid value type: expected Boolean", message.id);
    else {
      this.combined = value;
      this.succeed(null, message);
    }
  }

  /** False when there were too many and the connection is being closed. */
  private subscribe(requested: readonly Requested[]): boolean {
    for (const { name, events } of requested) {
      this.names.set(name, events);
      if (this.names.size > namesMax) {
        this.connection.send(jsonText({ error: { code: 4, msg: "Too many subscriptions" } }));
        this.connection.refuse("Invalid request");
        return false;
      }
      this.subscriptions.topic(name)?.add(this);
    }
    return true;
  }

  private drop(name: string): void {
    this.names.delete(name);
    this.subscriptions.topic(name)?.delete(this);
  }

  private dropAll(): void {
    for (const name of [...this.names.keys()]) this.drop(name);
  }

  private succeed(result: unknown, message: ControlMessage): void {
    this.connection.send(jsonText({ result, id: message.id }));
  }

  private fail(code: number, msg: string, id: unknown): void {
    this.connection.send(jsonText({ error: { code, msg }, id }));
  }
}

function idOf(message: unknown): string | number | bigint | undefined {
  const found = z.object({ id: ControlMessage.shape.id }).safeParse(message);
  return found.success ? found.data.id : undefined;
}
