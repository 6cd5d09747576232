// Files that are the server's user's alone, put in place at once as the guide says.
import { renameSync, writeFileSync } from "node:fs";

export function privateFile(path: string, text: string): string {
  writeFileSync(`${path}.next`, text, { mode: 0o600 });
  renameSync(`${path}.next`, path);
  return path;
}
