import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import type { Client } from "../client.ts";
import { Failure, usage } from "../failure.ts";
import { wholeNumber } from "../options.ts";
import { type Output, table } from "../output.ts";
import { type Progress, progressOf } from "../progress.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { InstallationKeys, KeyStatus, Rewrapped } from "../wire.ts";

interface KeyOptions extends ConnectionOptions {
  readonly root?: boolean;
  readonly installation?: boolean;
}

const rootOption = "of the whole installation: the root key (for operators)";
const installationOption = "of the whole installation: its own key (for operators)";

/** Beside the commands of root-key-files.ts, which work on the host alone. */
export function keyCommands(key: Command, shell: Shell): void {
  connectionOptions(key.command("status"))
    .option("--root", "of the whole installation: its own key, the root keys, and which nodes hold them")
    .description("the terms of the organization's key, and how far a rotation has come")
    .addHelpText("after", "\nExamples:\n  coffer key status --org acme\n  coffer key status --root")
    .action(async (_, command: Command) => {
      const options = optionsOf<KeyOptions>(command);
      const { client, output } = await openSession(shell, options);
      await (options.root ? showInstallation(client, output) : showOrganization(client, output));
    });

  connectionOptions(key.command("rotate"))
    .option("--root", rootOption)
    .option("--installation", installationOption)
    .description("seal with a new key from now on, and move all values to it")
    .addHelpText(
      "after",
      `
Reads and writes go on meanwhile. If it is interrupted, the server carries it on by itself; older
keys open what has not moved yet. When nothing is left under one, "coffer key destroy" ends it.

With --root: first put a new key into the server's root key file ("coffer key new --after"). The
server reads it again without a restart, waits until every node holds the new key, and wraps all
keys anew. If it is interrupted, run it again.

Examples:
  coffer key rotate --org acme
  coffer key rotate --root`,
    )
    .action(async (_, command: Command) => {
      const options = optionsOf<KeyOptions>(command);
      if (options.root && options.installation) throw usage("give --root or --installation, not both");
      const { client, output } = await openSession(shell, options);
      if (options.root) {
        await client.rootKeys.rotate();
        await rewrapRoots(shell, client, output);
      } else if (options.installation) {
        const status = await client.installationKeys.rotate();
        await output.data(status, () => describeInstallation(status));
      } else {
        await client.keys.rotate();
        await rewrapValues(shell, client, output);
      }
    });

  connectionOptions(key.command("rewrap"))
    .option("--root", rootOption)
    .description("move what is left under older keys to the current one, now")
    .addHelpText("after", "\nExamples:\n  coffer key rewrap --org acme\n  coffer key rewrap --root")
    .action(async (_, command: Command) => {
      const options = optionsOf<KeyOptions>(command);
      const { client, output } = await openSession(shell, options);
      await (options.root ? rewrapRoots(shell, client, output) : rewrapValues(shell, client, output));
    });

  connectionOptions(key.command("retire"))
    .argument("<rootKey>", "id of a root key, rk_...", rootKeyId)
    .description("give up a root key that another took the place of; refused while it wraps anything")
    .addHelpText(
      "after",
      `
Keep the key itself as long as there are backups from before the rotation: they need it. One that
was added and never came to wrap is taken back by this.

Example:
  coffer key retire rk_4f1c0d9e8b7a6352`,
    )
    .action(async (id: string, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.rootKeys.retire(id);
      await output.say(`The root key ${id} wraps nothing here any more. Backups from before may need it.`);
    });

  connectionOptions(key.command("destroy"))
    .argument("<key>", "number of a term, or id of a retired root key", termOrRootKey)
    .option("--installation", "a term of the installation's own key (for operators)")
    .description("destroy a retired term or root key; refused while anything stands on it")
    .addHelpText(
      "after",
      `
Copies of the database from before the rotation then open no more, unless they hold the key too.
A root key is never taken again afterwards; "coffer key drop" makes its file without it.

Examples:
  coffer key destroy 1 --org acme
  coffer key destroy rk_4f1c0d9e8b7a6352`,
    )
    .action(async (which: number | string, _, command: Command) => {
      const options = optionsOf<KeyOptions>(command);
      const { client, output } = await openSession(shell, options);
      if (typeof which === "string") {
        await client.rootKeys.destroy(which);
        await output.say(`The root key ${which} is destroyed: it will not be taken again.`);
        return;
      }
      await (options.installation ? client.installationKeys : client.keys).destroy(which);
      await output.say(`Term ${which} is destroyed.`);
    });
}

const anyTerm = wholeNumber(1, 2 ** 32 - 1);
const rootKeyForm = /^rk_[0-9a-f]{16}$/;

/** What is mistyped may be the key itself, so it is not repeated. */
export function rootKeyId(source: string): string {
  if (rootKeyForm.test(source)) return source;
  throw usage("a root key is named by its id: rk_ and 16 hex digits");
}

