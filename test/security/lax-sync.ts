// Loaded into the writer's thread by a test alone: every connection there commits without a sync, as
// if someone had set `synchronous = NORMAL`. With it the proof of durability must fail.
import { DatabaseSync } from "node:sqlite";

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (text: string): void {
  exec.call(this, text.replace("synchronous = FULL", "synchronous = NORMAL"));
};

export function fault(): void {}
