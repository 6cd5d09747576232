// What a dialect may do with trusts.
import type { Action } from "../actions.ts";
import type { Caller } from "../caller.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { parseText } from "../text.ts";
import { removeTrust, renameTrust } from "./change.ts";
import { createTrust } from "./create.ts";
import { getTrust, listTrusts } from "./read.ts";
import { trustTarget } from "./target.ts";
import { type GivenTrust, parseTrust, type Trust } from "./trust.ts";

export interface TrustOperations {
  create(caller: Caller, org: Ref, given: GivenTrust): Promise<Trust>;
  get(caller: Caller, org: Ref, id: string): Promise<Trust>;
  list(caller: Caller, org: Ref, page: { after: string | null; limit: number }): Promise<Page<Trust>>;
  rename(caller: Caller, org: Ref, id: string, name: string): Promise<Trust>;
  /** Every session that it let in ends with it. */
  remove(caller: Caller, org: Ref, id: string): Promise<void>;
}

export function trustOperations(ctx: Context, directory: Directory): TrustOperations {
  const located = async (caller: Caller, org: Ref, action: Action, id: string | null) => {
    const target = trustTarget(id, null);
    const { id: organizationId } = await directory.locate(caller, org, action, target);
    return { target, call: { ...callOf(ctx, caller), organizationId } };
  };
  return {
    async create(caller, org, given) {
      const { call } = await located(caller, org, "trust.manage", null);
      const terms = parseTrust(given, call.organizationId, ctx.workloads.rules);
      await ctx.workloads.check(terms);
      return ctx.database.execute(createTrust, { ...call, id: ctx.ids.next(), terms });
    },
    async get(caller, org, id) {
      const { target, call } = await located(caller, org, "trust.read", id);
      return read(ctx, { query: getTrust, action: "trust.read", target, where: "point" }, { ...call, id });
    },
    async list(caller, org, page) {
      const { target, call } = await located(caller, org, "trust.read", null);
      const reading = { query: listTrusts, action: "trust.read", target, where: "point" } as const;
      const rows = await read(ctx, reading, { ...call, ...page });
      return pageOf(rows, page.limit, ({ id }) => ({ key: id, id }));
    },
    async rename(caller, org, id, text) {
      const name = parseText("name", text, { min: 1, max: limits.trustNameCharactersMax });
      const { call } = await located(caller, org, "trust.manage", id);
      return ctx.database.execute(renameTrust, { ...call, id, name });
    },
    async remove(caller, org, id) {
      const { call } = await located(caller, org, "trust.manage", id);
      await ctx.database.execute(removeTrust, { ...call, id });
    },
  };
}
