import { type Command, InvalidArgumentError } from "commander";
import { wholeNumber } from "../options.ts";
import { type Output, table } from "../output.ts";
import { type ConnectionOptions, connectionOptions, openSession, optionsOf } from "../session.ts";
import type { Shell } from "../shell.ts";
import type { KeyStatus, Rewrapped } from "../wire.ts";

/** Beside `key new`, which works on the host alone. */
export function keyCommands(key: Command, shell: Shell): void {
  connectionOptions(key.command("status"))
    .description("the terms of the organization's key, and how far a rotation has come")
    .addHelpText("after", "\nExample:\n  coffer key status --org acme")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const status = await client.keys.status();
      await output.data(status, () => describe(status));
      await tellProgress(output, status);
    });

  connectionOptions(key.command("rotate"))
    .description("seal with a new key from now on, and move all values to it")
    .addHelpText(
      "after",
      `
Reads and writes go on meanwhile. If it is interrupted, the server carries it on by itself; older
keys open what has not moved yet. When nothing is left under one, "coffer key destroy" ends it.

Example:
  coffer key rotate --org acme`,
    )
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const { progress } = await client.keys.rotate();
      await moveAll(output, progress.total - progress.done, () => client.keys.rewrap());
      const status = await client.keys.status();
      await output.data(status, () => describe(status));
    });

  connectionOptions(key.command("rewrap"))
    .description("move what is left under older keys to the current one, now")
    .addHelpText("after", "\nExample:\n  coffer key rewrap --org acme")
    .action(async (_, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      const { progress } = await client.keys.status();
      await moveAll(output, progress.total - progress.done, () => client.keys.rewrap());
      const status = await client.keys.status();
      await output.data(status, () => describe(status));
    });

  connectionOptions(key.command("destroy"))
    .argument("<term>", "number of the term", termNumber)
    .description("destroy a retired term; refused while anything is sealed under it")
    .addHelpText(
      "after",
      `
Copies of the database from before the rotation then open no more, unless they hold the key too.

Example:
  coffer key destroy 1 --org acme`,
    )
    .action(async (term: number, _, command: Command) => {
      const { client, output } = await openSession(shell, optionsOf<ConnectionOptions>(command));
      await client.keys.destroy(term);
      await output.say(`Term ${term} is destroyed.`);
    });
}

const anyTerm = wholeNumber(1, 2 ** 32 - 1);

function termNumber(source: string): number {
  if (source.startsWith("rk_")) throw new InvalidArgumentError("A root key is retired, not destroyed.");
  return anyTerm(source);
}

/** A chunk after another, with a line for each whole tenth. */
async function moveAll(output: Output, total: number, chunk: () => Promise<Rewrapped>): Promise<void> {
  let moved = 0;
  let told = 0;
  let damaged = 0;
  for (let ended = false; !ended; ) {
    const step = await chunk();
    moved += step.moved;
    damaged += step.damaged;
    ended = step.ended;
    const tenths = total === 0 ? 0 : Math.floor((10 * Math.min(moved, total)) / total);
    if (tenths > told && !ended) await output.say(`${moved} of ${total} values moved`);
    told = tenths;
  }
  if (damaged > 0) await output.say(`${damaged} values do not open and stay under their older key.`);
  else await output.say("Everything lies under the current key.");
}

async function tellProgress(output: Output, { progress }: KeyStatus): Promise<void> {
  const { done, total } = progress;
  if (done < total) await output.say(`${done} of ${total} values have moved to the current term.`);
}

function describe({ terms }: KeyStatus): string {
  return table(
    ["TERM", "STATE", "VALUES", "SEALS", "ROOT KEY", "CREATED"],
    terms.map((it) => [it.term, it.state, it.versions, it.sealsReserved, it.rootKeyId, it.createdAt]),
  );
}
