// Which root keys there are, what each wraps, and which nodes hold them. It knows no root key itself.
import type { RootReader, RootRepository } from "../../core/keys/port.ts";
import type { RootKeyRecord } from "../../core/keys/root.ts";
import { claiming, pinning, type Queryable, sql } from "../sql.ts";
import { json, parsed } from "./columns.ts";
import { type KeyRow, keyColumns, keyOf } from "./installation.ts";

interface RootRow {
  id: string;
  state: RootKeyRecord["state"];
  added_at: number;
  current_at: number | null;
  emptied_at: number | null;
  retired_at: number | null;
  destroyed_at: number | null;
}

interface NodeRow {
  id: string;
  name: string;
  root_keys: string;
  seen_at: string;
}

const columns = "id, state, added_at, current_at, emptied_at, retired_at, destroyed_at";

export const statements = {
  all: sql<RootRow>`SELECT ${columns} FROM root_keys ORDER BY added_at, id`,
  needed: sql<{ id: string }>`
    SELECT id FROM root_keys WHERE state = 'current' OR EXISTS (
      SELECT 1 FROM keys WHERE keys.root_key_id = root_keys.id AND keys.state <> 'destroyed')
    ORDER BY added_at DESC, id`,
  wrappedCount: sql<{ keys: number }>`
    SELECT COUNT(*) AS keys FROM keys WHERE root_key_id = $1 AND state <> 'destroyed'`,
  wrappedBy: sql<KeyRow>`
    SELECT ${keyColumns} FROM keys WHERE root_key_id = $1 AND state <> 'destroyed' AND id > $2
    ORDER BY id LIMIT $3`,
  nodes: sql<NodeRow>`SELECT id, name, root_keys, seen_at FROM nodes ORDER BY name, id`,
  // The one clock that all nodes share, in the one form that both engines have.
  now: sql<{ now: string }>`SELECT CAST(CURRENT_TIMESTAMP AS TEXT) AS now`,
  // A key that was retired long ago may come back.
  insert: sql`
    INSERT INTO root_keys (id, state, added_at, current_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, added_at = excluded.added_at,
      current_at = excluded.current_at, emptied_at = NULL, retired_at = NULL`,
  isWrapping: pinning(sql<{ id: string }>`SELECT id FROM root_keys WHERE id = $1 AND state = 'current'`),
  claim: claiming(
    sql<{ id: string }>`SELECT id FROM root_keys WHERE state IN ('added', 'current', 'leaving') ORDER BY id`,
  ),
  become: sql`UPDATE root_keys SET state = $3 WHERE id = $1 AND state = $2`,
  noteCurrent: sql`UPDATE root_keys SET current_at = $2 WHERE id = $1`,
  noteEmptied: sql`UPDATE root_keys SET emptied_at = $2 WHERE id = $1 AND emptied_at IS NULL`,
  noteRetired: sql`UPDATE root_keys SET retired_at = $2 WHERE id = $1`,
  noteDestroyed: sql`UPDATE root_keys SET destroyed_at = $2 WHERE id = $1`,
  remove: sql`DELETE FROM root_keys WHERE id = $1 AND state = 'added'`,
  replaceWrapped: sql`
    UPDATE keys SET root_key_id = $4, wrapped = $5 WHERE id = $1 AND root_key_id = $2 AND wrapped = $3`,
  announce: sql`
    INSERT INTO nodes (id, name, root_keys, seen_at) VALUES ($1, $2, $3, CAST(CURRENT_TIMESTAMP AS TEXT))
    ON CONFLICT (id) DO UPDATE SET root_keys = excluded.root_keys, seen_at = excluded.seen_at`,
  removeNode: sql`DELETE FROM nodes WHERE id = $1`,
};

const timeForm = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*(?:([+-]\d\d)(?::?(\d\d))?)?$/;

/** A time as either engine writes it, in UTC where no zone is told. */
export function timeOf(text: string): number {
  const [, day, time, hours = "+00", minutes = "00"] = timeForm.exec(text) ?? [];
  return Date.parse(`${day}T${time}${hours}:${minutes}`);
}

export function rootReader(db: Queryable): RootReader {
  return {
    async rootKeys() {
      const rows = await db.all(statements.all, []);
      return rows.map((row) => ({
        id: row.id,
        state: row.state,
        addedAt: row.added_at,
        currentAt: row.current_at,
        emptiedAt: row.emptied_at,
        retiredAt: row.retired_at,
        destroyedAt: row.destroyed_at,
      }));
    },
    async neededRoots() {
      return (await db.all(statements.needed, [])).map(({ id }) => id);
    },
    async wrappedCount(rootKeyId) {
      return (await db.one(statements.wrappedCount, [rootKeyId]))?.keys ?? 0;
    },
    async wrappedBy(rootKeyId, { after, limit }) {
      return (await db.all(statements.wrappedBy, [rootKeyId, after ?? "", limit])).map(keyOf);
    },
    async nodes() {
      const rows = await db.all(statements.nodes, []);
      const nodes = rows.map(({ id, name, root_keys, seen_at }) => ({
        id,
        name,
        rootKeys: parsed<readonly string[]>(root_keys),
        seenAt: timeOf(seen_at),
      }));
      return { now: timeOf((await db.one(statements.now, []))?.now ?? ""), nodes };
    },
  };
}

export function rootRepository(db: Queryable): RootRepository {
  return {
    ...rootReader(db),
    async insertRoot(id, state, at) {
      await db.run(statements.insert, [id, state, at, state === "current" ? at : null]);
    },
    isWrapping: async (rootKeyId) => (await db.one(statements.isWrapping, [rootKeyId])) !== undefined,
    async claimRoots() {
      await db.all(statements.claim, []);
    },
    async changeRoot(id, { from, to, at }) {
      await db.run(statements.become, [id, from, to]);
      if (to === "current") await db.run(statements.noteCurrent, [id, at]);
      if (to === "destroyed") await db.run(statements.noteDestroyed, [id, at]);
      if (to === "retired") await db.run(statements.noteRetired, [id, at]);
    },
    async noteRootEmptied(id, at) {
      await db.run(statements.noteEmptied, [id, at]);
    },
    async removeRoot(id) {
      await db.run(statements.remove, [id]);
    },
    async replaceWrapped({ id, rootKeyId, wrapped }, after) {
      const values = [id, rootKeyId, wrapped, after.rootKeyId, after.wrapped];
      return (await db.run(statements.replaceWrapped, values)) === 1;
    },
    async announceNode({ id, name, rootKeys }) {
      await db.run(statements.announce, [id, name, json(rootKeys)]);
    },
    async removeNode(id) {
      await db.run(statements.removeNode, [id]);
    },
  };
}
