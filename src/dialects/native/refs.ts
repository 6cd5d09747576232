// From parts of a path or body to how the core names things. Form alone: text that could name
// nothing is refused here, before it reaches a table or the audit trail.
import { invalid } from "../../core/errors.ts";
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Ref } from "../../core/organizations/organization.ts";
import type { SecretRef } from "../../core/secrets/secret.ts";
import { parseText } from "../../core/text.ts";

const slugRule = { min: 1, max: limits.slugCharactersMax };
const nameRule = { min: 1, max: limits.secretNameCharactersMax };

/** A slug, or an id, which has the form of a UUID. */
export function placeRef(field: "organization" | "store", text: string): Ref {
  return isUuid(text) ? { id: text.toLowerCase() } : { slug: parseText(field, text, slugRule) };
}

export interface SecretPath {
  readonly org: string;
  readonly store: string;
  readonly secret: string;
}

/** A secret in its place, all three as the path says. */
export function secretPath(
  params: SecretPath,
  query: { readonly by?: "name" },
): readonly [org: Ref, store: Ref, secret: SecretRef] {
  const { org, store, secret } = params;
  return [
    placeRef("organization", org),
    placeRef("store", store),
    query.by === undefined && isUuid(secret) ? { id: secret.toLowerCase() } : nameRef("secret", secret),
  ];
}

export function nameRef(field: string, text: string): SecretRef {
  return { name: parseText(field, text, nameRule) };
}

export function secretId(text: string): string {
  if (!isUuid(text)) throw invalid("id", "must be the id of a secret");
  return text.toLowerCase();
}

export function idRef(field: string, text: string): string {
  if (!isUuid(text)) throw invalid(field, "must be an id");
  return text.toLowerCase();
}
