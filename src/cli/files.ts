// Files that a command is pointed at. One that cannot be used is a mistake in what was handed in.
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Failure, usage } from "./failure.ts";
import { readAll, type Shell } from "./shell.ts";

export async function readFileOf(path: string, bytesMax?: number): Promise<Buffer> {
  try {
    return await readAll(createReadStream(path), bytesMax);
  } catch (error) {
    if (error instanceof Failure) throw error;
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw usage(`cannot read ${path}${code}`);
  }
}

/** `-` is stdin. */
export function readInput(path: string, shell: Shell, bytesMax?: number): Promise<Buffer> {
  return path === "-" ? readAll(shell.stdin, bytesMax) : readFileOf(path, bytesMax);
}

/** For what others must not read. What is there already stays: it may hold more than this would put back. */
export async function createFile(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw code === "EEXIST"
      ? usage(`${path} is there already`, "remove it first, or choose another file")
      : usage(`cannot write ${path} (${code})`);
  }
}
