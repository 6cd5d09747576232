// A trail read from PostgreSQL, in one read-only snapshot, a page at a time. The address may carry
// a password, so no message of this file repeats it.
import type { Client, QueryResult } from "pg";
import { entriesOf, headOf, type Row, secretOf, segmentOf, streamOf } from "./rows.ts";
import { type AuditSource, AuditUnreadable } from "./source.ts";
import * as statements from "./statements.ts";

/** Rows per page: a few megabytes of entries, at most 16 MiB of sealed values. */
const entriesPerPage = 5_000;
const secretsPerPage = 250;
const connectMs = 10_000;

const bigintType = 20;
/** Before any sequence a row can have, also one that was put there by hand. */
const smallestBigint = "-9223372036854775808";

export async function postgresSource(url: string): Promise<AuditSource> {
  const client = await connect(url);
  const all = async (text: string, values: readonly unknown[] = []): Promise<readonly Row[]> => {
    const result: QueryResult<Row> = await client.query(text, [...values]);
    return result.rows;
  };

  return {
    label: "PostgreSQL",
    async installation() {
      const [row] = await all(statements.installation);
      if (row === undefined) throw new AuditUnreadable("the database holds no installation yet");
      return String(row.id);
    },
    async keys() {
      return (await all(statements.keys)).map((row) => String(row.public_key));
    },
    async streams() {
      return (await all(statements.streams)).map(streamOf);
    },
    async heads() {
      return (await all(statements.heads)).map(headOf);
    },
    async segments() {
      // A copy of a database from before there were records.
      const [table] = await all("SELECT to_regclass('audit_segments') IS NOT NULL AS there");
      return table?.there === true ? (await all(statements.segments)).map(segmentOf) : [];
    },
    async archived() {
      return null;
    },
    async damage() {
      return [];
    },
    async *marks() {
      for (const row of await all(statements.marks)) yield* entriesOf(row);
    },
    async *entries() {
      let after: readonly unknown[] = ["", smallestBigint];
      for (;;) {
        const page = await all(statements.entriesAfter, [...after, entriesPerPage]);
        for (const row of page) yield* entriesOf(row);
        const last = page.at(-1);
        if (last === undefined || page.length < entriesPerPage) return;
        after = [last.stream, last.seq];
      }
    },
    async *secrets() {
      let after: unknown = "";
      for (;;) {
        const page = await all(statements.secretsAfter, [after, secretsPerPage]);
        for (const row of page) yield secretOf(row);
        const last = page.at(-1);
        if (last === undefined || page.length < secretsPerPage) return;
        after = last.id;
      }
    },
    async close() {
      await client.end();
    },
  };
}

/** The first of several hosts that answers: a standby has the trail too. */
async function connect(url: string): Promise<Client> {
  const [, before = "", hosts = "", after = ""] =
    /^(\w+:\/\/(?:[^/?#]*@)?)([^/?#@]*,[^/?#@]*)(.*)$/.exec(url) ?? [];
  const urls = hosts === "" ? [url] : hosts.split(",").map((host) => `${before}${host}${after}`);
  let failure: unknown = null;
  for (const one of urls) {
    try {
      return await connectTo(one);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function connectTo(url: string): Promise<Client> {
  // Loaded only here: who verifies a file needs no database driver.
  const pg = await import("pg");
  let client: Client;
  try {
    client = new pg.default.Client({
      connectionString: url,
      connectionTimeoutMillis: connectMs,
      application_name: "coffer audit",
      types: {
        getTypeParser: (oid: number, format?: string) =>
          oid === bigintType
            ? BigInt
            : pg.default.types.getTypeParser(oid, format === "binary" ? "binary" : "text"),
      },
    });
  } catch {
    throw new AuditUnreadable("the database's address cannot be read");
  }
  // A lost connection also fails the query that is under way; this keeps it from ending the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    await client.query(statements.streams);
  } catch (error) {
    await client.end().catch(() => {});
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    throw new AuditUnreadable(`the database cannot be read as Coffer's${code}`);
  }
  return client;
}
