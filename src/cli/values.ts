// Values of many secrets, asked for a few at a time: an answer stays small even where each is as long as
// may be. Each reading is recorded by the server.
import type { Client } from "./client.ts";
import { exitCodes } from "./exit-codes.ts";
import { Failure } from "./failure.ts";
import type { Secret } from "./wire.ts";

const valuesAtOnce = 100;

export interface NamedValue {
  readonly name: string;
  /** Null where it is not there, or cannot be reached, any more. */
  readonly value: string | null;
  readonly why: string;
}

/** In the order of the names. A value that may not be read is a failure. */
export async function* valuesOf(client: Client, names: readonly string[]): AsyncGenerator<NamedValue> {
  for (let at = 0; at < names.length; at += valuesAtOnce) {
    const { items } = await client.secrets.values(names.slice(at, at + valuesAtOnce));
    for (const item of items) {
      const name = item.name ?? "";
      if ("value" in item) yield { name, value: item.value, why: "" };
      else if (gone.has(item.error.code)) yield { name, value: null, why: item.error.message };
      else throw itemFailure(name, item.error);
    }
  }
}

/** Not there any more, or not reachable any more: known states of a secret. */
const gone = new Set(["secret.not_found", "secret.expired", "secret.no_value"]);

function itemFailure(name: string, error: { code: string; message: string }): Failure {
  const refused = error.code === "caller.denied" || error.code === "caller.unauthenticated";
  const exitCode = refused ? exitCodes.refused : exitCodes.failure;
  return new Failure(exitCode, `${name}: ${error.message}`, { code: error.code });
}

/** The secrets of the store, all with a name: where clients keep the names, nothing here can be done. */
export async function namedSecrets(client: Client): Promise<(Secret & { readonly name: string })[]> {
  return (await client.secrets.list({})).map((secret) => {
    const { name } = secret;
    if (name !== null) return { ...secret, name };
    throw new Failure(exitCodes.conflict, "this organization keeps names and values to its clients", {
      code: "custody.client",
    });
  });
}
