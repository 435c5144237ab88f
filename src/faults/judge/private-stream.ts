/**
 * I-04, of the private stream: that it is alive is proven by what it says. One that is refuted is opened again with a key
 * that was asked for anew, and what it did not tell is read. @see failure-catalogue F-06, F-07, F-17, F-34
 */

import type { Call } from "../call.ts";
import type { Scene } from "./scene.ts";
import { Waiting } from "./waiting.ts";

/** Timers are late by a turn, and this is looked at once a second. */
const margin = 3_000_000;
/** From the opening of the stream until the account is asked for. */
const readWithin = 10_000_000;
/** From the word that the key has expired until the stream is let go of. */
const expiryHeard = 2_000_000;
const minute = 60_000_000;
/** A reply that comes later may have been given up. */
const promptly = 2_000_000;
/** Ids that the stream spoke of; the oldest go first. */
const heardMax = 2_000;
const idPattern = /"(?:c|caid)":"([^"]+)"/g;

type Limits = { readonly firstMessage: number; readonly readableWeight: number };

export class PrivateStream {
  readonly #scene: Scene;
  /** an order that was taken is spoken of within this, or the stream counts as dead; microseconds */
  readonly #firstMessage: number;
  readonly #readableWeight: number;
  readonly #sentAt = new WeakMap<Call, number>();
  readonly #heard = new Set<string>();
  /** orders that were taken and not spoken of */
  readonly #unspoken = new Map<string, Waiting>();
  #wasOpen = false;
  /** null: not yet by this process */
  #openedAt: number | null = null;
  #keyAt = Number.NEGATIVE_INFINITY;
  #readAt = Number.NEGATIVE_INFINITY;
  #unread: Waiting | null = null;
  #expired: Waiting | null = null;
  /** until when no read of the account may leave: what is left of the minute's request weight is for protection */
  #usedUpUntil = Number.NEGATIVE_INFINITY;

  constructor(scene: Scene, { firstMessage, readableWeight }: Limits) {
    this.#scene = scene;
    this.#firstMessage = firstMessage;
    this.#readableWeight = readableWeight;
  }

  onBegin(): void {
    this.#heard.clear();
    this.#close();
    this.#wasOpen = false;
    this.#openedAt = null;
    this.#keyAt = Number.NEGATIVE_INFINITY;
  }

  onSent(call: Call): void {
    if (call.clientId !== null) this.#sentAt.set(call, this.#scene.now);
    if (call.name !== "GET positionRisk") return;
    this.#readAt = this.#scene.now;
    this.#unread = null;
  }

  onReply(call: Call, status: number, text: string | null): void {
    if (status !== 200 || text === null) return;
    if (call.name === "POST listenKey") this.#keyAt = this.#scene.now;
    const { clientId } = call;
    const sentAt = this.#sentAt.get(call) ?? this.#scene.now;
    // What was told on the connection before, or was given up and is looked up by now, proves nothing of this one.
    if (sentAt < (this.#openedAt ?? 0) || this.#scene.now - sentAt > promptly) return;
    if (!this.#wasOpen || clientId === null || !call.name.startsWith("place ") || this.#heard.has(clientId)) return;
    if (text.endsWith("}") && text.includes(`"${clientId}"`)) {
      this.#unspoken.set(clientId, new Waiting(this.#firstMessage + margin));
    }
  }

  onTold(name: string, text: string): void {
    if (name === "listenKeyExpired") this.#expired ??= new Waiting(expiryHeard);
    for (const [, id = ""] of text.matchAll(idPattern)) {
      this.#unspoken.delete(id);
      this.#heard.add(id);
    }
    for (const oldest of this.#heard) {
      if (this.#heard.size <= heardMax) break;
      this.#heard.delete(oldest);
    }
  }

  /** @param used request weight of this minute, as the exchange counts it */
  onUsedWeight(used: number): void {
    if (used > this.#readableWeight) this.#usedUpUntil = (Math.floor(this.#scene.now / minute) + 1) * minute + margin;
  }

  /** After each step: whether it was opened or has ended. */
  onStep(): void {
    const { isPrivateOpen, now } = this.#scene;
    if (isPrivateOpen === this.#wasOpen) return;
    this.#wasOpen = isPrivateOpen;
    if (!isPrivateOpen) return this.#close();
    if (this.#openedAt !== null && this.#keyAt <= this.#openedAt) {
      this.#scene.violated("I-04", "a private stream opens with a key that was not asked for since the last one");
    }
    this.#openedAt = now;
    // What was asked for in the very turn in which it was opened has left already.
    if (this.#readAt !== now) this.#unread = new Waiting(readWithin);
  }

  /** @param passed microseconds in which the daemon could act */
  onSecond(passed: number): void {
    const scene = this.#scene;
    for (const [id, waiting] of this.#unspoken) {
      if (!waiting.isOver(passed)) continue;
      this.#unspoken.delete(id);
      scene.violated("I-04", `the private stream has not spoken of ${id}, and counts as alive`);
    }
    if (this.#expired?.isOver(passed) === true) {
      this.#expired = null;
      scene.violated("I-04", "the private stream is kept although its key has expired");
    }
    const excusedUntil = Math.max(scene.readsLagUntil, this.#usedUpUntil);
    if (scene.isSilenced || excusedUntil > scene.now || this.#unread?.isOver(passed) !== true) return;
    this.#unread = null;
    scene.violated("I-04", "the private stream was opened, and what it did not tell is not read");
  }

  #close(): void {
    this.#unspoken.clear();
    this.#unread = null;
    this.#expired = null;
  }
}
