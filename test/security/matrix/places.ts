// Where a cell asks: two organizations that know nothing of each other, and what lies in them.
import { generateKeyPairSync, randomUUID } from "node:crypto";
import type { Asked, Wire } from "./wire.ts";

/** What a path or a body may name. Slugs and names where people write them, ids elsewhere. */
export interface Site {
  readonly org: string;
  readonly store: string;
  readonly storeId: string;
  readonly otherStore: string;
  readonly secret: string;
  readonly trashed: string;
  readonly group: string;
  /** A membership and its person. */
  readonly member: string;
  readonly person: string;
  readonly machine: string;
  readonly service: string;
  readonly trust: string;
  /** A token of that person. */
  readonly token: string;
  readonly ownersToken: string;
  /** A token of the operator over all his organizations. */
  readonly ownToken: string;
}

export type Named = Exclude<keyof Site, "person">;

export const places = [
  "own",
  "other store",
  "trashed",
  "expired",
  "missing",
  "foreign",
  "missing store",
  "other tenant",
  "missing organization",
] as const;
export type Place = (typeof places)[number];

export interface World {
  readonly wire: Wire;
  /** The first person: operator, owner of `here`. */
  readonly operator: string;
  readonly stranger: string;
  readonly strangerId: string;
  readonly operatorId: string;
  readonly here: Site;
  readonly there: Site;
  /** In the other store of `here`. */
  readonly beside: Site;
  /** Names of secrets that are there and yet are not. */
  readonly gone: { readonly trashed: string; readonly expired: string };
  readonly consumers: { readonly listed: string; readonly elsewhere: string; readonly unlisted: string };
}

export const policy = "- pipeline_slug: web\n";

