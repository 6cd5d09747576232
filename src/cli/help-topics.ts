// `coffer help`: of a command, what its --help says; of a topic, what belongs to no command alone.
import type { Command } from "commander";
import { exitCodeHelp } from "./exit-codes.ts";
import { usage } from "./failure.ts";
import { type Shell, write } from "./shell.ts";

const topics: Readonly<Record<string, string>> = {
  environment: `What coffer reads of the environment. Options win over it, and it wins over the kept login.

  COFFER_URL              the server
  COFFER_TOKEN            the token
  COFFER_CA               a file with a certificate authority to trust
  COFFER_ORG              the organization, slug or id
  COFFER_STORE            the store, slug or id
  COFFER_DATA             on the host: the data folder
  COFFER_DATABASE         on the host: PostgreSQL instead of the embedded database
  XDG_CONFIG_HOME         where the login is kept, else ~/.config
  NODE_EXTRA_CA_CERTS     a certificate authority to trust, as for every program of Node.js

The server has a variable for every setting: docs/reference/configuration.md, coffer config check.
Nothing is coloured: NO_COLOR changes nothing.`,
  "exit-codes": `${exitCodeHelp}
  126, 127  run: the program cannot be started, there is none of that name
  128 + n   run: the program was ended by signal n; 130: broken off with Ctrl-C`,
  json: `With --json data is JSON on stdout, and an error one line of JSON on stderr:

  {"error":{"code":"...","message":"...","hint":"...","requestId":"...","details":null,"exitCode":4}}

"code" never changes its meaning; "hint", "requestId" and "details" may be null. Lists are whole, not
in pages. Members that a newer server adds are passed on.

Example:
  coffer secret list --json | jq -r '.[].name'`,
  names: `A secret is named by its name or its id, a store and an organization by slug or id, a person by
e-mail address or id, groups, machines and services by name or id.

Text in the form of an id is an id; --by-name says that it is a secret's name all the same.
A name that begins with - stands behind --. The store is that of --store, else COFFER_STORE, else
that of the login, else "default".

Examples:
  coffer secret get "DATABASE_URL" --store web-prod
  coffer secret get --by-name 0190a5d2-7c3e-7abc-8def-0123456789ab
  coffer secret show -- -odd-name`,
  values: `A value comes from stdin, a file or a hidden prompt and goes out byte for byte: nothing is trimmed,
nothing added, not even a newline. It is UTF-8 text of at most 64 KiB; store other bytes as base64.
It is in no argument, which every user of the machine could see, unless --value says so.

Examples:
  printf %s "$PASSWORD" | coffer secret set DATABASE_PASSWORD
  coffer secret set TLS_KEY --value-file server.key
  coffer secret get TLS_KEY > server.key
  coffer run -- node server.js`,
};

export const topicHelp = `Topics: coffer help ${Object.keys(topics).join(" | ")}`;

export function helpCommand(program: Command, shell: Shell): void {
  program.helpCommand(false);
  program
    .command("help [words...]")
    .description("explain a command or a topic")
    .addHelpText("after", `\n${topicHelp}\n\nExamples:\n  coffer help secret set\n  coffer help values`)
    .action(async (words: readonly string[]) => {
      const [first = ""] = words;
      const topic = words.length === 1 && Object.hasOwn(topics, first) ? topics[first] : undefined;
      if (topic !== undefined) return write(shell.stdout, `${topic}\n`);
      return write(shell.stdout, helpOf(program, words));
    });
}

function helpOf(program: Command, words: readonly string[]): string {
  let command = program;
  for (const word of words) {
    const below = command.commands.find((it) => it.name() === word);
    if (below === undefined) throw usage(`there is no command or topic '${words.join(" ")}'`, topicHelp);
    command = below;
  }
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  return text;
}
