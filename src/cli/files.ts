// Files that a command is pointed at. One that cannot be read is a mistake in what was handed in.
import { createReadStream } from "node:fs";
import { Failure, usage } from "./failure.ts";
import { readAll, type Shell } from "./shell.ts";

export async function readFileOf(path: string): Promise<Buffer> {
  try {
    return await readAll(createReadStream(path));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw usage(`cannot read ${path}${code}`);
  }
}

/** `-` is stdin. */
export function readInput(path: string, shell: Shell): Promise<Buffer> {
  return path === "-" ? readAll(shell.stdin) : readFileOf(path);
}
