/** Something that has to come within a time that counts only while the daemon could bring it about. */

export class Waiting {
  readonly #limit: number;
  #waited = 0;

  /** @param limit microseconds */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param passed microseconds that count */
  isOver(passed: number): boolean {
    this.#waited += passed;
    return this.#waited > this.#limit;
  }
}
