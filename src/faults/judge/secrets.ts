/** I-22: what is secret stays on the wire. */

import type { Scene } from "./scene.ts";

/** Signatures are 64 hexadecimal digits; nothing that is told to people looks like that. */
const signature = /(?<![0-9a-z])[0-9a-f]{64}(?![0-9a-z])/;

const canariesMax = 16;

export class Secrets {
  readonly #scene: Scene;
  readonly #canaries: string[];

  constructor(scene: Scene, canaries: readonly string[]) {
    this.#scene = scene;
    this.#canaries = [...canaries];
  }

  /** One more that must not be told; the last ones are remembered. */
  learn(canary: string): void {
    if (this.#canaries.includes(canary)) return;
    if (this.#canaries.length >= canariesMax) this.#canaries.pop();
    this.#canaries.push(canary);
  }

  /** Something that leaves the process in another way than to the exchange. */
  onText(where: string, text: string): void {
    const found = this.#canaries.some((canary) => text.includes(canary)) || signature.test(text);
    if (found) this.#scene.violated("I-22", `a secret stands in ${where}`);
  }
}
