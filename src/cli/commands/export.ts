// `coffer export`: a store's secrets with their values, for another tool or another server. Each value read
// is recorded like every other reading. What the format cannot say is named, never bent.
import { open, rm } from "node:fs/promises";
import type { Command } from "commander";
import { type CarriedSecret, jsonStyle, type Style, yamlStyle } from "../carried/document.ts";
import { dotenvLine, unfitForDotenv } from "../carried/dotenv.ts";
import { type CarriedFormat, carriedFormats, formatOf } from "../carried/format.ts";
import type { Client } from "../client.ts";
import { usage } from "../failure.ts";
import { oneOf } from "../options.ts";
import { type Output, printable } from "../output.ts";
import { progressOf } from "../progress.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import { type Shell, write } from "../shell.ts";
import { namedSecrets, valuesOf } from "../values.ts";
import type { Secret } from "../wire.ts";

interface ExportOptions extends ConnectionOptions {
  readonly format?: CarriedFormat;
  readonly out?: string;
}

type Write = (text: string) => Promise<void>;

export function exportCommand(program: Command, shell: Shell): void {
  const command = program
    .command("export")
    .description("write a store's secrets with their values into a file")
    .option(
      "--format <format>",
      `${carriedFormats.join(", ")} (else by the file's name)`,
      oneOf(...carriedFormats),
    )
    .option("--out <file>", "the file, for your eyes alone and not there yet; - for stdout")
    .addHelpText(
      "after",
      `
JSON and YAML carry description, policy, consumers, labels, annotations and expiry too, and every
byte of a value. A .env file carries names and values; what cannot be said in one is named on
stderr and left out. Earlier versions are in none of them: see "coffer backup".

Whoever has the file has the values. On a terminal it is written only where --out says so.

Examples:
  coffer export --out secrets.yaml
  coffer export --store web-prod --format dotenv --out .env
  coffer export --format json | age -r "$RECIPIENT" > secrets.json.age`,
    )
    .action(async (_, self: Command) => {
      const options = optionsOf<ExportOptions>(self);
      const { out } = options;
      const format = formatOf(options.format, out);
      if (out === undefined && "isTTY" in shell.stdout && shell.stdout.isTTY) {
        throw usage("the values would stand on the screen", "--out FILE writes a file; --out - shows them");
      }
      const { client, output } = await openSession(shell, options);
      const progress = progressOf(shell, "secrets");
      const work = (to: Write) => exported(client, output, format, to, progress.at).finally(progress.end);
      const to: Write = (text) => write(shell.stdout, text);
      const count = out === undefined || out === "-" ? await work(to) : await intoFile(out, work);
      const done = { format, exported: count.exported, leftOut: count.leftOut };
      if (output.json) await write(shell.stderr, `${JSON.stringify(done)}\n`);
      else await output.say(`${count.exported} exported, ${count.leftOut.length} left out.`);
    });
  connectionOptions(command);
}

interface Exported {
  readonly exported: number;
  readonly leftOut: readonly string[];
}

async function exported(
  client: Client,
  output: Output,
  format: CarriedFormat,
  to: Write,
  onCount: (count: number) => void,
): Promise<Exported> {
  const leftOut: string[] = [];
  const leave = async (name: string, why: string) => {
    leftOut.push(name);
    if (!output.json) await output.say(`coffer: left out ${printable(name)}: ${why}`);
  };
  const style = format === "dotenv" ? dotenvStyle : format === "json" ? jsonStyle : yamlStyle;
  let count = 0;
  await to(style.begin);
  for await (const { secret, value, why } of withValues(client, await namedSecrets(client))) {
    const unfit = format === "dotenv" ? unfitForDotenv(secret.name, value ?? "") : null;
    // A secret without a value is a whole secret where its metadata can be told.
    const lacks = value === null && (format === "dotenv" || secret.version > 0);
    if (unfit !== null || lacks) await leave(secret.name, unfit ?? why);
    else {
      await to(style.item(carriedOf(secret, value), count === 0));
      count += 1;
      onCount(count);
    }
  }
  await to(style.end(count === 0));
  return { exported: count, leftOut };
}

const dotenvStyle: Style = {
  begin: "",
  item: ({ name, value }) => dotenvLine(name, value ?? ""),
  end: () => "",
};

type NamedSecret = Secret & { readonly name: string };

/** In the order of the list. */
async function* withValues(client: Client, secrets: readonly NamedSecret[]) {
  const values = valuesOf(
    client,
    secrets.filter(({ version }) => version > 0).map(({ name }) => name),
  );
  for (const secret of secrets) {
    if (secret.version === 0) yield { secret, value: null, why: "it has no value" };
    else {
      const { done, value: answer } = await values.next();
      if (done === true) return;
      yield { secret, value: answer.value, why: answer.why };
    }
  }
}

function carriedOf(secret: NamedSecret, value: string | null): CarriedSecret {
  const { name, description, policy, consumers, labels, annotations, expiresAt } = secret;
  const said = { description, policy, consumers, labels, annotations, expiresAt };
  const there = Object.entries(said).filter(([, member]) => member !== null);
  return { name, ...(value === null ? {} : { value }), ...Object.fromEntries(there) };
}

/** Nothing stays of a file that did not come to its end. */
async function intoFile(path: string, work: (to: Write) => Promise<Exported>): Promise<Exported> {
  const file = await open(path, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST"
      ? usage(`${path} is there already`, "remove it first, or choose another file")
      : usage(`cannot write ${path} (${error.code ?? "unknown"})`);
  });
  try {
    const done = await work(async (text) => void (await file.writeFile(text)));
    await file.sync();
    return done;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
