// Where a command asks for the NAME of a secret: an id if it looks like one, unless told otherwise.
import type { Command } from "commander";
import type { SecretName } from "../client.ts";
import { type ConnectionOptions, connectionOptions } from "../session.ts";

export interface SecretOptions extends ConnectionOptions {
  readonly byName?: boolean;
}

export function secretOptions(command: Command): Command {
  return connectionOptions(command.option("--by-name", "NAME is a name although it looks like an id"));
}

export function secretName(text: string, options: SecretOptions): SecretName {
  return { text, byName: options.byName ?? false };
}

const uuidForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The server reads text of this form as an id, unless it is asked for a name. */
export function looksLikeId(text: string): boolean {
  return uuidForm.test(text);
}
