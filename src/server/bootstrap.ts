// bootstrap.json: what a person needs after the first start. It is synced before the commit that
// makes its token valid, so a crash in between leaves a file whose token never worked, and the
// next start writes it anew. Nothing ever reads it again.
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Config } from "./config.ts";

export interface Bootstrap {
  readonly url: string;
  readonly organization: { readonly id: string; readonly slug: string };
  readonly store: { readonly id: string; readonly slug: string };
  readonly person: { readonly id: string; readonly email: string };
  readonly token: string;
}

export function bootstrapPath(config: Config): string {
  return join(config.data, "bootstrap.json");
}

/** Replaces the file as a whole, readable by its owner alone, and on disk when this resolves. */
export async function writePrivate(path: string, content: object): Promise<void> {
  await replaceFile(path, `${JSON.stringify(content, null, 2)}\n`, 0o600);
}

/** A reader sees the old content or the new one, and the new one is on disk when this resolves. */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  try {
    const file = await open(draft, "wx", mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    // It may hold a token or a key, and nobody would look for it.
    await rm(draft, { force: true });
    throw error;
  }
  const directory = await open(folder, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
