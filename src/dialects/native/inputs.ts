// From checked bodies to what the core takes. Keeps: null unsets metadata, but a value of null is
// no value at all, and what a body does not name stays as it is.
import type { IncomingHttpHeaders } from "node:http";
import type { Static } from "typebox";
import type { NewSecret } from "../../core/secrets/create.ts";
import type { DuplicateRequest } from "../../core/secrets/operations.ts";
import { parseValue } from "../../core/secrets/secret.ts";
import type { Precondition, SecretPatch } from "../../core/secrets/update.ts";
import { revisionsOf } from "../../http/conditional.ts";
import { instant } from "../../http/queries.ts";
import { placeRef } from "./refs.ts";
import type * as schema from "./schema.ts";

// The bound of values that the server seals. Where clients seal them the core refuses these anyway.
const plaintext = (text: string) => parseValue(text, "server");

export function newSecretOf(body: Static<typeof schema.newSecret>): NewSecret {
  const { value = null, expiresAt = null, ...rest } = body;
  return {
    ...rest,
    value: value === null ? null : plaintext(value),
    expiresAt: expiresAt === null ? null : instant("expiresAt", expiresAt),
  };
}

export function patchOf(body: Static<typeof schema.secretPatch>): SecretPatch {
  const { value = null, expiresAt, ...rest } = body;
  return {
    ...rest,
    ...(value === null ? {} : { value: plaintext(value) }),
    ...expiryOf(expiresAt),
  };
}

export function duplicateOf(body: Static<typeof schema.duplicate>): DuplicateRequest {
  const { store = null, expiresAt, ...rest } = body;
  return {
    ...rest,
    ...(store === null ? {} : { store: placeRef("store", store) }),
    ...expiryOf(expiresAt),
  };
}

export function moveOf({ store, name = null }: Static<typeof schema.move>): SecretPatch {
  return { store: placeRef("store", store), ...(name === null ? {} : { name }) };
}

function expiryOf(expiresAt: string | null | undefined): { expiresAt?: number | null } {
  if (expiresAt === undefined) return {};
  return { expiresAt: expiresAt === null ? null : instant("expiresAt", expiresAt) };
}

/** If-Match: the request counts only for one of these revisions. */
export function preconditionOf(headers: IncomingHttpHeaders): Precondition {
  const revisions = revisionsOf("if-match", headers["if-match"]);
  return revisions === undefined ? {} : { revisions };
}
