// What stays of audit entries that were removed after they were written to an archive. The two unique
// indexes decide races between nodes.
import { migration } from "../migrate.ts";

export const auditSegments = migration({
  id: "0004-audit-segments",
  up: ({ types: { text, integer, clustered } }) => [
    `CREATE TABLE audit_segments (
      number ${integer} PRIMARY KEY,
      previous ${text} NOT NULL,
      stream ${text} NOT NULL,
      first_seq ${integer} NOT NULL,
      last_seq ${integer} NOT NULL,
      count ${integer} NOT NULL,
      before ${text} NOT NULL,
      hash ${text} NOT NULL,
      at ${integer} NOT NULL,
      file ${text} NOT NULL,
      key ${text} NOT NULL,
      signature ${text} NOT NULL
    ) ${clustered}`,
    "CREATE UNIQUE INDEX audit_segments_stream ON audit_segments (stream, first_seq)",
  ],
});
