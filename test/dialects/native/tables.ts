// Principals and grants written straight into the tables: the routes that make them are not under test
// where these are used. What nobody has asked for yet is in no cache, so nothing needs to be told.
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Level, ObjectKind, SubjectKind } from "../../../src/core/grants/grant.ts";
import { uuidv7 } from "../../../src/core/ids.ts";
import { mintToken, type TokenKind } from "../../../src/crypto/tokens.ts";
import type { TestCoffer } from "../../support/server.ts";

const ids = uuidv7({ now: Date.now });

export interface Tables {
  machine(organizationId?: string): string;
  service(stores?: readonly string[] | null): { id: string; name: string };
  person(role: "owner" | "admin" | "auditor" | "member"): string;
  grant(subject: [SubjectKind, string], object: [ObjectKind, string], level: Level): void;
  /** One that narrows nothing, bound to the organization. */
  token(kind: TokenKind, principalId: string): string;
  /** The addresses from which a token is accepted. */
  addresses(tokenId: string): unknown;
}

export function tablesOf(coffer: TestCoffer): Tables {
  const here = coffer.bootstrap.organization.id;
  const on = <T>(work: (db: DatabaseSync) => T): T => {
    const db = new DatabaseSync(join(coffer.data, "coffer.db"), { timeout: 5_000 });
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  const insert = (table: string, row: Readonly<Record<string, string | number | null | Uint8Array>>) => {
    const places = Object.keys(row).map(() => "?");
    const statement = `INSERT INTO ${table} (${Object.keys(row)}) VALUES (${places})`;
    on((db) => db.prepare(statement).run(...Object.values(row)));
  };
  const made = {
    organization_id: here,
    created_at: 1,
    created_by: JSON.stringify({ kind: "person", id: "p", name: "Somebody" }),
  };
  return {
    machine(organizationId = here) {
      const id = ids.next();
      insert("machines", { ...made, id, organization_id: organizationId, name: "robot", changed_at: 1 });
      return id;
    },
    service(stores = null) {
      const [id, name] = [ids.next(), `service-${randomUUID()}`];
      insert("services", { ...made, id, name, stores: stores && JSON.stringify(stores) });
      return { id, name };
    },
    person(role) {
      const id = ids.next();
      const email = `${id}@example.org`;
      insert("people", { id, email, email_folded: email, name: "Someone", operator: 0, created_at: 1 });
      insert("memberships", { id: ids.next(), organization_id: here, person_id: id, role, created_at: 1 });
      return id;
    },
    grant([subject_kind, subject_id], [object_kind, object_id], level) {
      const row = { subject_kind, subject_id, object_kind, object_id, level };
      insert("grants", { ...row, organization_id: here, created_at: 1 });
    },
    token(principal_kind, principal_id) {
      const id = ids.next();
      const { text, hash } = mintToken(principal_kind, id);
      const row = { id, organization_id: here, principal_kind, principal_id, name: "test", hash };
      insert("tokens", { ...row, created_at: 1 });
      return text;
    },
    addresses(tokenId) {
      const row = on((db) => db.prepare("SELECT addresses FROM tokens WHERE id = ?").get(tokenId));
      return JSON.parse(String(row?.addresses));
    },
  };
}
