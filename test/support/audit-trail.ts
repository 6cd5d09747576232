// A small audit trail in a real SQLite file, written with the server's own chain, streams, digest
// and signatures, so that the verifier is held against what the server does and not against itself.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import { Readable } from "node:stream";
import {
  type AuditEntry,
  canonicalEntry,
  chainHash,
  chainStart,
  type SignedHead,
  type StoredEntry,
} from "../../src/core/audit/entry.ts";
import { recordRemoval, removalStanding, removeRecorded } from "../../src/core/audit/retention.ts";
import type { SignedSegment } from "../../src/core/audit/segment.ts";
import { systemCaller } from "../../src/core/caller.ts";
import { secretDigest } from "../../src/core/secrets/digest.ts";
import type { Secret } from "../../src/core/secrets/secret.ts";
import {
  newSigningKey,
  type SigningKey,
  signHead,
  signingKeyFrom,
  signSegment,
} from "../../src/crypto/signing.ts";
import { SeenAuthorities } from "../../src/storage/authorities.ts";
import { sqliteTypes } from "../../src/storage/migrate.ts";
import { initial } from "../../src/storage/migrations/0001-initial.ts";
import { auditSegments } from "../../src/storage/migrations/0004-audit-segments.ts";
import { insertEntries, insertEntry } from "../../src/storage/repositories/audit-rows.ts";
import { closeGracefully, openStream } from "../../src/storage/repositories/streams.ts";
import type { Queryable, SqlValue, Statement } from "../../src/storage/sql.ts";
import type { AuditStream } from "../../src/storage/stream.ts";
import { transactionOn } from "../../src/storage/transaction.ts";
import { exportSegment } from "../../src/verify/index.ts";
import { entryOf } from "../../src/verify/rows.ts";

export const installationId = "0198c2a0-0000-7000-8000-000000000001";
const organizationId = "0198c2a0-0000-7000-8000-0000000000aa";
const storeId = "0198c2a0-0000-7000-8000-0000000000bb";

export interface NewKey {
  readonly key: SigningKey;
  readonly spki: Buffer;
}

export function newKey(): NewKey {
  const { pkcs8, spki } = newSigningKey();
  const key = signingKeyFrom(pkcs8);
  if (key === null) throw new Error("a new key must be a key");
  return { key, spki };
}

/** A secret's row as far as the digest covers it. */
export type Covered = Pick<Secret, "id" | "name" | "policy" | "consumers" | "version" | "state">;

export class Trail {
  readonly db: DatabaseSync;
  readonly queryable: Queryable;
  readonly signing: NewKey;
  /** Every head as it was emitted. */
  readonly anchors: SignedHead[] = [];
  #at = 1_790_000_000_000;
  #revision = 0;

