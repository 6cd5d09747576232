// Roles, tokens and the epochs under which decisions about them hold.
// It decides nothing: what a role or a token allows is the core's to say.
import type { Role } from "../../core/authorize.ts";
import type { CallerKind } from "../../core/caller.ts";
import { RunAgain } from "../../core/errors.ts";
import type { Claims } from "../../core/policies/claims.ts";
import type { AccessReader, AccessRepository, Credential } from "../../core/ports.ts";
import type { Scope } from "../../core/tokens/scope.ts";
import { type Queryable, sharing, sql } from "../sql.ts";
import { jsonOrNull, parsed, parsedOrNull } from "./columns.ts";

const installationScope = "installation";

interface CredentialRow {
  id: string;
  organization_id: string | null;
  principal_kind: CallerKind;
  principal_id: string;
  name: string;
  hash: Uint8Array;
  scopes: string | null;
  stores: string | null;
  expires_at: number | null;
  revoked_at: number | null;
  created_at: number;
  reach: string | null;
  addresses: string | null;
  trust_id: string | null;
  last_used_at: number | null;
  principal_name: string;
  principal_organization: string | null;
  email: string | null;
  operator: number | null;
  service_stores: string | null;
  job_store: string | null;
  job_claims: string | null;
}

interface PrincipalRow {
  kind: "person" | "machine" | "service";
  id: string;
  name: string;
  organization_id: string | null;
  email: string | null;
  operator: number;
  stores: string | null;
}

