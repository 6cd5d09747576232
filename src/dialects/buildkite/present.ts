// From the domain to this wire: total functions, literal names. A value is in none of them.
import type { Actor } from "../../core/caller.ts";
import type { Organization } from "../../core/organizations/organization.ts";
import type { Whoami } from "../../core/organizations/whoami.ts";
import type { Person } from "../../core/people/person.ts";
import type { Secret } from "../../core/secrets/secret.ts";
import type { Store } from "../../core/stores/store.ts";
import { clusterDetails } from "./cluster.ts";
import { namesOf } from "./scopes.ts";

/** Where clients reach this API, and where a person would look; neither has a slash at its end. */
export interface Bases {
  readonly api: string;
  readonly web: string;
}

/** Who made things, by id. */
export type Authors = ReadonlyMap<string, Person>;

export interface Shown {
  readonly organization: Pick<Organization, "id" | "slug">;
  readonly authors: Authors;
  readonly bases: Bases;
}

type TypeName = "Organization" | "User" | "Cluster" | "Secret";

export function graphqlId(type: TypeName, id: string): string {
  return Buffer.from(`${type}---${id}`).toString("base64");
}

export function time(at: number): string {
  return new Date(at).toISOString();
}

export function secret(it: Secret, { organization, authors, bases }: Shown) {
  const inApi = `${bases.api}/v2/organizations/${organization.slug}`;
  const cluster = `${inApi}/clusters/${it.storeId}`;
  return {
    id: it.id,
    graphql_id: graphqlId("Secret", it.id),
    key: it.name,
    description: it.description,
    policy: it.policy,
    created_at: time(it.createdAt),
    created_by: author(it.createdBy, authors),
    updated_at: time(it.updatedAt ?? it.createdAt),
    updated_by: it.updatedBy && author(it.updatedBy, authors),
    last_read_at: it.lastReadAt === null ? null : time(it.lastReadAt),
    url: `${cluster}/secrets/${it.id}`,
    cluster_url: cluster,
    organization: {
      id: organization.id,
      slug: organization.slug,
      url: inApi,
      web_url: `${bases.web}/${organization.slug}`,
    },
  };
}

/** Null for a person who is in the organization no more. Machines have no e-mail address. */
function author({ kind, id, name }: Actor, authors: Authors) {
  if (kind !== "person") return { id, name, email: null };
  const person = authors.get(id);
  return person === undefined ? null : { id, name: person.name, email: person.email };
}

export function user({ id, name, email, createdAt }: Person) {
  return {
    id,
    graphql_id: graphqlId("User", id),
    name,
    email,
    avatar_url: null,
    created_at: time(createdAt),
  };
}

export function accessToken({ token, scopes, principal }: Whoami) {
  return {
    uuid: token.id,
    scopes: namesOf(scopes),
    description: token.name,
    created_at: seconds(token.createdAt),
    expires_at: token.expiresAt === null ? null : seconds(token.expiresAt),
    user: { email: principal.email, name: principal.name },
  };
}

/** The form of one route alone. */
function seconds(at: number): string {
  return `${time(at).slice(0, 19).replace("T", " ")} UTC`;
}

export function organization({ id, slug, name, createdAt }: Organization, { api, web }: Bases) {
  const url = `${api}/v2/organizations/${slug}`;
  return {
    id,
    graphql_id: graphqlId("Organization", id),
    url,
    web_url: `${web}/${slug}`,
    name,
    slug,
    pipelines_url: `${url}/pipelines`,
    agents_url: `${url}/agents`,
    emojis_url: `${url}/emojis`,
    created_at: time(createdAt),
  };
}

export function cluster(it: Store, { organization: { slug }, authors, bases }: Shown) {
  const url = `${bases.api}/v2/organizations/${slug}/clusters/${it.id}`;
  const { description, emoji, color } = clusterDetails(it);
  const createdBy = authors.get(it.createdBy.id);
  return {
    id: it.id,
    graphql_id: graphqlId("Cluster", it.id),
    default_queue_id: null,
    name: it.name,
    description,
    emoji,
    color,
    maintainers: { users: [], teams: [] },
    url,
    web_url: `${bases.web}/organizations/${slug}/clusters/${it.id}`,
    default_queue_url: null,
    queues_url: `${url}/queues`,
    created_at: time(it.createdAt),
    created_by: createdBy === undefined ? null : user(createdBy),
  };
}