/** Asks as somebody who may, and answers the body. */
// biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire carried
export async function done(wire: Wire, token: string, asked: Asked): Promise<any> {
  const { status, text } = await wire.ask(token, asked);
  if (status >= 300) throw new Error(`${asked.method} ${asked.path}: ${status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

export const post = (path: string, body: unknown): Asked => ({ method: "POST", path, body });

export const orgPath = ({ org }: Pick<Site, "org">) => `/v1/organizations/${org}`;

/** The token of who owns the site's organization. */
export function ownerOf(world: World, { org }: Pick<Site, "org">): string {
  return org === "here" ? world.operator : world.stranger;
}

/** The id of the site's organization, or of what lies at a path in it. */
export async function idAt(world: World, site: Site, path = ""): Promise<string> {
  const asked: Asked = { method: "GET", path: orgPath(site) + path };
  return String((await done(world.wire, ownerOf(world, site), asked)).id);
}

export const idOfSecret = (world: World, site: Site): Promise<string> =>
  idAt(world, site, `/stores/${site.store}/secrets/${site.secret}`);

export async function invited(wire: Wire, by: string, org: string, role: string) {
  const email = `${randomUUID()}@example.org`;
  const { invitation, membershipId } = await done(
    wire,
    by,
    post(`${orgPath({ org })}/people`, { email, role }),
  );
  const accepted = await done(wire, by, post("/v1/invitations/accept", { invitation }));
  return { token: String(accepted.token), id: String(accepted.person.id), membership: String(membershipId) };
}

/** The site that a route is asked of; what it takes by name is replaced, all else stays. */
export function siteAt(world: World, place: Place, takes: Named): Site {
  const { here, there, beside, gone } = world;
  switch (place) {
    case "own":
      return here;
    case "other store":
      return beside;
    case "trashed":
      return { ...here, secret: gone.trashed };
    case "expired":
      return { ...here, secret: gone.expired };
    case "missing":
      return { ...here, [takes]: missingOf[takes] ?? "0198c2a0-0000-7000-8000-00000000dead" };
    case "foreign":
      return { ...here, [takes]: takes === "store" || takes === "otherStore" ? there.storeId : there[takes] };
    case "missing store":
      return { ...here, store: "nowhere" };
    case "other tenant":
      return there;
    case "missing organization":
      return { ...there, org: "nowhere" };
  }
}

const missingOf: { readonly [K in Named]?: string } = {
  store: "nowhere",
  otherStore: "nowhere",
  secret: "NOTHING",
};

export async function makeWorld(wire: Wire, operator: string, operatorId: string): Promise<World> {
  const make = (asked: Asked) => done(wire, operator, asked);
  for (const slug of ["here", "there"]) await make(post("/v1/organizations", { slug, name: slug }));
  const { token: stranger, id: strangerId } = await invited(wire, operator, "there", "owner");

  const store = async (org: string, slug: string) =>
    String((await make(post(`/v1/organizations/${org}/stores`, { slug, name: slug }))).id);
  const ids = {
    mine: await store("here", "mine"),
    beside: await store("here", "beside"),
    theirs: await store("there", "theirs"),
    theirOther: await store("there", "their-other"),
  };

  const service = async (name: string, stores?: readonly string[]) =>
    String((await make(post("/v1/organizations/here/services", { name, ...(stores ? { stores } : {}) }))).id);
  const consumers = {
    listed: await service("listed"),
    elsewhere: await service("elsewhere", ["beside"]),
    unlisted: await service("unlisted"),
  };

  const secret = async (org: string, where: string, name: string, more: object = {}) => {
    const all = `/v1/organizations/${org}/stores/${where}/secrets`;
    const { id } = await make(post(all, { ...secretBody(org), ...more, name }));
    // A second version, so that the first is a past one.
    await make({ method: "PUT", path: `${all}/${name}/value`, body: { value: "second" } });
    return String(id);
  };
  const trash = (org: string, where: string, name: string) =>
    make({ method: "DELETE", path: `/v1/organizations/${org}/stores/${where}/secrets/${name}` });

  const contents = async (org: string, where: string) => {
    await secret(org, where, "SECRET");
    const trashed = await secret(org, where, "THROWN");
    await trash(org, where, "THROWN");
    // Its old name is taken again: who may restore it hears so, and nothing moves.
    await secret(org, where, "THROWN");
    return trashed;
  };
  const principals = async (org: string, boundTo: string) => {
    const base = `/v1/organizations/${org}`;
    const member = await invited(wire, operator, org, "member");
    const minted = post(`${base}/tokens`, { principal: { kind: "person", id: member.id }, name: "theirs" });
    const owners = post(`${base}/tokens`, { principal: { kind: "person", id: operatorId }, name: "owners" });
    const made = {
      member: member.membership,
      person: member.id,
      group: String((await make(post(`${base}/groups`, { name: "team" }))).id),
      machine: String((await make(post(`${base}/machines`, { name: "robot" }))).id),
      service: String((await make(post(`${base}/services`, { name: "idle" }))).id),
      trust: String((await make(post(`${base}/trusts`, trustBody(boundTo)))).id),
      token: String((await done(wire, member.token, minted)).id),
      ownersToken: String((await make(owners)).id),
      ownToken: String((await make(post("/v1/tokens", { name: "own" }))).id),
    };
    const grant = {
      subject: { kind: "group", id: made.group },
      object: { kind: "store", id: ids[org === "here" ? "mine" : "theirs"] },
    };
    await make({ method: "PUT", path: `${base}/grants`, body: { ...grant, level: "read" } });
    return made;
  };
  const here: Site = {
    org: "here",
    store: "mine",
    storeId: ids.mine,
    otherStore: "beside",
    secret: "SECRET",
    trashed: await contents("here", "mine"),
    ...(await principals("here", "mine")),
  };
  const beside: Site = {
    ...here,
    store: "beside",
    storeId: ids.beside,
    otherStore: "mine",
    trashed: await contents("here", "beside"),
  };
  const there: Site = {
    org: "there",
    store: "theirs",
    storeId: ids.theirs,
    otherStore: "their-other",
    secret: "THEIRS",
    trashed: await contents("there", "theirs"),
    ...(await principals("there", "theirs")),
  };
  // In both stores, so that the one cannot be moved to the other.
  await secret("there", "theirs", "THEIRS");
  await secret("there", "their-other", "THEIRS");
  await secret("here", "mine", "TRASHED");
  await trash("here", "mine", "TRASHED");
  await secret("here", "mine", "EXPIRED", { expiresAt: new Date(Date.now() + 2_000).toISOString() });
  // Who made the other organization leaves it: nobody of the one is in the other.
  const people = await done(wire, stranger, {
    method: "GET",
    path: "/v1/organizations/there/people?limit=1000",
  });
  const left = people.items.find((it: { id: string }) => it.id === operatorId).membershipId;
  await done(wire, stranger, { method: "DELETE", path: `/v1/organizations/there/people/${left}` });
  const gone = { trashed: "TRASHED", expired: "EXPIRED" };
  return { wire, operator, operatorId, stranger, strangerId, here, there, beside, gone, consumers };
}

export function secretBody(org: string) {
  const consumers = org === "here" ? ["listed", "elsewhere"] : [];
  return { value: "v", policy, ...(consumers.length === 0 ? {} : { consumers }) };
}

const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = { ...publicKey.export({ format: "jwk" }), kid: "key-1", alg: "ES256", use: "sig" };

/** One that leads jobs into a store. Its keys are given, so that nothing is fetched. */
export function trustBody(store: string) {
  return {
    name: "ci",
    issuer: "https://ci.example.org",
    audience: randomUUID(),
    jwks: { keys: [key] },
    claims: { organization_slug: "acme" },
    store,
    as: "job",
  };
}
