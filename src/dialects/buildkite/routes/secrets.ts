// The secrets of a cluster, by their metadata. Values come in here and never go out.

import type { Action } from "../../../core/actions.ts";
import type { Caller } from "../../../core/caller.ts";
import type { Organization } from "../../../core/organizations/organization.ts";
import type { Intent } from "../../../core/preflight.ts";
import type { Secret } from "../../../core/secrets/secret.ts";
import { authorsOf } from "../authors.ts";
import { linkPages, pageAsked } from "../pages.ts";
import { idRef, organizationRef } from "../places.ts";
import * as present from "../present.ts";
import { organizationOf, refuse, route, type Site } from "../route.ts";
import * as schema from "../schema.ts";
import { asks } from "../scopes.ts";
import * as validation from "../validation.ts";

interface ClusterPath {
  readonly org: string;
  readonly cluster: string;
}

interface SecretPath extends ClusterPath {
  readonly id: string;
}

const all = "/v2/organizations/:org/clusters/:cluster/secrets";
const one = `${all}/:id`;

export function secretRoutes(site: Site): void {
  const { operations, valueKilobytes } = site;
  const { secrets } = operations;

  const show = async (caller: Caller, organization: Organization, shown: readonly Secret[]) => {
    const authors = await authorsOf(operations, caller, organization, shown);
    const parts = { organization, authors, bases: site.bases };
    return shown.map((secret) => present.secret(secret, parts));
  };
  const showOne = async (caller: Caller, organization: Organization, secret: Secret) => {
    const [shown] = await show(caller, organization, [secret]);
    return shown as NonNullable<typeof shown>; // one for each
  };

  route<ClusterPath, typeof schema.secrets>(
    site,
    { method: "GET", url: all, status: 200, answer: schema.secrets, intent: inCluster("secret.list") },
    async (request, reply) => {
      const { caller, params } = request;
      const organization = organizationOf(request);
      const asked = pageAsked(request);
      const page = await secrets.list(caller, organization, idRef(params.cluster), {
        offset: asked.offset,
        limit: asked.perPage,
        totals: true,
      });
      linkPages(reply, request, asked, { total: page.total ?? 0, base: site.bases.web });
      return show(caller, organization, page.items);
    },
  );

  route<ClusterPath, typeof schema.secret>(
    site,
    { method: "POST", url: all, status: 201, answer: schema.secret, intent: inCluster("secret.create") },
    async (request, reply) => {
      const { caller, params, body } = request;
      const organization = organizationOf(request);
      const checked = validation.newSecret(validation.membersOf(body), valueKilobytes);
      if ("refusal" in checked) return refuse(reply, checked.refusal);
      const cluster = idRef(params.cluster);
      // The agent looks keys up whatever their letter case: two that differ in it alone cannot be told apart.
      const options = { foldNames: true };
      const created = await secrets.create(caller, organization, cluster, checked.input, options);
      const shown = await showOne(caller, organization, created);
      reply.header("location", shown.url);
      return shown;
    },
  );

  route<SecretPath, typeof schema.secret>(
    site,
    { method: "GET", url: one, status: 200, answer: schema.secret, intent: onSecret("secret.read") },
    async (request) => {
      const { caller, params } = request;
      const organization = organizationOf(request);
      const found = await secrets.get(caller, organization, idRef(params.cluster), idRef(params.id));
      return showOne(caller, organization, found);
    },
  );

  route<SecretPath, typeof schema.secret>(
    site,
    {
      method: ["PUT", "PATCH"],
      url: one,
      status: 200,
      answer: schema.secret,
      intent: onSecret("secret.update"),
    },
    async (request, reply) => {
      const { caller, params, body } = request;
      const organization = organizationOf(request);
      const checked = validation.details(validation.membersOf(body));
      if ("refusal" in checked) return refuse(reply, checked.refusal);
      const place = [idRef(params.cluster), idRef(params.id)] as const;
      const updated = await secrets.update(caller, organization, ...place, checked.input);
      return showOne(caller, organization, updated);
    },
  );

  route<SecretPath, typeof schema.secret>(
    site,
    {
      method: "PUT",
      url: `${one}/value`,
      status: 200,
      answer: schema.secret,
      intent: onSecret("secret.write"),
    },
    async (request, reply) => {
      const { caller, params, body } = request;
      const organization = organizationOf(request);
      const checked = validation.newValue(validation.membersOf(body), valueKilobytes);
      if ("refusal" in checked) return refuse(reply, checked.refusal);
      const place = [idRef(params.cluster), idRef(params.id)] as const;
      const updated = await secrets.update(caller, organization, ...place, { value: checked.input });
      return showOne(caller, organization, updated);
    },
  );

  route<SecretPath, never>(
    site,
    { method: "DELETE", url: one, status: 204, intent: onSecret("secret.delete") },
    async (request, reply) => {
      const { caller, params } = request;
      const place = [idRef(params.cluster), idRef(params.id)] as const;
      await secrets.remove(caller, organizationOf(request), ...place, { removal: "trash" });
      return reply.send();
    },
  );
}

function inCluster(action: Action) {
  return ({ org, cluster }: ClusterPath): readonly [ReturnType<typeof organizationRef>, Intent] => [
    organizationRef(org),
    { ...asks(scopeOf(action), action), place: { store: idRef(cluster) } },
  ];
}

function onSecret(action: Action) {
  return ({ org, cluster, id }: SecretPath): readonly [ReturnType<typeof organizationRef>, Intent] => [
    organizationRef(org),
    { ...asks(scopeOf(action), action), place: { store: idRef(cluster), secret: idRef(id) } },
  ];
}

function scopeOf(action: Action): "read_secret_details" | "write_secrets" {
  return action === "secret.list" || action === "secret.read" ? "read_secret_details" : "write_secrets";
}
