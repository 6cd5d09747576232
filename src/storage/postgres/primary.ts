// Which of the servers in the URL takes writes. It is asked again after every failure, because what a
// connection that breaks means is known by nobody else: the server may be gone, or no longer the primary.
// Of two that both take writes the one that was promoted last is meant: the other was left behind, and
// what it confirms will be lost.
import type pg from "pg";
import { CofferError } from "../../core/errors.ts";
import { type EngineLimits, type EngineLog, unavailable } from "../engine.ts";
import { type Endpoint, endpointsOf } from "./address.ts";
import type { ServerClock } from "./clock.ts";
import { type Connected, configOf, connect, inTime, type Settings, settle, setUpMsMax } from "./connect.ts";
import { sqlstateOf } from "./failures.ts";
import type { Session } from "./session.ts";
import { type Standing, standingOf } from "./standing.ts";

/** One object as long as the same server is meant: who holds connections to another lets go of them. */
export interface Found {
  readonly name: string;
  readonly config: pg.ClientConfig;
  readonly timeline: number;
}

/** A server that is there says so well within it; one that is not must not hold up the others. */
const askMsMax = 1_000;
/** What was found, or not found, counts this long, so that many who ask at once ask once. */
const holdMs = 100;
/** Nodes that lost the same server do not come back all at the same moment. */
const holdJitterMs = 150;

/** What each of the servers said instead. */
export class NoPrimary extends Error {
  override readonly name = "NoPrimary";
}

/** For the operator who starts the server. The URL may hold a password, so it is not quoted. */
export function unusable(error: unknown): CofferError {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const state = sqlstateOf(cause);
  const reason = cause instanceof NoPrimary ? `: ${cause.message}` : state && ` (SQLSTATE ${state})`;
  const message = `The PostgreSQL server cannot be used${reason ?? ""}.`;
  return new CofferError("storage.unavailable", message, {}, { cause: error });
}

interface Answer {
  readonly endpoint: Endpoint;
  readonly at: Connected | null;
  readonly standing: Standing;
  readonly reason: string;
}

type Usable = Answer & { readonly at: Connected };

/** `promoted`: it has become the primary since the last one was found. */
type Judge = (session: Session, promoted: boolean) => Promise<boolean>;

interface Parts extends Settings {
  readonly url: string;
  readonly limits: EngineLimits;
  readonly clock: ServerClock;
  readonly log: EngineLog;
}

