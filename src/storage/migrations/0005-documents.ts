// Small objects of dialects, which the core does not look into. They go with their store.
import { migration } from "../migrate.ts";

export const documents = migration({
  id: "0005-documents",
  up: ({ types: { text, integer, table } }) => [
    `CREATE TABLE documents (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      store_id ${text} NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
      dialect ${text} NOT NULL,
      kind ${text} NOT NULL,
      name ${text} NOT NULL,
      body ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      updated_at ${integer},
      updated_by ${text},
      revision ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX documents_name ON documents (store_id, dialect, kind, name)",
    "CREATE INDEX documents_of_organization ON documents (organization_id, id)",
  ],
});
