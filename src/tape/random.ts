/** Seeded numbers for what is generated: the same seed gives the same numbers on every machine. */

/** mulberry32: 32 bits of state, enough for a few million draws. Its numbers decide nothing but generated data. */
export class Random {
  #state: number;

  /** @param seed a whole number; only its low 32 bits count */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [0, `bound`). */
  below(bound: number): number {
    return Math.floor(this.uniform() * bound);
  }

  /**
   * Mean 0, variance 1, within ±6: the sum of twelve uniforms, which unlike a logarithm is the same to the last bit
   * everywhere.
   */
  normal(): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw += 1) sum += this.uniform();
    return sum;
  }
}
