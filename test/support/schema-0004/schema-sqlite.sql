CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL);

CREATE TABLE installation (
      id TEXT PRIMARY KEY,
      created_at INTEGER NOT NULL,
      one INTEGER NOT NULL DEFAULT 1 UNIQUE CHECK (one = 1)
    ) STRICT;

CREATE TABLE organizations (
      id TEXT PRIMARY KEY,
      slug TEXT NOT NULL,
      name TEXT NOT NULL,
      custody TEXT NOT NULL,
      trash TEXT NOT NULL,
      members_create INTEGER NOT NULL,
      limit_secrets INTEGER,
      limit_stores INTEGER,
      secrets INTEGER NOT NULL,
      stores INTEGER NOT NULL,
      default_store_id TEXT NOT NULL,
      revision INTEGER NOT NULL,
      forgotten_revision INTEGER NOT NULL DEFAULT 0,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX organizations_slug ON organizations (slug);

CREATE TABLE keys (
      id TEXT PRIMARY KEY,
      organization_id TEXT REFERENCES organizations (id),
      term INTEGER NOT NULL,
      state TEXT NOT NULL,
      root_key_id TEXT NOT NULL,
      wrapped BLOB NOT NULL,
      seals_reserved INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX keys_term ON keys (COALESCE(organization_id, ''), term);

CREATE INDEX keys_of_organization ON keys (organization_id, term);

CREATE TABLE internal_keys (
      id TEXT PRIMARY KEY,
      purpose TEXT NOT NULL,
      term INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      public_key TEXT,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE TABLE people (
      id TEXT PRIMARY KEY,
      email TEXT NOT NULL,
      email_folded TEXT NOT NULL,
      name TEXT NOT NULL,
      operator INTEGER NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX people_email ON people (email_folded);

CREATE TABLE memberships (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      role TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX memberships_person ON memberships (organization_id, person_id);

CREATE INDEX memberships_of_person ON memberships (person_id, organization_id);

CREATE TABLE tokens (
      id TEXT PRIMARY KEY,
      organization_id TEXT REFERENCES organizations (id) ON DELETE CASCADE,
      principal_kind TEXT NOT NULL,
      principal_id TEXT NOT NULL,
      name TEXT NOT NULL,
      hash BLOB NOT NULL,
      scopes TEXT,
      stores TEXT,
      expires_at INTEGER,
      revoked_at INTEGER,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE INDEX tokens_of_organization ON tokens (organization_id);

CREATE INDEX tokens_of_principal ON tokens (principal_id);

CREATE TABLE access_epochs (
      scope TEXT PRIMARY KEY,
      epoch INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE TABLE stores (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id),
      slug TEXT NOT NULL,
      name TEXT NOT NULL,
      attributes TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      updated_at INTEGER,
      revision INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX stores_slug ON stores (organization_id, slug);

CREATE INDEX stores_name ON stores (organization_id, name);

CREATE TABLE secrets (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id),
      store_id TEXT NOT NULL REFERENCES stores (id),
      name TEXT NOT NULL,
      name_fold TEXT NOT NULL,
      state TEXT NOT NULL,
      revision INTEGER NOT NULL,
      version INTEGER NOT NULL,
      version_id TEXT,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      updated_at INTEGER,
      updated_by TEXT,
      last_read_at INTEGER,
      expires_at INTEGER,
      deleted_at INTEGER,
      deleted_by TEXT,
      purge_at INTEGER,
      orphaned INTEGER NOT NULL DEFAULT 0,
      consumers TEXT,
      labels TEXT,
      attributes TEXT NOT NULL,
      annotations TEXT,
      policy TEXT,
      description TEXT,
      search_text TEXT NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX secrets_live_name ON secrets (store_id, name)
      WHERE state = 'creating' OR state = 'active';

CREATE INDEX secrets_fold ON secrets (store_id, name_fold) WHERE state = 'active';

CREATE INDEX secrets_in_store ON secrets (store_id, state, created_at, id);

CREATE INDEX secrets_by_change ON secrets (store_id, state, COALESCE(updated_at, created_at), id);

CREATE INDEX secrets_in_organization ON secrets (organization_id, state, created_at, id);

CREATE INDEX secrets_by_name ON secrets (organization_id, state, name, id);

CREATE INDEX secrets_due ON secrets (purge_at, id) WHERE state = 'trashed';

CREATE TABLE secret_labels (
      secret_id TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (secret_id, key)
    ) STRICT, WITHOUT ROWID;

CREATE INDEX secret_labels_value ON secret_labels (key, value, secret_id);

CREATE TABLE secret_consumers (
      secret_id TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      consumer TEXT NOT NULL,
      PRIMARY KEY (secret_id, consumer)
    ) STRICT, WITHOUT ROWID;

CREATE INDEX secret_consumers_name ON secret_consumers (consumer, secret_id);

CREATE TABLE secret_versions (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL,
      secret_id TEXT NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      state TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      write_id TEXT NOT NULL,
      backend TEXT NOT NULL DEFAULT 'embedded',
      remote_ref TEXT,
      remote_version TEXT,
      lease_owner TEXT,
      lease_until INTEGER,
      attempts INTEGER NOT NULL DEFAULT 0,
      term INTEGER NOT NULL,
      size INTEGER NOT NULL,
      fingerprint BLOB,
      sealed BLOB
    ) STRICT;

CREATE UNIQUE INDEX secret_versions_number ON secret_versions (secret_id, number);

CREATE TABLE tombstones (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      purged_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_purged ON tombstones (purged_at);

CREATE TABLE changes (
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      revision INTEGER NOT NULL,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      store_id TEXT,
      store_slug TEXT,
      store_id_before TEXT,
      secret_id TEXT,
      name TEXT,
      labels_before TEXT,
      secret_after TEXT,
      PRIMARY KEY (organization_id, revision)
    ) STRICT;

CREATE TABLE audit_streams (
      id TEXT PRIMARY KEY,
      node TEXT NOT NULL,
      opened_at INTEGER NOT NULL,
      closed_at INTEGER,
      last_seq INTEGER,
      last_hash BLOB,
      named_closed INTEGER NOT NULL DEFAULT 0
    ) STRICT;

CREATE TABLE audit_entries (
      stream TEXT NOT NULL,
      seq INTEGER NOT NULL,
      at INTEGER NOT NULL,
      organization_id TEXT,
      caller_kind TEXT NOT NULL,
      caller_id TEXT NOT NULL,
      caller_name TEXT NOT NULL,
      token_id TEXT,
      dialect TEXT NOT NULL,
      action TEXT NOT NULL,
      target_kind TEXT NOT NULL,
      target_id TEXT,
      target_name TEXT,
      target_store_id TEXT,
      outcome TEXT NOT NULL,
      because TEXT,
      details TEXT,
      address TEXT,
      request_id TEXT,
      earlier TEXT,
      hash BLOB NOT NULL,
      PRIMARY KEY (stream, seq)
    ) STRICT, WITHOUT ROWID;

CREATE INDEX audit_entries_at ON audit_entries (organization_id, at);

CREATE TABLE audit_heads (
      stream TEXT PRIMARY KEY,
      seq INTEGER NOT NULL,
      hash TEXT NOT NULL,
      at INTEGER NOT NULL,
      key TEXT NOT NULL,
      signature TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE TABLE invitations (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      email TEXT NOT NULL,
      email_folded TEXT NOT NULL,
      role TEXT NOT NULL,
      hash BLOB NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX invitations_email ON invitations (organization_id, email_folded);

CREATE TABLE access_groups (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      created_at INTEGER NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX access_groups_name ON access_groups (organization_id, name);

CREATE TABLE access_group_members (
      group_id TEXT NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
      person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      organization_id TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (group_id, person_id)
    ) STRICT, WITHOUT ROWID;

CREATE INDEX access_group_members_of_person ON access_group_members (person_id, organization_id);

CREATE TABLE machines (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      changed_at INTEGER NOT NULL
    ) STRICT;

CREATE INDEX machines_name ON machines (organization_id, name, id);

CREATE TABLE services (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      stores TEXT,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX services_name ON services (organization_id, name);

CREATE TABLE trusts (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT NOT NULL,
      issuer TEXT NOT NULL,
      audience TEXT NOT NULL,
      jwks TEXT NOT NULL,
      claims TEXT NOT NULL,
      leads_to TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL
    ) STRICT;

CREATE UNIQUE INDEX trusts_audience ON trusts (issuer, audience);

CREATE INDEX trusts_of_organization ON trusts (organization_id, id);

CREATE TABLE jobs (
      id TEXT PRIMARY KEY,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
      job_id TEXT NOT NULL,
      claims TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL
    ) STRICT;

CREATE INDEX jobs_of_store ON jobs (store_id, job_id);

CREATE INDEX jobs_expired ON jobs (expires_at);

CREATE INDEX jobs_of_organization ON jobs (organization_id);

CREATE TABLE grants (
      subject_kind TEXT NOT NULL,
      subject_id TEXT NOT NULL,
      object_kind TEXT NOT NULL,
      object_id TEXT NOT NULL,
      organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      level TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      PRIMARY KEY (subject_id, object_id, subject_kind, object_kind)
    ) STRICT, WITHOUT ROWID;

CREATE INDEX grants_on_object ON grants (organization_id, object_kind, object_id, subject_kind, subject_id);

ALTER TABLE tokens ADD COLUMN reach TEXT;

ALTER TABLE tokens ADD COLUMN addresses TEXT;

ALTER TABLE tokens ADD COLUMN last_used_at INTEGER;

ALTER TABLE tokens ADD COLUMN trust_id TEXT REFERENCES trusts (id) ON DELETE CASCADE;

CREATE INDEX tokens_of_trust ON tokens (trust_id);

DROP INDEX tokens_of_principal;

CREATE INDEX tokens_of_principal ON tokens (principal_id, organization_id, id);

CREATE INDEX tokens_listed ON tokens (organization_id, id) WHERE revoked_at IS NULL AND principal_kind <> 'job';

CREATE INDEX tokens_expired ON tokens (expires_at, id) WHERE expires_at IS NOT NULL;

ALTER TABLE organizations ADD COLUMN deleted_at INTEGER;

CREATE INDEX organizations_deleted ON organizations (id) WHERE deleted_at IS NOT NULL;

ALTER TABLE changes ADD COLUMN name_before TEXT;

ALTER TABLE changes ADD COLUMN concerns TEXT;

CREATE INDEX changes_of_access ON changes (organization_id, concerns, revision) WHERE concerns IS NOT NULL;

CREATE INDEX tokens_revoked ON tokens (revoked_at, id) WHERE revoked_at IS NOT NULL;

ALTER TABLE keys ADD COLUMN retired_at INTEGER;

ALTER TABLE keys ADD COLUMN emptied_at INTEGER;

ALTER TABLE keys ADD COLUMN destroyed_at INTEGER;

CREATE INDEX keys_of_root ON keys (root_key_id, id) WHERE state <> 'destroyed';

CREATE INDEX secret_versions_term ON secret_versions (organization_id, term, id);

CREATE TABLE key_rotations (
      organization_id TEXT PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
      term INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE TABLE root_keys (
      id TEXT PRIMARY KEY,
      state TEXT NOT NULL,
      added_at INTEGER NOT NULL,
      current_at INTEGER,
      emptied_at INTEGER,
      retired_at INTEGER,
      destroyed_at INTEGER
    ) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX root_keys_state ON root_keys (state) WHERE state IN ('added', 'current', 'leaving');

INSERT INTO root_keys (id, state, added_at, current_at)
      SELECT root_key_id, 'current', created_at, created_at FROM keys
      WHERE organization_id IS NULL AND state = 'current';

CREATE TABLE nodes (
      id TEXT PRIMARY KEY,
      name TEXT NOT NULL,
      root_keys TEXT NOT NULL,
      seen_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE TABLE audit_segments (
      number INTEGER PRIMARY KEY,
      previous TEXT NOT NULL,
      stream TEXT NOT NULL,
      first_seq INTEGER NOT NULL,
      last_seq INTEGER NOT NULL,
      count INTEGER NOT NULL,
      before TEXT NOT NULL,
      hash TEXT NOT NULL,
      at INTEGER NOT NULL,
      file TEXT NOT NULL,
      key TEXT NOT NULL,
      signature TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX audit_segments_stream ON audit_segments (stream, first_seq);
