// Files of the audit archive: written beside their name, synced, read again by the offline verifier,
// and only then given their name. What stands in the folder under a name is whole.
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { StoredEntry } from "../core/audit/entry.ts";
import type { Fault } from "../storage/faults.ts";
import {
  type ArchiveParts,
  entryOf,
  exitCode,
  exportSegment,
  exportSource,
  verify,
} from "../verify/index.ts";

const bufferedCharactersMax = 256 * 1024;
/** A file that no run is still writing. */
const abandonedMs = 24 * 60 * 60 * 1000;
const temporary = /^\.audit-.*\.tmp$/;

/** What is written cannot be trusted, or does not follow from what is there. Nothing was removed. */
export class ArchiveFailure extends Error {
  override readonly name = "ArchiveFailure";
}

export interface Archive {
  /**
   * Answers the file's name, which is asked for when all is written. Throws `ArchiveFailure` unless
   * the file is what it should be, on disk, under that name.
   */
  put(name: () => string, parts: ArchiveParts): Promise<string>;
  /** Forgets what a killed run left half written. */
  tidy(): Promise<void>;
}

export function auditArchive(folder: string, fault: Fault | null): Archive {
  return {
    async put(name, parts) {
      const path = join(folder, `.audit-${parts.stream.id}.${hostname()}-${process.pid}.tmp`);
      try {
        await write(path, parts);
        await check(path, parts);
        fault?.("audit.archive.before-rename");
        const named = name();
        await rename(path, join(folder, named));
        await sync(folder);
        fault?.("audit.archive.after-rename");
        return named;
      } finally {
        await rm(path, { force: true });
      }
    },
    async tidy() {
      for (const name of await readdir(folder)) {
        if (!temporary.test(name)) continue;
        const path = join(folder, name);
        const { mtimeMs } = await stat(path);
        if (Date.now() - mtimeMs > abandonedMs) await rm(path, { force: true });
      }
    },
  };
}

async function write(path: string, parts: ArchiveParts): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    let waiting = "";
    await exportSegment(parts, async (line) => {
      waiting += line;
      if (waiting.length < bufferedCharactersMax) return;
      await file.writeFile(waiting);
      waiting = "";
    });
    await file.writeFile(waiting);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** By the code that operators will read it with, and under the key that signs now. */
async function check(path: string, parts: ArchiveParts): Promise<void> {
  const { archived, head } = parts.end();
  const { stream, firstSeq, lastSeq } = archived;
  const source = exportSource(path);
  try {
    const report = await verify(source, { key: String(head.key) });
    const whole =
      exitCode(report) === 0 &&
      report.archive?.stream === stream &&
      report.archive.fromSeq === firstSeq &&
      report.archive.toSeq === lastSeq &&
      report.entries === lastSeq - firstSeq + 1;
    if (!whole) throw new ArchiveFailure("what was written does not verify");
  } finally {
    await source.close();
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** An entry as the verifier's export has it. */
export function exported(entry: StoredEntry): ReturnType<typeof entryOf> {
  const members = Object.entries(entry).map(([member, value]) => [
    member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return entryOf(Object.fromEntries(members));
}
