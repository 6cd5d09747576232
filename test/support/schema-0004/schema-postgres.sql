CREATE TABLE IF NOT EXISTS migrations (id TEXT PRIMARY KEY, applied_at BIGINT NOT NULL);

CREATE TABLE installation (
      id TEXT COLLATE "C" PRIMARY KEY,
      created_at BIGINT NOT NULL,
      one BIGINT NOT NULL DEFAULT 1 UNIQUE CHECK (one = 1)
    );

CREATE TABLE organizations (
      id TEXT COLLATE "C" PRIMARY KEY,
      slug TEXT COLLATE "C" NOT NULL,
      name TEXT COLLATE "C" NOT NULL,
      custody TEXT COLLATE "C" NOT NULL,
      trash TEXT COLLATE "C" NOT NULL,
      members_create BIGINT NOT NULL,
      limit_secrets BIGINT,
      limit_stores BIGINT,
      secrets BIGINT NOT NULL,
      stores BIGINT NOT NULL,
      default_store_id TEXT COLLATE "C" NOT NULL,
      revision BIGINT NOT NULL,
      forgotten_revision BIGINT NOT NULL DEFAULT 0,
      created_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX organizations_slug ON organizations (slug);

CREATE TABLE keys (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" REFERENCES organizations (id),
      term BIGINT NOT NULL,
      state TEXT COLLATE "C" NOT NULL,
      root_key_id TEXT COLLATE "C" NOT NULL,
      wrapped BYTEA NOT NULL,
      seals_reserved BIGINT NOT NULL,
      created_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX keys_term ON keys (COALESCE(organization_id, ''), term);

CREATE INDEX keys_of_organization ON keys (organization_id, term);

CREATE TABLE internal_keys (
      id TEXT COLLATE "C" PRIMARY KEY,
      purpose TEXT COLLATE "C" NOT NULL,
      term BIGINT NOT NULL,
      sealed BYTEA NOT NULL,
      public_key TEXT COLLATE "C",
      created_at BIGINT NOT NULL
    );

CREATE TABLE people (
      id TEXT COLLATE "C" PRIMARY KEY,
      email TEXT COLLATE "C" NOT NULL,
      email_folded TEXT COLLATE "C" NOT NULL,
      name TEXT COLLATE "C" NOT NULL,
      operator BIGINT NOT NULL,
      created_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX people_email ON people (email_folded);

CREATE TABLE memberships (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      role TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX memberships_person ON memberships (organization_id, person_id);

CREATE INDEX memberships_of_person ON memberships (person_id, organization_id);

CREATE TABLE tokens (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" REFERENCES organizations (id) ON DELETE CASCADE,
      principal_kind TEXT COLLATE "C" NOT NULL,
      principal_id TEXT COLLATE "C" NOT NULL,
      name TEXT COLLATE "C" NOT NULL,
      hash BYTEA NOT NULL,
      scopes TEXT COLLATE "C",
      stores TEXT COLLATE "C",
      expires_at BIGINT,
      revoked_at BIGINT,
      created_at BIGINT NOT NULL
    );

CREATE INDEX tokens_of_organization ON tokens (organization_id);

CREATE INDEX tokens_of_principal ON tokens (principal_id);

CREATE TABLE access_epochs (
      scope TEXT COLLATE "C" PRIMARY KEY,
      epoch BIGINT NOT NULL
    );

CREATE TABLE stores (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
      slug TEXT COLLATE "C" NOT NULL,
      name TEXT COLLATE "C" NOT NULL,
      attributes TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      updated_at BIGINT,
      revision BIGINT NOT NULL
    );

CREATE UNIQUE INDEX stores_slug ON stores (organization_id, slug);

CREATE INDEX stores_name ON stores (organization_id, name);

CREATE TABLE secrets (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id),
      store_id TEXT COLLATE "C" NOT NULL REFERENCES stores (id),
      name TEXT COLLATE "C" NOT NULL,
      name_fold TEXT COLLATE "C" NOT NULL,
      state TEXT COLLATE "C" NOT NULL,
      revision BIGINT NOT NULL,
      version BIGINT NOT NULL,
      version_id TEXT COLLATE "C",
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      updated_at BIGINT,
      updated_by TEXT COLLATE "C",
      last_read_at BIGINT,
      expires_at BIGINT,
      deleted_at BIGINT,
      deleted_by TEXT COLLATE "C",
      purge_at BIGINT,
      orphaned BIGINT NOT NULL DEFAULT 0,
      consumers TEXT COLLATE "C",
      labels TEXT COLLATE "C",
      attributes TEXT COLLATE "C" NOT NULL,
      annotations TEXT COLLATE "C",
      policy TEXT COLLATE "C",
      description TEXT COLLATE "C",
      search_text TEXT COLLATE "C" NOT NULL
    );

CREATE UNIQUE INDEX secrets_live_name ON secrets (store_id, name)
      WHERE state = 'creating' OR state = 'active';

CREATE INDEX secrets_fold ON secrets (store_id, name_fold) WHERE state = 'active';

CREATE INDEX secrets_in_store ON secrets (store_id, state, created_at, id);

CREATE INDEX secrets_by_change ON secrets (store_id, state, COALESCE(updated_at, created_at), id);

CREATE INDEX secrets_in_organization ON secrets (organization_id, state, created_at, id);

CREATE INDEX secrets_by_name ON secrets (organization_id, state, name, id);

CREATE INDEX secrets_due ON secrets (purge_at, id) WHERE state = 'trashed';

CREATE TABLE secret_labels (
      secret_id TEXT COLLATE "C" NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      key TEXT COLLATE "C" NOT NULL,
      value TEXT COLLATE "C" NOT NULL,
      PRIMARY KEY (secret_id, key)
    );

CREATE INDEX secret_labels_value ON secret_labels (key, value, secret_id);

CREATE TABLE secret_consumers (
      secret_id TEXT COLLATE "C" NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      consumer TEXT COLLATE "C" NOT NULL,
      PRIMARY KEY (secret_id, consumer)
    );

CREATE INDEX secret_consumers_name ON secret_consumers (consumer, secret_id);

CREATE TABLE secret_versions (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL,
      secret_id TEXT COLLATE "C" NOT NULL REFERENCES secrets (id) ON DELETE CASCADE,
      number BIGINT NOT NULL,
      state TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      write_id TEXT COLLATE "C" NOT NULL,
      backend TEXT COLLATE "C" NOT NULL DEFAULT 'embedded',
      remote_ref TEXT COLLATE "C",
      remote_version TEXT COLLATE "C",
      lease_owner TEXT COLLATE "C",
      lease_until BIGINT,
      attempts BIGINT NOT NULL DEFAULT 0,
      term BIGINT NOT NULL,
      size BIGINT NOT NULL,
      fingerprint BYTEA,
      sealed BYTEA
    );

CREATE UNIQUE INDEX secret_versions_number ON secret_versions (secret_id, number);

CREATE TABLE tombstones (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      purged_at BIGINT NOT NULL
    );

CREATE INDEX tombstones_purged ON tombstones (purged_at);

CREATE TABLE changes (
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      revision BIGINT NOT NULL,
      at BIGINT NOT NULL,
      kind TEXT COLLATE "C" NOT NULL,
      store_id TEXT COLLATE "C",
      store_slug TEXT COLLATE "C",
      store_id_before TEXT COLLATE "C",
      secret_id TEXT COLLATE "C",
      name TEXT COLLATE "C",
      labels_before TEXT COLLATE "C",
      secret_after TEXT COLLATE "C",
      PRIMARY KEY (organization_id, revision)
    );

CREATE TABLE audit_streams (
      id TEXT COLLATE "C" PRIMARY KEY,
      node TEXT COLLATE "C" NOT NULL,
      opened_at BIGINT NOT NULL,
      closed_at BIGINT,
      last_seq BIGINT,
      last_hash BYTEA,
      named_closed BIGINT NOT NULL DEFAULT 0
    );

CREATE TABLE audit_entries (
      stream TEXT COLLATE "C" NOT NULL,
      seq BIGINT NOT NULL,
      at BIGINT NOT NULL,
      organization_id TEXT COLLATE "C",
      caller_kind TEXT COLLATE "C" NOT NULL,
      caller_id TEXT COLLATE "C" NOT NULL,
      caller_name TEXT COLLATE "C" NOT NULL,
      token_id TEXT COLLATE "C",
      dialect TEXT COLLATE "C" NOT NULL,
      action TEXT COLLATE "C" NOT NULL,
      target_kind TEXT COLLATE "C" NOT NULL,
      target_id TEXT COLLATE "C",
      target_name TEXT COLLATE "C",
      target_store_id TEXT COLLATE "C",
      outcome TEXT COLLATE "C" NOT NULL,
      because TEXT COLLATE "C",
      details TEXT COLLATE "C",
      address TEXT COLLATE "C",
      request_id TEXT COLLATE "C",
      earlier TEXT COLLATE "C",
      hash BYTEA NOT NULL,
      PRIMARY KEY (stream, seq)
    );

CREATE INDEX audit_entries_at ON audit_entries (organization_id, at);

CREATE TABLE audit_heads (
      stream TEXT COLLATE "C" PRIMARY KEY,
      seq BIGINT NOT NULL,
      hash TEXT COLLATE "C" NOT NULL,
      at BIGINT NOT NULL,
      key TEXT COLLATE "C" NOT NULL,
      signature TEXT COLLATE "C" NOT NULL
    );

CREATE TABLE invitations (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      email TEXT COLLATE "C" NOT NULL,
      email_folded TEXT COLLATE "C" NOT NULL,
      role TEXT COLLATE "C" NOT NULL,
      hash BYTEA NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      expires_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX invitations_email ON invitations (organization_id, email_folded);

CREATE TABLE access_groups (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL
    );

CREATE UNIQUE INDEX access_groups_name ON access_groups (organization_id, name);

CREATE TABLE access_group_members (
      group_id TEXT COLLATE "C" NOT NULL REFERENCES access_groups (id) ON DELETE CASCADE,
      person_id TEXT COLLATE "C" NOT NULL REFERENCES people (id) ON DELETE CASCADE,
      organization_id TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (group_id, person_id)
    );

CREATE INDEX access_group_members_of_person ON access_group_members (person_id, organization_id);

CREATE TABLE machines (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL,
      changed_at BIGINT NOT NULL
    );

CREATE INDEX machines_name ON machines (organization_id, name, id);

CREATE TABLE services (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT COLLATE "C" NOT NULL,
      stores TEXT COLLATE "C",
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL
    );

CREATE UNIQUE INDEX services_name ON services (organization_id, name);

CREATE TABLE trusts (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      name TEXT COLLATE "C" NOT NULL,
      issuer TEXT COLLATE "C" NOT NULL,
      audience TEXT COLLATE "C" NOT NULL,
      jwks TEXT COLLATE "C" NOT NULL,
      claims TEXT COLLATE "C" NOT NULL,
      leads_to TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      created_by TEXT COLLATE "C" NOT NULL
    );

CREATE UNIQUE INDEX trusts_audience ON trusts (issuer, audience);

CREATE INDEX trusts_of_organization ON trusts (organization_id, id);

CREATE TABLE jobs (
      id TEXT COLLATE "C" PRIMARY KEY,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      store_id TEXT COLLATE "C" NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
      job_id TEXT COLLATE "C" NOT NULL,
      claims TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      expires_at BIGINT NOT NULL
    );

CREATE INDEX jobs_of_store ON jobs (store_id, job_id);

CREATE INDEX jobs_expired ON jobs (expires_at);

CREATE INDEX jobs_of_organization ON jobs (organization_id);

CREATE TABLE grants (
      subject_kind TEXT COLLATE "C" NOT NULL,
      subject_id TEXT COLLATE "C" NOT NULL,
      object_kind TEXT COLLATE "C" NOT NULL,
      object_id TEXT COLLATE "C" NOT NULL,
      organization_id TEXT COLLATE "C" NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
      level TEXT COLLATE "C" NOT NULL,
      created_at BIGINT NOT NULL,
      PRIMARY KEY (subject_id, object_id, subject_kind, object_kind)
    );

CREATE INDEX grants_on_object ON grants (organization_id, object_kind, object_id, subject_kind, subject_id);

ALTER TABLE tokens ADD COLUMN reach TEXT COLLATE "C";

ALTER TABLE tokens ADD COLUMN addresses TEXT COLLATE "C";

ALTER TABLE tokens ADD COLUMN last_used_at BIGINT;

ALTER TABLE tokens ADD COLUMN trust_id TEXT COLLATE "C" REFERENCES trusts (id) ON DELETE CASCADE;

CREATE INDEX tokens_of_trust ON tokens (trust_id);

DROP INDEX tokens_of_principal;

CREATE INDEX tokens_of_principal ON tokens (principal_id, organization_id, id);

CREATE INDEX tokens_listed ON tokens (organization_id, id) WHERE revoked_at IS NULL AND principal_kind <> 'job';

CREATE INDEX tokens_expired ON tokens (expires_at, id) WHERE expires_at IS NOT NULL;

ALTER TABLE organizations ADD COLUMN deleted_at BIGINT;

CREATE INDEX organizations_deleted ON organizations (id) WHERE deleted_at IS NOT NULL;

ALTER TABLE changes ADD COLUMN name_before TEXT COLLATE "C";

ALTER TABLE changes ADD COLUMN concerns TEXT COLLATE "C";

CREATE INDEX changes_of_access ON changes (organization_id, concerns, revision) WHERE concerns IS NOT NULL;

CREATE INDEX tokens_revoked ON tokens (revoked_at, id) WHERE revoked_at IS NOT NULL;

ALTER TABLE keys ADD COLUMN retired_at BIGINT;

ALTER TABLE keys ADD COLUMN emptied_at BIGINT;

ALTER TABLE keys ADD COLUMN destroyed_at BIGINT;

CREATE INDEX keys_of_root ON keys (root_key_id, id) WHERE state <> 'destroyed';

CREATE INDEX secret_versions_term ON secret_versions (organization_id, term, id);

CREATE TABLE key_rotations (
      organization_id TEXT COLLATE "C" PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
      term BIGINT NOT NULL
    );

CREATE TABLE root_keys (
      id TEXT COLLATE "C" PRIMARY KEY,
      state TEXT COLLATE "C" NOT NULL,
      added_at BIGINT NOT NULL,
      current_at BIGINT,
      emptied_at BIGINT,
      retired_at BIGINT,
      destroyed_at BIGINT
    );

CREATE UNIQUE INDEX root_keys_state ON root_keys (state) WHERE state IN ('added', 'current', 'leaving');

INSERT INTO root_keys (id, state, added_at, current_at)
      SELECT root_key_id, 'current', created_at, created_at FROM keys
      WHERE organization_id IS NULL AND state = 'current';

CREATE TABLE nodes (
      id TEXT COLLATE "C" PRIMARY KEY,
      name TEXT COLLATE "C" NOT NULL,
      root_keys TEXT COLLATE "C" NOT NULL,
      seen_at TEXT COLLATE "C" NOT NULL
    );

CREATE TABLE audit_segments (
      number BIGINT PRIMARY KEY,
      previous TEXT COLLATE "C" NOT NULL,
      stream TEXT COLLATE "C" NOT NULL,
      first_seq BIGINT NOT NULL,
      last_seq BIGINT NOT NULL,
      count BIGINT NOT NULL,
      before TEXT COLLATE "C" NOT NULL,
      hash TEXT COLLATE "C" NOT NULL,
      at BIGINT NOT NULL,
      file TEXT COLLATE "C" NOT NULL,
      key TEXT COLLATE "C" NOT NULL,
      signature TEXT COLLATE "C" NOT NULL
    );

CREATE UNIQUE INDEX audit_segments_stream ON audit_segments (stream, first_seq);
