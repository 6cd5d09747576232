// The tables against the trail: the digest in the newest entry about a secret must be that of its
// row and of the sealed bytes under it. It never sees a value, only ciphertext, and names secrets
// by id alone.
import type { Findings } from "./findings.ts";
import { type Entry, isHash, type SecretRow, secretDigest } from "./format.ts";

interface Latest {
  readonly revision: number;
  /** Of the key that a rotation sealed it under; 0 where the entry is no rotation's. */
  readonly term: number;
  readonly at: number;
  /** Null: the secret was purged, and no row may remain. */
  readonly digest: string | null;
}

export class Digests {
  readonly #latest = new Map<string, Latest>();

  take(entry: Entry): void {
    const { target_id: id, details } = entry;
    if (entry.target_kind !== "secret" || entry.outcome !== "allowed") return;
    // Most entries are reveals, without a digest: they need no parsing.
    if (typeof id !== "string" || typeof details !== "string" || !details.includes('"digest"')) return;
    const latest = latestOf(details, entry.at);
    if (latest === null) return;
    const known = this.#latest.get(id);
    if (known === undefined || isNewer(latest, known)) this.#latest.set(id, latest);
  }

  /** Forgets what it compares: whatever is left over at the end has no row. */
  async compare(rows: AsyncIterable<SecretRow>, findings: Findings): Promise<void> {
    for await (const row of rows) {
      const latest = this.#latest.get(row.id);
      this.#latest.delete(row.id);
      const told = tell(row, latest);
      if (told !== null) findings.add("digest", null, null, told);
    }
    for (const [id, { digest }] of this.#latest) {
      if (digest !== null) findings.add("digest", null, null, `the row of secret ${id} was removed`);
    }
  }
}

function tell(row: SecretRow, latest: Latest | undefined): string | null {
  if (latest === undefined) return `secret ${row.id} has a row and no audit entry: it was put there by hand`;
  if (latest.digest === null) return `secret ${row.id} has a row although it was purged`;
  if (secretDigest(row) === latest.digest) return null;
  return `secret ${row.id} was changed by hand: its row is not what the newest audit entry says`;
}

function isNewer(one: Latest, other: Latest): boolean {
  if (one.revision !== other.revision) return one.revision > other.revision;
  // A rotation moves the ciphertext and not the revision; its terms only grow.
  return one.term === other.term ? one.at >= other.at : one.term > other.term;
}

function latestOf(details: string, at: Entry["at"]): Latest | null {
  let value: unknown;
  try {
    value = JSON.parse(details);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("digest" in value) || !("revision" in value))
    return null;
  const { digest, revision } = value;
  const term = "term" in value && typeof value.term === "number" ? value.term : 0;
  if (typeof revision !== "number" || !(digest === null || isHash(digest))) return null;
  return { revision, term, at: typeof at === "number" ? at : 0, digest };
}
