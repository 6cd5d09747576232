// The native API as functions, one per route that a command uses. It knows the routes and nothing
// of terminals or files; organization and store are fixed when it is made.
import type { Http, Query } from "./http.ts";
import type { Shape } from "./shapes.ts";
import * as wire from "./wire.ts";

export interface Place {
  readonly organization: string;
  readonly store: string;
}

/** A secret as it was named on the command line: text of UUID form is an id unless said otherwise. */
export interface SecretName {
  readonly text: string;
  readonly byName: boolean;
}

export interface SecretFields {
  readonly name?: string;
  readonly value?: string;
  readonly description?: string | null;
  readonly policy?: string | null;
  readonly consumers?: readonly string[] | null;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly expiresAt?: string | null;
}

export interface TokenFields {
  readonly name: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
  readonly addresses?: readonly string[];
}

export interface OrganizationFields {
  readonly name?: string;
  readonly trash?: "dialect" | "always" | "never";
  readonly membersCreate?: boolean;
  readonly limits?: Readonly<Record<string, number | null>>;
}

const pageItems = 1_000;

export type Client = ReturnType<typeof clientOf>;

export function clientOf(http: Http, place: Place) {
  const org = ["organizations", place.organization];
  const inStore = [...org, "stores", place.store];
  const secretPath = (secret: SecretName, ...more: string[]) => [...inStore, "secrets", secret.text, ...more];
  const by = (secret: SecretName): Query => (secret.byName ? { by: "name" } : {});

  /** All items of a paged list, or the first `most`. */
  async function all<T>(
    path: readonly string[],
    query: Query,
    item: Shape<T>,
    most = Infinity,
  ): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    while (items.length < most) {
      const limit = Math.min(pageItems, most - items.length);
      const page = await http.json(
        { method: "GET", path, query: { ...query, limit, cursor } },
        wire.page(item),
      );
      items.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    return items;
  }

  return {
    place,
    whoami: () => http.json({ method: "GET", path: ["whoami"] }, wire.whoami),

    organizations: {
      list: () => all(["organizations"], {}, wire.organization),
      get: (slug: string) => http.json({ method: "GET", path: ["organizations", slug] }, wire.organization),
      create: (body: { slug: string; name: string; custody?: string }) =>
        http.json({ method: "POST", path: ["organizations"], body }, wire.organization),
      quota: (slug: string) =>
        http.json({ method: "GET", path: ["organizations", slug, "quota"] }, wire.quota),
      update: (slug: string, body: OrganizationFields) =>
        http.json({ method: "PATCH", path: ["organizations", slug], body }, wire.organization),
      remove: (slug: string, force: boolean) =>
        http.done({
          method: "DELETE",
          path: ["organizations", slug],
          ...(force && { query: { force: "true" } }),
        }),
    },

    trusts: {
      list: () => all([...org, "trusts"], {}, wire.trust),
      get: (id: string) => http.json({ method: "GET", path: [...org, "trusts", id] }, wire.trust),
      create: (body: unknown) => http.json({ method: "POST", path: [...org, "trusts"], body }, wire.trust),
      rename: (id: string, name: string) =>
        http.json({ method: "PATCH", path: [...org, "trusts", id], body: { name } }, wire.trust),
      remove: (id: string) => http.done({ method: "DELETE", path: [...org, "trusts", id] }),
    },

    access: {
      explain: (body: Readonly<Record<string, unknown>>) =>
        http.json({ method: "POST", path: [...org, "explain"], body }, wire.explained),
    },

    me: {
      get: () => http.json({ method: "GET", path: ["me"] }, wire.account),
      update: (body: { name?: string; email?: string }) =>
        http.json({ method: "PATCH", path: ["me"], body }, wire.account),
    },

    people: {
      list: () => all([...org, "people"], {}, wire.member),
      invite: (body: { email: string; role: string }) =>
        http.json({ method: "POST", path: [...org, "people"], body }, wire.invited),
      changeRole: (id: string, role: string) =>
        http.json({ method: "PATCH", path: [...org, "people", id], body: { role } }, wire.member),
      remove: (id: string) => http.done({ method: "DELETE", path: [...org, "people", id] }),
      /** The only one that takes no token. */
      accept: (body: { invitation: string; name?: string }) =>
        http.json({ method: "POST", path: ["invitations", "accept"], body }, wire.accepted),
    },

    groups: {
      list: () => all([...org, "groups"], {}, wire.group),
      get: (id: string) => http.json({ method: "GET", path: [...org, "groups", id] }, wire.group),
      create: (name: string) =>
        http.json({ method: "POST", path: [...org, "groups"], body: { name } }, wire.group),
      rename: (id: string, name: string) =>
        http.json({ method: "PATCH", path: [...org, "groups", id], body: { name } }, wire.group),
      remove: (id: string) => http.done({ method: "DELETE", path: [...org, "groups", id] }),
      members: (id: string) => all([...org, "groups", id, "members"], {}, wire.groupMember),
      add: (id: string, person: string) =>
        http.done({ method: "PUT", path: [...org, "groups", id, "members", person] }),
      expel: (id: string, person: string) =>
        http.done({ method: "DELETE", path: [...org, "groups", id, "members", person] }),
    },

    machines: {
      list: () => all([...org, "machines"], {}, wire.machine),
      get: (id: string) => http.json({ method: "GET", path: [...org, "machines", id] }, wire.machine),
      create: (name: string) =>
        http.json({ method: "POST", path: [...org, "machines"], body: { name } }, wire.machine),
      rename: (id: string, name: string) =>
        http.json({ method: "PATCH", path: [...org, "machines", id], body: { name } }, wire.machine),
      remove: (id: string) => http.done({ method: "DELETE", path: [...org, "machines", id] }),
    },

    bitwarden: {
      mint: (machineId: string, body: { name: string; expiresAt: string | null }) =>
        http.json(
          { method: "POST", path: [...org, "machines", machineId, "access-tokens"], body },
          wire.accessToken,
        ),
      createMachine: (organizationId: string, name: string) =>
        http.json(
          {
            method: "POST",
            root: "bitwarden/api",
            path: ["organizations", organizationId, "service-accounts"],
            body: { name },
          },
          wire.madeMachine,
        ),
      createToken: (machineId: string, body: object) =>
        http.json(
          {
            method: "POST",
            root: "bitwarden/api",
            path: ["service-accounts", machineId, "access-tokens"],
            body,
          },
          wire.clientToken,
        ),
    },

    services: {
      list: () => all([...org, "services"], {}, wire.service),
      get: (id: string) => http.json({ method: "GET", path: [...org, "services", id] }, wire.service),
      create: (body: { name: string; stores: readonly string[] | null }) =>
        http.json({ method: "POST", path: [...org, "services"], body }, wire.service),
      update: (id: string, body: { name?: string; stores?: readonly string[] | null }) =>
        http.json({ method: "PATCH", path: [...org, "services", id], body }, wire.service),
      remove: (id: string) => http.done({ method: "DELETE", path: [...org, "services", id] }),
    },

    grants: {
      list: (filter: { subject?: string; object?: string }) => all([...org, "grants"], filter, wire.grant),
      put: (body: wire.Grant) => http.json({ method: "PUT", path: [...org, "grants"], body }, wire.grant),
      remove: (body: Omit<wire.Grant, "level">) =>
        http.done({ method: "DELETE", path: [...org, "grants"], body }),
    },

    stores: {
      list: () => all([...org, "stores"], {}, wire.store),
      get: (slug: string) => http.json({ method: "GET", path: [...org, "stores", slug] }, wire.store),
      create: (body: { name: string; slug?: string; backend?: string }) =>
        http.json({ method: "POST", path: [...org, "stores"], body }, wire.store),
      keepIn: (slug: string, backend: string) =>
        http.json({ method: "PATCH", path: [...org, "stores", slug], body: { backend } }, wire.store),
      migrate: (slug: string, body: { backend: string; after: string | null }) =>
        http.json({ method: "POST", path: [...org, "stores", slug, "migrate-backend"], body }, wire.migrated),
      rename: (slug: string, name: string) =>
        http.json({ method: "PATCH", path: [...org, "stores", slug], body: { name } }, wire.store),
      remove: (slug: string, force: boolean) =>
        http.done({ method: "DELETE", path: [...org, "stores", slug], query: force ? { force } : {} }),
    },

    secrets: {
      list: (filter: { search?: string; label?: readonly string[]; everywhere?: boolean }, most?: number) => {
        const { everywhere = false, ...query } = filter;
        return all([...(everywhere ? org : inStore), "secrets"], query, wire.secret, most);
      },
      get: (secret: SecretName) =>
        http.json({ method: "GET", path: secretPath(secret), query: by(secret) }, wire.secret),
      create: (body: SecretFields & { name: string }) =>
        http.json({ method: "POST", path: [...inStore, "secrets"], body }, wire.secret),
      update: (secret: SecretName, body: SecretFields, revision: number) =>
        http.json(
          { method: "PATCH", path: secretPath(secret), query: by(secret), body, ifMatch: revision },
          wire.secret,
        ),
      remove: (secret: SecretName, purge: boolean) =>
        http.done({
          method: "DELETE",
          path: secretPath(secret),
          query: { ...by(secret), ...(purge ? { purge } : {}) },
        }),
      value: (secret: SecretName, version?: number) =>
        http.json(
          { method: "GET", path: secretPath(secret, "value"), query: { ...by(secret), version } },
          wire.value,
        ),
      putValue: (secret: SecretName, value: string) =>
        http.json(
          { method: "PUT", path: secretPath(secret, "value"), query: by(secret), body: { value } },
          wire.secret,
        ),
      values: (names: readonly string[]) =>
        http.json({ method: "POST", path: [...inStore, "values"], body: { names } }, wire.values),
      versions: (secret: SecretName) => all(secretPath(secret, "versions"), by(secret), wire.version),
      restore: (secret: SecretName, version: number) =>
        http.json(
          {
            method: "POST",
            path: secretPath(secret, "versions", String(version), "restore"),
            query: by(secret),
          },
          wire.secret,
        ),
      duplicate: (secret: SecretName, body: { name: string; store?: string }) =>
        http.json(
          { method: "POST", path: secretPath(secret, "duplicate"), query: by(secret), body },
          wire.secret,
        ),
      move: (secret: SecretName, body: { store: string; name?: string }) =>
        http.json({ method: "POST", path: secretPath(secret, "move"), query: by(secret), body }, wire.secret),
    },

    trash: {
      list: () => all([...org, "trash"], {}, wire.trashed),
      restore: (id: string, body: { name?: string }) =>
        http.json({ method: "POST", path: [...org, "trash", id, "restore"], body }, wire.secret),
      purge: (id: string) => http.done({ method: "DELETE", path: [...org, "trash", id] }),
    },

    tokens: {
      list: () => all([...org, "tokens"], {}, wire.token),
      create: (body: TokenFields & { principal: { kind: string; id: string }; stores?: readonly string[] }) =>
        http.json({ method: "POST", path: [...org, "tokens"], body }, wire.mintedToken),
      revoke: (id: string) => http.done({ method: "DELETE", path: [...org, "tokens", id] }),
    },

    ownTokens: {
      list: () => all(["tokens"], {}, wire.token),
      create: (body: TokenFields) => http.json({ method: "POST", path: ["tokens"], body }, wire.mintedToken),
      revoke: (id: string) => http.done({ method: "DELETE", path: ["tokens", id] }),
    },

    jobs: {
      create: (body: { jobId: string; claims: unknown; ttlSeconds?: number }) =>
        http.json({ method: "POST", path: [...inStore, "jobs"], body }, wire.startedJob),
      end: (jobId: string) => http.done({ method: "DELETE", path: [...inStore, "jobs", jobId] }),
    },

    keys: {
      status: () => http.json({ method: "GET", path: [...org, "keys"] }, wire.keyStatus),
      rotate: () => http.json({ method: "POST", path: [...org, "keys", "rotate"] }, wire.keyStatus),
      rewrap: () => http.json({ method: "POST", path: [...org, "keys", "rewrap"] }, wire.rewrapped),
      destroy: (term: number) =>
        http.done({ method: "POST", path: [...org, "keys", String(term), "destroy"] }),
    },

    backends: {
      list: () => http.json({ method: "GET", path: ["backends"] }, wire.backends),
      resume: (name: string) => http.done({ method: "POST", path: ["backends", name, "resume"] }),
    },

    installationKeys: {
      status: () => http.json({ method: "GET", path: ["installation", "keys"] }, wire.installationKeys),
      rotate: () =>
        http.json({ method: "POST", path: ["installation", "keys", "rotate"] }, wire.installationKeys),
      destroy: (term: number) =>
        http.done({ method: "POST", path: ["installation", "keys", String(term), "destroy"] }),
    },

    rootKeys: {
      rotate: () =>
        http.json({ method: "POST", path: ["installation", "root-keys", "rotate"] }, wire.installationKeys),
      rewrap: () =>
        http.json({ method: "POST", path: ["installation", "root-keys", "rewrap"] }, wire.rewrapped),
      retire: (id: string) =>
        http.done({ method: "POST", path: ["installation", "root-keys", id, "retire"] }),
      destroy: (id: string) =>
        http.done({ method: "POST", path: ["installation", "root-keys", id, "destroy"] }),
    },

    audit: {
      list: (filter: Query, most: number) => all([...org, "audit"], filter, wire.auditEntry, most),
    },
  };
}
