// Where a long scan stops for a moment, so that a reader's thread is fair to the threads that serve. The
// kernel lets a thread run for milliseconds before it looks who else wants the core, which is longer than
// a reveal takes; a thread that sleeps now and then hands it over. And a statement that comes by here ends
// with its thread, which no other statement of SQLite does.

/** How many rows a scan reads between two looks at the clock: some hundredths of a millisecond. */
const rowsBetween = 256;
const runMsMax = 0.25;
const pauseMs = 0.25;

/** The statement with a call wherever it names a place for one (`pausingAt` in sql.ts). */
export function withPauses(text: string): string {
  return text.replaceAll(/\/\* may pause at (\w+) \*\//g, `($1.rowid % ${rowsBetween} <> 0 OR pause()) AND`);
}

/** What such a call does; it is true, always. */
export function pausing(): () => number {
  const neverWoken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let runsSinceMs = performance.now();
  return () => {
    if (performance.now() - runsSinceMs < runMsMax) return 1;
    Atomics.wait(neverWoken, 0, 0, pauseMs);
    runsSinceMs = performance.now();
    return 1;
  };
}
