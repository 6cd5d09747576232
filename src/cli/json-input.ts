// JSON that a command is given in a file, or on standard input as `-`.
import { usage } from "./failure.ts";
import { readInput } from "./files.ts";
import { type Shell, utf8 } from "./shell.ts";

export async function readJson(file: string, shell: Shell, what: string): Promise<unknown> {
  const text = utf8(await readInput(file, shell), what);
  try {
    return JSON.parse(text);
  } catch {
    throw usage(`${what} are not JSON`); // the parser's own words would repeat them
  }
}
