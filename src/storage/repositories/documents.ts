// Documents of dialects. The unique index, not a SELECT, decides a clash of names.
import type { Actor } from "../../core/caller.ts";
import { type Document, documentNameTaken } from "../../core/documents/document.ts";
import type { DocumentReader, DocumentRepository, Shelf } from "../../core/documents/port.ts";
import type { Attributes } from "../../core/stores/store.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";
import { json, jsonOrNull, parsed, parsedOrNull } from "./columns.ts";

interface DocumentRow {
  id: string;
  organization_id: string;
  store_id: string;
  dialect: string;
  kind: string;
  name: string;
  body: string;
  created_at: number;
  created_by: string;
  updated_at: number | null;
  updated_by: string | null;
  revision: number;
}

const columns =
  "id, organization_id, store_id, dialect, kind, name, body, created_at, created_by, updated_at, updated_by, revision";
const shelf = "store_id = $1 AND dialect = $2 AND kind = $3";

export const statements = {
  find: sql<DocumentRow>`SELECT ${columns} FROM documents WHERE ${shelf} AND name = $4`,
  list: sql<DocumentRow>`
    SELECT ${columns} FROM documents WHERE ${shelf} AND name > $4 ORDER BY name LIMIT $5`,
  count: sql<{ count: number }>`SELECT COUNT(*) AS count FROM documents WHERE ${shelf}`,
  insert: sql`
    INSERT INTO documents (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
  update: sql`
    UPDATE documents SET body = $2, updated_at = $3, updated_by = $4, revision = $5
    WHERE id = $1 AND revision = $6`,
  remove: sql`DELETE FROM documents WHERE id = $1 AND revision = $2`,
};

function documentOf(row: DocumentRow): Document {
  return {
    id: row.id,
    organizationId: row.organization_id,
    storeId: row.store_id,
    dialect: row.dialect,
    kind: row.kind,
    name: row.name,
    body: parsed<Attributes>(row.body),
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
    updatedAt: row.updated_at,
    updatedBy: parsedOrNull<Actor>(row.updated_by),
    revision: row.revision,
  };
}

export function documentReader(db: Queryable): DocumentReader {
  const place = ({ storeId, dialect, kind }: Shelf) => [storeId, dialect, kind];
  return {
    async find(of, name) {
      const row = await db.one(statements.find, [...place(of), name]);
      return row === undefined ? null : documentOf(row);
    },
    async list(of, { after, limit }) {
      return (await db.all(statements.list, [...place(of), after ?? "", limit])).map(documentOf);
    },
    async count(of) {
      return (await db.one(statements.count, place(of)))?.count ?? 0;
    },
  };
}

export function documentRepository(db: Queryable): DocumentRepository {
  return {
    ...documentReader(db),
    async insert(document) {
      try {
        await db.run(statements.insert, [
          document.id,
          document.organizationId,
          document.storeId,
          document.dialect,
          document.kind,
          document.name,
          json(document.body),
          document.createdAt,
          json(document.createdBy),
          document.updatedAt,
          jsonOrNull(document.updatedBy),
          document.revision,
        ]);
      } catch (error) {
        throw error instanceof UniqueViolation ? documentNameTaken({ cause: error }) : error;
      }
    },
    async update({ id, body, updatedAt, updatedBy, revision: next }, revision) {
      const values = [id, json(body), updatedAt, jsonOrNull(updatedBy), next, revision];
      return (await db.run(statements.update, values)) === 1;
    },
    async remove(id, revision) {
      return (await db.run(statements.remove, [id, revision])) === 1;
    },
  };
}
