// Connections that are used by one body at a time. A connection that failed, or whose user gave up,
// is thrown away, never handed on.
import pg from "pg";
import { type EngineLimits, type EngineLog, traceOf, unavailable } from "../engine.ts";
import { settle } from "./connect.ts";
import { Session } from "./session.ts";
import type { Streams } from "./streams.ts";

/** What one body holds: it is given back once, or cut off. */
export interface Lease {
  readonly session: Session;
  giveBack(): void;
  cut(): void;
}

export class SessionPool {
  readonly #pool: pg.Pool;
  readonly #sessions = new WeakMap<pg.ClientBase, Session>();
  readonly #idle = new Set<Session>();
  readonly #limits: EngineLimits;
  readonly #streams: Streams;
  #closing = false;

  constructor(config: pg.ClientConfig, most: number, limits: EngineLimits, streams: Streams, log: EngineLog) {
    this.#limits = limits;
    this.#streams = streams;
    // An idle connection keeps its audit stream, so it is never closed for being idle.
    this.#pool = new pg.Pool({ ...config, max: most, idleTimeoutMillis: 0 });
    this.#pool.on("error", (error) => log.warn(traceOf(error), "a connection was lost"));
    this.#pool.on("remove", (client) => {
      const session = this.#sessions.get(client);
      if (session === undefined) return;
      this.#idle.delete(session);
      if (!this.#closing) this.#streams.drop(session); // closed streams still have heads to be signed
    });
  }

  async lease(): Promise<Lease> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw unavailable(error);
    }
    const session = this.#sessions.get(client) ?? (await this.#adopt(client));
    this.#idle.delete(session);
    let held = true;
    const release = (broken: boolean) => {
      if (!held) return;
      held = false;
      client.release(broken);
      if (!broken) this.#idle.add(session);
    };
    return { session, giveBack: () => release(session.failed !== null), cut: () => release(true) };
  }

  async #adopt(client: pg.PoolClient): Promise<Session> {
    const session = new Session(client);
    try {
      await settle(session, this.#limits);
    } catch (error) {
      client.release(true);
      throw unavailable(error);
    }
    this.#sessions.set(client, session);
    return session;
  }

  /** Closes the streams of the connections at rest, then all connections. */
  async close(log: EngineLog): Promise<void> {
    this.#closing = true;
    for (const session of this.#idle) {
      try {
        await this.#streams.close(session);
      } catch (error) {
        log.warn(traceOf(error), "an audit stream could not be closed; another will close it");
      }
    }
    await this.#pool.end();
  }
}
