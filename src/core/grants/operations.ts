// What a dialect may do with grants.
import type { Caller } from "../caller.ts";
import { callOf, read } from "../operation.ts";
import type { Directory } from "../organizations/directory.ts";
import type { Ref } from "../organizations/organization.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import {
  type Grant,
  type GrantObject,
  type GrantSubject,
  grantPosition,
  type Level,
  parseGrant,
  parseGrantPlace,
} from "./grant.ts";
import { listGrants } from "./list.ts";
import { objectAuditTarget } from "./object.ts";
import type { GrantPlace } from "./port.ts";
import { putGrant } from "./put.ts";
import { removeGrant } from "./remove.ts";

export interface GrantOperations {
  /** In order of object and subject. */
  list(
    caller: Caller,
    org: Ref,
    filter: { subject: GrantSubject | null; object: GrantObject | null },
    page: { after: GrantPlace | null; limit: number },
  ): Promise<Page<Grant>>;
  put(caller: Caller, org: Ref, grant: Grant): Promise<Grant>;
  /** With a level: only if it is that. */
  remove(caller: Caller, org: Ref, grant: GrantPlace & { level?: Level }): Promise<void>;
}

const allGrants = { kind: "grant", id: null, name: null, storeId: null } as const;

export function grantOperations(ctx: Context, directory: Directory): GrantOperations {
  return {
    async list(caller, org, filter, page) {
      const target = filter.object === null ? allGrants : objectAuditTarget(filter.object);
      const { id } = await directory.locate(caller, org, "grant.read", target);
      const reading = { query: listGrants, action: "grant.read", target, where: "scan" } as const;
      const input = { ...callOf(ctx, caller), organizationId: id, ...filter, ...page };
      return pageOf(await read(ctx, reading, input), page.limit, grantPosition);
    },
    async put(caller, org, grant) {
      parseGrant(grant);
      const target = objectAuditTarget(grant.object);
      const { id } = await directory.locate(caller, org, "grant.manage", target);
      return ctx.database.execute(putGrant, { ...callOf(ctx, caller), organizationId: id, grant });
    },
    async remove(caller, org, { level = null, ...place }) {
      parseGrantPlace(place);
      const { id } = await directory.locate(caller, org, "grant.manage", objectAuditTarget(place.object));
      const input = { ...callOf(ctx, caller), organizationId: id, level, ...place };
      await ctx.database.execute(removeGrant, input);
    },
  };
}
