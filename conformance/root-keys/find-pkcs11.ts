// Where the package that the provider "pkcs11" loads is installed; tests ask it too, so nothing happens here.
import { join } from "node:path";
import { installedAt } from "../support/cache.ts";

export const pins = join(import.meta.dirname, "pkcs11");

/** What NODE_PATH must name for it; null where it is not installed. */
export function findPkcs11js(): string | null {
  const folder = installedAt("root-keys", "pkcs11js", pins);
  return folder === null ? null : join(folder, "node_modules");
}
