// Reading the audit trail, and vouching for it: heads are signed about once a second.
import { admit, organizationTarget, permit } from "../access.ts";
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { callOf, type OrganizationCall, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, type Position, pageOf } from "../pagination.ts";
import type { Command, Context, Query } from "../ports.ts";
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

export function headSigner(ctx: Context, emit: (head: SignedHead) => void): HeadSigner {
  const signed = new Map<string, SignedHead>();
  const startedAt = ctx.clock.now();
  return {
    unsigned() {
      const at = ctx.clock.now();
      let entries = 0;
      let forMs = 0;
      for (const head of ctx.database.heads()) {
        const last = signed.get(head.stream);
        const fresh = head.seq - (last?.seq ?? 0);
        if (fresh <= 0) continue;
        entries += fresh;
        forMs = Math.max(forMs, at - (last?.at ?? startedAt));
      }
      return { entries, forMs };
    },
    async sign() {
      const at = ctx.clock.now();
      for (const head of ctx.database.heads()) {
        const last = signed.get(head.stream);
        const fresh = head.seq - (last?.seq ?? 0);
        const waited = at - (last?.at ?? 0);
        if (fresh === 0 || (waited < limits.headEveryMs && fresh < limits.headEveryEntries)) continue;
        const vouched = ctx.keyring.signHead(head, at);
        await ctx.database.share(saveHead, vouched);
        signed.set(head.stream, vouched);
        emit(vouched);
      }
    },
  };
}
