// Files that were named by who runs a command, and what makes them last.
import { open } from "node:fs/promises";

/** What was named cannot be used for this; nothing was done. */
export class UnfitPlace extends Error {
  override readonly name = "UnfitPlace";
}

/** A file that is not there, or not for us to read, is a mistake of whoever named it. */
export async function demandReadable(path: string): Promise<void> {
  try {
    await (await open(path, "r")).close();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new UnfitPlace(`cannot read ${path} (${code})`);
  }
}

/** All that was written to it, by whom ever, is on disk when this resolves. */
export async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
