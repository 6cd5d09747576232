// One writing body in one transaction of its own. What it may answer: the result once committed, an
// error of the domain once rolled back and recorded, or that the engine cannot tell.
import { CofferError, RunAgain } from "../../core/errors.ts";
import type { Transaction } from "../../core/ports.ts";
import type { SeenAuthorities } from "../authorities.ts";
import {
  type AnyCommand,
  type Bodies,
  bug,
  type EngineLog,
  outcomeUnknown,
  traceOf,
  unavailable,
} from "../engine.ts";
import type { Fault } from "../faults.ts";
import { noticing } from "../moved.ts";
import type { AuditStream } from "../stream.ts";
import { AccessSeen } from "./access-seen.ts";
import { Refused } from "./failures.ts";
import type { Session } from "./session.ts";
import type { Streams } from "./streams.ts";

export interface Surroundings {
  readonly bodies: Bodies;
  readonly streams: Streams;
  readonly authorities: SeenAuthorities;
  readonly log: EngineLog;
  readonly fault: Fault | null;
  readonly onMoved: (organizationId: string) => void;
}

/** A session ready to write: with its stream, and the transaction as bodies see it. */
export interface Writing {
  readonly session: Session;
  readonly stream: AuditStream;
  readonly tx: Transaction;
  readonly seen: AccessSeen;
  /** Organizations whose revision was moved since this was last emptied. */
  readonly moved: Set<string>;
}

const writings = new WeakMap<Session, Writing>();

export async function writingOn(session: Session, around: Surroundings): Promise<Writing> {
  const ready = writings.get(session);
  if (ready !== undefined) return ready;
  const stream = await around.streams.open(session);
  const moved = new Set<string>();
  const seen = new AccessSeen(around.authorities);
  const noticed = noticing(around.bodies.transactionOn(session, stream, seen), (id) => moved.add(id));
  const tx = { ...noticed, access: seen.watching(noticed.access) };
  const writing = { session, stream, tx, seen, moved };
  writings.set(session, writing);
  return writing;
}

export async function begin({ session, seen, moved }: Writing): Promise<void> {
  seen.abandon();
  moved.clear();
  await session.begin();
}

/** What goes with a transaction once it is committed. */
export function adopt({ stream, seen }: Writing): void {
  stream.adopt();
  seen.adopt();
}

/** And when it was rolled back. */
export function abandon({ stream, seen }: Writing): void {
  stream.abandon();
  seen.abandon();
}

/**
 * Throws `RunAgain` when the same should be tried again. `claim`: the organization whose access may not be
 * moved by anybody else from the beginning on; raising its epoch holds the row.
 */
export async function runAlone(
  session: Session,
  command: AnyCommand,
  input: unknown,
  around: Surroundings,
  claim: string | null = null,
): Promise<unknown> {
  let writing: Writing;
  try {
    writing = await writingOn(session, around);
    around.fault?.("group.begin");
    await begin(writing);
    if (claim !== null) await writing.tx.access.raiseEpoch(claim);
  } catch (error) {
    if (!(error instanceof RunAgain)) throw unavailable(error);
    try {
      await session.rollback();
    } catch (lost) {
      throw unavailable(lost);
    }
    throw error;
  }
  let result: unknown;
  try {
    result = await command.run(writing.tx, input as never);
    // A body may have swallowed the error; the server has not.
    if (session.aborted !== null) throw session.aborted;
    await writing.seen.confirm(writing.tx, around.bodies.stillHolds);
  } catch (error) {
    throw await refused(writing, command, input, error, around);
  }
  await commit(writing, command.name, around);
  for (const organizationId of writing.moved) around.onMoved(organizationId);
  return result;
}

/** Undoes what the body did, records the refusal, and answers what the caller is told. */
async function refused(
  writing: Writing,
  command: AnyCommand,
  input: unknown,
  error: unknown,
  around: Surroundings,
): Promise<unknown> {
  const { session } = writing;
  if (session.failed !== null) return unavailable(session.failed);
  try {
    await session.rollback();
  } catch (failed) {
    return unavailable(failed);
  } finally {
    abandon(writing);
  }
  if (error instanceof RunAgain) return error;
  if (!(error instanceof CofferError)) {
    around.log.error({ command: command.name, ...traceOf(error) }, "a body failed");
    return bug(error);
  }
  try {
    const entry = command.refused?.(input as never, error) ?? null;
    if (entry === null) return error;
    await begin(writing);
    await writing.tx.audit.append(entry);
  } catch (unrecorded) {
    abandon(writing);
    if (session.failed !== null) return unavailable(unrecorded);
    around.log.error({ command: command.name, ...traceOf(unrecorded) }, "a refusal could not be recorded");
    await session.rollback().catch(() => undefined);
    return bug(unrecorded);
  }
  try {
    await commit(writing, null, around);
  } catch (lost) {
    return lost;
  }
  return error;
}

async function commit(writing: Writing, name: string | null, around: Surroundings): Promise<void> {
  const { session } = writing;
  try {
    if (name !== null) around.fault?.(`${name}.before-commit`);
  } catch (error) {
    throw unavailable(error);
  }
  try {
    await session.commit();
    adopt(writing);
    if (name !== null) around.fault?.(`${name}.after-commit`);
  } catch (error) {
    if (error instanceof RunAgain || error instanceof Refused) {
      abandon(writing); // the server answered: it is rolled back
      throw error instanceof RunAgain ? error : bug(error);
    }
    throw outcomeUnknown(error);
  }
}
