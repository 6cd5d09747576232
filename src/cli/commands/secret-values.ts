// Values in and out. A value comes from stdin, a file or a hidden prompt and goes out byte for
// byte: nothing trimmed, nothing added. Only `--value` puts one into the arguments, with a warning.
import type { Command } from "commander";
import type { Client, SecretName } from "../client.ts";
import { Failure, usage } from "../failure.ts";
import { readFileOf } from "../files.ts";
import { wholeNumber } from "../options.ts";
import type { Output } from "../output.ts";
import { askHiddenTwice } from "../prompts.ts";
import { openSession, optionsOf } from "../session.ts";
import { readAll, type Shell, utf8 } from "../shell.ts";
import type { Secret } from "../wire.ts";
import { looksLikeId, type SecretOptions, secretName, secretOptions } from "./secret-argument.ts";

interface SetOptions extends SecretOptions {
  readonly value?: string;
  readonly valueFile?: string;
}

interface GetOptions extends SecretOptions {
  readonly version?: number;
}

export function valueCommands(secret: Command, shell: Shell): void {
  const set = secret
    .command("set <name>")
    .description("give a secret a value: creates it, or adds a version")
    .option("--value-file <file>", "take the value from a file")
    .option("--value <text>", "the value itself; other users of this machine can see it")
    .addHelpText(
      "after",
      `
The value is what stdin holds, every byte of it (well-formed UTF-8): printf adds no newline,
echo does. On a terminal it is asked for twice, without showing it.

Examples:
  printf %s "$PASSWORD" | coffer secret set DATABASE_PASSWORD
  coffer secret set TLS_KEY --value-file server.key
  coffer secret set API_KEY                                 # asks for it`,
    )
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<SetOptions>(command);
      const { client, output } = await openSession(shell, options);
      const value = await valueFromOutside(shell, output, options);
      const after = await put(client, secretName(name, options), value);
      await output.data(after, () => "");
      if (!output.json) await output.say(`${after.name ?? after.id} has version ${after.version}.`);
    });
  secretOptions(set);

  const get = secret
    .command("get <name>")
    .description("print a secret's value; each reading is recorded")
    .option("--version <n>", "an earlier version", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addHelpText(
      "after",
      `
Nothing is added to the value, not even a newline.

Examples:
  coffer secret get DATABASE_PASSWORD
  coffer secret get TLS_KEY > server.key
  coffer secret get API_KEY --version 2 --json`,
    )
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<GetOptions>(command);
      const { client, output } = await openSession(shell, options);
      const answer = await client.secrets.value(secretName(name, options), options.version);
      await (output.json ? output.data(answer, () => "") : output.raw(answer.value));
    });
  secretOptions(get);
}

const asText = "store bytes as text, for example: base64 -w0 < FILE | coffer secret set NAME";

async function valueFromOutside(shell: Shell, output: Output, options: SetOptions): Promise<string> {
  if (options.value !== undefined && options.valueFile !== undefined) {
    throw usage("--value and --value-file exclude each other");
  }
  if (options.value !== undefined) {
    await output.say(
      "coffer: warning: --value shows the value to other users of this machine; pipe it in instead",
    );
    return options.value;
  }
  if (options.valueFile !== undefined) return utf8(await readFileOf(options.valueFile), "the file", asText);
  if (!shell.stdin.isTTY) return utf8(await readAll(shell.stdin), "the value on stdin", asText);
  return askHiddenTwice("Value: ", "Again: ", "pipe the value in: printf %s ... | coffer secret set NAME");
}

/** A new version where the secret is there, a new secret where it is not. */
async function put(client: Client, secret: SecretName, value: string): Promise<Secret> {
  try {
    return await client.secrets.putValue(secret, value);
  } catch (error) {
    // An id that is not there stays not there: it would be a strange name for a new secret.
    if (!isCode(error, "secret.not_found") || (looksLikeId(secret.text) && !secret.byName)) throw error;
  }
  try {
    return await client.secrets.create({ name: secret.text, value });
  } catch (error) {
    if (!isCode(error, "secret.name_taken")) throw error;
    return client.secrets.putValue({ ...secret, byName: true }, value); // another was faster
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Failure && error.code === code;
}
