// Tokens as they are managed; looking one up for its bearer is in access.ts. It decides nothing.
import type { CallerKind } from "../../core/caller.ts";
import { limits } from "../../core/limits.ts";
import type { TokenReader, TokenRepository } from "../../core/tokens/port.ts";
import type { Token } from "../../core/tokens/token.ts";
import { type Queryable, type SqlValue, sql } from "../sql.ts";
import { parsedOrNull } from "./columns.ts";
import { oneOfIds, type Prepared, parametersInto, shapesOf } from "./shapes.ts";

interface TokenRow {
  id: string;
  organization_id: string | null;
  principal_kind: CallerKind;
  principal_id: string;
  principal_name: string;
  name: string;
  scopes: string | null;
  stores: string | null;
  addresses: string | null;
  expires_at: number | null;
  last_used_at: number | null;
  created_at: number;
}

interface AccessTokenRow {
  id: string;
  organization_id: string;
  principal_id: string;
  name: string;
  expires_at: number | null;
  created_at: number;
}

// Jobs are none of these. Of a principal that is gone nothing is left to manage: its tokens open nothing.
const listed = `
  SELECT t.id, t.organization_id, t.principal_kind, t.principal_id, COALESCE(p.name, m.name, s.name) AS principal_name,
    t.name, t.scopes, t.stores, t.addresses, t.expires_at, t.last_used_at, t.created_at
  FROM tokens t
  LEFT JOIN people p ON t.principal_kind = 'person' AND p.id = t.principal_id
  LEFT JOIN machines m ON t.principal_kind = 'machine' AND m.id = t.principal_id
  LEFT JOIN services s ON t.principal_kind = 'service' AND s.id = t.principal_id
  WHERE t.revoked_at IS NULL AND COALESCE(p.id, m.id, s.id) IS NOT NULL`;

const withPayload =
  "principal_id = $2 AND organization_id = $1 AND payload IS NOT NULL AND revoked_at IS NULL";

export const statements = {
  byId: sql<TokenRow>`${listed} AND t.id = $1`,
  payload: sql<{ payload: string | null }>`SELECT payload FROM tokens WHERE id = $1 AND revoked_at IS NULL`,
  withPayload: sql<AccessTokenRow>`
    SELECT id, organization_id, principal_id, name, expires_at, created_at FROM tokens
    WHERE ${withPayload}
    ORDER BY CASE WHEN expires_at <= $3 THEN 1 ELSE 0 END, id LIMIT $4`,
  countWithPayload: sql<{ count: number }>`
    SELECT COUNT(*) AS count FROM tokens
    WHERE ${withPayload} AND (expires_at IS NULL OR expires_at > $3)`,
  putPayload: sql`UPDATE tokens SET payload = $2 WHERE id = $1`,
  revoke: sql`UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`,
  touch: sql`
    UPDATE tokens SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`,
  use: sql`
    UPDATE tokens SET last_used_at = CASE WHEN last_used_at >= $3 THEN last_used_at ELSE $3 END
    WHERE id = $1 AND hash = $2 AND revoked_at IS NULL`,
  // Two, so that each walks its own index.
  sweepExpired: sql`
    DELETE FROM tokens WHERE id IN (
      SELECT id FROM tokens WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2)`,
  sweepRevoked: sql`
    DELETE FROM tokens WHERE id IN (
      SELECT id FROM tokens WHERE revoked_at <= $1 ORDER BY revoked_at, id LIMIT $2)`,
};

const lists = shapesOf<TokenRow>();

/** Above every id, which are lower-case hexadecimal. */
const aboveAll = "~";

export function listStatement(
  { organizationId, principals }: Parameters<TokenReader["list"]>[0],
  page: Parameters<TokenReader["list"]>[1],
): Prepared<TokenRow> {
  const values: SqlValue[] = [];
  const parameter = parametersInto(values);
  const conditions = [
    organizationId === null
      ? "t.organization_id IS NULL"
      : `t.organization_id = ${parameter(organizationId)}`,
    // Of everybody it walks the index that leaves out jobs, of some the one by principal: said so, because
    // the planner would walk all tokens of an organization for those of two.
    principals === null
      ? "t.principal_kind <> 'job'"
      : `t.principal_id IN ${oneOfIds(principals, parameter)}`,
    `t.id < ${parameter(page.before ?? aboveAll)}`,
  ].join(" AND ");
  const text = `${listed} AND ${conditions} ORDER BY t.id DESC LIMIT ${parameter(page.limit)}`;
  return { statement: lists(text), values };
}

const ofMachine = shapesOf<{ id: string }>();

export function idsStatement(
  organizationId: string,
  machineId: string,
  ids: readonly string[],
): Prepared<{ id: string }> {
  const values: SqlValue[] = [organizationId, machineId];
  const wanted = oneOfIds(ids, parametersInto(values));
  const text = `SELECT id FROM tokens WHERE ${withPayload} AND id IN ${wanted} ORDER BY id`;
  return { statement: ofMachine(text), values };
}

function tokenOf(row: TokenRow): Token {
  return {
    id: row.id,
    organizationId: row.organization_id,
    principal: { kind: row.principal_kind, id: row.principal_id, name: row.principal_name },
    name: row.name,
    scopes: parsedOrNull<readonly string[]>(row.scopes),
    stores: parsedOrNull<readonly string[]>(row.stores),
    addresses: parsedOrNull<readonly string[]>(row.addresses),
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  };
}

export function tokenReader(db: Queryable): TokenReader {
  return {
    async find(id) {
      const row = await db.one(statements.byId, [id]);
      return row === undefined ? null : tokenOf(row);
    },
    async list(of, page) {
      const { statement, values } = listStatement(of, page);
      return (await db.all(statement, values)).map(tokenOf);
    },
    async payload(id) {
      return (await db.one(statements.payload, [id]))?.payload ?? null;
    },
    async withPayload(organizationId, machineId, at) {
      const most = limits.accessTokensOfMachineMax;
      const rows = await db.all(statements.withPayload, [organizationId, machineId, at, most]);
      const tokens = rows.map((row) => ({
        id: row.id,
        organizationId: row.organization_id,
        machineId: row.principal_id,
        name: row.name,
        expiresAt: row.expires_at,
        createdAt: row.created_at,
      }));
      return tokens.sort((one, other) => (one.id < other.id ? -1 : 1));
    },
    async countWithPayload(organizationId, machineId, at) {
      return (await db.one(statements.countWithPayload, [organizationId, machineId, at]))?.count ?? 0;
    },
    async idsWithPayload(organizationId, machineId, ids) {
      const { statement, values } = idsStatement(organizationId, machineId, ids);
      return (await db.all(statement, values)).map(({ id }) => id);
    },
  };
}

export function tokenRepository(db: Queryable): TokenRepository {
  return {
    ...tokenReader(db),
    async revoke(id, at) {
      return (await db.run(statements.revoke, [id, at])) > 0;
    },
    async putPayload(id, payload) {
      await db.run(statements.putPayload, [id, payload]);
    },
    async touch(id, at) {
      await db.run(statements.touch, [id, at]);
    },
    async use(id, hash, at) {
      return (await db.run(statements.use, [id, hash, at])) === 1;
    },
    async sweep(until, limit) {
      const expired = await db.run(statements.sweepExpired, [until, limit]);
      return expired + (await db.run(statements.sweepRevoked, [until, limit]));
    },
  };
}
