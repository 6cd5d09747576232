// Completion of commands, options and names. The scripts for the shells hold no list of their own: at each
// Tab they ask this program, which looks at its commands, and for names at the server. Names alone: never a
// value, and no name that a shell would take for more than a name.
import type { Argument, Command, Option } from "commander";
import type { Client } from "../client.ts";
import { oneOf } from "../options.ts";
import { outputOf } from "../output.ts";
import { type ConnectionOptions, quickClient } from "../session.ts";
import type { Shell } from "../shell.ts";

/** Longer than this nobody waits for a Tab. */
const namesWithinMs = 1_000;
const namesMax = 200;

const shells = ["bash", "zsh", "fish"] as const;

export function completionCommand(program: Command, shell: Shell): void {
  program
    .command("completion <shell> [words...]")
    .description("print the completion of commands, options and names for bash, zsh or fish")
    .addHelpText(
      "after",
      `
Into the file that your shell reads at its start:
  source <(coffer completion bash)                   ~/.bashrc
  source <(coffer completion zsh)                    ~/.zshrc, after compinit
  coffer completion fish | source                    ~/.config/fish/config.fish

Names of secrets, stores and principals are asked of the server, for a second at most.
"coffer completion words -- WORDS" is what these scripts ask: what may stand in the last word's place.

Examples:
  coffer completion bash > ~/.local/share/bash-completion/completions/coffer
  coffer completion words -- secret get DATA`,
    )
    .action(async (name: string, words: readonly string[]) => {
      const output = outputOf(shell, false);
      if (name !== "words") return output.raw(scripts[oneOf(...shells)(name)]);
      const found = await complete(program, words, (kind, start, options) =>
        namesOf(kind, start, () => quickClient(shell, options, namesWithinMs)),
      );
      return output.raw(found.map((candidate) => `${candidate}\n`).join(""));
    });
}

const scripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `_coffer() {
  local IFS=$'\\n'
  COMPREPLY=($(coffer completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _coffer coffer
`,
  zsh: `_coffer() {
  local -a found
  found=("\${(@f)$(coffer completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found" ]]; then compadd -- "\${found[@]}"; else _files; fi
}
compdef _coffer coffer
`,
  fish: `function __coffer
  set -l words (commandline -opc) (commandline -ct)
  coffer completion words -- $words[2..-1] 2>/dev/null
end
complete -c coffer -a '(__coffer)'
`,
};

export type NameKind = "secret" | "store" | "org" | "group" | "machine" | "service";
type NamesOf = (kind: NameKind, start: string, options: ConnectionOptions) => Promise<readonly string[]>;

/** What may stand in the place of the last word; nothing where it is a file's name or anybody's guess. */
export async function complete(
  program: Command,
  words: readonly string[],
  names: NamesOf,
): Promise<string[]> {
  const start = words.at(-1) ?? "";
  const { command, places, pending, options, foreign } = readWords(program, words.slice(0, -1));
  if (foreign) return [];
  const fitting = (candidates: readonly string[]) => candidates.filter((it) => it.startsWith(start));
  if (pending !== undefined) return fitting(await valuesOf(pending.name(), pending.long ?? "", options));
  if (start.startsWith("-")) {
    const own = command.createHelp().visibleOptions(command);
    return fitting(own.map(({ long }) => long ?? "").filter((it) => it !== ""));
  }
  if (command.commands.length > 0) return fitting(command.commands.map((it) => it.name()));
  const argument = argumentAt(command.registeredArguments, places);
  return argument === undefined
    ? []
    : fitting(await valuesOf(argument.name(), command.parent?.name() ?? "", options));

  async function valuesOf(name: string, of: string, given: ConnectionOptions): Promise<readonly string[]> {
    const fixed = fixedValues[name] ?? fixedValues[of];
    if (fixed !== undefined) return fixed;
    const kind = kinds[`${of} ${name}`] ?? kinds[name] ?? (of.startsWith("--") ? kinds[of] : undefined);
    return kind === undefined ? [] : names(kind, start, given);
  }
}

