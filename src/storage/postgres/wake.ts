// Tells other nodes that an organization's revision moved, and hears it from them. It only wakes:
// a message may be lost with its connection, so whoever must know reads the tables. It is sent after
// the commit, because inside a transaction NOTIFY makes the commits of all nodes wait for each other.
import type pg from "pg";
import { type EngineLog, traceOf } from "../engine.ts";
import { connect } from "./connect.ts";

const channel = "coffer_revision";
const retryMs = 1_000;
/** Waking once for several commits is enough. */
const gatherMs = 5;

type Connected = Awaited<ReturnType<typeof connect>>;

export class Wake {
  readonly #config: pg.ClientConfig;
  readonly #log: EngineLog;
  readonly #listeners: ((organizationId: string) => void)[] = [];
  readonly #moved = new Set<string>();
  #at: Connected | null = null;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(config: pg.ClientConfig, log: EngineLog) {
    this.#config = config;
    this.#log = log;
  }

  async start(): Promise<void> {
    const at = await connect(this.#config);
    const { client } = at.session;
    client.on("end", () => this.#lost(at));
    client.on("notification", ({ processId, payload }) => {
      // What this process did it has told its own listeners already.
      if (processId !== pidOf(client) && payload !== undefined) this.#tell(payload);
    });
    await at.session.exec(`LISTEN ${channel}`);
    this.#at = at;
  }

  listen(listener: (organizationId: string) => void): void {
    this.#listeners.push(listener);
  }

  moved(organizationId: string): void {
    this.#tell(organizationId);
    this.#moved.add(organizationId);
    this.#timer ??= setTimeout(() => this.#send(), gatherMs);
  }

  async close(): Promise<void> {
    this.#send();
    this.#closed = true;
    const at = this.#at;
    this.#at = null;
    await at?.end().catch(() => undefined);
  }

  #tell(organizationId: string): void {
    for (const listener of this.#listeners) listener(organizationId);
  }

  #send(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const moved = [...this.#moved];
    this.#moved.clear();
    if (moved.length === 0 || this.#at === null) return;
    this.#at.session.client
      .query("SELECT pg_notify($1, id) FROM unnest($2::text[]) AS id", [channel, moved])
      .catch((error: unknown) => this.#log.warn(traceOf(error), "other nodes were not woken"));
  }

  #lost(at: Connected): void {
    if (this.#closed) return;
    if (this.#at === at) this.#at = null;
    this.#log.warn({}, "the connection that hears of changes was lost");
    const retry = () => {
      if (this.#closed) return;
      this.start().catch(() => setTimeout(retry, retryMs));
    };
    setTimeout(retry, retryMs);
  }
}

/** The server's process behind a connection; the types of `pg` do not name it. */
function pidOf(client: pg.ClientBase): number | null {
  return "processID" in client && typeof client.processID === "number" ? client.processID : null;
}
