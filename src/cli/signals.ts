// How a process that ended by a signal is told to a shell: 128 and the signal's number.
import { constants } from "node:os";

export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Thrown when the person broke off; the program ends as Ctrl-C ends any other. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export function interrupted(): Interrupted {
  return new Interrupted("interrupted");
}
