// What a dialect may do with organizations.
import { actorOf, type Caller, systemCaller } from "../caller.ts";
import { invalid } from "../errors.ts";
import { sealing } from "../keys/sealing.ts";
import { limits } from "../limits.ts";
import { callOf, read } from "../operation.ts";
import { type Page, pageOf } from "../pagination.ts";
import type { Context } from "../ports.ts";
import { createOrganization, newOrganization } from "./create.ts";
import { deleteOrganization, endedOrganizations, purgeOrganization } from "./delete.ts";
import type { Directory } from "./directory.ts";
import { onlyOrganization } from "./only.ts";
import {
  type Custody,
  type Organization,
  parseOrganizationName,
  parseSlug,
  type Ref,
} from "./organization.ts";
import { reachedOrganization } from "./reached.ts";
import { getOrganization, listOrganizations } from "./read.ts";
import { refTarget, someOrganizations } from "./target.ts";
import { type OrganizationChange, updateOrganization } from "./update.ts";
import { type Whoami, whoami } from "./whoami.ts";

export interface OrganizationOperations {
  create(caller: Caller, request: { slug: string; name: string; custody?: Custody }): Promise<Organization>;
  get(caller: Caller, org: Ref): Promise<Organization>;
  list(caller: Caller, page: { after: string | null; limit: number }): Promise<Page<Organization>>;
  update(caller: Caller, org: Ref, change: OrganizationChange): Promise<Organization>;
  /** It ends for everybody at once; what it held goes by `work`. */
  remove(caller: Caller, org: Ref, options: { force: boolean }): Promise<void>;
  whoami(caller: Caller): Promise<Whoami>;
  /**
   * A fact that never changes, for presenting what another operation has just answered: whether the
   * caller may know of the organization was decided there.
   */
  custody(caller: Caller, org: Ref): Promise<Custody>;
  /** For contracts whose requests name none; null: there is none, or there are several. */
  sole(caller: Caller): Promise<string | null>;
  /** Which organization a request counts for, of one that names this one; null: none. */
  reached(caller: Caller, named: Ref | null): Promise<string | null>;
  /** The server's own: carries deletions on to their end. */
  work(stopped: () => boolean): Promise<void>;
}

export function organizationOperations(ctx: Context, directory: Directory): OrganizationOperations {
  return {
    create(caller, { slug, name, custody = "server" }) {
      const call = callOf(ctx, caller);
      const parts = {
        slug: parseSlug("slug", slug),
        name: parseOrganizationName(name),
        custody,
        owner: actorOf(caller),
        at: call.at,
        backend: ctx.backends.defaultName,
      };
      return sealing(ctx, null, () => {
        const rows = newOrganization(ctx, parts);
        return ctx.database.execute(createOrganization, { ...call, organizationId: null, rows });
      });
    },
    async get(caller, org) {
      const target = refTarget(org);
      const { id } = await directory.locate(caller, org, "organization.read", target);
      const reading = {
        query: getOrganization,
        action: "organization.read",
        target,
        where: "point",
      } as const;
      return read(ctx, reading, { ...callOf(ctx, caller), organizationId: id });
    },
    async list(caller, { after, limit }) {
      const reading = {
        query: listOrganizations,
        action: "organization.read",
        target: someOrganizations,
        where: "scan",
      } as const;
      const rows = await read(ctx, reading, { ...callOf(ctx, caller), organizationId: null, after, limit });
      return pageOf(rows, limit, ({ slug, id }) => ({ key: slug, id }));
    },
    async update(caller, org, change) {
      if (change.name !== undefined) parseOrganizationName(change.name);
      for (const [field, limit] of Object.entries(change.limits ?? {})) {
        if (limit !== null && (!Number.isSafeInteger(limit) || limit < 0)) {
          throw invalid(`limits.${field}`, "must be null or a whole number of at least 0");
        }
      }
      const { id } = await directory.locate(caller, org, "organization.manage", refTarget(org));
      return ctx.database.execute(updateOrganization, { ...callOf(ctx, caller), organizationId: id, change });
    },
    async remove(caller, org, { force }) {
      const { id } = await directory.locate(caller, org, "organization.delete", refTarget(org));
      await ctx.database.execute(deleteOrganization, { ...callOf(ctx, caller), organizationId: id, force });
      directory.forget(id);
    },
    whoami: (caller) => ctx.database.point(whoami, callOf(ctx, caller)),
    async custody(caller, org) {
      // What is to be presented is committed: it must not look as if it had failed because this is asked.
      const known = directory.custody(org);
      return known ?? (await directory.locate(caller, org, "organization.read", refTarget(org))).custody;
    },
    sole: (caller) => ctx.database.point(onlyOrganization, callOf(ctx, caller)),
    reached: (caller, named) => ctx.database.point(reachedOrganization, { ...callOf(ctx, caller), named }),
    async work(stopped) {
      for (let after: string | null = null; !stopped(); ) {
        const page: readonly string[] = await ctx.database.point(endedOrganizations, { after });
        for (const organizationId of page) {
          const purge = () =>
            ctx.database.execute(purgeOrganization, {
              ...callOf(ctx, systemCaller("deletion")),
              organizationId,
            });
          while (!stopped() && (await purge()) === "more") {
            // Each round is a commit of its own, so a long deletion holds up nobody.
          }
          ctx.keyring.forget(organizationId);
        }
        after = page.at(-1) ?? null;
        if (page.length < limits.endedOrganizations) return;
      }
    },
  };
}
