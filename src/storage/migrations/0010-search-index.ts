// A search that finds little reads all names in its scope: from the index which gives their order, where an
// index can hold them, instead of from rows that are many times as long.
import { migration } from "../migrate.ts";

export const searchIndex = migration({
  id: "0010-search-index",
  up: ({ types: { carried } }) => {
    const text = carried("search_text");
    if (text === "") return [];
    return [
      "DROP INDEX secrets_in_store",
      `CREATE INDEX secrets_in_store ON secrets (store_id, state, created_at, id${text})`,
      "DROP INDEX secrets_in_organization",
      `CREATE INDEX secrets_in_organization ON secrets (organization_id, state, created_at, id${text})`,
    ];
  },
});
