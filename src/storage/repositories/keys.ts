// Keys as rotation sees them: their terms, and what lies sealed under each. It knows no key material
// in the clear, and no rule of when something may be destroyed.
import type { KeyReader, KeyRepository } from "../../core/keys/port.ts";
import type { Term } from "../../core/keys/term.ts";
import type { KeyState } from "../../core/ports.ts";
import { claiming, type Queryable, sharing, sql } from "../sql.ts";
import { rootReader, rootRepository } from "./root-keys.ts";
import { type SecretRow, secretColumns, secretOf } from "./secret-rows.ts";

interface TermRow {
  id: string;
  term: number;
  state: KeyState;
  root_key_id: string;
  seals_reserved: number;
  created_at: number;
  retired_at: number | null;
  emptied_at: number | null;
  destroyed_at: number | null;
}

interface StoredRow {
  id: string;
  secret_id: string;
  term: number;
  sealed: Uint8Array;
}

const columns =
  "id, term, state, root_key_id, seals_reserved, created_at, retired_at, emptied_at, destroyed_at";

export const statements = {
  terms: sql<TermRow>`SELECT ${columns} FROM keys WHERE organization_id = $1 ORDER BY term DESC`,
  installationTerms: sql<TermRow>`
    SELECT ${columns} FROM keys WHERE organization_id IS NULL ORDER BY term DESC`,
  versionsByTerm: sql<{ term: number; versions: number }>`
    SELECT term, COUNT(*) AS versions FROM secret_versions
    WHERE organization_id = $1 AND term > 0 GROUP BY term`,
  // What lies elsewhere counts as sealed under its term all the same; term 0 is of what is not sealed.
  valuesBefore: sql<StoredRow>`
    SELECT id, secret_id, term, sealed FROM secret_versions
    WHERE organization_id = $1 AND term > 0 AND term < $2 AND (term, id) > ($3, $4) AND sealed IS NOT NULL
    ORDER BY term, id LIMIT $5`,
  vitals: sql<{ seals_most: number | null; retired_held: number; rotations: number }>`
    SELECT MAX(CASE WHEN state = 'current' THEN seals_reserved END) AS seals_most,
      COUNT(CASE WHEN state = 'retired' AND emptied_at IS NULL THEN 1 END) AS retired_held,
      (SELECT COUNT(*) FROM key_rotations) AS rotations
    FROM keys`,
  unfinished: sql<{ organization_id: string }>`
    SELECT organization_id FROM key_rotations WHERE organization_id > $1
    ORDER BY organization_id LIMIT $2`,
  begin: sql`
    INSERT INTO key_rotations (organization_id, term) VALUES ($1, $2)
    ON CONFLICT (organization_id) DO UPDATE SET term = excluded.term`,
  end: sql`DELETE FROM key_rotations WHERE organization_id = $1 AND term = $2`,
  // Two nodes that rotate at once make the same term; the second makes none.
  insertTerm: sql`
    INSERT INTO keys (id, organization_id, term, state, root_key_id, wrapped, seals_reserved, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
  sealingBefore: claiming(sql<{ id: string }>`
    SELECT id FROM keys WHERE organization_id = $1 AND state = 'current' AND term < $2`),
  retireBefore: sql<TermRow>`
    UPDATE keys SET state = 'retired', retired_at = $3
    WHERE organization_id = $1 AND state = 'current' AND term < $2 RETURNING ${columns}`,
  // Its few internal keys move in the same transaction.
  retireInstallationBefore: sql<TermRow>`
    UPDATE keys SET state = 'retired', retired_at = $2, emptied_at = $2
    WHERE organization_id IS NULL AND state = 'current' AND term < $1 RETURNING ${columns}`,
  held: sharing(sql<SecretRow>`
    SELECT ${secretColumns} FROM secrets s WHERE s.id = $2 AND s.organization_id = $1`),
  replaceSealed: sql`
    UPDATE secret_versions SET term = $4, sealed = $5 WHERE id = $1 AND term = $2 AND sealed = $3`,
  noteEmptied: sql<TermRow>`
    UPDATE keys SET emptied_at = $2
    WHERE organization_id = $1 AND state = 'retired' AND emptied_at IS NULL AND NOT EXISTS (
      SELECT 1 FROM secret_versions v WHERE v.organization_id = $1 AND v.term = keys.term)
    RETURNING ${columns}`,
  versionOfTerm: sql<{ id: string }>`
    SELECT id FROM secret_versions WHERE organization_id = $1 AND term = $2 LIMIT 1`,
  internalKeyOfTerm: sql<{ id: string }>`SELECT id FROM internal_keys WHERE term = $1 LIMIT 1`,
  destroy: sql`
    UPDATE keys SET state = 'destroyed', wrapped = $3, destroyed_at = $2, emptied_at = COALESCE(emptied_at, $2)
    WHERE id = $1 AND state = 'retired'`,
  replaceInternal: sql`UPDATE internal_keys SET term = $3, sealed = $4 WHERE id = $1 AND sealed = $2`,
};

/** What is left of a wrapped key that was destroyed. */
const nothing = new Uint8Array(0);

function termOf(row: TermRow): Term {
  return {
    id: row.id,
    number: row.term,
    state: row.state,
    rootKeyId: row.root_key_id,
    sealsReserved: row.seals_reserved,
    createdAt: row.created_at,
    retiredAt: row.retired_at,
    emptiedAt: row.emptied_at,
    destroyedAt: row.destroyed_at,
  };
}

export function keyReader(db: Queryable): KeyReader {
  return {
    ...rootReader(db),
    async vitals() {
      const row = await db.one(statements.vitals, []);
      return {
        sealsMost: row?.seals_most ?? 0,
        retiredHeld: row?.retired_held ?? 0,
        rotationsUnfinished: row?.rotations ?? 0,
      };
    },
    async terms(organizationId) {
      const rows =
        organizationId === null
          ? await db.all(statements.installationTerms, [])
          : await db.all(statements.terms, [organizationId]);
      return rows.map(termOf);
    },
    async versionsByTerm(organizationId) {
      const rows = await db.all(statements.versionsByTerm, [organizationId]);
      return new Map(rows.map(({ term, versions }) => [term, versions]));
    },
    async valuesBefore(organizationId, current, { after, limit }) {
      const values = [organizationId, current, after?.term ?? 0, after?.versionId ?? "", limit];
      const rows = await db.all(statements.valuesBefore, values);
      return rows.map(({ id, secret_id, term, sealed }) => ({
        secretId: secret_id,
        versionId: id,
        term,
        sealed,
      }));
    },
    async unfinished({ after, limit }) {
      const rows = await db.all(statements.unfinished, [after ?? "", limit]);
      return rows.map(({ organization_id }) => organization_id);
    },
  };
}

export function keyRepository(db: Queryable): KeyRepository {
  return {
    ...rootRepository(db),
    ...keyReader(db),
    async insertTerm(key) {
      const inserted = await db.run(statements.insertTerm, [
        key.id,
        key.organizationId,
        key.term,
        key.state,
        key.rootKeyId,
        key.wrapped,
        key.sealsReserved,
        key.createdAt,
      ]);
      if (inserted === 0) return false;
      if (key.organizationId !== null) await db.run(statements.begin, [key.organizationId, key.term]);
      return true;
    },
    async retireBefore(organizationId, term, at) {
      if (organizationId === null) {
        return (await db.all(statements.retireInstallationBefore, [term, at])).map(termOf);
      }
      await db.all(statements.sealingBefore, [organizationId, term]);
      return (await db.all(statements.retireBefore, [organizationId, term, at])).map(termOf);
    },
    async endRotation(organizationId, term) {
      await db.run(statements.end, [organizationId, term]);
    },
    async held(organizationId, secretId) {
      const row = await db.one(statements.held, [organizationId, secretId]);
      return row === undefined ? null : secretOf(row);
    },
    async replaceSealed({ versionId, term, sealed }, value) {
      const values = [versionId, term, sealed, value.term, value.sealed];
      return (await db.run(statements.replaceSealed, values)) === 1;
    },
    noteEmptied: async (organizationId, at) =>
      (await db.all(statements.noteEmptied, [organizationId, at])).map(termOf),
    async isReferenced(organizationId, term) {
      const found =
        organizationId === null
          ? await db.one(statements.internalKeyOfTerm, [term])
          : await db.one(statements.versionOfTerm, [organizationId, term]);
      return found !== undefined;
    },
    destroy: async (id, at) => (await db.run(statements.destroy, [id, at, nothing])) === 1,
    async replaceInternal({ id, before }, { term, sealed }) {
      return (await db.run(statements.replaceInternal, [id, before, term, sealed])) === 1;
    },
  };
}
