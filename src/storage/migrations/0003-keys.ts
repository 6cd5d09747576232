// What rotation needs to know of keys: when a term ended, whether values still lie under it, and which
// root keys there are. The index over versions is what makes "nothing is sealed under this term any
// more" a fact that one look proves.
import { migration } from "../migrate.ts";

export const keys = migration({
  id: "0003-keys",
  up: ({ types: { text, integer, clustered } }) => [
    `ALTER TABLE keys ADD COLUMN retired_at ${integer}`,
    `ALTER TABLE keys ADD COLUMN emptied_at ${integer}`,
    `ALTER TABLE keys ADD COLUMN destroyed_at ${integer}`,
    "CREATE INDEX keys_of_root ON keys (root_key_id, id) WHERE state <> 'destroyed'",
    "CREATE INDEX secret_versions_term ON secret_versions (organization_id, term, id)",

    // Organizations whose values have not all moved to this term. Not a column of the key's row: that is
    // held by all who seal under it, and whoever would change it might wait for long.
    `CREATE TABLE key_rotations (
      organization_id ${text} PRIMARY KEY REFERENCES organizations (id) ON DELETE CASCADE,
      term ${integer} NOT NULL
    ) ${clustered}`,

    `CREATE TABLE root_keys (
      id ${text} PRIMARY KEY,
      state ${text} NOT NULL,
      added_at ${integer} NOT NULL,
      current_at ${integer},
      emptied_at ${integer},
      retired_at ${integer},
      destroyed_at ${integer}
    ) ${clustered}`,
    "CREATE UNIQUE INDEX root_keys_state ON root_keys (state) WHERE state IN ('added', 'current', 'leaving')",
    // Until now the root key that wraps the installation's own key wrapped all others too.
    `INSERT INTO root_keys (id, state, added_at, current_at)
      SELECT root_key_id, 'current', created_at, created_at FROM keys
      WHERE organization_id IS NULL AND state = 'current'`,

    // Which root keys each running node holds. The times are as the database writes its own.
    `CREATE TABLE nodes (
      id ${text} PRIMARY KEY,
      name ${text} NOT NULL,
      root_keys ${text} NOT NULL,
      seen_at ${text} NOT NULL
    ) ${clustered}`,
  ],
});
