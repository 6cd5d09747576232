// Where the root key comes from: the environment, a named file, or `root.key` beside the data.
import { join } from "node:path";
import {
  createRootKeyFile,
  formatRootKeyFile,
  newRootKey,
  parseRootKeys,
  type RootKeys,
  readRootKeyFile,
} from "../crypto/roots/file.ts";
import type { Config } from "./config.ts";

/** Null where there is none. */
export async function findRootKeys(config: Config): Promise<RootKeys | null> {
  if (config.rootKeyText !== null) return parseRootKeys(config.rootKeyText);
  return readRootKeyFile(rootKeyPath(config));
}

export function rootKeyPath(config: Config): string {
  return config.rootKeyFile ?? join(config.data, "root.key");
}

/** Only for the very first start: a root key is never made beside an existing database. */
export async function makeRootKeys(config: Config): Promise<RootKeys> {
  return createRootKeyFile(rootKeyPath(config));
}

/** What `coffer key new` prints. */
export function newRootKeyFile(): string {
  return formatRootKeyFile(newRootKey());
}
