// Reading the audit trail, and vouching for it: heads are signed about once a second.
import { admit, organizationTarget, permit } from "../access.ts";
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import { limits } from "../limits.ts";
import { callOf, type OrganizationCall, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, type Position, pageOf } from "../pagination.ts";
import type { Command, Context, Database, Keyring, Query } from "../ports.ts";
import type { SignedHead, StoredEntry } from "./entry.ts";
import type { AuditFilter } from "./filter.ts";

interface ListInput extends OrganizationCall {
  readonly filter: Omit<AuditFilter, "organizationId">;
  readonly before: Position | null;
  readonly limit: number;
}

export const listAudit: Query<ListInput, readonly StoredEntry[]> = {
  name: "audit.list",
  run: async (tx, input) => {
    const access = await admit(tx, input, { id: input.organizationId });
    permit(access, "audit.read", organizationTarget());
    const filter = { ...input.filter, organizationId: input.organizationId };
    return tx.audit.list(filter, { before: input.before, limit: input.limit + 1 });
  },
};

export const saveHead: Command<SignedHead, null> = {
  name: "audit.save-head",
  writesLast: true,
  run: async (tx, head) => {
    await tx.audit.saveHead(head);
    return null;
  },
};

export interface AuditOperations {
  /** Newest first. */
  list(
    caller: Caller,
    org: Ref,
    filter: Omit<AuditFilter, "organizationId">,
    page: { before: Position | null; limit: number },
  ): Promise<Page<StoredEntry>>;
}

export function auditOperations(ctx: Context, directory: Directory): AuditOperations {
  return {
    async list(caller, org, filter, { before, limit }) {
      const target = { kind: "organization", id: null, name: null, storeId: null };
      const { id } = await directory.locate(caller, org, "audit.read", target);
      const input = { ...callOf(ctx, caller), organizationId: id, filter, before, limit };
      const reading = { query: listAudit, action: "audit.read", target, where: "scan" } as const;
      const rows = await read(ctx, reading, input);
      return pageOf(rows, limit, (entry) => ({ key: entry.at, id: `${entry.stream}:${entry.seq}` }));
    },
  };
}

/** Signs heads when their time has come, stores them, and hands them out to be kept elsewhere too. */
export interface HeadSigner {
  /** Call it often: it does nothing until a second or a thousand entries have passed. */
  sign(): Promise<void>;
  /** What no signed head covers yet, and since when the stream waits that has waited longest. */
  unsigned(): Unsigned;
}

export interface Unsigned {
  readonly entries: number;
  readonly forMs: number;
}

interface Signing {
  readonly clock: Clock;
  readonly keyring: Pick<Keyring, "signHead">;
  readonly database: Pick<Database, "heads" | "share">;
}

export function headSigner(ctx: Signing, emit: (head: SignedHead) => void): HeadSigner {
  const signed = new Map<string, { readonly seq: number; at: number }>();
  const started = { seq: 0, at: ctx.clock.now() };
  /** A clock that was set back counts from there: else nothing would be signed until it has caught up. */
  const waited = (last: { at: number }, at: number): number => {
    last.at = Math.min(last.at, at);
    return at - last.at;
  };
  return {
    unsigned() {
      const at = ctx.clock.now();
      let entries = 0;
      let forMs = 0;
      for (const head of ctx.database.heads()) {
        const last = signed.get(head.stream) ?? started;
        const waitedMs = waited(last, at);
        if (head.seq <= last.seq) continue;
        entries += head.seq - last.seq;
        forMs = Math.max(forMs, waitedMs);
      }
      return { entries, forMs };
    },
    async sign() {
      const at = ctx.clock.now();
      for (const head of ctx.database.heads()) {
        const last = signed.get(head.stream);
        const fresh = head.seq - (last?.seq ?? 0);
        const isDue = last === undefined || waited(last, at) >= limits.headEveryMs;
        if (fresh === 0 || !(isDue || fresh >= limits.headEveryEntries)) continue;
        const vouched = ctx.keyring.signHead(head, at);
        await ctx.database.share(saveHead, vouched);
        signed.set(head.stream, { seq: vouched.seq, at });
        emit(vouched);
      }
    },
  };
}