function termOrRootKey(source: string): number | string {
  if (/^\d+$/.test(source)) return anyTerm(source);
  if (rootKeyForm.test(source)) return source;
  throw usage("it must be the number of a term, or the id of a root key: rk_ and 16 hex digits");
}

async function showOrganization(client: Client, output: Output): Promise<void> {
  const status = await client.keys.status();
  await output.data(status, () => describe(status));
  const { done, total } = status.progress;
  if (done < total) await output.say(`${done} of ${total} values have moved to the current term.`);
}

async function showInstallation(client: Client, output: Output): Promise<void> {
  const status = await client.installationKeys.status();
  await output.data(status, () => describeInstallation(status));
  await tellRootRotation(output, status);
}

async function rewrapValues(shell: Shell, client: Client, output: Output): Promise<void> {
  const { progress } = await client.keys.status();
  const way = progressOf(shell, `of ${progress.total - progress.done} values moved`);
  const left = await moveAll(output, "values", way, client.keys.rewrap);
  if (!left) await output.say("Everything lies under the current key.");
  const status = await client.keys.status();
  await output.data(status, () => describe(status));
}

async function rewrapRoots(shell: Shell, client: Client, output: Output): Promise<void> {
  const { progress } = await client.installationKeys.status();
  const way = progressOf(shell, `of ${progress.total} keys moved`);
  await moveAll(output, "keys", way, () => onceHeld(output, client.rootKeys.rewrap));
  const status = await client.installationKeys.status();
  await output.data(status, () => describeInstallation(status));
  await tellRootRotation(output, status);
}

/** Longer than a node that died without a word is waited for. */
const heldWaitsMax = 45;
const heldWaitMs = 2_000;

/** Nodes look at their root keys every few seconds; until the last one has, the step is asked for again. */
export async function onceHeld<T>(
  output: Pick<Output, "say">,
  step: () => Promise<T>,
  pause: () => Promise<unknown> = () => setTimeout(heldWaitMs),
): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    try {
      return await step();
    } catch (error) {
      const notHeld = error instanceof Failure && error.code === "key.not_held";
      if (!notHeld || waits === heldWaitsMax) throw error;
      if (waits === 0) await output.say(`${error.message} Waiting for it.`);
      await pause();
    }
  }
}

/** A chunk after another. Answers whether something did not move. */
async function moveAll(
  output: Output,
  what: "values" | "keys",
  way: Progress,
  chunk: () => Promise<Rewrapped>,
): Promise<boolean> {
  let moved = 0;
  let damaged = 0;
  try {
    for (let ended = false; !ended; ) {
      const step = await chunk();
      moved += step.moved;
      damaged += step.damaged;
      ended = step.ended;
      way.at(moved);
    }
  } finally {
    way.end();
  }
  if (damaged > 0) await output.say(`${damaged} ${what} do not open and stay under their older key.`);
  return damaged > 0;
}

/** What to do next, in one line. */
async function tellRootRotation(output: Output, { rootKeys, progress }: InstallationKeys): Promise<void> {
  const inState = (state: string) => rootKeys.find((root) => root.state === state);
  const [added, leaving] = [inState("added"), inState("leaving")];
  if (added !== undefined) {
    await output.say(`${added.id} wraps nothing yet. Go on: coffer key rewrap --root`);
  } else if (leaving !== undefined && leaving.keys > 0) {
    await output.say(`${progress.done} of ${progress.total} keys moved. Go on: coffer key rewrap --root`);
  } else if (leaving !== undefined) {
    await output.say(`${leaving.id} wraps nothing any more. Then: coffer key retire ${leaving.id}`);
  }
}

function describe({ terms }: KeyStatus): string {
  return table(
    ["TERM", "STATE", "VALUES", "SEALS", "ROOT KEY", "CREATED"],
    terms.map((it) => [it.term, it.state, it.versions, it.sealsReserved, it.rootKeyId, it.createdAt]),
  );
}

function describeInstallation({ rootKeys, nodes, terms }: InstallationKeys): string {
  return [
    table(
      ["ROOT KEY", "STATE", "KEYS", "HELD", "ADDED", "KEPT BY"],
      rootKeys.map((it) => {
        const keeper = [it.provider, it.providerKeyId].filter((one) => one !== null).join(" ");
        return [it.id, it.state, it.keys, it.held ? "yes" : "no", it.addedAt, keeper];
      }),
    ),
    table(
      ["NODE", "ROOT KEYS", "SEEN"],
      nodes.map((it) => [it.name, it.rootKeys.join(" "), it.seenAt]),
    ),
    table(
      ["TERM", "STATE", "ROOT KEY", "CREATED"],
      terms.map((it) => [it.term, it.state, it.rootKeyId, it.createdAt]),
    ),
  ]
    .filter((text) => text !== "")
    .join("\n");
}
