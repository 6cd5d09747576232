// How this process reaches the server, and what it demands of it before it writes anything.
import { Socket } from "node:net";
import pg from "pg";
import type { Clock } from "../../core/clock.ts";
import { CofferError } from "../../core/errors.ts";
import type { Bodies, EngineLimits } from "../engine.ts";
import type { Fault } from "../faults.ts";
import { migrate, postgresTypes } from "../migrate.ts";
import { Session } from "./session.ts";

const int8 = 20;
const numeric = 1700; // what SUM makes of int8
const bytea = 17;

/** Numbers of the schema are all below 2^53; bytes come as on SQLite. */
const types: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === int8 || oid === numeric) return Number;
    if (oid !== bytea) return pg.types.getTypeParser(oid, format);
    return (text: string) => {
      const bytes = Buffer.from(text.slice(2), "hex");
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    };
  },
};

export interface Settings {
  readonly limits: EngineLimits;
}

export function configOf(url: string, { limits }: Settings): pg.ClientConfig {
  return {
    connectionString: url,
    types,
    application_name: "coffer",
    keepAlive: true,
    connectionTimeoutMillis: limits.commitWaitMs,
  };
}

/** A connection of its own, outside the pool, that can be cut whatever it is doing. */
export interface Connected {
  readonly session: Session;
  readonly cut: () => void;
  readonly end: () => Promise<void>;
}

export async function connect(config: pg.ClientConfig, pipeline = false): Promise<Connected> {
  const socket = new Socket();
  const client = new pg.Client({ ...config, pipeline, stream: () => socket });
  const session = new Session(client);
  await client.connect();
  return { session, cut: () => socket.destroy(), end: () => ending(() => client.end(), [socket]) };
}

/** For the first words on a connection: long for a busy server, and short for who waits for the connection. */
export const setUpMsMax = 3_000;

/** A server that hangs is cut off: what was asked of it fails. */
export async function inTime<T>(ms: number, cut: () => void, work: Promise<T>): Promise<T> {
  const timer = setTimeout(cut, ms);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

const endMsMax = 1_000;

/** An orderly end where the server takes part in it, else the other kind. */
export async function ending(end: () => Promise<void>, sockets: Iterable<Socket>): Promise<void> {
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, endMsMax);
  try {
    await end();
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What every session is set to, whatever the server's defaults are. One statement has one core: a search
 * over a whole store would take three, from those who read one secret.
 */
export async function settle(session: Session, limits: EngineLimits): Promise<void> {
  const ms = Math.ceil(limits.commitWaitMs);
  await session.exec(
    `SET synchronous_commit = on; SET statement_timeout = ${ms}; ` +
      `SET idle_in_transaction_session_timeout = ${ms}; SET client_min_messages = warning; ` +
      "SET max_parallel_workers_per_gather = 0",
  );
}

/** Refuses a server that does not write what it confirms, then migrates, one node at a time. */
export async function prepareServer(
  session: Session,
  bodies: Bodies,
  clock: Clock,
  fault: Fault | null,
): Promise<readonly string[]> {
  const { rows } = await session.client.query<{ fsync: string }>("SHOW fsync");
  if (rows[0]?.fsync !== "on") {
    throw new CofferError(
      "storage.unavailable",
      "The PostgreSQL server runs with fsync=off: it would confirm writes that it can lose.",
    );
  }
  // Another node may be at it, and a large table takes its time.
  await session.exec("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0");
  await session.exec("SELECT pg_advisory_lock(hashtextextended('coffer migrations', 0))");
  await session.begin();
  const exec = async (text: string) => void (await session.exec(text));
  const target = { db: session, types: postgresTypes, exec, fault };
  const done = await migrate(target, bodies.migrations, clock.now());
  await session.commit();
  await session.exec("SELECT pg_advisory_unlock(hashtextextended('coffer migrations', 0))");
  return done;
}
