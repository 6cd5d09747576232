// Values that lie in other backends: what is under way, what lies there, what is owed. It knows no rule
// of when something goes. Keeps: a state moves only from the one that its writer has seen.
import type { RemoteReader, RemoteRepository, Sighting } from "../../core/backends/records.ts";
import { claiming, type Queryable, type SqlValue, sql } from "../sql.ts";
import { flag, json, jsonOrNull } from "./columns.ts";
import {
  type OwedRow,
  owedColumns,
  owedOf,
  remoteRow,
  type StateRow,
  stateOf,
  type VersionRow,
  versionColumns,
} from "./remote-rows.ts";
import { statements as rootStatements, timeOf } from "./root-keys.ts";
import { oneOf, parametersInto, shapesOf } from "./shapes.ts";

interface PendingRow {
  id: string;
  organization_id: string;
  secret_id: string;
  backend: string;
}

const pendingColumns = "id, organization_id, secret_id, backend";

export const statements = {
  expired: sql<PendingRow>`
    SELECT ${pendingColumns} FROM secret_versions
    WHERE state = 'pending' AND lease_until <= $1 ORDER BY lease_until LIMIT $2`,
  versionsOf: sql<VersionRow>`
    SELECT ${versionColumns} FROM secret_versions WHERE secret_id = $1 AND backend <> 'embedded'`,
  beyond: sql<VersionRow>`
    SELECT ${versionColumns} FROM secret_versions
    WHERE secret_id = $1 AND backend = $2 AND backend <> 'embedded' AND state = 'superseded'
    ORDER BY number DESC LIMIT 100 OFFSET $3`,
  versionsIn: sql<VersionRow>`
    SELECT ${versionColumns} FROM secret_versions
    WHERE backend = $1 AND backend <> 'embedded' AND id > $2 AND state IN ('active', 'superseded')
    ORDER BY id LIMIT $3`,
  isLiving: sql<{ id: string }>`SELECT id FROM secrets WHERE id = $1 AND state <> 'aborted'`,
  state: sql<StateRow>`
    SELECT name, epoch, epoch_at, guarded, swept_at, swept_by, report, drift, drift_after FROM value_backends
    WHERE name = $1`,
  counts: sql<{ lying: number; pending: number; owed: number; oldest: number | null }>`
    SELECT
      (SELECT COUNT(*) FROM secret_versions
        WHERE backend = $1 AND backend <> 'embedded' AND state IN ('active', 'superseded')) AS lying,
      (SELECT COUNT(*) FROM secret_versions WHERE state = 'pending' AND lease_until >= 0 AND backend = $1) AS pending,
      (SELECT COUNT(*) FROM owed_deletions WHERE backend = $1) AS owed,
      (SELECT MIN(created_at) FROM owed_deletions WHERE backend = $1) AS oldest`,
  outlived: sql<VersionRow>`
    SELECT ${versionColumns} FROM secret_versions v
    WHERE v.backend = $1 AND v.backend <> 'embedded' AND v.id > $4 AND v.state = 'superseded'
      AND (SELECT COUNT(*) FROM secret_versions n WHERE n.secret_id = v.secret_id AND n.number > v.number) >= $3
      AND (SELECT MIN(m.created_at) FROM secret_versions m
        WHERE m.secret_id = v.secret_id AND m.number > v.number) <= $2
    ORDER BY v.id LIMIT $5`,
  toMigrate: sql<{ id: string; secret_id: string; term: number; sealed: Uint8Array }>`
    SELECT v.id, v.secret_id, v.term, v.sealed FROM secrets s JOIN secret_versions v ON v.secret_id = s.id
    WHERE s.store_id = $1 AND s.state IN ('active', 'trashed') AND v.backend <> $2 AND v.id > $3
      AND v.state IN ('active', 'superseded') AND v.sealed IS NOT NULL
    ORDER BY v.id LIMIT $4`,
  countIn: sql<{ total: number; there: number }>`
    SELECT COUNT(*) AS total, COUNT(CASE WHEN v.backend = $2 THEN 1 END) AS there
    FROM secrets s JOIN secret_versions v ON v.secret_id = s.id
    WHERE s.store_id = $1 AND s.state IN ('active', 'trashed') AND v.state IN ('active', 'superseded')`,

  // Numbers below zero are of what nobody has seen; the next real one stays without a gap.
  intend: sql`
    INSERT INTO secret_versions (id, organization_id, secret_id, number, state, created_at, created_by,
      write_id, backend, lease_owner, lease_until, term, size, fingerprint)
    VALUES ($1, $2, $3,
      (SELECT CASE WHEN MIN(number) < 0 THEN MIN(number) ELSE 0 END - 1
        FROM secret_versions WHERE secret_id = $3),
      'pending', $4, $5, $1, $6, $7, $8, $9, $10, $11)`,
  settle: sql`
    UPDATE secret_versions SET state = 'active', number = $4, created_at = $5, created_by = $6, term = $7,
      sealed = $8, backend = $9, write_id = $10, remote_ref = $11, remote_version = $12,
      lease_owner = NULL, lease_until = NULL
    WHERE id = $1 AND state = 'pending' AND lease_owner = $2 AND lease_until > $3`,
  takeCreating: sql`
    UPDATE secrets SET created_at = $2, created_by = $3 WHERE id = $1 AND state = 'creating'`,
  abortOwn: sql`
    UPDATE secret_versions SET state = 'aborted', term = 0, lease_owner = NULL, lease_until = NULL
    WHERE id = $1 AND state = 'pending' AND lease_owner = $2`,
  abortExpired: sql`
    UPDATE secret_versions SET state = 'aborted', term = 0, lease_owner = NULL, lease_until = NULL
    WHERE id = $1 AND state = 'pending' AND lease_until <= $2`,
  abortCreation: sql`UPDATE secrets SET state = 'aborted' WHERE id = $1 AND state = 'creating'`,
  owe: sql`
    INSERT INTO owed_deletions (${owedColumns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (id) DO NOTHING`,
  settling: claiming(sql<{ id: string }>`SELECT id FROM secrets WHERE id = $1`),
  paid: sql`DELETE FROM owed_deletions WHERE id = $1`,
  // Of these two only one comes to pass, whatever clocks say: a claim leaves no attempts of 0.
  unowe: sql`DELETE FROM owed_deletions WHERE write_id = $1 AND kind = 'write' AND attempts = 0`,
  claim: sql`
    UPDATE owed_deletions SET attempts = attempts + 1, due_at = $3 WHERE id = $1 AND attempts = $2`,
  failed: sql`UPDATE owed_deletions SET failure = $2 WHERE id = $1`,
  drop: sql`DELETE FROM secrets WHERE id = $1`,
  finish: sql`DELETE FROM secrets WHERE id = $1 AND state = 'deleting' AND NOT EXISTS (
    SELECT 1 FROM owed_deletions o WHERE o.secret_id = $1 AND o.kind = 'object' AND o.write_id IS NULL)`,
  tombstone: sql`
    INSERT INTO tombstones (id, organization_id, store_id, name, created_at, updated_at, purged_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
  retire: sql`
    DELETE FROM secret_versions WHERE id = $1 AND state = 'superseded' AND backend <> 'embedded'`,
  forgetVersions: sql`
    DELETE FROM secret_versions WHERE id IN (
      SELECT id FROM secret_versions WHERE state = 'aborted' AND created_at < $1
      ORDER BY created_at LIMIT $2)`,
  forgetSecrets: sql`
    DELETE FROM secrets WHERE id IN (
      SELECT id FROM secrets WHERE state = 'aborted' AND created_at < $1 ORDER BY created_at LIMIT $2)`,
  relocate: sql`
    UPDATE secret_versions SET term = $4, sealed = $5, backend = $6, write_id = $7, remote_ref = $8,
      remote_version = $9
    WHERE id = $1 AND term = $2 AND sealed = $3 AND state IN ('active', 'superseded')`,
  lying: sql`UPDATE secrets SET backend = $3 WHERE id = $1 AND version_id = $2`,
  expireInStore: sql`
    UPDATE secret_versions SET lease_until = 0 WHERE state = 'pending' AND secret_id IN (
      SELECT id FROM secrets WHERE store_id = $1)`,
  abortInStore: sql`UPDATE secrets SET state = 'aborted' WHERE store_id = $1 AND state = 'creating'`,
  rehome: sql`
    UPDATE secrets SET store_id = $2, orphaned = 1
    WHERE store_id = $1 AND state IN ('aborted', 'deleting')`,
  saveState: sql`
    INSERT INTO value_backends (name, epoch, guarded, swept_at, swept_by, report, drift, drift_after, epoch_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, epoch_at = excluded.epoch_at, guarded = excluded.guarded,
      swept_at = excluded.swept_at, swept_by = excluded.swept_by, report = excluded.report,
      drift = excluded.drift, drift_after = excluded.drift_after`,
  sight: sql`
    INSERT INTO orphan_sightings (backend, ref, remote_version, first_seen_at, sweep)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (backend, ref, remote_version) DO UPDATE SET sweep = excluded.sweep`,
  forgetSightings: sql`DELETE FROM orphan_sightings WHERE backend = $1 AND sweep < $2`,
  takeLease: sql`
    INSERT INTO leases (name, owner, until) VALUES ($1, $2, $4)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE leases.owner = $2 OR leases.until <= $3`,
};

const manyVersions = shapesOf<VersionRow>();
const manyOwed = shapesOf<OwedRow>();
const manySightings = shapesOf<SightingRow>();

interface SightingRow {
  ref: string;
  remote_version: string;
  first_seen_at: number;
  sweep: number;
}

function pendingOf(row: PendingRow) {
  return {
    versionId: row.id,
    organizationId: row.organization_id,
    secretId: row.secret_id,
    backend: row.backend,
  };
}

function sightingOf(row: SightingRow): Sighting {
  return {
    ref: row.ref,
    version: row.remote_version,
    firstSeenAt: row.first_seen_at,
    sweep: row.sweep,
  };
}

export function remoteReader(db: Queryable): RemoteReader {
  return {
    async now() {
      return timeOf((await db.one(rootStatements.now, []))?.now ?? "");
    },
    expired: async (now, limit) => (await db.all(statements.expired, [now, limit])).map(pendingOf),
    versionsOf: async (secretId) => (await db.all(statements.versionsOf, [secretId])).map(remoteRow),
    beyond: async (secretId, backend, most) =>
      (await db.all(statements.beyond, [secretId, backend, most])).map(remoteRow),
    versionsIn: async (backend, after, limit) =>
      (await db.all(statements.versionsIn, [backend, after ?? "", limit])).map(remoteRow),
    async versionsAt(backend, refs) {
      const values: SqlValue[] = [backend];
      const list = oneOf(refs, parametersInto(values));
      const text = `SELECT ${versionColumns} FROM secret_versions
        WHERE backend = $1 AND backend <> 'embedded' AND remote_ref IN ${list} AND state <> 'aborted'`;
      return refs.length === 0 ? [] : (await db.all(manyVersions(text), values)).map(remoteRow);
    },
    isLiving: async (secretId) => (await db.one(statements.isLiving, [secretId])) !== undefined,
    async owedDue(now, silent, limit) {
      const values: SqlValue[] = [now, limit];
      const others = silent.length === 0 ? "" : `AND backend NOT IN ${oneOf(silent, parametersInto(values))}`;
      const text = `SELECT ${owedColumns} FROM owed_deletions
        WHERE due_at <= $1 ${others} ORDER BY due_at, id LIMIT $2`;
      return (await db.all(manyOwed(text), values)).map(owedOf);
    },
    async owedOf(secretIds) {
      const values: SqlValue[] = [];
      const list = oneOf(secretIds, parametersInto(values));
      const text = `SELECT ${owedColumns} FROM owed_deletions WHERE secret_id IN ${list} ORDER BY id`;
      return secretIds.length === 0 ? [] : (await db.all(manyOwed(text), values)).map(owedOf);
    },
    async state(backend) {
      const row = await db.one(statements.state, [backend]);
      return row === undefined ? null : stateOf(row);
    },
    async counts(backend) {
      const row = await db.one(statements.counts, [backend]);
      const { lying = 0, pending = 0, owed = 0, oldest = null } = row ?? {};
      return { values: lying, pending, owed, oldestOwedAt: oldest };
    },
    outlived: async (backend, before, kept, after, limit) =>
      (await db.all(statements.outlived, [backend, before, kept, after ?? "", limit])).map(remoteRow),
    async toMigrate(storeId, backend, after, limit) {
      const rows = await db.all(statements.toMigrate, [storeId, backend, after ?? "", limit]);
      return rows.map(({ id, secret_id, term, sealed }) => ({
        versionId: id,
        secretId: secret_id,
        term,
        sealed,
      }));
    },
    async countIn(storeId, backend) {
      return (await db.one(statements.countIn, [storeId, backend])) ?? { total: 0, there: 0 };
    },
    async sighted(backend, refs) {
      const values: SqlValue[] = [backend];
      const list = oneOf(refs, parametersInto(values));
      const text = `SELECT ref, remote_version, first_seen_at, sweep FROM orphan_sightings
        WHERE backend = $1 AND ref IN ${list}`;
      return refs.length === 0 ? [] : (await db.all(manySightings(text), values)).map(sightingOf);
    },
  };
}

export function remoteRepository(db: Queryable): RemoteRepository {
  const changed = async (run: Promise<number>) => (await run) === 1;
  return {
    ...remoteReader(db),
    async intend({ id, secretId, createdAt, createdBy }, { organizationId, value, backend, owner, until }) {
      const place = [id, organizationId, secretId, createdAt, json(createdBy), backend, owner, until];
      await db.run(statements.intend, [...place, value.term, value.bytes, value.fingerprint]);
    },
    settle: (version, value, landed, { owner, now }) =>
      changed(
        db.run(statements.settle, [
          version.id,
          owner,
          now,
          version.number,
          version.createdAt,
          json(version.createdBy),
          value.term,
          value.sealed,
          landed.backend,
          landed.writeId,
          landed.ref,
          landed.version,
        ]),
      ),
    takeCreating: ({ id, createdAt, createdBy }) =>
      changed(db.run(statements.takeCreating, [id, createdAt, json(createdBy)])),
    abort: (versionId, by) =>
      changed(
        "owner" in by
          ? db.run(statements.abortOwn, [versionId, by.owner])
          : db.run(statements.abortExpired, [versionId, by.now]),
      ),
    abortCreation: (secretId) => changed(db.run(statements.abortCreation, [secretId])),
    async owe(owed) {
      await db.run(statements.owe, [
        owed.id,
        owed.organizationId,
        owed.secretId,
        owed.backend,
        owed.kind,
        owed.ref,
        owed.version,
        owed.writeId,
        owed.createdAt,
        owed.dueAt,
        owed.attempts,
      ]);
    },
    async settling(secretId) {
      await db.one(statements.settling, [secretId]);
    },
    paid: (id) => changed(db.run(statements.paid, [id])),
    unowe: (writeId) => changed(db.run(statements.unowe, [writeId])),
    claim: ({ id, attempts }, dueAt) => changed(db.run(statements.claim, [id, attempts, dueAt])),
    async failed(id, failure) {
      await db.run(statements.failed, [id, failure]);
    },
    async drop(secretId) {
      await db.run(statements.drop, [secretId]);
    },
    async finish(secret, at) {
      if (!(await changed(db.run(statements.finish, [secret.id])))) return false;
      await db.run(statements.tombstone, [
        secret.id,
        secret.organizationId,
        secret.orphaned ? null : secret.storeId,
        secret.name,
        secret.createdAt,
        secret.updatedAt,
        at,
      ]);
      return true;
    },
    retire: (versionId) => changed(db.run(statements.retire, [versionId])),
    async forgetGivenUp(before, limit) {
      const versions = await db.run(statements.forgetVersions, [before, limit]);
      return versions + (await db.run(statements.forgetSecrets, [before, limit]));
    },
    async relocate({ versionId, secretId, term, sealed }, value, { backend, writeId, ref, version }) {
      const stored = [versionId, term, sealed, value.term, value.sealed, backend, writeId, ref, version];
      if (!(await changed(db.run(statements.relocate, stored)))) return false;
      await db.run(statements.lying, [secretId, versionId, backend]);
      return true;
    },
    async clearStore(storeId, homeId) {
      await db.run(statements.expireInStore, [storeId]);
      await db.run(statements.abortInStore, [storeId]);
      await db.run(statements.rehome, [storeId, homeId]);
    },
    async saveState(state) {
      await db.run(statements.saveState, [
        state.name,
        state.epoch,
        flag(state.guarded),
        state.sweptAt,
        state.sweptBy,
        jsonOrNull(state.report),
        jsonOrNull(state.drift),
        state.driftAfter,
        state.epochAt,
      ]);
    },
    async sight(backend, sightings) {
      for (const { ref, version, firstSeenAt, sweep } of sightings) {
        await db.run(statements.sight, [backend, ref, version, firstSeenAt, sweep]);
      }
    },
    async forgetSightings(backend, sweep) {
      await db.run(statements.forgetSightings, [backend, sweep]);
    },
    takeLease: (name, owner, now, until) => changed(db.run(statements.takeLease, [name, owner, now, until])),
  };
}
