// Who may do what: invitations, groups, machines, services, jobs, trusts and grants. Subjects and
// objects of a grant are of several kinds, each with its own table: no foreign key leads there. Their
// ids are never given twice, so a grant that outlives one says nothing about another.
import { migration } from "../migrate.ts";

export const access = migration({
  id: "0002-access",
  up: ({ types: { text, integer, bytes, table, clustered } }) => [
    // An invitation becomes a membership of the same id.
    `CREATE TABLE invitations (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      email ${text} NOT NULL,
      email_folded ${text} NOT NULL,
      role ${text} NOT NULL,
      hash ${bytes} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX invitations_email ON invitations (organization_id, email_folded)",

    `CREATE TABLE access_groups (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name ${text} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX access_groups_name ON access_groups (organization_id, name)",

    `CREATE TABLE access_group_members (
      group_id ${text} NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
      person_id ${text} NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      organization_id ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (group_id, person_id)
    ) ${clustered}`,
    "CREATE INDEX access_group_members_of_person ON access_group_members (person_id, organization_id)",

    `CREATE TABLE machines (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      changed_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE INDEX machines_name ON machines (organization_id, name, id)",

    // Secrets name their services by name, so a name is taken once.
    `CREATE TABLE services (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name ${text} NOT NULL,
      stores ${text},
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX services_name ON services (organization_id, name)",

    `CREATE TABLE trusts (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name ${text} NOT NULL,
      issuer ${text} NOT NULL,
      audience ${text} NOT NULL,
      jwks ${text} NOT NULL,
      claims ${text} NOT NULL,
      leads_to ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX trusts_audience ON trusts (issuer, audience)",
    "CREATE INDEX trusts_of_organization ON trusts (organization_id, id)",

    // `job_id` is the name its runner gave it.
    `CREATE TABLE jobs (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      store_id ${text} NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
      job_id ${text} NOT NULL,
      claims ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      expires_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE INDEX jobs_of_store ON jobs (store_id, job_id)",
    "CREATE INDEX jobs_expired ON jobs (expires_at)",
    "CREATE INDEX jobs_of_organization ON jobs (organization_id)",

    `CREATE TABLE grants (
      subject_kind ${text} NOT NULL,
      subject_id ${text} NOT NULL,
      object_kind ${text} NOT NULL,
      object_id ${text} NOT NULL,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      level ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      PRIMARY KEY (subject_id, object_id, subject_kind, object_kind)
    ) ${clustered}`,
    "CREATE INDEX grants_on_object ON grants (organization_id, object_kind, object_id, subject_kind, subject_id)",

    // `scopes` as somebody gave them; `reach` is what they come to.
    `ALTER TABLE tokens ADD COLUMN reach ${text}`,
    `ALTER TABLE tokens ADD COLUMN addresses ${text}`,
    `ALTER TABLE tokens ADD COLUMN last_used_at ${integer}`,
    // The session of a workload ends with the trust that let it in.
    `ALTER TABLE tokens ADD COLUMN trust_id ${text} REFERENCES trusts (id) ON DELETE CASCADE`,
    "CREATE INDEX tokens_of_trust ON tokens (trust_id)",
    // Lists walk these, newest first. Sessions of jobs are in no list, and there may be many.
    "DROP INDEX tokens_of_principal",
    "CREATE INDEX tokens_of_principal ON tokens (principal_id, organization_id, id)",
    "CREATE INDEX tokens_listed ON tokens (organization_id, id) WHERE revoked_at IS NULL AND principal_kind <> 'job'",
    "CREATE INDEX tokens_expired ON tokens (expires_at, id) WHERE expires_at IS NOT NULL",
    // Set by its deletion; the row stays until all that it held is gone.
    `ALTER TABLE organizations ADD COLUMN deleted_at ${integer}`,
    "CREATE INDEX organizations_deleted ON organizations (id) WHERE deleted_at IS NOT NULL",

    // Who has to read anew from which change on.
    `ALTER TABLE changes ADD COLUMN name_before ${text}`,
    `ALTER TABLE changes ADD COLUMN concerns ${text}`,
    "CREATE INDEX changes_of_access ON changes (organization_id, concerns, revision) WHERE concerns IS NOT NULL",

    "CREATE INDEX tokens_revoked ON tokens (revoked_at, id) WHERE revoked_at IS NOT NULL",
  ],
});