const fixedValues: Readonly<Record<string, readonly string[]>> = {
  trash: ["dialect", "always", "never"],
  level: ["read", "write", "manage"],
  role: ["owner", "admin", "auditor", "member"],
  shell: shells,
  "--custody": ["server", "client"],
  "--members-create": ["yes", "no"],
  "--operator": ["yes", "no"],
  "--log-level": ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
  "--tls": ["auto"],
};

/** By the name of an argument, an option, or both: `name` is a secret's among the commands of secrets. */
const kinds: Readonly<Record<string, NameKind>> = {
  "secret name": "secret",
  secret: "secret",
  store: "store",
  "--store": "store",
  "--to": "store",
  "--in": "store",
  "--only-store": "store",
  "--namespace": "store",
  org: "org",
  "--org": "org",
  group: "group",
  machine: "machine",
  "--machine": "machine",
  service: "service",
  "--service": "service",
};

interface Read {
  readonly command: Command;
  /** How many arguments stand before the word. */
  readonly places: number;
  /** The option whose value the word is. */
  readonly pending: Option | undefined;
  readonly options: ConnectionOptions;
  /** The words are those of the program that `run` starts. */
  readonly foreign: boolean;
}

function readWords(program: Command, words: readonly string[]): Read {
  let command = program;
  let places = 0;
  let pending: Option | undefined;
  let foreign = false;
  const options: Record<string, string> = {};
  for (const word of words) {
    const below = command.commands.find((it) => it.name() === word);
    // A shell that takes the sign for a word of its own.
    if (word === "=" && pending !== undefined) continue;
    if (pending !== undefined) {
      options[pending.attributeName()] = word;
      pending = undefined;
    } else if (word === "--") {
      foreign = command.name() === "run";
    } else if (word.startsWith("-")) {
      const [long = "", value] = word.split("=", 2);
      const option = command.options.find((it) => it.long === long || it.short === long);
      if (option === undefined || (!option.required && !option.optional)) continue;
      if (value === undefined) pending = option;
      else options[option.attributeName()] = value;
    } else if (below !== undefined) {
      command = below;
    } else {
      places += 1;
    }
  }
  const { url, org, store, ca } = options;
  const connection = {
    ...(url !== undefined && { url }),
    ...(org !== undefined && { org }),
    ...(store !== undefined && { store }),
    ...(ca !== undefined && { ca }),
  };
  return { command, places, pending, options: connection, foreign };
}

function argumentAt(all: readonly Argument[], index: number): Argument | undefined {
  const last = all.at(-1);
  return all[index] ?? (last?.variadic === true ? last : undefined);
}

/** What a shell leaves as it is. Others are typed by hand: in a list of candidates they could be commands. */
const plain = /^[A-Za-z0-9_][\w./@+-]*$/;

export async function namesOf(
  kind: NameKind,
  start: string,
  open: () => Promise<Client>,
): Promise<readonly string[]> {
  try {
    const client = await open();
    const found = await listOf(kind, start, client);
    const named = found.filter((name) => name !== null);
    return named.filter((name) => plain.test(name)).toSorted();
  } catch {
    return []; // A Tab is not answered with an error.
  }
}

async function listOf(kind: NameKind, start: string, client: Client): Promise<readonly (string | null)[]> {
  switch (kind) {
    case "secret": {
      const search = start === "" ? {} : { search: start };
      const found = await client.secrets.list({ ...search, everywhere: false }, namesMax);
      return found.map(({ name }) => name);
    }
    case "store":
      return (await client.stores.list()).map(({ slug }) => slug);
    case "org":
      return (await client.organizations.list()).map(({ slug }) => slug);
    case "group":
      return (await client.groups.list()).map(({ name }) => name);
    case "machine":
      return (await client.machines.list()).map(({ name }) => name);
    case "service":
      return (await client.services.list()).map(({ name }) => name);
  }
}
