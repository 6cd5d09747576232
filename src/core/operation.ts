// The shape that all operations share: who calls, what is audited when it is refused, and how a
// reading body's refusal reaches the audit trail too. Keeps: every refusal to an authenticated
// caller is one entry, whether the thing was hidden, missing or forbidden.

import type { Call } from "./access.ts";
import type { Action, AuditAction } from "./actions.ts";
import type { AuditEntry, AuditTarget, Outcome } from "./audit/entry.ts";
import type { RemoteCall } from "./backends/call.ts";
import type { Caller } from "./caller.ts";
import { CofferError, type ErrorCode } from "./errors.ts";
import type { Command, Context, Query, Transaction } from "./ports.ts";
import type { Json } from "./stores/store.ts";

/** Every input of a body that acts in one organization. */
export interface OrganizationCall extends Call {
  readonly organizationId: string;
  /** Only where some store may keep its values elsewhere; see backends/writing.ts. */
  readonly remote?: RemoteCall;
}

interface EntryParts {
  readonly organizationId: string | null;
  readonly action: AuditAction;
  readonly target: AuditTarget;
  readonly outcome: Outcome;
  readonly because: string | null;
  readonly details?: Readonly<Record<string, Json>> | null;
}

export function entryOf(call: Call, parts: EntryParts): AuditEntry {
  const { caller, at } = call;
  return {
    at,
    organizationId: parts.organizationId,
    caller: { kind: caller.kind, id: caller.id, name: caller.name, tokenId: caller.tokenId },
    dialect: caller.dialect,
    action: parts.action,
    target: parts.target,
    outcome: parts.outcome,
    because: parts.because,
    details: parts.details ?? null,
    address: caller.address,
    requestId: caller.requestId,
  };
}

/** Errors that say nothing about access or state: form, overload, faults. They leave no entry. */
const silent: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "request.invalid",
  "request.too_large",
  "cursor.invalid",
  "feed.too_old",
  "caller.unauthenticated",
  "server.sealed",
  "server.busy",
  "key.rotated",
  "storage.unavailable",
  "storage.outcome_unknown",
  "storage.full",
  "internal",
]);

export function refusedEntry(
  call: Call & { readonly organizationId: string | null },
  action: Action,
  target: AuditTarget,
  error: CofferError,
): AuditEntry | null {
  if (silent.has(error.code)) return null;
  return entryOf(call, {
    // An organization the caller is not in learns nothing of him, nor he of it.
    organizationId: error.code === "organization.not_found" ? null : call.organizationId,
    action,
    target,
    outcome: error.because === null ? "failed" : "refused",
    because: error.because ?? error.code,
  });
}

interface Mutation<I, O> {
  readonly name: string;
  readonly action: Action | ((input: I) => Action);
  readonly target: (input: I) => AuditTarget;
  /** For what deletes or takes away: it goes on when space is short. */
  readonly frees?: true;
  readonly run: (tx: Transaction, input: I) => Promise<O>;
}

/** A body that acts for a caller: its refusals are audited in its own commit. */
export function mutation<I extends Call & { readonly organizationId: string | null }, O>(
  parts: Mutation<I, O>,
): Command<I, O> {
  const { name, action, target, run } = parts;
  return {
    name,
    run,
    ...(parts.frees === true ? {} : { grows: true }),
    tokenOf: ({ caller }) => caller.tokenId,
    refused: (input, error) =>
      input.refusalsCounted === true
        ? null
        : refusedEntry(input, typeof action === "function" ? action(input) : action, target(input), error),
  };
}

/** Writes down refusals that no body has written down itself: those of one call, or counts, together. */
export const recordRefusals: Command<readonly AuditEntry[], null> = {
  name: "audit.refusals",
  writesLast: true,
  run: async (tx, entries) => {
    await tx.audit.appendAll(entries);
    return null;
  },
};

interface Reading<I, O> {
  readonly query: Query<I, O>;
  readonly action: Action;
  readonly target: AuditTarget;
  /** `scan`: it may look at many rows, so it runs beside the requests. */
  readonly where: "point" | "scan";
}

/** Runs a reading body; a refusal is on disk before the caller hears of it, as with mutations. */
export async function read<I extends Call & { readonly organizationId: string | null }, O>(
  ctx: Context,
  { query, action, target, where }: Reading<I, O>,
  input: I,
): Promise<O> {
  try {
    return await ctx.database[where](query, input);
  } catch (error) {
    if (error instanceof CofferError) {
      const entry = refusedEntry(input, action, target, error);
      if (entry !== null) await writeRefusals(ctx, [entry]);
    }
    throw error;
  }
}

/** Refusals that were decided while reading. Of one credential's only so many a minute are written. */
export async function writeRefusals(ctx: Context, entries: readonly AuditEntry[]): Promise<void> {
  const bounded = ctx.refusals.bound(entries);
  if (bounded.length > 0) await ctx.database.share(recordRefusals, bounded);
}

export function callOf(ctx: Context, caller: Caller): Call {
  const call = { caller, at: ctx.clock.now() };
  return ctx.hidesRefused ? { ...call, hidesRefused: true } : call;
}
