// Who waits for the server, and until when. One coarse timer for all of them.

interface Waiting {
  readonly untilMs: number;
  readonly late: () => void;
}

export class Deadlines {
  readonly #waitMs: number;
  readonly #waiting = new Set<Waiting>();
  #ticking: NodeJS.Timeout | null = null;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** The result of `work`, or the error that `late` answers when it takes too long. */
  within<T>(work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = { untilMs: performance.now() + this.#waitMs, late: () => reject(late()) };
      this.#waiting.add(waiting);
      this.#ticking ??= setInterval(() => this.#tick(), Math.max(10, this.#waitMs / 20));
      work.then(resolve, reject).finally(() => {
        this.#waiting.delete(waiting);
        if (this.#waiting.size === 0) this.#rest();
      });
    });
  }

  #tick(): void {
    const now = performance.now();
    for (const waiting of this.#waiting) {
      if (waiting.untilMs > now) return; // they stand in the order in which they came
      this.#waiting.delete(waiting);
      waiting.late();
    }
    if (this.#waiting.size === 0) this.#rest();
  }

  #rest(): void {
    if (this.#ticking !== null) clearInterval(this.#ticking);
    this.#ticking = null;
  }
}
