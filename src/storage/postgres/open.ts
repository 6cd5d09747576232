// The shared database: any number of processes on one PostgreSQL server. It puts the parts together;
// each part keeps its own promise.
import type { SignedHead, StreamHead } from "../../core/audit/entry.ts";
import { CofferError } from "../../core/errors.ts";
import type { CachedAuthority, Command, Database, Query } from "../../core/ports.ts";
import {
  type Bodies,
  type EngineLimits,
  type EngineLog,
  engineLimits,
  silentLog,
  unavailable,
} from "../engine.ts";
import type { Fault } from "../faults.ts";
import { AuditStream } from "../stream.ts";
import type { Surroundings } from "./body.ts";
import { configOf, connect, prepareServer } from "./connect.ts";
import { Deadlines } from "./deadlines.ts";
import { sqlstateOf } from "./failures.ts";
import { SessionPool } from "./pool.ts";
import { Reads } from "./reads.ts";
import { SharedWriter } from "./share.ts";
import { Streams } from "./streams.ts";
import { Wake } from "./wake.ts";
import { Writes } from "./writes.ts";

export { peekPostgres } from "./peek.ts";

const connectionsDefault = 10;

export interface PostgresOptions {
  readonly url: string;
  readonly bodies: Bodies;
  readonly node?: string;
  readonly log?: EngineLog;
  /** Besides these a process holds one for records of reveals and one to be woken by. */
  readonly connections?: number;
  readonly limits?: Partial<EngineLimits>;
  /** For tests. */
  readonly fault?: Fault;
}

export async function openPostgres(options: PostgresOptions): Promise<Database> {
  const { bodies, log = silentLog } = options;
  const limits = engineLimits(options.limits);
  const config = configOf(options.url, limits);
  await makeReady(config, bodies);

  const streams = new Streams(options.node ?? "local");
  const authorities = new Map<string, CachedAuthority>();
  const deadlines = new Deadlines(limits.commitWaitMs);
  const wake = new Wake(config, log);
  await wake.start();
  const onMoved = (organizationId: string) => wake.moved(organizationId);
  const around: Surroundings = { bodies, streams, authorities, log, fault: options.fault ?? null, onMoved };
  const pool = new SessionPool(config, options.connections ?? connectionsDefault, limits, streams, log);
  const shared = new SharedWriter(config, limits, around);
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
      await pool.close(log);
      closed = streams.heads();
      await wake.close();
      if (vouch !== undefined) await storeHeads(config, bodies, closed.map(vouch));
    },
  };
}

/** The streams are closed with their connections; the last heads are stored over one of its own. */
async function storeHeads(
  config: Parameters<typeof connect>[0],
  bodies: Bodies,
  heads: readonly SignedHead[],
): Promise<void> {
  const { session, end } = await connect(config);
  try {
    await session.begin();
    for (const head of heads) {
      await bodies.transactionOn(session, AuditStream.start(head.stream), new Map()).audit.saveHead(head);
    }
    await session.commit();
  } finally {
    await end();
  }
}

async function makeReady(config: Parameters<typeof connect>[0], bodies: Bodies): Promise<void> {
  let at: Awaited<ReturnType<typeof connect>> | null = null;
  try {
    at = await connect(config);
    await prepareServer(at.session, bodies);
  } catch (error) {
    if (error instanceof CofferError) throw error;
    // For the operator who starts the server. The URL may hold a password, so it is not quoted.
    const state = sqlstateOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
    const reason = state === null ? "" : ` (SQLSTATE ${state})`;
    throw new CofferError(
      "storage.unavailable",
      `The PostgreSQL server cannot be used${reason}.`,
      {},
      { cause: error },
    );
  } finally {
    await at?.end().catch(() => undefined);
  }
}
