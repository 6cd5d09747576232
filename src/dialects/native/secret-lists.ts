// What a list of secrets is asked for, and the name under which its cursors are valid.
import type { Static } from "typebox";
import { parseLabelEquals, parseSearch } from "../../core/secrets/filter.ts";
import type { ListQuery } from "../../core/secrets/operations.ts";
import { listOf, pageAsked } from "./pages.ts";
import { paging, secretFilter, strict } from "./schema.ts";

export const secretListQuery = strict({ ...secretFilter, ...paging });

export interface SecretListAsked {
  readonly list: string;
  readonly query: ListQuery;
}

/** `place`: the parts of the path that say whose secrets these are. */
export function secretsAsked(
  kind: string,
  place: readonly string[],
  query: Static<typeof secretListQuery>,
): SecretListAsked {
  const { search, order = "created", direction = "asc" } = query;
  const label = query.label ?? [];
  const labels = typeof label === "string" ? [label] : label;
  const filter = {
    search: search === undefined ? null : parseSearch(search),
    labels: labels.map(parseLabelEquals),
    order,
    direction,
  };
  const list = listOf(kind, place, search, labels, order, direction);
  return { list, query: { ...filter, ...pageAsked(list, query) } };
}
