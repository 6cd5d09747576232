// What operations tell of themselves while they run, for whoever watches the server: how often and how
// long, never whom or what it was about. It is called on the way of every reveal, so it must cost nothing.

export interface Measures {
  /** A value was given out; `remembered`: what it took was in memory. */
  revealed(remembered: boolean): void;
  /** Access or the secret moved while a reveal was decided, so it was decided again. */
  redecided(): void;
  /** Somebody who waited for changes was told of some, so long after the last of them. */
  told(delayMs: number): void;
}

export const noMeasures: Measures = { revealed() {}, redecided() {}, told() {} };
