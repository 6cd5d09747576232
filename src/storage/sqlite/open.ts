// The embedded database: one file, one process, one thread that writes. It puts the parts together;
// each part keeps its own promise.
import { dirname, resolve } from "node:path";
import type { SignedHead } from "../../core/audit/entry.ts";
import type { Command, Database, Query } from "../../core/ports.ts";
import { SeenAuthorities } from "../authorities.ts";
import {
  type Bodies,
  type EngineLimits,
  type EngineLog,
  engineLimits,
  silentLog,
  traceOf,
} from "../engine.ts";
import { AuditStream } from "../stream.ts";
import { SqliteConnection } from "./connection.ts";
import { createPrivate, type FolderLock, lockFolder } from "./folder.ts";
import { WriterQueue } from "./queue.ts";
import { Readers } from "./readers.ts";
import { Snapshots } from "./snapshots.ts";

/** Two cores serve a small server: the requests and the writer keep them busy. */
const readersDefault = 1;
const pointCacheKiB = 8_192;

export interface SqliteOptions {
  readonly file: string;
  /** The module of bodies, which each thread imports for itself. */
  readonly bodies: URL;
  readonly node?: string;
  readonly log?: EngineLog;
  readonly readers?: number;
  /** When the caller has locked the folder already; it is released with the database. */
  readonly lock?: FolderLock;
  readonly limits?: Partial<EngineLimits>;
  /** Told of each commit how many operations shared it. */
  readonly onGroup?: (operations: number) => void;
  /** For tests: a module of faults, and a disk of few pages. */
  readonly faults?: URL;
  readonly pagesMax?: number;
}

export async function openSqlite(options: SqliteOptions): Promise<Database> {
  const file = resolve(options.file);
  const lock = options.lock ?? lockFolder(dirname(file));
  try {
    createPrivate(file);
    return await openLocked(file, options, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The writer has left; the last head is stored by a short connection of its own. */
async function storeHead(file: string, head: SignedHead, bodies: Bodies): Promise<void> {
  const connection = new SqliteConnection(file, { readOnly: false, cacheKiB: 256, busyMs: 1_000 });
  try {
    connection.begin();
    await bodies
      .transactionOn(connection, AuditStream.start(head.stream), new SeenAuthorities())
      .audit.saveHead(head);
    connection.commit();
  } finally {
    connection.close();
  }
}

async function readsOf(file: string, bodies: string, log: EngineLog) {
  const module: Bodies = await import(bodies);
  return { module, point: new Snapshots(file, { cacheKiB: pointCacheKiB }, module, log) };
}

async function openLocked(file: string, options: SqliteOptions, lock: FolderLock): Promise<Database> {
  const log = options.log ?? silentLog;
  const limits = engineLimits(options.limits);
  const bodies = options.bodies.href;
  const listeners: ((organizationId: string) => void)[] = [];
  const readers = new Readers({ file, bodies }, limits, options.readers ?? readersDefault, log);
  const writer = new WriterQueue(
    {
      file,
      bodies,
      node: options.node ?? "local",
      stream: null,
      limits,
      faults: options.faults?.href ?? null,
      pagesMax: options.pagesMax ?? null,
    },
    log,
    {
      onMoved: (organizationId) => {
        for (const listener of listeners) listener(organizationId);
      },
      onGroup: options.onGroup ?? (() => {}),
      onLongLog: () => void readers.without(() => writer.startOver()),
    },
  );
  await writer.start();
  const { module, point } = await readsOf(file, bodies, log).catch(async (error: unknown) => {
    await writer.close();
    throw error;
  });
  let closed = false;
  return {
    execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
      return writer.submit(command.name, input, false) as Promise<O>;
    },
    share<I, O>(command: Command<I, O>, input: I): Promise<O> {
      return writer.submit(command.name, input, true) as Promise<O>;
    },
    point<I, O>(query: Query<I, O>, input: I): Promise<O> {
      return point.read(query.name, input) as Promise<O>;
    },
    scan<I, O>(query: Query<I, O>, input: I): Promise<O> {
      return readers.read(query.name, input) as Promise<O>;
    },
    onRevision(listener) {
      listeners.push(listener);
    },
    heads() {
      return writer.head === null ? [] : [writer.head];
    },
    async close(vouch) {
      if (closed) return;
      closed = true;
      try {
        await readers.close();
        point.close();
        await writer.close();
        if (vouch === undefined || writer.head === null) return;
        const head = vouch(writer.head);
        await storeHead(file, head, module).catch((error: unknown) =>
          // It is emitted all the same; the disk may be full.
          log.warn(traceOf(error), "the last audit head could not be stored"),
        );
      } finally {
        lock.release();
      }
    },
  };
}