export const statements = {
  // A token ends with the organization it is bound to, a person's with his membership there too.
  credential: sql<CredentialRow>`
    SELECT t.id, t.organization_id, t.principal_kind, t.principal_id, t.name, t.hash, t.scopes, t.reach,
      t.stores, t.addresses, t.trust_id, t.last_used_at, t.expires_at, t.revoked_at, t.created_at,
      COALESCE(p.name, m.name, s.name, j.job_id) AS principal_name,
      COALESCE(m.organization_id, s.organization_id, j.organization_id) AS principal_organization,
      p.email, p.operator, s.stores AS service_stores, j.store_id AS job_store, j.claims AS job_claims
    FROM tokens t
    LEFT JOIN people p ON t.principal_kind = 'person' AND p.id = t.principal_id
    LEFT JOIN machines m ON t.principal_kind = 'machine' AND m.id = t.principal_id
    LEFT JOIN services s ON t.principal_kind = 'service' AND s.id = t.principal_id
    LEFT JOIN jobs j ON t.principal_kind = 'job' AND j.id = t.principal_id
    WHERE t.id = $1 AND COALESCE(p.id, m.id, s.id, j.id) IS NOT NULL
      AND (t.organization_id IS NULL OR EXISTS (
        SELECT 1 FROM organizations o WHERE o.id = t.organization_id AND o.deleted_at IS NULL))
      AND (p.id IS NULL OR t.organization_id IS NULL OR EXISTS (
        SELECT 1 FROM memberships b WHERE b.organization_id = t.organization_id AND b.person_id = p.id))`,
  principal: sql<PrincipalRow>`
    SELECT 'person' AS kind, id, name, NULL AS organization_id, email, operator, NULL AS stores
    FROM people WHERE $1 = 'person' AND id = $2
    UNION ALL
    SELECT 'machine', id, name, organization_id, NULL, 0, NULL FROM machines WHERE $1 = 'machine' AND id = $2
    UNION ALL
    SELECT 'service', id, name, organization_id, NULL, 0, stores FROM services WHERE $1 = 'service' AND id = $2`,
  role: sql<{ role: Role }>`
    SELECT role FROM memberships WHERE organization_id = $1 AND person_id = $2`,
  memberships: sql<{ organization_id: string; role: Role }>`
    SELECT organization_id, role FROM memberships WHERE person_id = $1 ORDER BY organization_id`,
  epochs: sql<{ installation: number; organization: number }>`
    SELECT i.epoch AS installation, o.epoch AS organization
    FROM access_epochs i JOIN access_epochs o ON o.scope = $2
    WHERE i.scope = $1`,
  installationEpoch: sql<{ epoch: number }>`SELECT epoch FROM access_epochs WHERE scope = $1`,
  holdEpochs: sharing(sql<{ installation: number; organization: number }>`
    SELECT i.epoch AS installation, o.epoch AS organization
    FROM access_epochs i JOIN access_epochs o ON o.scope = $2
    WHERE i.scope = $1`),
  standing: sql<{ installation: number; organization: number; revision: number }>`
    SELECT i.epoch AS installation, e.epoch AS organization, o.revision
    FROM access_epochs i JOIN access_epochs e ON e.scope = $2 JOIN organizations o ON o.id = $2
    WHERE i.scope = $1`,
  insertToken: sql`
    INSERT INTO tokens (id, organization_id, principal_kind, principal_id, name, hash, scopes, reach, stores,
      addresses, trust_id, last_used_at, expires_at, revoked_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
  startEpoch: sql`INSERT INTO access_epochs (scope, epoch) VALUES ($1, 1)`,
  raiseEpoch: sql`UPDATE access_epochs SET epoch = epoch + 1 WHERE scope = $1`,
  removeTokens: sql`
    DELETE FROM tokens WHERE id IN (
      SELECT id FROM tokens WHERE principal_kind = $1 AND principal_id = $2 ORDER BY id LIMIT $3)`,
};

function credentialOf(row: CredentialRow): Credential {
  return {
    token: {
      id: row.id,
      organizationId: row.organization_id,
      principalKind: row.principal_kind,
      principalId: row.principal_id,
      name: row.name,
      hash: row.hash,
      scopes: parsedOrNull<readonly string[]>(row.scopes),
      reach: parsedOrNull<readonly Scope[]>(row.reach),
      stores: parsedOrNull<readonly string[]>(row.stores),
      addresses: parsedOrNull<readonly string[]>(row.addresses),
      trustId: row.trust_id,
      lastUsedAt: row.last_used_at,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
      createdAt: row.created_at,
    },
    principal: {
      kind: row.principal_kind,
      id: row.principal_id,
      name: row.principal_name,
      organizationId: row.principal_organization,
      email: row.email,
      operator: row.operator === 1,
      stores: parsedOrNull<readonly string[]>(row.service_stores),
      job:
        row.job_store === null || row.job_claims === null
          ? null
          : { storeId: row.job_store, claims: parsed<Claims>(row.job_claims) },
    },
  };
}

export function accessReader(db: Queryable): AccessReader {
  return {
    async credential(tokenId) {
      const row = await db.one(statements.credential, [tokenId]);
      return row === undefined ? null : credentialOf(row);
    },
    async principal(kind, id) {
      const row = await db.one(statements.principal, [kind, id]);
      if (row === undefined) return null;
      return {
        kind: row.kind,
        id: row.id,
        name: row.name,
        organizationId: row.organization_id,
        email: row.email,
        operator: row.operator === 1,
        stores: parsedOrNull<readonly string[]>(row.stores),
        job: null,
      };
    },
    async role(organizationId, personId) {
      const row = await db.one(statements.role, [organizationId, personId]);
      return row?.role ?? null;
    },
    async memberships(personId) {
      const rows = await db.all(statements.memberships, [personId]);
      return rows.map((row) => ({ organizationId: row.organization_id, role: row.role }));
    },
    async epochs(organizationId) {
      const row = await db.one(statements.epochs, [installationScope, organizationId]);
      // Without an epoch a revocation could never be noticed: refuse rather than assume one.
      if (row === undefined) throw noEpoch();
      return { installation: row.installation, organization: row.organization };
    },
    async installationEpoch() {
      const row = await db.one(statements.installationEpoch, [installationScope]);
      if (row === undefined) throw noEpoch();
      return row.epoch;
    },
    async standing(organizationId) {
      const row = await db.one(statements.standing, [installationScope, organizationId]);
      // Nothing was ever decided under such epochs: whatever was is decided again, and finds nothing.
      return row ?? { installation: 0, organization: 0, revision: 0 };
    },
  };
}

/** It was there when the body began: another node has deleted the organization. */
function noEpoch(): RunAgain {
  return new RunAgain("no access epoch");
}

export function accessRepository(db: Queryable): AccessRepository {
  const raise = async (scope: string) => {
    if ((await db.run(statements.raiseEpoch, [scope])) !== 1) throw noEpoch();
  };
  return {
    ...accessReader(db),
    async insertToken(token) {
      await db.run(statements.insertToken, [
        token.id,
        token.organizationId,
        token.principalKind,
        token.principalId,
        token.name,
        token.hash,
        jsonOrNull(token.scopes),
        jsonOrNull(token.reach),
        jsonOrNull(token.stores),
        jsonOrNull(token.addresses),
        token.trustId,
        token.lastUsedAt,
        token.expiresAt,
        token.revokedAt,
        token.createdAt,
      ]);
    },
    async holdEpochs(organizationId) {
      const row = await db.one(statements.holdEpochs, [installationScope, organizationId]);
      if (row === undefined) throw noEpoch();
      return row;
    },
    async startEpoch(scope) {
      await db.run(statements.startEpoch, [scope]);
    },
    raiseEpoch: raise,
    raiseInstallationEpoch: () => raise(installationScope),
    removeTokens: (kind, principalId, limit) => db.run(statements.removeTokens, [kind, principalId, limit]),
  };
}
