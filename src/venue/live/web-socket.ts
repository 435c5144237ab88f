/**
 * A WebSocket client on a plain or a TLS socket: what a venue's streams need and no more. No extensions, no redirects, no
 * verification that can be switched off. Incoming bytes stay in one buffer that the socket fills again and again.
 *
 * @see RFC 6455; failure-catalogue S-07, S-24
 */

import type { NetConnectOpts, Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { closeCodes, FrameReader, FrameWriter, opcodes } from "./frames.ts";

// The built-in modules through the process: their ESM import costs ten times as much at start.
const net = process.getBuiltinModule("node:net");
const tls = process.getBuiltinModule("node:tls");
const crypto = process.getBuiltinModule("node:crypto");

export type WebSocketLimits = {
  /** bytes of one message */
  readonly messageMax: number;
  readonly handshakeTimeoutMs: number;
  /** how long a peer that said goodbye, or was told it, may leave the connection open */
  readonly goodbyeTimeoutMs: number;
};

/** Calls come one at a time; after `closed` there are none. */
export type WebSocketEvents = {
  readonly opened: () => void;
  /** good until the call returns */
  readonly message: (bytes: Uint8Array) => void;
  readonly pong: () => void;
  /**
   * @param code the peer's or ours, 1006 where nobody said goodbye
   * @param cause a word, never a URL
   * @param refusedWith the status of the answer to an upgrade that came to nothing; null: there was none
   */
  readonly closed: (code: number, cause: string, refusedWith: number | null) => void;
};

const readBytes = 64 * 1_024;
/** An upgrade's answer is some hundred bytes. */
const handshakeBytesMax = 16 * 1_024;
/** What the peer does not read piles up here; a peer so far behind is gone. */
const unsentBytesMax = 1_024 * 1_024;
const headersEnd = "\r\n\r\n";
/** @see RFC 6455 §1.3 */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const abnormal = 1_006;

const writer = new FrameWriter((bytes) => {
  crypto.randomFillSync(bytes);
});

export class WebSocketClient {
  readonly #events: WebSocketEvents;
  readonly #limits: WebSocketLimits;
  readonly #reader: FrameReader;
  readonly #socket: Socket;
  readonly #expectedAccept: string;
  #state: "connecting" | "open" | "closing" | "closed" = "connecting";
  /** the answer to the upgrade, as far as it came; latin1 */
  #answer = "";
  #code = abnormal;
  #cause = "closed";
  #refusedWith: number | null = null;
  #timer: NodeJS.Timeout;

  /** @param url `ws:` or `wss:` */
  constructor(url: string, limits: WebSocketLimits, events: WebSocketEvents) {
    this.#events = events;
    this.#limits = limits;
    this.#reader = new FrameReader(limits.messageMax, {
      onMessage: (bytes) => this.#events.message(bytes),
      onControl: (opcode, payload) => this.#onControl(opcode, payload),
      onViolation: (code, what) => this.#violated(code, what),
    });
    const target = new URL(url);
    const key = crypto.randomBytes(16).toString("base64");
    this.#expectedAccept = crypto.hash("sha1", key + acceptSuffix, "base64");
    this.#socket = connect(target, (bytes) => this.#onBytes(bytes));
    this.#socket.setNoDelay(true);
    this.#socket.once(target.protocol === "wss:" ? "secureConnect" : "connect", () => {
      this.#socket.write(upgradeRequest(target, key));
    });
    this.#socket.on("error", (error) => {
      if (this.#state !== "closed") this.#cause = codeOf(error);
    });
    this.#socket.on("close", () => this.#closed());
    this.#timer = setTimeout(() => this.#give("handshake timed out"), limits.handshakeTimeoutMs);
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Nothing is sent unless it is open. */
  send(text: string): void {
    if (this.#state !== "open") return;
    this.#write(writer.text(text));
  }

  ping(): void {
    if (this.#state === "open") this.#write(writer.control(opcodes.ping));
  }

  /** Ends it without a goodbye; `closed` follows. */
  terminate(): void {
    this.#reader.end();
    this.#socket.destroy();
  }

  #write(frame: Buffer): void {
    this.#socket.write(frame);
    if (this.#socket.writableLength > unsentBytesMax) this.#give("the peer does not read");
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#state === "connecting") this.#onAnswer(bytes);
    else if (this.#state !== "closed") this.#reader.read(bytes);
  }

  #onAnswer(bytes: Uint8Array): void {
    const before = this.#answer.length;
    this.#answer += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
    const end = this.#answer.indexOf(headersEnd);
    if (end < 0) {
      if (this.#answer.length > handshakeBytesMax) this.#give("the answer to the upgrade is too long");
      return;
    }
    const answer = this.#answer.slice(0, end);
    this.#answer = "";
    const refusal = refusalIn(answer, this.#expectedAccept);
    if (refusal !== null) {
      this.#refusedWith = statusOf(answer);
      return this.#give(refusal);
    }
    clearTimeout(this.#timer);
    this.#state = "open";
    this.#events.opened();
    const rest = bytes.subarray(end + headersEnd.length - before);
    if (rest.length > 0) this.#onBytes(rest);
  }

  #onControl(opcode: number, payload: Uint8Array): void {
    if (opcode === opcodes.pong) return this.#events.pong();
    if (opcode === opcodes.ping) {
      if (this.#state === "open") this.#write(writer.control(opcodes.pong, payload));
      return;
    }
    this.#code = payload.length >= 2 ? Buffer.from(payload).readUInt16BE(0) : closeCodes.normal;
    this.#sayGoodbye(payload.subarray(0, 2));
  }

  #violated(code: number, what: string): void {
    this.#code = code;
    this.#cause = what;
    this.#sayGoodbye(Buffer.from([code >> 8, code & 0xff]));
  }

  /** The peer reads our goodbye if it still reads anything; the connection ends in any case. */
  #sayGoodbye(payload: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#reader.end();
    this.#state = "closing";
    this.#socket.end(writer.control(opcodes.close, payload));
    this.#timer = setTimeout(() => this.#socket.destroy(), this.#limits.goodbyeTimeoutMs);
  }

  #give(cause: string): void {
    this.#cause = cause;
    this.terminate();
  }

  #closed(): void {
    clearTimeout(this.#timer);
    this.#reader.end();
    this.#state = "closed";
    this.#events.closed(this.#code, this.#cause, this.#refusedWith);
  }
}

function connect(target: URL, onBytes: (bytes: Uint8Array) => void): Socket {
  const isSecure = target.protocol === "wss:";
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const port = target.port === "" ? (isSecure ? 443 : 80) : Number(target.port);
  const onread: NetConnectOpts["onread"] = {
    buffer: Buffer.allocUnsafeSlow(readBytes),
    callback: (size, buffer) => {
      onBytes(buffer.subarray(0, size));
      return true;
    },
  };
  if (!isSecure) return net.connect({ host, port, onread });
  // `onread` is documented for TLS (tls.connect) and missing in its type.
  const options: ConnectionOptions & Pick<NetConnectOpts, "onread"> = {
    host,
    port,
    onread,
    rejectUnauthorized: true,
    ALPNProtocols: ["http/1.1"],
    ...(net.isIP(host) === 0 ? { servername: host } : {}),
  };
  return tls.connect(options);
}

function upgradeRequest({ host, pathname, search }: URL, key: string): string {
  return [
    `GET ${pathname}${search} HTTP/1.1`,
    `Host: ${host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${key}`,
    "Sec-WebSocket-Version: 13",
    headersEnd.slice(2),
  ].join("\r\n");
}

/** Why the answer is no upgrade of ours; null when it is one. @see RFC 6455 §4.1 */
function refusalIn(answer: string, expectedAccept: string): string | null {
  const [, ...lines] = answer.split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const status = statusOf(answer);
  if (status !== 101) return `the upgrade was answered with ${status ?? "no status"}`;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return "the upgrade is to something else";
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get("connection") ?? "")) return "the connection is not upgraded";
  if (headers.get("sec-websocket-accept") !== expectedAccept) return "the upgrade answers another request";
  if (headers.has("sec-websocket-extensions")) return "an extension that was not asked for";
  if (headers.has("sec-websocket-protocol")) return "a protocol that was not asked for";
  return null;
}

function statusOf(answer: string): number | null {
  const status = /^HTTP\/1\.1 (\d{3})(?:[ \r]|$)/.exec(answer)?.[1];
  return status === undefined ? null : Number(status);
}

/** Messages of network errors may hold addresses; their codes do not. */
function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
