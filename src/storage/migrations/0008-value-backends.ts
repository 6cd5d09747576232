// Values that lie in another backend: where a store's values go, what is under way, what is owed to a
// backend, and what is known of each. No foreign key leads from what is owed: it outlives its secret.
import { migration } from "../migrate.ts";

export const valueBackends = migration({
  id: "0008-value-backends",
  up: ({ types: { text, integer, table, clustered } }) => [
    `ALTER TABLE stores ADD COLUMN backend ${text} NOT NULL DEFAULT 'embedded'`,
    // Where the current value lies, so that a list can say it.
    `ALTER TABLE secrets ADD COLUMN backend ${text} NOT NULL DEFAULT 'embedded'`,

    // Small where all values lie in the database: each holds only what lies elsewhere or is unfinished.
    "CREATE INDEX secret_versions_pending ON secret_versions (lease_until) WHERE state = 'pending'",
    "CREATE INDEX secret_versions_aborted ON secret_versions (created_at) WHERE state = 'aborted'",
    "CREATE INDEX secret_versions_remote ON secret_versions (backend, id) WHERE backend <> 'embedded'",
    "CREATE INDEX secret_versions_ref ON secret_versions (backend, remote_ref) WHERE backend <> 'embedded'",
    "CREATE INDEX secrets_aborted ON secrets (created_at) WHERE state = 'aborted'",

    // \`object\`: everything of a secret; \`version\`: one of its versions; \`write\`: what a write may have made.
    `CREATE TABLE owed_deletions (
      id ${text} PRIMARY KEY,
      organization_id ${text} NOT NULL,
      secret_id ${text} NOT NULL,
      backend ${text} NOT NULL,
      kind ${text} NOT NULL,
      ref ${text},
      remote_version ${text},
      write_id ${text},
      created_at ${integer} NOT NULL,
      due_at ${integer} NOT NULL,
      attempts ${integer} NOT NULL DEFAULT 0,
      failure ${text}
    ) ${table}`,
    "CREATE INDEX owed_deletions_due ON owed_deletions (due_at, id)",
    "CREATE INDEX owed_deletions_backend ON owed_deletions (backend, created_at)",
    "CREATE INDEX owed_deletions_secret ON owed_deletions (secret_id)",
    "CREATE INDEX owed_deletions_write ON owed_deletions (write_id) WHERE write_id IS NOT NULL",

    `CREATE TABLE value_backends (
      name ${text} PRIMARY KEY,
      epoch ${integer} NOT NULL,
      epoch_at ${integer},
      guarded ${integer} NOT NULL DEFAULT 0,
      swept_at ${integer},
      swept_by ${text},
      report ${text},
      drift ${text},
      drift_after ${text}
    ) ${clustered}`,

    // Seen once; what is seen again in a later sweep is an orphan.
    `CREATE TABLE orphan_sightings (
      backend ${text} NOT NULL,
      ref ${text} NOT NULL,
      remote_version ${text} NOT NULL,
      first_seen_at ${integer} NOT NULL,
      sweep ${integer} NOT NULL,
      PRIMARY KEY (backend, ref, remote_version)
    ) ${clustered}`,

    `CREATE TABLE leases (
      name ${text} PRIMARY KEY,
      owner ${text} NOT NULL,
      until ${integer} NOT NULL
    ) ${clustered}`,
  ],
});
