// Ends or stops the server at a named point, from within. Which one stands in a file, so that it can be set
// while the server runs: `?armed=FILE` of this module's URL, for threads have no environment. Only the entry
// module of the crash test hands it to the engine.
import { readFileSync, rmSync } from "node:fs";

export interface Armed {
  readonly point: string;
  /** The nth time that it is passed. */
  readonly nth: number;
  /** `stop`: SIGSTOP, until the test lets it go on. */
  readonly action: "kill" | "stop" | "throw";
}

const file = new URL(import.meta.url).searchParams.get("armed") ?? "";
let counted: { readonly text: string; passed: number } = { text: "", passed: 0 };

export function fault(point: string): void {
  const text = read();
  if (text === null) return;
  if (text !== counted.text) counted = { text, passed: 0 };
  const armed = JSON.parse(text) as Armed;
  if (point !== armed.point) return;
  counted.passed += 1;
  if (counted.passed < armed.nth) return;
  rmSync(file, { force: true });
  if (armed.action === "throw") throw new Error(`planted at ${point}`);
  process.kill(process.pid, armed.action === "kill" ? "SIGKILL" : "SIGSTOP");
  // The signal may take a moment, and nothing more may happen in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, armed.action === "kill" ? 1_000 : 50);
}

function read(): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
