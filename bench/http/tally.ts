// What a load has seen: answers, failures, bytes and how long each answer took.

const stepMs = 0.05;
/** A second in steps; the last place holds whatever took longer. */
const steps = 20_000;

export class Tally {
  answers = 0;
  failures = 0;
  bytes = 0;
  /** When the last answer was whole. */
  lastMs = Number.NaN;
  readonly #latencies = new Uint32Array(steps);

  answered(good: boolean, bytes: number, sentMs: number): void {
    const now = performance.now();
    this.lastMs = now;
    this.bytes += bytes;
    if (good) this.answers += 1;
    else this.failures += 1;
    const step = Math.min(Math.floor((now - sentMs) / stepMs), steps - 1);
    this.#latencies[step] = (this.#latencies[step] ?? 0) + 1;
  }

  /** A connection ended while it was owed an answer. */
  broken(): void {
    this.failures += 1;
  }

  /** Milliseconds within which this share of the answers was there. */
  within(share: number): number {
    const all = this.#latencies.reduce((sum, count) => sum + count, 0);
    let counted = 0;
    const step = this.#latencies.findIndex((count) => {
      counted += count;
      return counted >= all * share;
    });
    return (step + 1) * stepMs;
  }

  /** Starts anew: what was seen so far was for warming up. */
  clear(): void {
    this.answers = 0;
    this.failures = 0;
    this.bytes = 0;
    this.#latencies.fill(0);
  }
}
