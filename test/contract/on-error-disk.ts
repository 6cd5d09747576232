// A disk of as many pages as a file says at each moment, for the writer's connection: the engine
// reports it full, for real, and has room again when the file says so. Loaded by a test alone.
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

const file = new URL(import.meta.url).searchParams.get("pages") ?? "";
let writer: DatabaseSync | null = null;

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (text: string): void {
  if (text === "PRAGMA synchronous = FULL") writer = this;
  exec.call(this, text);
};

export function fault(point: string): void {
  if (point !== "group.begin" || writer === null) return;
  exec.call(writer, `PRAGMA max_page_count = ${Number(readFileSync(file, "utf8"))}`);
}
