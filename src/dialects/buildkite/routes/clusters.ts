// Clusters: the stores of an organization. Queues are the service's own; who maintains a cluster is said
// by grants, which are not this API's to give.
import type { Action } from "../../../core/actions.ts";
import type { Caller } from "../../../core/caller.ts";
import type { Organization, Ref } from "../../../core/organizations/organization.ts";
import type { Intent } from "../../../core/preflight.ts";
import type { Store } from "../../../core/stores/store.ts";
import { authorsOf } from "../authors.ts";
import { attributesOf } from "../cluster.ts";
import { linkPages, pageAsked } from "../pages.ts";
import { idRef, organizationRef } from "../places.ts";
import * as present from "../present.ts";
import { organizationOf, refuse, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";
import * as validation from "../validation.ts";

interface OrganizationPath {
  readonly org: string;
}

interface ClusterPath extends OrganizationPath {
  readonly cluster: string;
}

const all = "/v2/organizations/:org/clusters";
const one = `${all}/:cluster`;

export function clusterRoutes(site: Site): void {
  const { stores } = site.operations;

  const show = async (caller: Caller, organization: Organization, shown: readonly Store[]) => {
    const authors = await authorsOf(site.operations, caller, organization, shown);
    const parts = { organization, authors, bases: site.bases };
    return shown.map((store) => present.cluster(store, parts));
  };
  const showOne = async (caller: Caller, organization: Organization, store: Store) => {
    const [shown] = await show(caller, organization, [store]);
    return shown as NonNullable<typeof shown>; // one for each
  };

  route<OrganizationPath, typeof schema.clusters>(
    site,
    {
      method: "GET",
      url: all,
      status: 200,
      answer: schema.clusters,
      intent: ({ org }) => [
        organizationRef(org),
        { ...asks("read_clusters", "store.read"), place: "anywhere" },
      ],
    },
    async (request, reply) => {
      const { caller } = request;
      const organization = organizationOf(request);
      const { perPage: limit, offset, ...asked } = pageAsked(request);
      const page = await stores.list(caller, organization, { offset, limit, totals: true });
      const total = page.total ?? 0;
      linkPages(reply, request, { perPage: limit, offset, ...asked }, { total, base: site.bases.web });
      return show(caller, organization, page.items);
    },
  );

  route<OrganizationPath, typeof schema.cluster>(
    site,
    {
      method: "POST",
      url: all,
      status: 201,
      answer: schema.cluster,
      intent: ({ org }) => [
        organizationRef(org),
        { ...asks("write_clusters", "store.create"), place: "organization" },
      ],
    },
    async (request, reply) => {
      const { caller, body } = request;
      const organization = organizationOf(request);
      const checked = validation.cluster(validation.membersOf(body), "whole");
      if ("refusal" in checked) return refuse(reply, checked.refusal);
      const { name = "", ...details } = checked.input;
      const cluster = { name, attributes: attributesOf(details), uniqueName: true };
      return showOne(caller, organization, await stores.create(caller, organization, cluster));
    },
  );

  route<ClusterPath, typeof schema.cluster>(
    site,
    {
      method: "GET",
      url: one,
      status: 200,
      answer: schema.cluster,
      intent: onCluster("read_clusters", "store.read"),
    },
    async (request) => {
      const { caller, params } = request;
      const organization = organizationOf(request);
      const found = await stores.get(caller, organization, idRef(params.cluster));
      return showOne(caller, organization, found);
    },
  );

  route<ClusterPath, typeof schema.cluster>(
    site,
    {
      method: ["PUT", "PATCH"],
      url: one,
      status: 200,
      answer: schema.cluster,
      intent: onCluster("write_clusters", "store.update"),
    },
    async (request, reply) => {
      const { caller, params, body } = request;
      const organization = organizationOf(request);
      const checked = validation.cluster(validation.membersOf(body), "change");
      if ("refusal" in checked) return refuse(reply, checked.refusal);
      const { name, ...details } = checked.input;
      const change = { ...(name === undefined ? {} : { name }), attributes: attributesOf(details) };
      const updated = await stores.update(caller, organization, idRef(params.cluster), change);
      return showOne(caller, organization, updated);
    },
  );

  route<ClusterPath, never>(
    site,
    { method: "DELETE", url: one, status: 204, intent: onCluster("write_clusters", "store.delete") },
    async (request, reply) => {
      const { caller, params } = request;
      const options = { force: false, removal: "trash" } as const;
      await stores.remove(caller, organizationOf(request), idRef(params.cluster), options);
      return reply.send();
    },
  );

  for (const none of ["maintainers", "queues"]) {
    route<ClusterPath, typeof schema.nothing>(
      site,
      {
        method: "GET",
        url: `${one}/${none}`,
        status: 200,
        answer: schema.nothing,
        intent: onCluster("read_clusters", "store.read"),
      },
      async () => [],
    );
  }
}

function onCluster(scope: "read_clusters" | "write_clusters", action: Action) {
  return ({ org, cluster }: ClusterPath): readonly [Ref, Intent] => [
    organizationRef(org),
    { ...asks(scope, action), place: { store: idRef(cluster) } },
  ];
}
