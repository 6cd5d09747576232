// People, groups, machines and services by name: the API knows them by id alone. A name that several
// share names none of them.
import type { Client } from "../client.ts";
import { exitCodes } from "../exit-codes.ts";
import { Failure, usage } from "../failure.ts";
import { looksLikeId } from "./secret-argument.ts";

interface Named {
  readonly id: string;
  readonly name: string | null;
}

export const groupNamed = (client: Client, text: string) => idOf("group", text, client.groups.list);
export const machineNamed = (client: Client, text: string) => idOf("machine", text, client.machines.list);
export const serviceNamed = (client: Client, text: string) => idOf("service", text, client.services.list);

async function idOf(
  kind: "group" | "machine" | "service",
  text: string,
  list: () => Promise<readonly Named[]>,
): Promise<string> {
  if (looksLikeId(text)) return text;
  const [only, ...more] = (await list()).filter(({ name }) => name === text);
  if (more.length > 0)
    throw usage(`several ${kind}s have that name`, `give the id instead: coffer ${kind} list`);
  if (only !== undefined) return only.id;
  throw new Failure(exitCodes.notFound, `no ${kind} of that name, or none that this token may see`, {
    code: `${kind}.not_found`,
    hint: `list them: coffer ${kind} list`,
  });
}

/** A member by e-mail address, letter case apart. */
export async function personNamed(client: Client, text: string): Promise<string> {
  if (looksLikeId(text)) return text;
  const wanted = text.toLowerCase();
  const found = (await client.people.list()).find(({ email }) => email.toLowerCase() === wanted);
  if (typeof found?.id === "string") return found.id;
  throw new Failure(exitCodes.notFound, "no member with that e-mail address, or none that you may see", {
    code: "principal.not_found",
    hint: "list them: coffer people list",
  });
}
