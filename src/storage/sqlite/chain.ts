// The life of the writer's connection: migrated, with its audit stream open, and brought back after
// a failure. It runs no operation.
import { systemClock } from "../../core/clock.ts";
import { uuidv7 } from "../../core/ids.ts";
import type { Bodies } from "../engine.ts";
import type { Fault } from "../faults.ts";
import { migrate, sqliteTypes } from "../migrate.ts";
import { closeGracefully, openStream, storedHead } from "../repositories/streams.ts";
import { AuditStream } from "../stream.ts";
import { Checkpoints } from "./checkpoints.ts";
import { SqliteConnection } from "./connection.ts";
import { isFull } from "./failures.ts";
import type { WriterData } from "./messages.ts";

// The writer reads what it changes; the rest lies in the system's own cache.
const cacheKiB = 5_120;
/** Only a tool that an operator runs on the file could hold the lock this long. */
const busyMs = 2_000;

export interface WriterConnection {
  readonly connection: SqliteConnection;
  readonly stream: AuditStream;
  readonly checkpoints: Checkpoints;
}

function connect(data: WriterData): { connection: SqliteConnection; checkpoints: Checkpoints } {
  const pagesMax = data.pagesMax ?? undefined;
  const connection = new SqliteConnection(data.file, { readOnly: false, cacheKiB, busyMs, pagesMax });
  return { connection, checkpoints: new Checkpoints(connection, busyMs) };
}

/** The first connection of a process: migrates, and opens a stream unless one is to be continued. */
export async function open(data: WriterData, bodies: Bodies, fault: Fault | null): Promise<WriterConnection> {
  const { connection, checkpoints } = connect(data);
  try {
    await inTransaction(connection, () =>
      migrate(
        { db: connection, types: sqliteTypes, exec: async (text) => connection.exec(text), fault },
        bodies.migrations,
        systemClock.now(),
      ),
    );
    const id = data.stream ?? uuidv7(systemClock).next();
    const stream = await inTransaction(connection, async () =>
      data.stream === null
        ? openStream(connection, {
            id,
            node: data.node,
            at: systemClock.now(),
            // The lock on the data folder proves that every other writer is gone.
            deadAmong: async (streams) => new Set(streams),
          })
        : new AuditStream(await storedHead(connection, id)),
    );
    stream.adopt();
    return { connection, stream, checkpoints };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection in the place of one that failed, with the stream where its table says it stands. */
export async function reopen(data: WriterData, stream: string, failure: unknown): Promise<WriterConnection> {
  const { connection, checkpoints } = connect(data);
  try {
    // After a failed sync the log may hold what is not on disk. A full disk leaves no such doubt,
    // and copying the log back would ask for more space before anything can be freed.
    if (!isFull(failure)) checkpoints.settle();
    const head = await inTransaction(connection, () => storedHead(connection, stream));
    return { connection, checkpoints, stream: new AuditStream(head) };
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Ends the stream with its last entry. */
export async function closeStream({ connection, stream }: WriterConnection): Promise<void> {
  await inTransaction(connection, () => closeGracefully(connection, stream, systemClock.now()));
  stream.adopt();
}

async function inTransaction<T>(connection: SqliteConnection, work: () => Promise<T>): Promise<T> {
  connection.begin();
  try {
    const result = await work();
    connection.commit();
    return result;
  } catch (error) {
    if (connection.failed === null) connection.rollback();
    throw error;
  }
}
