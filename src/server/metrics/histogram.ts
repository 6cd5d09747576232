// Counts of how many measurements fell under which bound. Counting is a few comparisons and allocates
// nothing: it happens on the way of every request.

export class Histogram {
  readonly bounds: readonly number[];
  /** One more than there are bounds: the last is for what lies above all. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

/** From an answer out of memory to the longest that a commit is waited for. */
export const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** To limits.writerGroupMax. */
export const groupBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
