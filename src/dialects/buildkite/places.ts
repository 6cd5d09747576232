// From parts of a path to how the core names things. What cannot name anything becomes a name that
// nothing has, so that its turn in the order of checks comes as for any other.
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Ref } from "../../core/organizations/organization.ts";

const nobody: Ref = { slug: "" };
const nothing = "00000000-0000-0000-0000-000000000000";

/** By slug alone, and letter case counts. No slug has the form of an id. */
export function organizationRef(text: string): Ref {
  const sound = /^[a-z0-9-]+$/.test(text) && text.length <= limits.slugCharactersMax && !isUuid(text);
  return sound ? { slug: text } : nobody;
}

/** Of a cluster or a secret. */
export function idRef(text: string): { readonly id: string } {
  return { id: isUuid(text) ? text.toLowerCase() : nothing };
}

/** As the job wrote it. */
export { nameRef as keyRef } from "../../http/names.ts";
