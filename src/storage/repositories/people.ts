// People, their memberships and the invitations to become one. It decides nothing.
import type { Role } from "../../core/authorize.ts";
import type { Actor } from "../../core/caller.ts";
import { emailTaken, type Invitation, type Membership, type Person } from "../../core/people/person.ts";
import type { PeopleReader, PeopleRepository } from "../../core/people/port.ts";
import { fold } from "../../core/text.ts";
import { type Queryable, sql, UniqueViolation } from "../sql.ts";
import { flag, json, parsed } from "./columns.ts";

interface PersonRow {
  id: string;
  email: string;
  name: string;
  operator: number;
  created_at: number;
}

interface MembershipRow {
  id: string;
  person_id: string | null;
  name: string | null;
  email: string;
  role: Role;
  expires_at: number | null;
}

interface InvitationRow {
  id: string;
  organization_id: string;
  email: string;
  role: Role;
  hash: Uint8Array;
  created_at: number;
  created_by: string;
  expires_at: number;
}

const personColumns = "id, email, name, operator, created_at";
const invitationColumns = "id, organization_id, email, role, hash, created_at, created_by, expires_at";

/** Memberships of an organization ($1), and below them what may become one. */
const memberships = `
  SELECT b.id, b.person_id, p.name, p.email, p.email_folded, b.role, CAST(NULL AS BIGINT) AS expires_at
  FROM memberships b JOIN people p ON p.id = b.person_id WHERE b.organization_id = $1`;
const invitations = `
  SELECT i.id, NULL, NULL, i.email, i.email_folded, i.role, i.expires_at
  FROM invitations i WHERE i.organization_id = $1`;
const membershipColumns = "id, person_id, name, email, role, expires_at";

export const statements = {
  firstOperator: sql<PersonRow>`
    SELECT ${personColumns} FROM people WHERE operator = 1 ORDER BY created_at, id LIMIT 1`,
  byId: sql<PersonRow>`SELECT ${personColumns} FROM people WHERE id = $1`,
  byEmail: sql<PersonRow>`SELECT ${personColumns} FROM people WHERE email_folded = $1`,
  insert: sql`
    INSERT INTO people (${personColumns}, email_folded) VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (email_folded) DO NOTHING`,
  update: sql`UPDATE people SET email = $2, email_folded = $3, name = $4, operator = $5 WHERE id = $1`,
  rename: sql`UPDATE people SET email = $2, email_folded = $3, name = $4 WHERE id = $1`,
  accounts: sql<PersonRow>`
    SELECT ${personColumns} FROM people WHERE email_folded > $1 ORDER BY email_folded LIMIT $2`,
  otherOperator: sql<{ id: string }>`SELECT id FROM people WHERE operator = 1 AND id <> $1 LIMIT 1`,

  list: sql<MembershipRow>`
    SELECT ${membershipColumns} FROM (${memberships} UNION ALL ${invitations}) listed
    WHERE (email_folded, id) > ($2, $3) AND (CAST($4 AS TEXT) IS NULL OR person_id = $4)
    ORDER BY email_folded, id LIMIT $5`,
  membership: sql<MembershipRow>`
    SELECT ${membershipColumns}
    FROM (${memberships} AND b.id = $2 UNION ALL ${invitations} AND i.id = $2) found`,
  memberByEmail: sql<{ id: string }>`
    SELECT b.id FROM people p JOIN memberships b ON b.person_id = p.id AND b.organization_id = $1
    WHERE p.email_folded = $2`,
  otherOwner: sql<{ id: string }>`
    SELECT id FROM memberships WHERE organization_id = $1 AND role = 'owner' AND person_id <> $2 LIMIT 1`,
  insertMembership: sql`
    INSERT INTO memberships (id, organization_id, person_id, role, created_at)
    VALUES ($1, $2, $3, $4, $5)`,
  changeRole: sql`UPDATE memberships SET role = $2 WHERE id = $1`,
  removeMembership: sql`DELETE FROM memberships WHERE id = $1`,
  leaveGroups: sql`DELETE FROM access_group_members WHERE organization_id = $1 AND person_id = $2`,
  removeTokens: sql`
    DELETE FROM tokens WHERE organization_id = $1 AND principal_kind = 'person' AND principal_id = $2`,

  invitation: sql<InvitationRow>`SELECT ${invitationColumns} FROM invitations WHERE id = $1`,
  invitationTo: sql<InvitationRow>`
    SELECT ${invitationColumns} FROM invitations WHERE organization_id = $1 AND email_folded = $2`,
  putInvitation: sql`
    INSERT INTO invitations (${invitationColumns}, email_folded) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (organization_id, email_folded) DO UPDATE SET
      id = excluded.id, email = excluded.email, role = excluded.role, hash = excluded.hash,
      created_at = excluded.created_at, created_by = excluded.created_by, expires_at = excluded.expires_at`,
  changeInvitation: sql`UPDATE invitations SET role = $2, created_by = $3 WHERE id = $1`,
  takeInvitation: sql`DELETE FROM invitations WHERE id = $1 AND hash = $2`,
  removeInvitation: sql`DELETE FROM invitations WHERE id = $1`,
};

