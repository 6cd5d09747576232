// `backup` and `restore`: commands of the host, on the database itself. A backup is taken beside a running
// server and needs no key; whether it would give everything back is what --verify tells.
import type { Command } from "commander";
import type { BackupReport } from "../../server/verify-backup.ts";
import { exitCodes } from "../exit-codes.ts";
import { usage } from "../failure.ts";
import { type Cell, fields, outputOf, printable } from "../output.ts";
import { progressOf } from "../progress.ts";
import { jsonOption, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import { askPassphrase, configured, type HostOptions, hostOptions } from "./host.ts";

interface BackupOptions extends HostOptions {
  readonly verify?: boolean;
  readonly key?: string;
  readonly scratch?: string;
}

export function backupCommands(program: Command, shell: Shell, end: (exitCode: number) => void): void {
  const backup = hostOptions(program.command("backup <place>"))
    .description("write the whole database into one file, beside a running server")
    .option("--verify", "restore that file into a folder that is thrown away, and open all that is sealed")
    .option("--key <fingerprint>", "with --verify: the only audit key that counts, as `audit key` printed it")
    .option("--scratch <dir>", "with --verify: where there is space for it (default: beside the file)")
    .addHelpText(
      "after",
      `
The place is a file that is not there yet, a folder (the file is named by the time), or - for
stdout. Values are in it sealed, names and all else in the clear; tokens as hashes. The root key,
bootstrap.json and the files of TLS are not in it: keep the root key elsewhere, or the backup is
worth nothing.

Exit codes of --verify: 0 whole, 1 broken, 3 whole as far as can be seen without its root key.

Examples:
  coffer backup /backup --data /var/lib/coffer
  coffer backup --verify /backup/coffer-20270131T020000Z.backup --root-key /safe/root.key
  coffer backup - | age -r "$RECIPIENT" > coffer.backup.age`,
    )
    .action(async (place: string, _, command: Command) => {
      const options = optionsOf<BackupOptions>(command);
      if (options.verify) return verify(shell, place, options, end);
      if (options.key !== undefined || options.scratch !== undefined) {
        throw usage("--key and --scratch go with --verify");
      }
      await take(shell, place, options);
    });
  jsonOption(backup);

  const restore = hostOptions(program.command("restore <file>"))
    .description("make a database from a backup, in an empty place")
    .addHelpText(
      "after",
      `
Into --data, a folder without a database, or --database, an empty PostgreSQL database, whichever of
the two the backup was taken from. - reads stdin. Give the server that starts there the root key of
the time. Before it serves, every key starts a term, and whoever follows changes starts over. What
was revoked, deleted or written after the backup is as it was before: look through the tokens.
Stop the old server first, for good: the two would be one installation.

Examples:
  coffer restore coffer-20270131T020000Z.backup --data /var/lib/coffer-new
  age -d -i key.txt coffer.backup.age | coffer restore - --database postgres://coffer@db/coffer`,
    )
    .action(async (file: string, _, command: Command) => {
      const options = optionsOf<HostOptions>(command);
      await putBack(shell, file, options);
    });
  jsonOption(restore);
}

async function placed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await configured(work);
  } catch (error) {
    const { UnfitPlace } = await import("../../server/files.ts");
    throw error instanceof UnfitPlace ? usage(error.message) : error;
  }
}

async function take(shell: Shell, place: string, options: BackupOptions): Promise<void> {
  const { backup } = await import("../../server/backup.ts");
  const progress = progressOf(shell, "rows");
  const made = await placed(() =>
    backup(options, place, { stdout: shell.stdout, onRows: progress.at }),
  ).finally(progress.end);
  // On stdout is the backup itself.
  const output = outputOf(
    made.file === null ? { ...shell, stdout: shell.stderr } : shell,
    options.json ?? false,
  );
  await output.data(made, () => (made.file === null ? "" : `${made.file}\n`));
  if (!output.json) {
    const { rows, tables, bytes, source } = made;
    await output.say(`${rows} rows of ${tables} tables in ${bytes} bytes, from ${source}.`);
  }
}

async function putBack(shell: Shell, file: string, options: HostOptions): Promise<void> {
  const { restore } = await import("../../server/restore.ts");
  const progress = progressOf(shell, "rows");
  const restored = await placed(() =>
    restore(options, file, { stdin: bytesOf(shell), onRows: progress.at }),
  ).finally(progress.end);
  const { header, data, target, tables, rows, rootKeys } = restored;
  const takenAt = new Date(header.takenAt).toISOString();
  const output = outputOf(shell, options.json ?? false);
  const { id: backup, installation } = header;
  await output.data({ backup, takenAt, installation, data, target, tables, rows, rootKeys }, () => "");
  if (output.json) return;
  await output.say(`Restored ${rows} rows as of ${takenAt} into ${target}.`);
  await output.say(`Start it with the root key ${rootKeys.join(" and ")}. It starts anew before it serves.`);
  await output.say("Tokens that were revoked after that moment are valid again: coffer token list");
}

async function* bytesOf(shell: Shell): AsyncGenerator<Buffer> {
  for await (const chunk of shell.stdin) yield typeof chunk === "string" ? Buffer.from(chunk) : chunk;
}

async function verify(
  shell: Shell,
  file: string,
  options: BackupOptions,
  end: (exitCode: number) => void,
): Promise<void> {
  if (file === "-") throw usage("a backup on stdin cannot be verified", "write it to a file first");
  const { verifyBackup } = await import("../../server/verify-backup.ts");
  const progress = progressOf(shell, "rows");
  const { scratch, key } = options;
  const report = await placed(() =>
    verifyBackup(options, file, { scratch, key, askPassphrase, onRows: progress.at }),
  ).finally(progress.end);
  const output = outputOf(shell, options.json ?? false);
  await output.data(report, () => reportText(report));
  if (!output.json && report.verdict === "unopened") {
    await output.say("Nothing in it was opened: give its root key with --root-key.");
  }
  end({ whole: exitCodes.ok, broken: exitCodes.failure, unopened: exitCodes.unproven }[report.verdict]);
}

/** The newest entries of a running server are signed a moment later. */
const audits = { intact: "intact", unproven: "intact, its end not signed yet", broken: "broken" } as const;

function reportText({ verdict, backup, audit, opened, flaws, omitted }: BackupReport): string {
  const known: readonly [string, Cell][] = [
    ["verdict", verdict],
    ["taken at", backup?.takenAt],
    ["installation", backup?.installation],
    ["rows", backup && `${backup.rows} of ${backup.tables} tables`],
    ["audit", audit && `${audits[audit.verdict]}: ${audit.entries} entries, streams: ${audit.streams}`],
    ["audit key", audit?.key.fingerprint],
    ["opened", opened && `${opened.keys} keys, ${opened.values} values${elsewhere(opened.elsewhere)}`],
    ["root keys", backup?.rootKeys.join(" ")],
  ];
  const told = flaws.map((flaw) => `  ${printable(flaw)}\n`).join("");
  return (
    fields(known.filter(([, value]) => value != null)) + told + (omitted > 0 ? `  and ${omitted} more\n` : "")
  );
}

function elsewhere(count: number): string {
  return count === 0 ? "" : `; ${count} more lie in other backends`;
}