  constructor(file: string, signing: NewKey = newKey()) {
    this.signing = signing;
    this.db = new DatabaseSync(file, { enableForeignKeyConstraints: false });
    this.db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
    for (const { up } of [initial, auditSegments]) {
      for (const text of up({ types: sqliteTypes })) this.db.exec(text);
    }
    this.queryable = queryableOn(this.db);
    this.run("INSERT INTO installation (id, created_at) VALUES ($1, $2)", installationId, this.#at);
    this.putKey(signing, 1);
  }

  /** The entries' table without types and keys, as someone with a file editor could make it. */
  loosen(): void {
    const columns = this.db.prepare("SELECT name FROM pragma_table_info('audit_entries')").all();
    const names = columns.map((column) => String(column.name)).join(", ");
    this.db.exec(`ALTER TABLE audit_entries RENAME TO strict_entries;
      CREATE TABLE audit_entries (${names});
      INSERT INTO audit_entries SELECT ${names} FROM strict_entries`);
  }

  run(text: string, ...values: SQLInputValue[]): number {
    return Number(this.db.prepare(text).run(bound(values)).changes);
  }

  putKey({ key, spki }: NewKey, term: number): void {
    this.run(
      `INSERT INTO internal_keys (id, purpose, term, sealed, public_key, created_at)
       VALUES ($1, 'audit-signing', $2, $3, $4, $5)`,
      key.id,
      term,
      Buffer.from("sealed"),
      spki.toString("base64"),
      this.#at,
    );
  }

  /** `dead` says of which streams the process was killed. */
  open(id: string, dead: readonly string[] = []): Promise<AuditStream> {
    const deadAmong = async (streams: readonly string[]) =>
      new Set(streams.filter((stream) => dead.includes(stream)));
    return openStream(this.queryable, { id, node: "here", at: this.now(), deadAmong });
  }

  close(stream: AuditStream): Promise<void> {
    return closeGracefully(this.queryable, stream, this.now());
  }

  append(stream: AuditStream, entry: Partial<AuditEntry> = {}): Promise<void> {
    return insertEntry(this.queryable, stream.append(this.#whole(entry)));
  }

  /** Entries of one moment, which share a row. */
  appendRun(stream: AuditStream, entries: readonly Partial<AuditEntry>[]): Promise<void> {
    const at = this.now();
    return insertEntries(
      this.queryable,
      entries.map((entry) => stream.append(this.#whole({ at, ...entry }))),
    );
  }

  #whole(entry: Partial<AuditEntry>): AuditEntry {
    return {
      at: this.now(),
      organizationId,
      caller: { kind: "person", id: "p-1", name: "Owner", tokenId: "t-1" },
      dialect: "native",
      action: "secret.reveal",
      target: { kind: "secret", id: "s-none", name: "PÄSSWORD \u{1F511}", storeId },
      outcome: "allowed",
      because: "owner",
      details: { version: 1 },
      address: "127.0.0.1",
      requestId: "r-1",
      ...entry,
    };
  }

  /** Writes a secret's row and the entry that vouches for it, as an operation would. */
  async put(stream: AuditStream, secret: Covered, sealed: Uint8Array | null): Promise<void> {
    this.#revision += 1;
    const versionId = sealed === null ? null : `${secret.id}-v${secret.version}`;
    this.run("DELETE FROM secrets WHERE id = $1", secret.id);
    this.run(
      `INSERT INTO secrets (id, organization_id, store_id, name, name_fold, state, revision, version,
         version_id, created_at, created_by, consumers, attributes, policy, search_text)
       VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, '{}', $10, '{}', $11, '')`,
      secret.id,
      organizationId,
      storeId,
      secret.name,
      secret.state,
      this.#revision,
      secret.version,
      versionId,
      this.#at,
      secret.consumers === null ? null : JSON.stringify(secret.consumers),
      secret.policy,
    );
    if (sealed !== null) {
      this.run(
        `INSERT INTO secret_versions (id, organization_id, secret_id, number, state, created_at,
           created_by, write_id, term, size, sealed)
         VALUES ($1, $2, $3, $4, 'active', $5, '{}', 'w', 1, 1, $6)`,
        versionId,
        organizationId,
        secret.id,
        secret.version,
        this.#at,
        sealed,
      );
    }
    await this.#vouch(stream, secret, secretDigest({ ...wholeSecret, ...secret }, sealed));
  }

  async purge(stream: AuditStream, secret: Covered): Promise<void> {
    this.#revision += 1;
    this.run("DELETE FROM secret_versions WHERE secret_id = $1", secret.id);
    this.run("DELETE FROM secrets WHERE id = $1", secret.id);
    await this.#vouch(stream, secret, null);
  }

  /** Signs where the stream stands, stores the head and emits it. */
  sign(stream: AuditStream, signing: NewKey = this.signing): SignedHead {
    stream.adopt();
    const head = signHead(signing.key, installationId, stream.committed, this.now());
    this.putHead(head);
    this.anchors.push(head);
    return head;
  }

  putHead(head: SignedHead): void {
    this.run("DELETE FROM audit_heads WHERE stream = $1", head.stream);
    this.run(
      "INSERT INTO audit_heads (stream, seq, hash, at, key, signature) VALUES ($1, $2, $3, $4, $5, $6)",
      head.stream,
      head.seq,
      head.hash,
      head.at,
      head.key,
      head.signature,
    );
  }

  /**
   * Leaves the record of a stream's entries up to `toSeq` and removes them, all but `left` of them.
   * With a folder they are written there first, as the server does.
   */
  async remove(
    writer: AuditStream,
    stream: string,
    toSeq: number,
    { folder, left = 0 }: { folder?: string; left?: number } = {},
  ): Promise<SignedSegment> {
    const tx = transactionOn(this.queryable, writer, new SeenAuthorities());
    const { newest, removed } = await removalStanding.run(tx, { stream });
    const firstSeq = removed.to + 1;
    const select = this.db.prepare("SELECT * FROM audit_entries WHERE stream = $1 ORDER BY seq");
    const entries = select.all({ 1: stream }).map(entryOf);
    const segment = signSegment(this.signing.key, installationId, {
      number: newest.number + 1,
      previous: newest.hash,
      stream,
      firstSeq,
      lastSeq: toSeq,
      count: toSeq - firstSeq + 1,
      before: removed.hash,
      hash: entries.find(({ seq }) => seq === toSeq)?.hash ?? "",
      at: this.now(),
      file: `audit-${stream}-${firstSeq}-${toSeq}.jsonl`,
    });
    if (folder !== undefined) await this.#archive(folder, segment, entries);
    const input = { caller: systemCaller("retention"), at: this.now(), segment };
    if (!(await recordRemoval.run(tx, input))) throw new Error("the record was refused");
    await removeRecorded.run(tx, { stream, limit: segment.count - left });
    return segment;
  }

  async #archive(
    folder: string,
    segment: SignedSegment,
    entries: readonly ReturnType<typeof entryOf>[],
  ): Promise<void> {
    const { stream, firstSeq, lastSeq, before, hash, file } = segment;
    const lines: string[] = [];
    const head = { stream, seq: lastSeq, hash: Buffer.from(hash, "hex") };
    await exportSegment(
      {
        installation: installationId,
        keys: [this.signing.spki.toString("base64")],
        stream: { id: stream, node: "here", openedAt: 1, closedAt: null, lastSeq: null, lastHash: "" },
        entries: Readable.from(entries.filter(({ seq }) => (seq ?? 0) >= firstSeq && (seq ?? 0) <= lastSeq)),
        end: () => ({
          archived: { stream, firstSeq, lastSeq, before, hash },
          head: signHead(this.signing.key, installationId, head, segment.at),
        }),
      },
      (line) => void lines.push(line),
    );
    writeFileSync(join(folder, file), lines.join(""));
  }

  now(): number {
    this.#at += 7;
    return this.#at;
  }

  #vouch(stream: AuditStream, { id, name, version }: Covered, digest: string | null): Promise<void> {
    return this.append(stream, {
      action: "secret.update",
      target: { kind: "secret", id, name, storeId },
      details: { revision: this.#revision, version, digest },
    });
  }
}

/** What the digest does not cover, so that the server's own function can be given a whole secret. */
const wholeSecret: Secret = {
  id: "",
  organizationId,
  storeId,
  name: "",
  description: null,
  policy: null,
  consumers: null,
  labels: null,
  annotations: null,
  attributes: {},
  state: "active",
  version: 0,
  versionId: null,
  backend: "embedded",
  createdAt: 0,
  createdBy: { kind: "person", id: "p-1", name: "Owner" },
  updatedAt: null,
  updatedBy: null,
  lastReadAt: null,
  expiresAt: null,
  deletedAt: null,
  deletedBy: null,
  purgeAt: null,
  orphaned: false,
  revision: 0,
};

function queryableOn(db: DatabaseSync): Queryable {
  const all = <Row>(statement: Statement<Row>, values: readonly SqlValue[]): readonly Row[] => {
    const rows: unknown[] = db.prepare(statement.text).all(bound(values));
    return rows as Row[];
  };
  return {
    one: async (statement, values) => all(statement, values)[0],
    all: async (statement, values) => all(statement, values),
    run: async (statement, values) => Number(db.prepare(statement.text).run(bound(values)).changes),
  };
}

function bound(values: readonly SQLInputValue[]): Record<string, SQLInputValue> {
  return Object.fromEntries(values.map((value, index) => [String(index + 1), value]));
}

export const secrets = {
  full: {
    id: "s-full",
    name: "DATABASE_URL",
    policy: "rules: []\n",
    consumers: ["worker", "gateway"],
    version: 2,
    state: "active",
  },
  empty: { id: "s-empty", name: "EMPTY", policy: null, consumers: null, version: 0, state: "active" },
  gone: { id: "s-gone", name: "GONE", policy: null, consumers: [], version: 1, state: "active" },
} as const satisfies Record<string, Covered>;

/**
 * Three processes, one after the other: `one` ended in order, `two` was killed after its head,
 * `three` closed it and is running. All is signed, so all is proven.
 */
export async function threeStreams(file: string): Promise<Trail> {
  const trail = new Trail(file);
  const one = await trail.open("one");
  await trail.put(one, { ...secrets.full, version: 1, name: "OLD_NAME" }, Buffer.from("first sealed"));
  await trail.put(one, secrets.empty, null);
  await trail.put(one, secrets.gone, Buffer.from("sealed too"));
  for (let count = 0; count < 6; count += 1) await trail.append(one, { requestId: `r-${count}` });
  await trail.put(one, secrets.full, Buffer.from("second sealed"));
  await trail.close(one);
  trail.sign(one);
  const two = await trail.open("two");
  await trail.append(two, { outcome: "refused", because: null, details: null });
  await trail.purge(two, secrets.gone);
  trail.sign(two);
  const three = await trail.open("three", ["two"]);
  for (let count = 0; count < 5; count += 1) await trail.append(three);
  trail.sign(three);
  return trail;
}

/** Chains what stands in the table again, as someone would who knows the format and has no key. */
export function rehash(trail: Trail, stream: string): void {
  let before: Uint8Array = chainStart;
  const rows = trail.db
    .prepare("SELECT * FROM audit_entries WHERE stream = $1 ORDER BY seq")
    .all({ 1: stream });
  for (const row of rows) {
    before = chainHash(before, canonicalEntry(storedOf(row)));
    trail.run(
      "UPDATE audit_entries SET hash = $1 WHERE stream = $2 AND seq = $3",
      before,
      stream,
      row.seq ?? null,
    );
  }
}

function storedOf(row: Record<string, SQLOutputValue>): StoredEntry {
  const members = Object.entries(row).map(([column, value]) => [
    column.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(members) as StoredEntry;
}
