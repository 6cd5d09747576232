// The audit streams of this process, one per connection that has written. A stream belongs to who
// holds its advisory lock; the server lets go of it when the connection ends, so a stream whose lock
// is free is dead, on whichever node it was, and nobody can append to it any more.
import type { StreamHead } from "../../core/audit/entry.ts";
import { systemClock } from "../../core/clock.ts";
import { uuidv7 } from "../../core/ids.ts";
import { closeGracefully, openStream } from "../repositories/streams.ts";
import { sql } from "../sql.ts";
import type { AuditStream } from "../stream.ts";
import type { Session } from "./session.ts";

export const statements = {
  take: sql`SELECT pg_advisory_lock(hashtextextended($1, 0))`,
  isFree: sql<{ free: boolean }>`SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free`,
};

const ids = uuidv7(systemClock);

export class Streams {
  readonly #node: string;
  readonly #streams = new Set<AuditStream>();

  constructor(node: string) {
    this.#node = node;
  }

  /** Opens the session's stream in a transaction of its own. */
  async open(session: Session): Promise<AuditStream> {
    const id = ids.next();
    await session.one(statements.take, [id]);
    await session.begin();
    const stream = await openStream(session, {
      id,
      node: this.#node,
      at: systemClock.now(),
      isDead: async (other) => (await session.one(statements.isFree, [other]))?.free === true,
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
    await closeGracefully(session, session.stream, systemClock.now());
    await session.commit();
    session.stream.adopt();
  }

  /** The connection is gone; whoever opens a stream next closes this one. */
  drop(session: Session): void {
    if (session.stream !== null) this.#streams.delete(session.stream);
  }

  heads(): readonly StreamHead[] {
    return [...this.#streams].map((stream) => stream.committed);
  }
}