function personOf({ id, email, name, operator, created_at }: PersonRow): Person {
  return { id, email, name, operator: operator === 1, createdAt: created_at };
}

function personOrNull(row: PersonRow | undefined): Person | null {
  return row === undefined ? null : personOf(row);
}

function membershipOf({ id, person_id, name, email, role, expires_at }: MembershipRow): Membership {
  const person = person_id === null ? null : { id: person_id, name: name ?? "" };
  return { id, person, email, role, expiresAt: expires_at };
}

function invitationOf(row: InvitationRow | undefined): Invitation | null {
  if (row === undefined) return null;
  return {
    id: row.id,
    organizationId: row.organization_id,
    email: row.email,
    role: row.role,
    hash: row.hash,
    createdAt: row.created_at,
    createdBy: parsed<Actor>(row.created_by),
    expiresAt: row.expires_at,
  };
}

export function peopleReader(db: Queryable): PeopleReader {
  return {
    async firstOperator() {
      return personOrNull(await db.one(statements.firstOperator, []));
    },
    async find(id) {
      return personOrNull(await db.one(statements.byId, [id]));
    },
    async accounts({ after, limit }) {
      return (await db.all(statements.accounts, [after ?? "", limit])).map(personOf);
    },
    async hasOtherOperator(personId) {
      return (await db.one(statements.otherOperator, [personId])) !== undefined;
    },
    async findByEmail(email) {
      return personOrNull(await db.one(statements.byEmail, [fold(email)]));
    },
    async list(organizationId, { after, limit, only }) {
      const values = [organizationId, after?.email ?? "", after?.id ?? "", only, limit];
      return (await db.all(statements.list, values)).map(membershipOf);
    },
    async membership(organizationId, id) {
      const row = await db.one(statements.membership, [organizationId, id]);
      return row === undefined ? null : membershipOf(row);
    },
    async hasMember(organizationId, email) {
      return (await db.one(statements.memberByEmail, [organizationId, fold(email)])) !== undefined;
    },
    async hasOtherOwner(organizationId, personId) {
      return (await db.one(statements.otherOwner, [organizationId, personId])) !== undefined;
    },
    async invitation(id) {
      return invitationOf(await db.one(statements.invitation, [id]));
    },
    async invitationTo(organizationId, email) {
      return invitationOf(await db.one(statements.invitationTo, [organizationId, fold(email)]));
    },
  };
}

export function peopleRepository(db: Queryable): PeopleRepository {
  return {
    ...peopleReader(db),
    async insert({ id, email, name, operator, createdAt }) {
      const values = [id, email, name, flag(operator), createdAt, fold(email)];
      if ((await db.run(statements.insert, values)) === 0) throw taken();
    },
    update: ({ id, email, name, operator }) =>
      unlessTaken(db.run(statements.update, [id, email, fold(email), name, flag(operator)])),
    rename: ({ id, email, name }) => unlessTaken(db.run(statements.rename, [id, email, fold(email), name])),
    async insertMembership({ id, organizationId, personId, role, createdAt }) {
      await db.run(statements.insertMembership, [id, organizationId, personId, role, createdAt]);
    },
    async changeRole(membershipId, role) {
      await db.run(statements.changeRole, [membershipId, role]);
    },
    async removeMembership(organizationId, membershipId, personId) {
      await db.run(statements.removeMembership, [membershipId]);
      await db.run(statements.leaveGroups, [organizationId, personId]);
      await db.run(statements.removeTokens, [organizationId, personId]);
    },
    async putInvitation(invitation) {
      await db.run(statements.putInvitation, [
        invitation.id,
        invitation.organizationId,
        invitation.email,
        invitation.role,
        invitation.hash,
        invitation.createdAt,
        json(invitation.createdBy),
        invitation.expiresAt,
        fold(invitation.email),
      ]);
    },
    async changeInvitation(id, role, createdBy) {
      await db.run(statements.changeInvitation, [id, role, json(createdBy)]);
    },
    async takeInvitation(id, hash) {
      return (await db.run(statements.takeInvitation, [id, hash])) > 0;
    },
    async removeInvitation(id) {
      await db.run(statements.removeInvitation, [id]);
    },
  };
}

function taken() {
  return emailTaken("Another account has that e-mail address.");
}

async function unlessTaken(readdressing: Promise<number>): Promise<void> {
  try {
    await readdressing;
  } catch (error) {
    throw error instanceof UniqueViolation ? taken() : error;
  }
}
