// The root-key provider "file": keys as text in a file that is its owner's alone.
import { limits } from "../../core/limits.ts";
import { formatRootKeyFile, newRootKey, parseRootKeys, type RootKeys, rootKeys } from "./keys.ts";
import { createPrivateFile, readPrivateFile } from "./private-file.ts";

/** Null when there is no such file. Anything else that is not a good key file is refused. */
export async function readRootKeyFile(path: string): Promise<RootKeys | null> {
  const bytes = await readPrivateFile(path, limits.rootKeyFileBytesMax);
  if (bytes === null) return null;
  const text = bytes.toString("latin1");
  bytes.fill(0);
  return parseRootKeys(text);
}

/** Makes a key and its file; refused where anything stands. */
export async function createRootKeyFile(path: string): Promise<RootKeys> {
  const key = newRootKey();
  await createPrivateFile(path, formatRootKeyFile(key));
  return rootKeys([key], key);
}
