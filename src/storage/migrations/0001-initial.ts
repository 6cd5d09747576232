// The first schema: one text for both engines. It knows types and uniqueness, no rule of the domain.
// Keeps: a foreign key is checked at once, never at the commit, because a commit may carry a group
// of operations; where two rows name each other (organization and default store, secret and current
// version), the one written first carries no foreign key.
import { migration } from "../migrate.ts";

export const initial = migration({
  id: "0001-initial",
  up: ({ types: { text, integer, bytes, table, clustered } }) => [
    // `one` allows a single row.
    `CREATE TABLE installation (
      id ${text} PRIMARY KEY,
      created_at ${integer} NOT NULL,
      one ${integer} NOT NULL DEFAULT 1 UNIQUE CHECK (one = 1)
    ) ${table}`,

    // `usage` of an organization is counted here, so that a quota costs no COUNT.
    `CREATE TABLE organizations (
      id ${text} PRIMARY KEY,
      slug ${text} NOT NULL,
      name ${text} NOT NULL,
      custody ${text} NOT NULL,
      trash ${text} NOT NULL,
      members_create ${integer} NOT NULL,
      limit_secrets ${integer},
      limit_stores ${integer},
      secrets ${integer} NOT NULL,
      stores ${integer} NOT NULL,
      default_store_id ${text} NOT NULL,
      revision ${integer} NOT NULL,
      forgotten_revision ${integer} NOT NULL DEFAULT 0,
      created_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX organizations_slug ON organizations (slug)",

    `CREATE TABLE keys (
      id ${text} PRIMARY KEY,
      organization_id ${text} REFERENCES organizations (id),
      term ${integer} NOT NULL,
      state ${text} NOT NULL,
      root_key_id ${text} NOT NULL,
      wrapped ${bytes} NOT NULL,
      seals_reserved ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${table}`,
    // The installation's own key has no organization, and NULLs would never be equal.
    "CREATE UNIQUE INDEX keys_term ON keys (COALESCE(organization_id, ''), term)",
    "CREATE INDEX keys_of_organization ON keys (organization_id, term)",

    `CREATE TABLE internal_keys (
      id ${text} PRIMARY KEY,
      purpose ${text} NOT NULL,
      term ${integer} NOT NULL,
      sealed ${bytes} NOT NULL,
      public_key ${text},
      created_at ${integer} NOT NULL
    ) ${table}`,

    `CREATE TABLE people (
      id ${text} PRIMARY KEY,
      email ${text} NOT NULL,
      email_folded ${text} NOT NULL,
      name ${text} NOT NULL,
      operator ${integer} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX people_email ON people (email_folded)",

    `CREATE TABLE memberships (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      person_id ${text} NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      role ${text} NOT NULL,
      created_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX memberships_person ON memberships (organization_id, person_id)",
    "CREATE INDEX memberships_of_person ON memberships (person_id, organization_id)",

    // The principal may be of several kinds, each with its own table: no foreign key.
    `CREATE TABLE tokens (
      id ${text} PRIMARY KEY,
      organization_id ${text} REFERENCES organizations (id) ON DELETE CASCADE,
      principal_kind ${text} NOT NULL,
      principal_id ${text} NOT NULL,
      name ${text} NOT NULL,
      hash ${bytes} NOT NULL,
      scopes ${text},
      stores ${text},
      expires_at ${integer},
      revoked_at ${integer},
      created_at ${integer} NOT NULL
    ) ${table}`,
    "CREATE INDEX tokens_of_organization ON tokens (organization_id)",
    "CREATE INDEX tokens_of_principal ON tokens (principal_id)",

    // The scope is an organization's id, or 'installation'.
    `CREATE TABLE access_epochs (
      scope ${text} PRIMARY KEY,
      epoch ${integer} NOT NULL
    ) ${clustered}`,

    `CREATE TABLE stores (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id),
      slug ${text} NOT NULL,
      name ${text} NOT NULL,
      attributes ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      updated_at ${integer},
      revision ${integer} NOT NULL
    ) ${table}`,
    "CREATE UNIQUE INDEX stores_slug ON stores (organization_id, slug)",
    "CREATE INDEX stores_name ON stores (organization_id, name)",

    // The texts that may be long stand last: what is read most lies before them.
    `CREATE TABLE secrets (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL REFERENCES organizations (id),
      store_id ${text} NOT NULL REFERENCES stores (id),
      name ${text} NOT NULL,
      name_fold ${text} NOT NULL,
      state ${text} NOT NULL,
      revision ${integer} NOT NULL,
      version ${integer} NOT NULL,
      version_id ${text},
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      updated_at ${integer},
      updated_by ${text},
      last_read_at ${integer},
      expires_at ${integer},
      deleted_at ${integer},
      deleted_by ${text},
      purge_at ${integer},
      orphaned ${integer} NOT NULL DEFAULT 0,
      consumers ${text},
      labels ${text},
      attributes ${text} NOT NULL,
      annotations ${text},
      policy ${text},
      description ${text},
      search_text ${text} NOT NULL
    ) ${table}`,
    // Written with OR because SQLite proves that \`state = 'active'\` lies within an OR, not within an IN.
    `CREATE UNIQUE INDEX secrets_live_name ON secrets (store_id, name)
      WHERE state = 'creating' OR state = 'active'`,
    "CREATE INDEX secrets_fold ON secrets (store_id, name_fold) WHERE state = 'active'",
    // They serve lists in both states, and the foreign keys when a store or organization goes.
    "CREATE INDEX secrets_in_store ON secrets (store_id, state, created_at, id)",
    "CREATE INDEX secrets_by_change ON secrets (store_id, state, COALESCE(updated_at, created_at), id)",
    "CREATE INDEX secrets_in_organization ON secrets (organization_id, state, created_at, id)",
    "CREATE INDEX secrets_by_name ON secrets (organization_id, state, name, id)",
    "CREATE INDEX secrets_due ON secrets (purge_at, id) WHERE state = 'trashed'",

    `CREATE TABLE secret_labels (
      secret_id ${text} NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      key ${text} NOT NULL,
      value ${text} NOT NULL,
      PRIMARY KEY (secret_id, key)
    ) ${clustered}`,
    "CREATE INDEX secret_labels_value ON secret_labels (key, value, secret_id)",

    `CREATE TABLE secret_consumers (
      secret_id ${text} NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      consumer ${text} NOT NULL,
      PRIMARY KEY (secret_id, consumer)
    ) ${clustered}`,
    "CREATE INDEX secret_consumers_name ON secret_consumers (consumer, secret_id)",

    // From write_id to attempts: what a write into another backend leaves behind for its recovery.
    `CREATE TABLE secret_versions (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL,
      secret_id ${text} NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      number ${integer} NOT NULL,
      state ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      created_by ${text} NOT NULL,
      write_id ${text} NOT NULL,
      backend ${text} NOT NULL DEFAULT 'embedded',
      remote_ref ${text},
      remote_version ${text},
      lease_owner ${text},
      lease_until ${integer},
      attempts ${integer} NOT NULL DEFAULT 0,
      term ${integer} NOT NULL,
      size ${integer} NOT NULL,
      fingerprint ${bytes},
      sealed ${bytes}
    ) ${table}`,
    "CREATE UNIQUE INDEX secret_versions_number ON secret_versions (secret_id, number)",

    // Where a purged secret stood, for cursors that still name it.
    `CREATE TABLE tombstones (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL,
      created_at ${integer} NOT NULL,
      purged_at ${integer} NOT NULL
    ) ${clustered}`,
    "CREATE INDEX tombstones_purged ON tombstones (purged_at)",

    `CREATE TABLE changes (
      organization_id ${text} NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      revision ${integer} NOT NULL,
      at ${integer} NOT NULL,
      kind ${text} NOT NULL,
      store_id ${text},
      store_slug ${text},
      store_id_before ${text},
      secret_id ${text},
      name ${text},
      labels_before ${text},
      secret_after ${text},
      PRIMARY KEY (organization_id, revision)
    ) ${table}`,

    // No foreign keys from here on: the trail outlives what it tells of.
    `CREATE TABLE audit_streams (
      id ${text} PRIMARY KEY,
      node ${text} NOT NULL,
      opened_at ${integer} NOT NULL,
      closed_at ${integer},
      last_seq ${integer},
      last_hash ${bytes},
      named_closed ${integer} NOT NULL DEFAULT 0
    ) ${table}`,

    // Clustered: of the two trees that a reveal writes to, this one only ever grows at the ends of streams.
    // A row may hold a run of alike entries: the columns are the last one's, `earlier` has the others.
    `CREATE TABLE audit_entries (
      stream ${text} NOT NULL,
      seq ${integer} NOT NULL,
      at ${integer} NOT NULL,
      organization_id ${text},
      caller_kind ${text} NOT NULL,
      caller_id ${text} NOT NULL,
      caller_name ${text} NOT NULL,
      token_id ${text},
      dialect ${text} NOT NULL,
      action ${text} NOT NULL,
      target_kind ${text} NOT NULL,
      target_id ${text},
      target_name ${text},
      target_store_id ${text},
      outcome ${text} NOT NULL,
      because ${text},
      details ${text},
      address ${text},
      request_id ${text},
      earlier ${text},
      hash ${bytes} NOT NULL,
      PRIMARY KEY (stream, seq)
    ) ${clustered}`,
    // The only one beside the key: reveals write here all the time.
    "CREATE INDEX audit_entries_at ON audit_entries (organization_id, at)",

    `CREATE TABLE audit_heads (
      stream ${text} PRIMARY KEY,
      seq ${integer} NOT NULL,
      hash ${text} NOT NULL,
      at ${integer} NOT NULL,
      key ${text} NOT NULL,
      signature ${text} NOT NULL
    ) ${clustered}`,
  ],
});