export class Primary {
  readonly #parts: Parts;
  readonly #endpoints: readonly Endpoint[];
  #mayBeUsed: Judge = async () => true;
  #last: Found | null = null;
  #standing: "found" | "doubted" | "lost" | "behind" = "lost";
  #holdsUntilMs = 0;
  #looking: Promise<Found> | null = null;
  #why: unknown = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#endpoints = endpointsOf(parts.url);
  }

  /** Asked of each server that is found, before anything else is done there; after a no, of none any more. */
  judgeBy(mayBeUsed: Judge): void {
    this.#mayBeUsed = mayBeUsed;
  }

  /** Answers at once while nothing failed. */
  async find(): Promise<Found> {
    if (this.#standing === "behind") throw unavailable(this.#why);
    if (this.#standing === "found" && this.#last !== null) return this.#last;
    if (this.#looking === null && performance.now() < this.#holdsUntilMs) {
      if (this.#standing === "doubted" && this.#last !== null) return this.#last;
      throw unavailable(this.#why);
    }
    this.#looking ??= this.#look().finally(() => {
      this.#holdsUntilMs = performance.now() + holdMs + Math.random() * holdJitterMs;
      this.#looking = null;
    });
    return this.#looking;
  }

  /** A connection failed, or a server did not do what a primary does. */
  doubt(): void {
    if (this.#standing === "found") this.#standing = "doubted";
  }

  /** Whether this one is still taken for the primary, although something failed there. */
  doubts(found: Found): boolean {
    return this.#standing === "doubted" && this.#last === found;
  }

  /** A connection of its own, outside any pool, ready to write. */
  async connect(pipeline = false): Promise<Connected> {
    const { config } = await this.find();
    let at: Connected | null = null;
    try {
      at = await connect(config, pipeline);
      await inTime(setUpMsMax, at.cut, this.adopt(at.session));
      return at;
    } catch (error) {
      this.doubt();
      at?.cut();
      throw error;
    }
  }

  /** A name may lead to another server than a moment ago, so each connection is asked. */
  async adopt(session: Session): Promise<void> {
    const { limits, clock } = this.#parts;
    await settle(session, limits);
    const { writable, timeline } = await standingOf(session, clock);
    if (writable && timeline === this.#last?.timeline) return;
    this.doubt();
    throw unavailable();
  }

  async #look(): Promise<Found> {
    const known = this.#last?.timeline ?? 0;
    const [others, own] = partition(this.#endpoints, ({ name }) => name === this.#last?.name);
    // Most of what fails is one connection alone: then nobody waits for servers that are not meant.
    const first = this.#standing === "doubted" ? await this.#askAll(own) : [];
    const answers = await this.#better(first, known, others, own);
    try {
      const best = bestOf(answers, known);
      if (best === null) throw this.#none(answers, known);
      await this.#confirm(best);
      return this.#found(best);
    } catch (error) {
      if (this.#standing !== "behind") this.#standing = "lost";
      this.#why = error;
      throw unavailable(error);
    } finally {
      for (const { at } of answers) void at?.end().catch(() => undefined);
    }
  }

  async #better(
    first: readonly Answer[],
    known: number,
    others: readonly Endpoint[],
    own: readonly Endpoint[],
  ): Promise<readonly Answer[]> {
    if (first.length === 0) return this.#askAll([...own, ...others]);
    if (bestOf(first, known) === null) return [...first, ...(await this.#askAll(others))];
    this.#lookBeside(others, known);
    return first;
  }

  /** The known primary still says that it is one; another may have been promoted without its knowledge. */
  #lookBeside(others: readonly Endpoint[], known: number): void {
    this.#askAll(others).then((answers) => {
      for (const { at } of answers) void at?.end().catch(() => undefined);
      if (bestOf(answers, known + 1) === null || this.#standing === "behind") return;
      this.#standing = "lost";
      this.#holdsUntilMs = 0;
    });
  }

  #askAll(endpoints: readonly Endpoint[]): Promise<readonly Answer[]> {
    return Promise.all(endpoints.map((endpoint) => this.#ask(endpoint)));
  }

  #found({ endpoint, standing: { timeline } }: Answer): Found {
    const { name, url } = endpoint;
    const same = this.#last?.name === name && this.#last.timeline === timeline;
    if (!same || this.#standing === "lost") this.#parts.log.info({ name, timeline }, "the database is found");
    if (!same) this.#last = { name, timeline, config: configOf(url, this.#parts) };
    this.#standing = "found";
    if (this.#last === null) throw unavailable();
    return this.#last;
  }

  #none(answers: readonly Answer[], known: number): Error {
    const servers = answers.map(({ endpoint, standing, reason }) => {
      const former = standing.writable && standing.timeline < known;
      return `${endpoint.name}: ${former ? "a former primary" : reason}`;
    });
    if (this.#standing !== "lost") this.#parts.log.error({ servers }, "no server takes writes");
    return new NoPrimary(servers.join(", "));
  }

  async #ask(endpoint: Endpoint): Promise<Answer> {
    const config = { ...configOf(endpoint.url, this.#parts), connectionTimeoutMillis: askMsMax };
    const nothing = { endpoint, at: null, standing: { writable: false, timeline: 0 } };
    let at: Connected | null = null;
    try {
      at = await connect(config);
      const standing = await inTime(askMsMax, at.cut, standingOf(at.session, this.#parts.clock));
      return { endpoint, at, standing, reason: standing.writable ? "takes writes" : "takes no writes" };
    } catch (error) {
      at?.cut();
      const state = sqlstateOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
      return { ...nothing, reason: state === null ? "cannot be reached" : `refuses (SQLSTATE ${state})` };
    }
  }

  async #confirm({ at, standing }: Usable): Promise<void> {
    const promoted = this.#last !== null && this.#last.timeline !== standing.timeline;
    if (await inTime(askMsMax, at.cut, this.#mayBeUsed(at.session, promoted))) return;
    this.#standing = "behind";
    throw new Error("it may hold less than before");
  }
}

/** The server that takes writes and was promoted last, no earlier than the timeline that is known. */
function bestOf(answers: readonly Answer[], known: number): Usable | null {
  let best: Usable | null = null;
  for (const answer of answers) {
    const { at, standing } = answer;
    if (at === null || !standing.writable || standing.timeline < known) continue;
    if (best === null || standing.timeline > best.standing.timeline) best = { ...answer, at };
  }
  return best;
}

function partition<T>(
  all: readonly T[],
  isMeant: (one: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [all.filter((one) => !isMeant(one)), all.filter(isMeant)];
}
