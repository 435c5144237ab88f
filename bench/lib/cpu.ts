/** CPU time a message, from the first message to the last. */

export class CpuMeter {
  readonly #wanted: number;
  #seen = 0;
  #since: NodeJS.CpuUsage | null = null;

  constructor(wanted: number) {
    this.#wanted = wanted;
  }

  /** @returns true at the last message */
  count(): boolean {
    this.#since ??= process.cpuUsage();
    this.#seen += 1;
    return this.#seen === this.#wanted;
  }

  microsPerMessage(): number {
    const { user, system } = process.cpuUsage(this.#since ?? undefined);
    return (user + system) / this.#seen;
  }
}
