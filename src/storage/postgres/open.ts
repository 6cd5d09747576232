// The shared database: any number of processes on one PostgreSQL server. It puts the parts together;
// each part keeps its own promise.
import type { SignedHead, StreamHead } from "../../core/audit/entry.ts";
import { systemClock } from "../../core/clock.ts";
import { CofferError } from "../../core/errors.ts";
import type { Command, Database, Query } from "../../core/ports.ts";
import { SeenAuthorities } from "../authorities.ts";
import {
  type Bodies,
  type EngineLimits,
  type EngineLog,
  engineLimits,
  silentLog,
  traceOf,
  unavailable,
} from "../engine.ts";
import type { Fault } from "../faults.ts";
import { AuditStream } from "../stream.ts";
import { epochOf, markBehind } from "./behind.ts";
import type { Surroundings } from "./body.ts";
import { type ServerClock, serverClock } from "./clock.ts";
import { type Connected, prepareServer } from "./connect.ts";
import { Deadlines } from "./deadlines.ts";
import { SessionPool } from "./pool.ts";
import { Primary, unusable } from "./primary.ts";
import { Reads } from "./reads.ts";
import { SharedWriter } from "./share.ts";
import { Streams } from "./streams.ts";
import { Wake } from "./wake.ts";
import { Writes } from "./writes.ts";

export { serverClock } from "./clock.ts";
export { peekPostgres } from "./peek.ts";

const connectionsDefault = 10;

export interface PostgresOptions {
  readonly url: string;
  readonly bodies: Bodies;
  readonly node?: string;
  readonly log?: EngineLog;
  /** What the server's time is read into. */
  readonly clock?: ServerClock;
  /** Besides these a process holds one for records of reveals and one to be woken by. */
  readonly connections?: number;
  readonly limits?: Partial<EngineLimits>;
  /** Told of each commit that several may share how many did. */
  readonly onGroup?: (operations: number) => void;
  /**
   * Called when the server holds less than was committed, or may: from then on this database refuses all
   * work, and whatever was remembered of it must be forgotten. A key or a revision that was lost may have been
   * given out again.
   */
  readonly onBehind?: () => void;
  /** Told what the operator should look at although all works; null where all is well again. */
  readonly onWarning?: (warning: string | null) => void;
  /** For tests. */
  readonly fault?: Fault;
}

export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { bodies, log = silentLog, clock = serverClock(systemClock) } = options;
  const limits = engineLimits(options.limits);
  const primary = new Primary({ url: options.url, limits, clock, log });
  const knownEpoch = await makeReady(primary, bodies, clock, options.fault ?? null);

  const streams = new Streams(options.node ?? "local", clock);
  const authorities = new SeenAuthorities();
  const deadlines = new Deadlines(limits.commitWaitMs);
  const wake = new Wake(primary, clock, log, options.onWarning ?? (() => {}));
  await wake.start();
  primary.judgeBy(async (session, promoted) => {
    const held = await streams.heldBy(session);
    if (held && !(promoted && wake.unprotected)) return true;
    if (!held) {
      log.error({}, "the database holds less than was committed: the installation starts anew");
      await markBehind(session, knownEpoch, clock).catch((error: unknown) =>
        log.error(traceOf(error), "the database could not be marked as behind"),
      );
    }
    options.onBehind?.();
    return false;
  });
  const onMoved = (organizationId: string) => wake.moved(organizationId);
  const around: Surroundings = { bodies, streams, authorities, log, fault: options.fault ?? null, onMoved };
  const pool = new SessionPool(primary, options.connections ?? connectionsDefault, deadlines, streams, log);
  const shared = new SharedWriter(primary, limits, around, options.onGroup);
  const writes = new Writes(pool, deadlines, limits, around);
  const reads = new Reads({ pool, deadlines, limits, bodies, authorities, log });
  let closed: readonly StreamHead[] | null = null;
  const whileOpen = <T>(work: () => Promise<unknown>): Promise<T> =>
    closed === null ? (work() as Promise<T>) : Promise.reject(unavailable());

  return {
    execute<I, O>(command: Command<I, O>, input: I): Promise<O> {
      return whileOpen(() => writes.execute(command, input));
    },
    share<I, O>(command: Command<I, O>, input: I): Promise<O> {
      return whileOpen(() =>
        deadlines.within(shared.share(command, input), () => {
          shared.cut();
          return unavailable();
        }),
      );
    },
    point<I, O>(query: Query<I, O>, input: I): Promise<O> {
      return whileOpen(() => reads.point(query, input));
    },
    scan<I, O>(query: Query<I, O>, input: I): Promise<O> {
      return whileOpen(() => reads.scan(query, input));
    },
    onRevision(listener) {
      wake.listen(listener);
    },
    heads() {
      return closed ?? streams.heads();
    },
    async close(vouch) {
      if (closed !== null) return;
      closed = streams.heads();
      await shared.close();
      await pool.close();
      closed = streams.heads();
      await wake.close();
      if (vouch === undefined) return;
      try {
        await storeHeads(primary, bodies, closed.map(vouch));
      } catch (error) {
        // They are emitted all the same; the database is gone, or not to be written to.
        log.warn(traceOf(error), "the last audit heads could not be stored");
      }
    },
  };
}

/** The streams are closed with their connections; the last heads are stored over one of its own. */
async function storeHeads(primary: Primary, bodies: Bodies, heads: readonly SignedHead[]): Promise<void> {
  const { session, end } = await primary.connect();
  try {
    await session.begin();
    for (const head of heads) {
      await bodies
        .transactionOn(session, AuditStream.start(head.stream), new SeenAuthorities())
        .audit.saveHead(head);
    }
    await session.commit();
  } finally {
    await end();
  }
}

async function makeReady(
  primary: Primary,
  bodies: Bodies,
  clock: ServerClock,
  fault: Fault | null,
): Promise<number> {
  let at: Connected | null = null;
  try {
    at = await primary.connect();
    await prepareServer(at.session, bodies, clock, fault);
    return await epochOf(at.session);
  } catch (error) {
    // A reason of ours says what it is; that of the search for a primary names each server.
    if (error instanceof CofferError && error.cause === undefined) throw error;
    throw unusable(error);
  } finally {
    await at?.end().catch(() => undefined);
  }
}
