// Tells other nodes that an organization's revision moved, and hears it from them. It only wakes:
// a message may be lost with its connection, so whoever must know reads the tables. It is sent after
// the commit, because inside a transaction NOTIFY makes the commits of all nodes wait for each other.
import type pg from "pg";
import { everyOrganization } from "../../core/waiting-room.ts";
import { type EngineLog, traceOf } from "../engine.ts";
import type { ServerClock } from "./clock.ts";
import { type Connected, inTime, setUpMsMax } from "./connect.ts";
import type { Primary } from "./primary.ts";
import { standbysOf, standbysWarning } from "./standbys.ts";
import { readClock } from "./standing.ts";

const channel = "coffer_revision";
const retryMs = 300;
const retryJitterMs = 300;
/** Also how soon a connection that nobody answers on any more is noticed. */
const askEveryMs = 5_000;
/** Waking once for several commits is enough. */
const gatherMs = 5;

export class Wake {
  readonly #primary: Primary;
  readonly #clock: ServerClock;
  readonly #log: EngineLog;
  /** Told what the operator should look at, in words; null where all is well again. */
  readonly #onWarning: (warning: string | null) => void;
  readonly #listeners: ((organizationId: string) => void)[] = [];
  readonly #moved = new Set<string>();
  #at: Connected | null = null;
  #timer: NodeJS.Timeout | null = null;
  #asking: NodeJS.Timeout | null = null;
  #warning: string | null = null;
  #unprotected = false;
  #closed = false;

  constructor(
    primary: Primary,
    clock: ServerClock,
    log: EngineLog,
    onWarning: (warning: string | null) => void,
  ) {
    this.#primary = primary;
    this.#clock = clock;
    this.#log = log;
    this.#onWarning = onWarning;
  }

  async start(): Promise<void> {
    // What is sent here does not wait for what is asked.
    const at = await this.#primary.connect(true);
    const { client } = at.session;
    client.on("notification", ({ processId, payload }) => {
      // What this process did it has told its own listeners already.
      if (processId !== pidOf(client) && payload !== undefined) this.#tell(payload);
    });
    const listening = at.session.exec(`LISTEN ${channel}`).then(() => this.#lookAtStandbys(at));
    try {
      await inTime(setUpMsMax, at.cut, listening);
    } catch (error) {
      at.cut();
      throw error;
    }
    client.on("end", () => this.#lost(at));
    this.#at = at;
    this.#askNowAndThen(at);
  }

  /** Whether the server that was last spoken to confirmed what no other held. */
  get unprotected(): boolean {
    return this.#unprotected;
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
    if (this.#asking !== null) clearInterval(this.#asking);
    await at?.end().catch(() => undefined);
  }

  /** The connection has nothing else to do, and so shows too whether it still leads anywhere. */
  #askNowAndThen(at: Connected): void {
    let waits = false;
    const ask = async () => {
      await readClock(at.session, this.#clock);
      await this.#lookAtStandbys(at);
    };
    const asking = setInterval(() => {
      if (waits) return at.cut();
      waits = true;
      ask().then(
        () => {
          waits = false;
        },
        () => at.cut(),
      );
    }, askEveryMs);
    asking.unref();
    this.#asking = asking;
  }

  async #lookAtStandbys({ session }: Connected): Promise<void> {
    const standbys = await standbysOf(session);
    this.#unprotected = standbys === "none";
    const warning = standbysWarning(standbys);
    if (warning === this.#warning) return;
    this.#warning = warning;
    this.#onWarning(warning);
    if (warning !== null) this.#log.warn({}, warning);
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
    if (this.#asking !== null) clearInterval(this.#asking);
    this.#primary.doubt();
    this.#log.warn({}, "the connection that hears of changes was lost");
    const later = () => setTimeout(retry, retryMs + Math.random() * retryJitterMs);
    const retry = () => {
      if (this.#closed) return;
      // What happened meanwhile nobody has told.
      this.start().then(() => this.#tell(everyOrganization), later);
    };
    later();
  }
}

/** The server's process behind a connection; the types of `pg` do not name it. */
function pidOf(client: pg.ClientBase): number | null {
  return "processID" in client && typeof client.processID === "number" ? client.processID : null;
}
