// The audit streams of this process, one per connection that has written. A stream belongs to who
// holds its advisory lock; the server lets go of it when the connection ends, so a stream whose lock
// is free is dead, on whichever node it was, and nobody can append to it any more.
import type { StreamHead } from "../../core/audit/entry.ts";
import type { Clock } from "../../core/clock.ts";
import { type Ids, uuidv7 } from "../../core/ids.ts";
import { closeGracefully, openStream, storedHead } from "../repositories/streams.ts";
import { sql } from "../sql.ts";
import type { AuditStream } from "../stream.ts";
import type { Session } from "./session.ts";

export const statements = {
  take: sql`SELECT pg_advisory_lock(hashtextextended($1, 0))`,
  archived: sql<{ seq: number | null }>`SELECT MAX(last_seq) AS seq FROM audit_segments WHERE stream = $1`,
  /** One's own is not among them, whose lock this very session could take again. */
  free: sql<{ id: string; free: boolean }>`
    SELECT id, pg_try_advisory_xact_lock(hashtextextended(id, 0)) AS free FROM audit_streams
    WHERE named_closed = 0 AND closed_at IS NULL`,
};

export class Streams {
  readonly #node: string;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #streams = new Set<AuditStream>();
  /** Of connections that were lost, until the server they were lost to is seen to hold them. */
  readonly #lost = new Set<AuditStream>();

  constructor(node: string, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
    this.#ids = uuidv7(clock);
  }

  /** Opens the session's stream in a transaction of its own. */
  async open(session: Session): Promise<AuditStream> {
    const id = this.#ids.next();
    await session.one(statements.take, [id]);
    await session.begin();
    const stream = await openStream(session, {
      id,
      node: this.#node,
      at: this.#clock.now(),
      async deadAmong(streams) {
        const rows = await session.all(statements.free, []);
        const free = new Set(rows.filter((row) => row.free).map((row) => row.id));
        return new Set(streams.filter((other) => free.has(other)));
      },
    });
    await session.commit();
    stream.adopt();
    session.stream = stream;
    this.#streams.add(stream);
    return stream;
  }

  async close(session: Session): Promise<void> {
    if (session.stream === null || session.failed !== null) return;
    await session.begin();
    await closeGracefully(session, session.stream, this.#clock.now());
    await session.commit();
    session.stream.adopt();
  }

  /** The connection is gone; whoever opens a stream next closes this one. */
  drop({ stream }: Session): void {
    if (stream === null || !this.#streams.delete(stream)) return;
    this.#lost.add(stream);
  }

  /**
   * Whether a server holds every entry of this process whose commit was confirmed. Whatever a caller
   * was answered has such an entry, so one that lacks any has lost what somebody was told.
   */
  async heldBy(session: Session): Promise<boolean> {
    const lost = [...this.#lost];
    for (const stream of [...lost, ...this.#streams]) {
      const { committed } = stream;
      const there = await storedHead(session, stream.id);
      if (there.seq < committed.seq && !(await this.#isArchived(session, committed))) return false;
      if (there.seq === committed.seq && Buffer.compare(there.hash, committed.hash) !== 0) return false;
    }
    for (const stream of lost) this.#lost.delete(stream);
    return true;
  }

  /** A connection may have been at rest for longer than the trail is kept. */
  async #isArchived(session: Session, { stream, seq }: StreamHead): Promise<boolean> {
    return ((await session.one(statements.archived, [stream]))?.seq ?? 0) >= seq;
  }

  heads(): readonly StreamHead[] {
    return [...this.#streams].map((stream) => stream.committed);
  }
}
