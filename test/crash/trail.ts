// What the audit trail tells, followed over the rounds: of each revision one entry, of each version
// the entry that made it, of each secret the newest digest. The chain itself is the verifier's part.
import { createHash } from "node:crypto";
import { bytesOf } from "./opener.ts";
import type { Row, Tables } from "./tables.ts";
import { parsed } from "./whole.ts";

const versionsKept = 100;

export interface Entry {
  readonly action: string;
  readonly allowed: boolean;
  readonly targetId: string | null;
  readonly requestId: string | null;
  readonly revision: number | null;
  readonly version: number | null;
  /** Set by a rotation of the key alone. */
  readonly term: number | null;
  readonly digest: string | null;
}

export class Trail {
  readonly #latest = new Map<string, { revision: number; term: number; digest: string | null }>();
  readonly #versions = new Map<string, Set<number>>();
  /** Of the entries since the last check. */
  byRequest = new Map<string, Entry[]>();

  /** Takes in what is new and says what is wrong with it. */
  follow({ entries: rows, changes, secrets, versions }: Tables): string[] {
    const entries = rows.map(entryOf);
    this.byRequest = Map.groupBy(entries, ({ requestId }) => requestId ?? "");
    const found = this.#revisions(entries, changes);
    for (const entry of entries) this.#learn(entry);
    const held = Map.groupBy(versions, (version) => String(version.secret_id));
    for (const secret of secrets) found.push(...this.#compare(secret, held.get(String(secret.id)) ?? []));
    const there = new Set(secrets.map(({ id }) => String(id)));
    for (const [id, { digest }] of this.#latest) {
      if (digest !== null && !there.has(id)) found.push(`the trail knows secret ${id}, the tables do not`);
    }
    return found;
  }

  #revisions(entries: readonly Entry[], changes: readonly Row[]): string[] {
    const found: string[] = [];
    const telling = Map.groupBy(
      // A rotation of the key seals anew and takes no revision.
      entries.filter((entry) => entry.allowed && entry.revision !== null && entry.term === null),
      (entry) => entry.revision ?? 0,
    );
    for (const change of changes) {
      // Its entry is that of the grant, role or membership, which needs no revision.
      if (change.kind === "access.changed") continue;
      const revision = Number(change.revision);
      const told = telling.get(revision) ?? [];
      telling.delete(revision);
      const target = change.secret_id ?? change.store_id;
      if (told.length !== 1) found.push(`revision ${revision} has ${told.length} audit entries`);
      else if (told[0]?.targetId !== target) found.push(`the entry of revision ${revision} is about another`);
    }
    for (const revision of telling.keys())
      found.push(`an audit entry tells of revision ${revision}: no change`);
    return found;
  }

  #learn({ allowed, targetId, revision, term: sealedUnder, version, digest }: Entry): void {
    if (!allowed || targetId === null || revision === null) return;
    const known = this.#latest.get(targetId);
    const term = sealedUnder ?? 0;
    const isNewer =
      known === undefined || known.revision < revision || (known.revision === revision && known.term < term);
    if (isNewer) this.#latest.set(targetId, { revision, term, digest });
    if (version === null || version === 0) return;
    const versions = this.#versions.get(targetId);
    if (versions === undefined) this.#versions.set(targetId, new Set([version]));
    else versions.add(version);
  }

  #compare(secret: Row, versions: readonly Row[]): string[] {
    const id = String(secret.id);
    const found: string[] = [];
    const latest = this.#latest.get(id);
    const current = versions.find((version) => version.id === secret.version_id);
    if (latest === undefined) found.push(`secret ${id} has a row and no audit entry`);
    else if (latest.digest !== digestOf(secret, current)) {
      found.push(`secret ${id} does not match the digest of its newest audit entry`);
    }
    const told = this.#versions.get(id) ?? new Set();
    const there = new Set(versions.map((version) => Number(version.number)));
    for (const number of there) {
      if (!told.has(number)) found.push(`version ${number} of secret ${id} has no audit entry`);
    }
    for (const number of told) {
      const pruned = number <= Number(secret.version) - versionsKept;
      if (!pruned && !there.has(number)) {
        found.push(`an audit entry tells of version ${number} of secret ${id}: it is not there`);
      }
    }
    return found;
  }
}

function entryOf(row: Row): Entry {
  const details = parsed(row.details) ?? {};
  const number = (value: unknown) => (typeof value === "number" ? value : null);
  const text = (value: unknown) => (typeof value === "string" ? value : null);
  return {
    action: String(row.action),
    allowed: row.outcome === "allowed",
    targetId: text(row.target_id),
    requestId: text(row.request_id),
    revision: number(details.revision),
    version: number(details.version),
    term: row.action === "key.reseal" ? number(details.term) : null,
    digest: text(details.digest),
  };
}

/** By the written definition, not by the server's code. */
function digestOf(secret: Row, current: Row | undefined): string {
  const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
  return sha256(
    JSON.stringify([
      "coffer/secret-digest/1",
      secret.id,
      secret.name,
      secret.policy,
      parsed(secret.consumers),
      Number(secret.version),
      secret.state,
      current === undefined ? null : sha256(bytesOf(current.sealed)),
    ]),
  );
}
