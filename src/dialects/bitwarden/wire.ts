// Names and values on their way between a client and the core. Bridged: translated under the caller's own
// transport key. Zero-knowledge: the EncStrings of its clients, as they are.
import type { Caller } from "../../core/caller.ts";
import type { Operations } from "../../core/operations.ts";
import type { Custody } from "../../core/organizations/organization.ts";

export interface Wire {
  /** Whether what passes here is readable to nobody but its clients. */
  readonly opaque: boolean;
  /** For an answer. */
  out(text: string): string;
  /** Of a request; null for what is not sealed by this caller's key. */
  in(sealed: string): string | null;
}

export function wireFor(
  { accessTokens }: Operations,
  caller: Caller,
  { id, custody }: { readonly id: string; readonly custody: Custody },
): Wire {
  if (custody === "client") return { opaque: true, out: (text) => text, in: (sealed) => sealed };
  const key = accessTokens.transport(caller, id);
  return { opaque: false, out: key.seal, in: key.open };
}
