// Connections that are used by one body at a time. A connection that failed, or whose user gave up,
// is thrown away, never handed on. All of them lead to the same server: when another becomes the
// primary, those to the former one are let go.
import { Socket } from "node:net";
import pg from "pg";
import { type EngineLog, traceOf, unavailable } from "../engine.ts";
import { ending, inTime, setUpMsMax } from "./connect.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Found, Primary } from "./primary.ts";
import { Session } from "./session.ts";
import type { Streams } from "./streams.ts";

/** What one body holds: it is given back once, or cut off. */
export interface Lease {
  readonly session: Session;
  giveBack(): void;
  cut(): void;
}

interface Place {
  readonly found: Found;
  readonly pool: pg.Pool;
  readonly sockets: Set<Socket>;
  readonly idle: Set<Session>;
}

export class SessionPool {
  readonly #primary: Primary;
  readonly #most: number;
  readonly #deadlines: Deadlines;
  readonly #streams: Streams;
  readonly #log: EngineLog;
  readonly #sessions = new WeakMap<pg.ClientBase, Session>();
  #at: Place | null = null;
  #closing = false;

  constructor(primary: Primary, most: number, deadlines: Deadlines, streams: Streams, log: EngineLog) {
    this.#primary = primary;
    this.#most = most;
    this.#deadlines = deadlines;
    this.#streams = streams;
    this.#log = log;
  }

  async lease(): Promise<Lease> {
    const { pool, idle } = await this.#place();
    let client: pg.PoolClient;
    try {
      client = await pool.connect();
    } catch (error) {
      this.#primary.doubt();
      throw unavailable(error);
    }
    const session = this.#sessions.get(client) ?? (await this.#adopt(client));
    idle.delete(session);
    let held = true;
    const release = (broken: boolean) => {
      if (!held) return;
      held = false;
      if (broken) this.#primary.doubt();
      else idle.add(session);
      client.release(broken);
    };
    return { session, giveBack: () => release(session.failed !== null), cut: () => release(true) };
  }

  /** What is connected already leads to the same server as before: it does not wait for one to be looked for. */
  async #place(): Promise<Place> {
    const looking = this.#primary.find();
    if (this.#at !== null && this.#at.idle.size > 0 && this.#primary.doubts(this.#at.found)) {
      looking.catch(() => undefined);
      return this.#at;
    }
    return this.#placeAt(await looking);
  }

  async #adopt(client: pg.PoolClient): Promise<Session> {
    const session = new Session(client);
    let held = true;
    const cut = () => {
      if (held) client.release(true);
      held = false;
    };
    try {
      await inTime(setUpMsMax, cut, this.#primary.adopt(session));
    } catch (error) {
      cut();
      throw unavailable(error);
    }
    this.#sessions.set(client, session);
    return session;
  }

  #placeAt(found: Found): Place {
    if (this.#at?.found === found) return this.#at;
    if (this.#at !== null) leave(this.#at);
    const sockets = new Set<Socket>();
    const idle = new Set<Session>();
    const stream = () => {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once("close", () => sockets.delete(socket));
    };
    // An idle connection keeps its audit stream, so it is never closed for being idle.
    const pool = new pg.Pool({ ...found.config, stream, max: this.#most, idleTimeoutMillis: 0 });
    pool.on("error", (error) => {
      this.#log.warn(traceOf(error), "a connection was lost");
      this.#primary.doubt();
    });
    // Before it is anybody's: an error that comes in the same packet as its welcome must not end the process.
    pool.on("connect", (client) => void client.on("error", () => undefined));
    pool.on("remove", (client) => {
      const session = this.#sessions.get(client);
      if (session === undefined) return;
      idle.delete(session);
      if (!this.#closing) this.#streams.drop(session); // closed streams still have heads to be signed
    });
    this.#at = { found, pool, sockets, idle };
    return this.#at;
  }

  /** Closes the streams of the connections at rest, then all connections. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#at === null) return;
    const { idle, pool, sockets } = this.#at;
    // All at once: a server that answers none of them is waited for once.
    const closing = Array.from(idle, (session) =>
      this.#deadlines.within(this.#streams.close(session), () => unavailable()),
    );
    for (const closed of await Promise.allSettled(closing)) {
      if (closed.status === "fulfilled") continue;
      this.#log.warn(traceOf(closed.reason), "an audit stream could not be closed; another will close it");
    }
    await ending(() => pool.end(), sockets);
  }
}

/** What is under way there is answered as what it is: not done, or nobody knows. */
function leave({ pool, sockets }: Place): void {
  for (const socket of sockets) socket.destroy();
  pool.end().catch(() => undefined);
}
