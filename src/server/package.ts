// What this package is called by its manifest.
import { readFileSync } from "node:fs";

export function packageVersion(): string {
  // The same two steps up from src/server and from dist/server.
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const known = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return known ? String(manifest.version) : "unknown";
}
