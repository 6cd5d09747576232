// `secret edit`: metadata. It reads the secret, works the options into it, and writes under the
// revision it read, so that nobody else's change in between is lost.
import type { Command } from "commander";
import type { SecretFields } from "../client.ts";
import { usage } from "../failure.ts";
import { readFileOf } from "../files.ts";
import { collect, keyValue, moment, oneOf } from "../options.ts";
import { describeSecret } from "../present.ts";
import { openSession, optionsOf } from "../session.ts";
import { type Shell, utf8 } from "../shell.ts";
import type { Secret } from "../wire.ts";
import { type SecretOptions, secretName, secretOptions } from "./secret-argument.ts";

const clearable = ["description", "policy", "consumers", "labels", "annotations", "expires-at"] as const;
type Clearable = (typeof clearable)[number];

export interface EditOptions {
  readonly name?: string;
  readonly description?: string;
  readonly policyFile?: string;
  readonly label?: Readonly<Record<string, string>>;
  readonly annotation?: Readonly<Record<string, string>>;
  readonly consumer?: readonly string[];
  readonly expiresAt?: string;
  readonly clear?: readonly Clearable[];
}

export function editCommand(secret: Command, shell: Shell): void {
  const edit = secret
    .command("edit <name>")
    .description("change a secret's metadata; its value stays")
    .option("--name <name>", "another name")
    .option("--description <text>", "what it is for")
    .option("--policy-file <file>", "claim policy (YAML), kept as it is")
    .option("--label <key=value>", "set a label (repeatable; the others stay)", keyValue)
    .option("--annotation <key=value>", "set an annotation (repeatable; the others stay)", keyValue)
    .option("--consumer <service>", "a service that may read it (repeatable; replaces the list)", collect)
    .option("--expires-at <moment>", "unreachable from then on: 2027-01-31T12:00:00Z", moment)
    .option("--clear <field>", `empty a field first (repeatable): ${clearable.join(", ")}`, clearing)
    .addHelpText(
      "after",
      `
Examples:
  coffer secret edit API_KEY --description "billing, read only" --label env=prod
  coffer secret edit API_KEY --clear labels --label team=web
  coffer secret edit API_KEY --clear expires-at`,
    )
    .action(async (name: string, _, command: Command) => {
      const options = optionsOf<EditOptions & SecretOptions>(command);
      const { policyFile } = options;
      const policy =
        policyFile === undefined ? undefined : utf8(await readFileOf(policyFile), "the policy file");
      const { client, output } = await openSession(shell, options);
      const target = secretName(name, options);
      const before = await client.secrets.get(target);
      const change = changeOf(before, options, policy);
      // By id from here on: the name itself may be what changes.
      const after = await client.secrets.update({ text: before.id, byName: false }, change, before.revision);
      await output.data(after, () => describeSecret(after));
    });
  secretOptions(edit);
}

function clearing(source: string, earlier: readonly Clearable[] = []): readonly Clearable[] {
  return [...earlier, oneOf(...clearable)(source)];
}

/** What is to be sent: the fields that the options name, and no other. */
export function changeOf(
  before: Pick<Secret, "labels" | "annotations">,
  options: EditOptions,
  policy: string | undefined,
): SecretFields {
  const cleared = new Set(options.clear ?? []);
  const field = <T>(key: Clearable, value: T | undefined) => value ?? (cleared.has(key) ? null : undefined);
  const merged = (key: "labels" | "annotations", added: Readonly<Record<string, string>> | undefined) =>
    field(key, added && { ...(cleared.has(key) ? {} : before[key]), ...added });
  const change = {
    name: options.name,
    description: field("description", options.description),
    policy: field("policy", policy),
    consumers: field("consumers", options.consumer),
    labels: merged("labels", options.label),
    annotations: merged("annotations", options.annotation),
    expiresAt: field("expires-at", options.expiresAt),
  };
  const named = Object.entries(change).filter(([, value]) => value !== undefined);
  if (named.length === 0) throw usage("nothing to change was named", "see: coffer secret edit --help");
  return Object.fromEntries(named);
}
