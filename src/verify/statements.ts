// What a verification reads from a database, in one text for both engines.
import { entryColumns } from "./format.ts";

const columns = `${entryColumns.join(", ")}, hash, earlier`;

export const installation = "SELECT id FROM installation";

export const keys = `SELECT public_key FROM internal_keys
  WHERE purpose = 'audit-signing' ORDER BY term, created_at, id`;

export const streams = `SELECT id, node, opened_at, closed_at, last_seq, last_hash
  FROM audit_streams ORDER BY id`;

export const heads = "SELECT stream, seq, hash, at, key, signature FROM audit_heads ORDER BY stream";

export const segments = `SELECT number, previous, stream, first_seq, last_seq, count, before, hash, at,
  file, key, signature FROM audit_segments ORDER BY number`;

export const marks = `SELECT ${columns} FROM audit_entries
  WHERE action IN ('audit.open', 'audit.close', 'audit.remove') ORDER BY stream, seq`;

export const entries = `SELECT ${columns} FROM audit_entries ORDER BY stream, seq`;

/** As `entries`, a page at a time: after the stream and sequence given. */
export const entriesAfter = `SELECT ${columns} FROM audit_entries
  WHERE (stream, seq) > ($1, $2) ORDER BY stream, seq LIMIT $3`;

// The value is looked up for each secret: as a join, PostgreSQL would walk all versions before each page's.
const secretColumns = `secrets.id, secrets.name, secrets.policy, secrets.consumers, secrets.version,
  secrets.state, (SELECT versions.sealed FROM secret_versions versions
    WHERE versions.id = secrets.version_id AND versions.secret_id = secrets.id) AS sealed
  FROM secrets`;

// What is on its way to another backend, or was given up there, is no secret that anybody was told of.
const told = "secrets.state NOT IN ('creating', 'aborted')";

export const secrets = `SELECT ${secretColumns} WHERE ${told} ORDER BY secrets.id`;

export const secretsAfter = `SELECT ${secretColumns}
  WHERE secrets.id > $1 AND ${told} ORDER BY secrets.id LIMIT $2`;
