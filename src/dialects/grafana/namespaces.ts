// Namespaces: the stores of the caller's organization by their slugs, and the names that the operator gave
// some of them. One that nobody has and one of somebody else are the same to all.
import { isUuid } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import type { Ref } from "../../core/organizations/organization.ts";

/** `org-N` and `stacks-N`, each with the slug of the store that it stands for. */
export type Aliases = ReadonlyMap<string, string>;

export function storeRef(aliases: Aliases, namespace: string): Ref {
  const slug = aliases.get(namespace) ?? namespace;
  const sound = /^[a-z0-9-]+$/.test(slug) && slug.length <= limits.slugCharactersMax && !isUuid(slug);
  return { slug: sound ? slug : "" };
}
