// `coffer backup --verify`: restores a backup into a folder that is thrown away, and looks whether what is
// there then is an installation: its schema, its trail, and everything sealed in it, opened.
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemClock } from "../core/clock.ts";
import { CofferError } from "../core/errors.ts";
import { BackupFlaw } from "../storage/backup/format.ts";
import { readBackup } from "../storage/backup/read.ts";
import { type Restored, restoreInto } from "../storage/backup/restore.ts";
import { sqliteSnapshot } from "../storage/backup/sqlite.ts";
import { migrations } from "../storage/migrations/index.ts";
import { type Report, sqliteSource, verify } from "../verify/index.ts";
import { type Opened, openContents } from "./backup-contents.ts";
import { type Config, loadConfig, type ServeFlags } from "./config.ts";
import { demandReadable } from "./files.ts";
import { type AskPassphrase, askNobody, rootSource } from "./keys.ts";
import { fillFile } from "./restore.ts";

export interface BackupReport {
  /** `unopened`: whole as far as can be seen without its root key. */
  readonly verdict: "whole" | "unopened" | "broken";
  readonly backup: {
    readonly id: string;
    readonly takenAt: string;
    readonly installation: string;
    readonly tables: number;
    readonly rows: number;
    /** What opens it. */
    readonly rootKeys: readonly string[];
  } | null;
  readonly audit: Pick<Report, "verdict" | "entries" | "streams" | "key"> | null;
  readonly opened: Omit<Opened, "auditKey"> | null;
  readonly flaws: readonly string[];
  /** How many more there were than are told. */
  readonly omitted: number;
}

export interface VerifyParts {
  /** Where there is space for the database; the backup's own folder where it is absent. */
  readonly scratch?: string | undefined;
  /** The fingerprint of the only audit key that counts. */
  readonly key?: string | undefined;
  readonly askPassphrase?: AskPassphrase;
  readonly onRows: (rows: number) => void;
}

const flawsMax = 100;

export async function verifyBackup(
  flags: ServeFlags,
  file: string,
  parts: VerifyParts,
): Promise<BackupReport> {
  const { config } = loadConfig(flags);
  await demandReadable(file);
  const flaws = new Flaws();
  const scratch = await mkdtemp(join(resolve(parts.scratch ?? dirname(file)), ".coffer-verify-"));
  try {
    const database = join(scratch, "coffer.db");
    const restored = await restoredInto(database, file, parts.onRows, flaws);
    if (restored === null) return reportOf(flaws, null, null, null);
    const ask = parts.askPassphrase ?? askNobody;
    const { opened, auditKey } = await openedOf(database, config, { ask, needed: restored.rootKeys }, flaws);
    // Who can write the database can put a key of his there, but not seal it under the installation's.
    const audit = await auditOf(database, parts.key ?? auditKey, flaws);
    return reportOf(flaws, restored, audit, opened);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

class Flaws {
  readonly list: string[] = [];
  omitted = 0;

  readonly add = (message: string): void => {
    if (this.list.length < flawsMax) this.list.push(message);
    else this.omitted += 1;
  };
}

async function restoredInto(
  database: string,
  file: string,
  onRows: (rows: number) => void,
  flaws: Flaws,
): Promise<Restored | null> {
  try {
    return await fillFile(database, async (target) => {
      const backup = await readBackup(createReadStream(file));
      return restoreInto(target, backup, { known: migrations, at: systemClock.now() }, onRows);
    });
  } catch (error) {
    if (!(error instanceof BackupFlaw)) throw error;
    flaws.add(error.message);
    return null;
  }
}

async function auditOf(database: string, key: string | undefined, flaws: Flaws): Promise<Report> {
  const source = sqliteSource(database);
  try {
    const report = await verify(source, { key });
    for (const { kind, stream, message } of report.findings) {
      flaws.add(`audit: ${kind}: ${stream === null ? "" : `stream ${stream}: `}${message}`);
    }
    return report;
  } finally {
    await source.close();
  }
}

interface OpenedKeys {
  /** Null where there is no root key at all to try. */
  readonly opened: BackupReport["opened"];
  readonly auditKey: string | undefined;
}

async function openedOf(
  database: string,
  config: Config,
  { ask, needed }: { readonly ask: AskPassphrase; readonly needed: readonly string[] },
  flaws: Flaws,
): Promise<OpenedKeys> {
  const roots = await rootSource(config, ask).find();
  if (roots === null) {
    const named = config.rootKeyFile !== null || config.rootPassphrase !== null;
    if (named) throw new CofferError("server.sealed", "There is no root key where it was said to be.");
    return { opened: null, auditKey: undefined };
  }
  const snapshot = sqliteSnapshot(database);
  try {
    const { auditKey, ...opened } = await openContents(snapshot, { roots, needed }, flaws.add);
    return { opened, auditKey: auditKey ?? undefined };
  } finally {
    await snapshot.close();
  }
}

function reportOf(
  flaws: Flaws,
  restored: Restored | null,
  audit: Report | null,
  opened: BackupReport["opened"],
): BackupReport {
  const verdict = flaws.list.length > 0 ? "broken" : opened === null ? "unopened" : "whole";
  return {
    verdict,
    backup: restored && {
      id: restored.header.id,
      takenAt: new Date(restored.header.takenAt).toISOString(),
      installation: restored.header.installation,
      tables: restored.tables,
      rows: restored.rows,
      rootKeys: restored.rootKeys,
    },
    audit: audit && {
      verdict: audit.verdict,
      entries: audit.entries,
      streams: audit.streams,
      key: audit.key,
    },
    opened,
    flaws: flaws.list,
    omitted: flaws.omitted,
  };
}
