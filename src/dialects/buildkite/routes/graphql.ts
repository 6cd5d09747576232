// The GraphQL route: clusters for Terraform, by the same operations as in REST.
import type { Caller } from "../../../core/caller.ts";
import { CofferError } from "../../../core/errors.ts";
import { isUuid } from "../../../core/ids.ts";
import type { Ref } from "../../../core/organizations/organization.ts";
import type { Store } from "../../../core/stores/store.ts";
import { attributesOf, clusterDetails } from "../cluster.ts";
import { graphqlMessage } from "../errors.ts";
import type { Question } from "../graphql.ts";
import { idRef, organizationRef } from "../places.ts";
import { graphqlId } from "../present.ts";
import { route, type Site } from "../route.ts";
import { named } from "../scopes.ts";
import * as validation from "../validation.ts";

export function graphqlRoutes(site: Site): void {
  route<object, never>(
    site,
    { method: "POST", url: "/graphql/v1", status: 200, scope: named("graphql", "store.list") },
    async ({ caller, body }, reply) => {
      // Loaded by the first who asks: the executor takes 19 MB, and most servers are never asked.
      const { answer } = await import("../graphql.ts");
      const { data, errors } = await answer(questionOf(body), root(site, caller));
      // What is no answer to the question is one to the request: clients ask again after these.
      for (const { originalError } of errors) {
        if (originalError !== undefined && graphqlMessage(originalError) === null) throw originalError;
      }
      const told = errors.map(({ message, originalError, path }) => ({
        message: originalError === undefined ? message : (graphqlMessage(originalError) ?? message),
        ...(path === undefined ? {} : { path }),
      }));
      return reply.send({ data, ...(told.length === 0 ? {} : { errors: told }) });
    },
  );
}

function questionOf(body: unknown): Question {
  const { query, variables = null, operationName = null } = validation.membersOf(body);
  const sound =
    typeof query === "string" &&
    typeof variables === "object" &&
    !Array.isArray(variables) &&
    (operationName === null || typeof operationName === "string");
  if (!sound) throw new CofferError("request.invalid", "The body is no GraphQL request.", { field: "query" });
  return { query, variables: { ...variables }, operationName };
}

interface ClusterArguments extends validation.ClusterInput {
  readonly clientMutationId?: string | null;
  readonly organizationId: string;
}

interface Input<T> {
  readonly input: T;
}

/** Terraform asks for 500. */
const pageMax = 500;
const pageDefault = 30;

function root({ operations: { organizations, stores } }: Site, caller: Caller) {
  const organization = async (ref: Ref) => {
    const { id, slug, name } = await organizations.get(caller, ref);
    return {
      __typename: "Organization",
      id: graphqlId("Organization", id),
      uuid: id,
      slug,
      name,
      allowedApiIpAddresses: null,
      membersRequireTwoFactorAuthentication: false,
      cluster: ({ id: cluster }: { readonly id: string }) =>
        absent(async () => shown(await stores.get(caller, { id }, clusterRef(cluster)))),
      clusters: (page: { readonly first?: number | null; readonly after?: string | null }) =>
        clusters({ id }, page),
    };
  };
  const clusters = async (
    org: Ref,
    { first, after }: { readonly first?: number | null; readonly after?: string | null },
  ) => {
    const limit = Math.min(Math.max(first ?? pageDefault, 1), pageMax);
    const asked = { limit, ...(after == null ? {} : { after: slugOf(after) }) };
    const { items, next } = await stores.list(caller, org, asked);
    const edges = items.map((store) => ({ node: shown(store), cursor: cursorOf(store) }));
    return { edges, pageInfo: { endCursor: edges.at(-1)?.cursor ?? null, hasNextPage: next !== null } };
  };

  return {
    organization: ({ slug }: { readonly slug: string }) => absent(() => organization(organizationRef(slug))),

    node: ({ id }: { readonly id: string }) =>
      absent(async () => {
        const uuid = uuidOf("Organization", id);
        if (uuid !== null) return organization({ id: uuid });
        const store = clusterRef(id);
        const org = await stores.organizationOf(caller, store.id);
        return org === null ? null : shown(await stores.get(caller, { id: org }, store));
      }),

    async clusterCreate({ input }: Input<ClusterArguments>) {
      const { name = "", ...details } = checked(input, "whole");
      const cluster = { name, attributes: attributesOf(details), uniqueName: true };
      const made = await stores.create(caller, organizationOf(input), cluster);
      return { clientMutationId: input.clientMutationId, cluster: shown(made) };
    },

    async clusterUpdate({ input }: Input<ClusterArguments & { readonly id: string }>) {
      // Absent and null are the same to a name: it cannot be without one.
      const { name, ...given } = input;
      const { name: renamed, ...details } = checked(name == null ? given : input, "change");
      const change = {
        ...(renamed === undefined ? {} : { name: renamed }),
        attributes: attributesOf(details),
      };
      const changed = await stores.update(caller, organizationOf(input), clusterRef(input.id), change);
      return { clientMutationId: input.clientMutationId, cluster: shown(changed) };
    },

    async clusterDelete({ input }: Input<ClusterArguments & { readonly id: string }>) {
      const options = { force: false, removal: "trash" } as const;
      await stores.remove(caller, organizationOf(input), clusterRef(input.id), options);
      return { clientMutationId: input.clientMutationId, deletedClusterId: input.id };
    },
  };
}

function shown(store: Store) {
  return {
    __typename: "Cluster",
    id: graphqlId("Cluster", store.id),
    uuid: store.id,
    name: store.name,
    ...clusterDetails(store),
    defaultQueue: null,
  };
}

/** What is not there, or not for this caller, is null and no error. */
async function absent<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const missing =
      error instanceof CofferError &&
      (error.code === "organization.not_found" || error.code === "store.not_found");
    if (missing) return null;
    throw error;
  }
}

function checked(input: ClusterArguments, kind: "whole" | "change"): validation.ClusterInput {
  const result = validation.cluster({ ...input }, kind);
  if ("input" in result) return result.input;
  throw new CofferError("request.invalid", result.refusal.body.message, { field: "input" });
}

function organizationOf({ organizationId }: ClusterArguments): Ref {
  return idRef(uuidOf("Organization", organizationId) ?? "");
}

/** By either of its ids. */
function clusterRef(id: string): { readonly id: string } {
  return idRef(uuidOf("Cluster", id) ?? id);
}

function uuidOf(type: "Organization" | "Cluster", id: string): string | null {
  const [named, uuid = ""] = Buffer.from(id, "base64").toString("latin1").split("---");
  return named === type && isUuid(uuid) ? uuid.toLowerCase() : null;
}

function cursorOf({ slug }: Store): string {
  return Buffer.from(slug).toString("base64");
}

function slugOf(cursor: string): string {
  const slug = Buffer.from(cursor, "base64").toString("latin1");
  if (/^[a-z0-9-]{1,63}$/.test(slug)) return slug;
  throw new CofferError("cursor.invalid", "The cursor is not one that this list gave.", { field: "after" });
}
