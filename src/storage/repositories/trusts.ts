// Trusts. Ending one ends its sessions by a foreign key of the tokens.

import type { RequiredClaims } from "../../core/trusts/claims.ts";
import { audienceTaken } from "../../core/trusts/create.ts";
import type { KeySource } from "../../core/trusts/keys.ts";
import type { TrustReader, TrustRepository } from "../../core/trusts/port.ts";
import type { Destination, Trust } from "../../core/trusts/trust.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";
import { json, parsed } from "./columns.ts";

interface TrustRow {
  id: string;
  organization_id: string;
  name: string;
  issuer: string;
  audience: string;
  jwks: string;
  claims: string;
  leads_to: string;
  created_at: number;
  created_by: string;
}

const columns = "id, organization_id, name, issuer, audience, jwks, claims, leads_to, created_at, created_by";

export const statements = {
  find: sql<TrustRow>`SELECT ${columns} FROM trusts WHERE organization_id = $1 AND id = $2`,
  match: sql<TrustRow>`SELECT ${columns} FROM trusts WHERE issuer = $1 AND audience = $2`,
  list: sql<TrustRow>`
    SELECT ${columns} FROM trusts WHERE organization_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
  insert: sql`
    INSERT INTO trusts (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
  rename: sql`UPDATE trusts SET name = $2 WHERE id = $1`,
  remove: sql`DELETE FROM trusts WHERE id = $1`,
};

/** Where it leads and as what, in one column: neither is ever searched for. */
type LeadsTo = Pick<Trust, "leadsTo" | "as">;

function trustOf(row: TrustRow): Trust {
  const { leadsTo, as } = parsed<LeadsTo>(row.leads_to);
  return {
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    issuer: row.issuer,
    audience: row.audience,
    jwks: parsed<KeySource>(row.jwks),
    claims: parsed<RequiredClaims>(row.claims),
    leadsTo: leadsTo satisfies Destination | null,
    as,
    createdAt: row.created_at,
    createdBy: parsed<Trust["createdBy"]>(row.created_by),
  };
}

export function trustReader(db: Queryable): TrustReader {
  const one = (row: TrustRow | undefined) => (row === undefined ? null : trustOf(row));
  return {
    async find(organizationId, id) {
      return one(await db.one(statements.find, [organizationId, id]));
    },
    async match(issuer, audience) {
      return one(await db.one(statements.match, [issuer, audience]));
    },
    async list(organizationId, { after, limit }) {
      return (await db.all(statements.list, [organizationId, after ?? "", limit])).map(trustOf);
    },
  };
}

export function trustRepository(db: Queryable): TrustRepository {
  return {
    ...trustReader(db),
    async insert(trust) {
      const { leadsTo, as } = trust;
      try {
        await db.run(statements.insert, [
          trust.id,
          trust.organizationId,
          trust.name,
          trust.issuer,
          trust.audience,
          json(trust.jwks),
          json(trust.claims),
          json({ leadsTo, as } satisfies LeadsTo),
          trust.createdAt,
          json(trust.createdBy),
        ]);
      } catch (error) {
        throw error instanceof UniqueViolation && error.constraint === "trusts_audience"
          ? audienceTaken()
          : error;
      }
    },
    async rename(id, name) {
      await db.run(statements.rename, [id, name]);
    },
    async remove(id) {
      await db.run(statements.remove, [id]);
    },
  };
}
