// `audit verify`, `export` and `key`: on the database or an export, without the server. A verdict
// has exit codes 0, 1 and 3; a trail that could not be read gets none of them, for nothing was proved.
import type { Command } from "commander";
import { Failure, usage } from "../failure.ts";
import { outputOf } from "../output.ts";
import { type Progress, progressOf } from "../progress.ts";
import { jsonOption, optionsOf } from "../session.ts";
import { type Environment, type Shell, write } from "../shell.ts";

interface OfflineOptions {
  readonly data?: string;
  readonly database?: string;
  readonly file?: string;
  readonly key?: string;
  readonly anchor?: string;
  readonly archive?: string;
  readonly json?: boolean;
}

const where = `
It reads COFFER_DATABASE or COFFER_DATA, else ./coffer-data, where no option says otherwise. The
server may be running.`;

export function offlineAuditCommands(audit: Command, shell: Shell, end: (exitCode: number) => void): void {
  const verify = sourceOptions(audit.command("verify [export]"))
    .description("prove the trail: on the database, an export, or an export on stdin (-)")
    .option("--key <fingerprint>", "the only signing key that counts, as `audit key` printed it")
    .option("--anchor <file>", "signed heads as the server logged them, kept elsewhere")
    .option("--archive <dir>", "the folder of audit.archive: check what was removed there too")
    .addHelpText(
      "after",
      `
Without --key the key is taken from the trail itself; without --anchor an end that was cut off
together with its signatures goes unseen. Keep both where the database's owner cannot reach.
Entries that were removed after export are named; --archive checks the files that hold them. Such a
file can be verified by itself, too.
${where}

Exit codes: 0 intact, 1 broken, 3 intact but not all of it is proven, 2 it could not be read.

Examples:
  coffer audit verify
  coffer audit verify --data /var/lib/coffer --key "$FINGERPRINT" --anchor heads.log
  coffer audit verify --archive /mnt/audit
  coffer audit export | ssh elsewhere coffer audit verify -`,
    )
    .action(async (file: string | undefined, _, command: Command) => {
      const options = { ...optionsOf<OfflineOptions>(command), ...(file !== undefined && { file }) };
      await withSource(options, shell.env, async (verifier, source) => {
        const anchors = options.anchor === undefined ? undefined : await verifier.readAnchors(options.anchor);
        const { key, archive } = options;
        const report = await verifier.verify(watched(source, shell), { key, anchors, archive });
        await outputOf(shell, options.json ?? false).data(report, () => verifier.formatReport(report));
        end(verifier.exitCode(report));
      });
    });
  jsonOption(verify);

  const exported = sourceOptions(audit.command("export"))
    .description("print the whole trail as lines of JSON, which `audit verify` reads")
    .addHelpText("after", `${where}\n\nExample:\n  coffer audit export > audit-2027-01.jsonl`)
    .action(async (_, command: Command) => {
      await withSource(optionsOf<OfflineOptions>(command), shell.env, (verifier, source) =>
        verifier.exportAudit(watched(source, shell), (line) => write(shell.stdout, line)),
      );
    });
  jsonOption(exported);

  const key = sourceOptions(audit.command("key"))
    .description("print the fingerprint of the key that signs the trail, to write down")
    .addHelpText("after", `${where}\n\nExample:\n  coffer audit key`)
    .action(async (_, command: Command) => {
      const options = optionsOf<OfflineOptions>(command);
      await withSource(options, shell.env, async (verifier, source) => {
        const fingerprint = await verifier.auditKey(source);
        await outputOf(shell, options.json ?? false).data({ fingerprint }, () => `${fingerprint}\n`);
      });
    });
  jsonOption(key);
}

function sourceOptions(command: Command): Command {
  return command
    .option("--data <dir>", "the server's data folder")
    .option("--database <url>", "the PostgreSQL database of the server");
}

type Verifier = typeof import("../../verify/index.ts");
type Source = Awaited<ReturnType<Verifier["openSource"]>>;

/** The same trail; a terminal is told how much of it was read. */
export function watched(source: Source, shell: Shell): Source {
  return {
    ...source,
    entries: () => counted(source.entries(), progressOf(shell, "entries read")),
    secrets() {
      const secrets = source.secrets();
      return secrets === null ? null : counted(secrets, progressOf(shell, "secrets compared"));
    },
  };
}

async function* counted<Row>(rows: AsyncIterable<Row>, progress: Progress): AsyncIterable<Row> {
  let count = 0;
  try {
    for await (const row of rows) {
      yield row;
      count += 1;
      progress.at(count);
    }
  } finally {
    progress.end();
  }
}

async function withSource(
  options: OfflineOptions,
  env: Environment,
  work: (verifier: Verifier, source: Source) => Promise<void>,
): Promise<void> {
  const verifier = await import("../../verify/index.ts");
  try {
    const source = await verifier.openSource(placeOf(options, env));
    try {
      await work(verifier, source);
    } finally {
      await source.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
}

/** What was said on the command line goes before the environment, whatever kind of place it is. */
export function placeOf(options: OfflineOptions, env: Environment): OfflineOptions {
  const { file, database, data } = options;
  if (file !== undefined) return { file };
  if (database !== undefined && data !== undefined) throw usage("--data and --database exclude each other");
  if (database !== undefined) return { database };
  if (data !== undefined) return { data };
  if (env.COFFER_DATABASE) return { database: env.COFFER_DATABASE };
  return { data: env.COFFER_DATA || "coffer-data" };
}

/** Never exit code 1: that says the trail was read and is broken. */
function unreadable(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : "the trail cannot be read";
  const failure = usage(message, "say where it is: --data DIR, --database URL, or an export");
  failure.cause = error;
  return failure;
}
