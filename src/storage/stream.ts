// The audit chain of one database connection: where it stands, and where it stood as committed.
// It knows no SQL. A sequence number and hash are given out inside a transaction and adopted only
// after its commit, so a stream never runs ahead of its table.
import {
  type AuditEntry,
  chain,
  chainStart,
  type StoredEntry,
  type StreamHead,
} from "../core/audit/entry.ts";

export class AuditStream {
  readonly id: string;
  #head: StreamHead;
  #committed: StreamHead;

  constructor(head: StreamHead) {
    this.id = head.stream;
    this.#head = head;
    this.#committed = head;
  }

  /** A stream without entries. */
  static start(id: string): AuditStream {
    return new AuditStream({ stream: id, seq: 0, hash: chainStart });
  }

  /** The entry with its place in the chain; whoever calls this inserts it in the same transaction. */
  append(entry: AuditEntry): StoredEntry {
    const stored = chain(this.#head, entry);
    this.#head = { stream: this.id, seq: stored.seq, hash: stored.hash };
    return stored;
  }

  /** Where the stream stands inside the transaction; `rollback` returns here with a savepoint. */
  mark(): StreamHead {
    return this.#head;
  }

  rollback(mark: StreamHead): void {
    this.#head = mark;
  }

  /** The transaction is committed: what was appended stands. */
  adopt(): void {
    this.#committed = this.#head;
  }

  /** The transaction is gone, and with it what was appended. */
  abandon(): void {
    this.#head = this.#committed;
  }

  /** After an outcome that nobody knows: the stream stands where its table says. */
  reset(head: StreamHead): void {
    this.#head = head;
    this.#committed = head;
  }

  get committed(): StreamHead {
    return this.#committed;
  }
}
