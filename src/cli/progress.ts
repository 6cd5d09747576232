// How far long work has come, on one line of the terminal that is written over and over. Where nobody
// watches, nothing is said.
import type { Shell } from "./shell.ts";

export interface Progress {
  readonly at: (count: number) => void;
  /** Leaves the line empty for what is said next. */
  readonly end: () => void;
}

const everyMs = 250;
const clearLine = "\r\u001b[K";

export function progressOf(shell: Shell, unit: string): Progress {
  const { stderr } = shell;
  if (!("isTTY" in stderr) || !stderr.isTTY) return { at: () => {}, end: () => {} };
  let shownAt = Date.now();
  let shown = false;
  return {
    at(count) {
      if (Date.now() - shownAt < everyMs) return;
      shownAt = Date.now();
      shown = true;
      stderr.write(`${clearLine}${count.toLocaleString("en")} ${unit}`);
    },
    end() {
      if (shown) stderr.write(clearLine);
    },
  };
}
