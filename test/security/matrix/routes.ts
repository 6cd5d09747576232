// How each route is asked of a place. Where doing it would spoil the place for the next cell, who may do
// it meets a harmless obstacle instead (`allowed` says which), or the thing is made for that cell alone.
import { randomUUID } from "node:crypto";
import { type Caller, grantHeld } from "./callers.ts";
import {
  done,
  invited,
  type Named,
  orgPath,
  post,
  type Site,
  secretBody,
  trustBody,
  type World,
} from "./places.ts";
import type { Asked } from "./wire.ts";

export interface AskedRoute {
  /** What it takes by name or id, the narrowest; null: nothing but perhaps an organization in the body. */
  readonly takes: Named | null;
  readonly ask: (site: Site, caller: Caller) => Asked;
  /** The answer to who may: any 2xx, or that obstacle. */
  readonly allowed?: number;
  /** The answer where the secret has expired, if it is another. */
  readonly expired?: number;
  /** Whether he may is decided before whether it is there. */
  readonly decidesFirst?: true;
  /** It answers 200 and says of each item what became of it. */
  readonly byItem?: true;
  /** Asked after all others, one at a time: it would disturb them. */
  readonly alone?: true;
  readonly fresh?: (cell: FreshCell) => Promise<Partial<Site> & { readonly code?: string }>;
}

export interface FreshCell {
  readonly world: World;
  readonly site: Site;
  readonly caller: Caller;
  /** An owner of the site's organization. */
  readonly by: string;
}

const get = (path: string): Asked => ({ method: "GET", path });
const put = (path: string, body?: unknown): Asked => ({
  method: "PUT",
  path,
  ...(body === undefined ? {} : { body }),
});
const patch = (path: string, body: unknown): Asked => ({ method: "PATCH", path, body });
const del = (path: string, body?: unknown): Asked => ({
  method: "DELETE",
  path,
  ...(body === undefined ? {} : { body }),
});

const org = orgPath;
const store = (site: Site) => `${org(site)}/stores/${site.store}`;
const secret = (site: Site) => `${store(site)}/secrets/${site.secret}`;
const one = (noun: string, id: Named) => (site: Site) => `${org(site)}/${noun}/${site[id]}`;
const [member, group, machine, service, trust, trashed, token] = [
  one("people", "member"),
  one("groups", "group"),
  one("machines", "machine"),
  one("services", "service"),
  one("trusts", "trust"),
  one("trash", "trashed"),
  one("tokens", "token"),
];
const ofAll = (path: string) => post(`/v1/installation/${path}`, undefined);
const aName = () => `n-${randomUUID()}`;
/** No secret of these tests is at that revision. */
const never = '"1"';

/** Made for one cell by who may; what the caller holds on single things he holds on it too. */
const made = async ({ world, caller, by, site }: FreshCell, asked: Asked, kind?: "secret" | "machine") => {
  const { id } = await done(world.wire, by, asked);
  if (kind !== undefined && site.storeId === world.here.storeId) {
    await grantHeld(world, site, caller, { kind, id });
  }
  return String(id);
};

const freshMember: AskedRoute["fresh"] = async ({ world, by, site }) => ({
  member: (await invited(world.wire, by, site.org, "member")).membership,
});
const freshOrphan: AskedRoute["fresh"] = async (cell) => {
  const { world, by, site } = cell;
  const { slug } = await done(world.wire, by, post(`${org(site)}/stores`, { name: aName() }));
  const inStore = `${org(site)}/stores/${slug}`;
  const id = await made(cell, post(`${inStore}/secrets`, { value: "v", name: aName() }), "secret");
  await done(world.wire, by, del(`${inStore}?force=true`));
  return { trashed: id };
};
const freshInvitation: AskedRoute["fresh"] = async ({ world }) => {
  const asked = post("/v1/organizations/here/people", {
    email: `${randomUUID()}@example.org`,
    role: "member",
  });
  return { code: (await done(world.wire, world.operator, asked)).invitation };
};

const theMember = (site: Site) => ({ kind: "person", id: site.person });
const narrowest = { name: "minted", addresses: ["127.0.0.1/32"] };
const grantOf = (site: Site, subject: object) => ({ subject, object: { kind: "store", id: site.storeId } });

/** By operation, and where one asks for different rights by what is in the body, by `operation: what`. */
export const routes: Readonly<Record<string, AskedRoute>> = {
  getDocument: { takes: null, ask: () => get("/v1/openapi.json") },
  acceptInvitation: {
    takes: null,
    fresh: freshInvitation,
    ask: (site) => post("/v1/invitations/accept", { invitation: "code" in site ? site.code : "" }),
  },
  whoami: { takes: null, ask: () => get("/v1/whoami") },
  listOrganizations: { takes: null, ask: () => get("/v1/organizations") },
  createOrganization: {
    takes: null,
    allowed: 409,
    ask: () => post("/v1/organizations", { slug: "here", name: "taken" }),
  },
  getMe: { takes: null, ask: () => get("/v1/me") },
  updateMe: { takes: null, ask: () => patch("/v1/me", { name: "Somebody" }) },
  listOwnTokens: { takes: null, ask: () => get("/v1/tokens") },
  mintOwnToken: { takes: null, ask: () => post("/v1/tokens", { name: "another" }) },
  getOwnToken: { takes: "ownToken", decidesFirst: true, ask: (site) => get(`/v1/tokens/${site.ownToken}`) },
  revokeOwnToken: {
    takes: "ownToken",
    decidesFirst: true,
    fresh: async ({ world }) => ({
      ownToken: (await done(world.wire, world.operator, post("/v1/tokens", { name: "spare" }))).id,
    }),
    ask: (site) => del(`/v1/tokens/${site.ownToken}`),
  },

  getOrganization: { takes: "org", ask: (site) => get(org(site)) },
  getQuota: { takes: "org", ask: (site) => get(`${org(site)}/quota`) },
  updateOrganization: { takes: "org", ask: (site) => patch(org(site), { name: site.org }) },
  // Neither is empty.
  deleteOrganization: { takes: "org", allowed: 409, ask: (site) => del(org(site)) },
  listAudit: { takes: "org", ask: (site) => get(`${org(site)}/audit?limit=1`) },
  listChanges: { takes: "org", ask: (site) => get(`${org(site)}/changes?limit=1`) },
  "explain: oneself": {
    takes: "org",
    ask: (site, { self }) => post(`${org(site)}/explain`, { principal: self, action: "store.list" }),
  },
  "explain: others in a store": {
    takes: "store",
    ask: (site) =>
      post(`${org(site)}/explain`, { principal: theMember(site), action: "store.list", store: site.store }),
  },
  explain: {
    takes: "secret",
    ask: (site) => {
      const place = { store: site.store, secret: site.secret };
      return post(`${org(site)}/explain`, { principal: theMember(site), action: "secret.read", ...place });
    },
  },

  listPeople: { takes: "org", ask: (site) => get(`${org(site)}/people?limit=1`) },
  invitePerson: {
    takes: "org",
    ask: (site) => post(`${org(site)}/people`, { email: `${randomUUID()}@example.org`, role: "member" }),
  },
  "invitePerson: as owner": {
    takes: "org",
    ask: (site) => post(`${org(site)}/people`, { email: `${randomUUID()}@example.org`, role: "owner" }),
  },
  getPerson: { takes: "member", ask: (site) => get(member(site)) },
  changeRole: { takes: "member", ask: (site) => patch(member(site), { role: "member" }) },
  "changeRole: to owner": {
    takes: "member",
    fresh: freshMember,
    ask: (site) => patch(member(site), { role: "owner" }),
  },
  removePerson: { takes: "member", fresh: freshMember, ask: (site) => del(member(site)) },

  listStores: { takes: "org", ask: (site) => get(`${org(site)}/stores`) },
  createStore: { takes: "org", ask: (site) => post(`${org(site)}/stores`, { name: aName() }) },
  getStore: { takes: "store", ask: (site) => get(store(site)) },
  updateStore: { takes: "store", ask: (site) => patch(store(site), { name: site.store }) },
  deleteStore: { takes: "store", allowed: 409, ask: (site) => del(store(site)) },

  listSecretsOfOrganization: { takes: "org", ask: (site) => get(`${org(site)}/secrets?limit=1`) },
  listSecrets: { takes: "store", ask: (site) => get(`${store(site)}/secrets?limit=1`) },
  createSecret: {
    takes: "store",
    ask: (site) => post(`${store(site)}/secrets`, { name: aName(), value: "v" }),
  },
  getSecret: { takes: "secret", ask: (site) => get(secret(site)) },
  updateSecret: { takes: "secret", ask: (site) => patch(secret(site), { description: aName() }) },
  deleteSecret: { takes: "secret", allowed: 412, ask: (site) => ({ ...del(secret(site)), ifMatch: never }) },
  "deleteSecret: for good": {
    takes: "secret",
    allowed: 412,
    ask: (site) => ({ ...del(`${secret(site)}?purge=true`), ifMatch: never }),
  },
  duplicateSecret: { takes: "secret", ask: (site) => post(`${secret(site)}/duplicate`, { name: aName() }) },
  "duplicateSecret: into another store": {
    takes: "otherStore",
    decidesFirst: true,
    ask: (site) => post(`${secret(site)}/duplicate`, { name: aName(), store: site.otherStore }),
  },
  moveSecret: { takes: "secret", ask: (site) => post(`${secret(site)}/move`, { store: site.store }) },
  "moveSecret: into another store": {
    takes: "otherStore",
    decidesFirst: true,
    allowed: 409,
    ask: (site) => post(`${secret(site)}/move`, { store: site.otherStore }),
  },
  getValue: { takes: "secret", expired: 410, ask: (site) => get(`${secret(site)}/value`) },
  "getValue: of a past version": {
    takes: "secret",
    expired: 410,
    ask: (site) => get(`${secret(site)}/value?version=1`),
  },
  putValue: { takes: "secret", ask: (site) => put(`${secret(site)}/value`, { value: "again" }) },
  getValues: {
    takes: "secret",
    byItem: true,
    expired: 410,
    ask: (site) => post(`${store(site)}/values`, { names: [site.secret] }),
  },
  listVersions: { takes: "secret", ask: (site) => get(`${secret(site)}/versions`) },
  restoreVersion: {
    takes: "secret",
    allowed: 412,
    ask: (site) => ({ ...post(`${secret(site)}/versions/1/restore`, undefined), ifMatch: never }),
  },
  listTrash: { takes: "org", ask: (site) => get(`${org(site)}/trash?limit=1`) },
  restoreSecret: { takes: "trashed", allowed: 409, ask: (site) => post(`${trashed(site)}/restore`, {}) },
  purgeTrashed: {
    takes: "trashed",
    fresh: async (cell) => {
      const { site, by, world } = cell;
      const inStore = `${store(site)}/secrets`;
      const id = await made(cell, post(inStore, { ...secretBody(site.org), name: aName() }), "secret");
      await done(world.wire, by, del(`${inStore}/${id}`));
      return { trashed: id };
    },
    ask: (site) => del(trashed(site)),
  },
  "restoreSecret: of a deleted store": {
    takes: "trashed",
    fresh: freshOrphan,
    ask: (site) => post(`${trashed(site)}/restore`, {}),
  },
  "purgeTrashed: of a deleted store": {
    takes: "trashed",
    fresh: freshOrphan,
    ask: (site) => del(trashed(site)),
  },

  listGroups: { takes: "org", ask: (site) => get(`${org(site)}/groups?limit=1`) },
  createGroup: { takes: "org", ask: (site) => post(`${org(site)}/groups`, { name: aName() }) },
  getGroup: { takes: "group", decidesFirst: true, ask: (site) => get(group(site)) },
  updateGroup: { takes: "group", decidesFirst: true, ask: (site) => patch(group(site), { name: "team" }) },
  deleteGroup: {
    takes: "group",
    decidesFirst: true,
    fresh: async (cell) => ({ group: await made(cell, post(`${org(cell.site)}/groups`, { name: aName() })) }),
    ask: (site) => del(group(site)),
  },
  listGroupMembers: { takes: "group", decidesFirst: true, ask: (site) => get(`${group(site)}/members`) },
  addGroupMember: {
    takes: "group",
    decidesFirst: true,
    ask: (site) => put(`${group(site)}/members/${site.person}`),
  },
  removeGroupMember: {
    takes: "group",
    decidesFirst: true,
    fresh: async ({ world, by, site }) => {
      const { id } = await invited(world.wire, by, site.org, "member");
      await done(world.wire, by, put(`${group(site)}/members/${id}`));
      return { person: id };
    },
    ask: (site) => del(`${group(site)}/members/${site.person}`),
  },

  listMachines: { takes: "org", ask: (site) => get(`${org(site)}/machines?limit=1`) },
  createMachine: { takes: "org", ask: (site) => post(`${org(site)}/machines`, { name: aName() }) },
  createAccessToken: {
    takes: "machine",
    decidesFirst: true,
    ask: (site) => post(`${machine(site)}/access-tokens`, { name: "t" }),
  },
  getTransportKey: { takes: "org", ask: (site) => get(`${org(site)}/bitwarden/transport-key`) },
  getMachine: { takes: "machine", decidesFirst: true, ask: (site) => get(machine(site)) },
  updateMachine: {
    takes: "machine",
    decidesFirst: true,
    ask: (site) => patch(machine(site), { name: "robot" }),
  },
  deleteMachine: {
    takes: "machine",
    decidesFirst: true,
    fresh: async (cell) => ({
      machine: await made(cell, post(`${org(cell.site)}/machines`, { name: aName() }), "machine"),
    }),
    ask: (site) => del(machine(site)),
  },

  listServices: { takes: "org", ask: (site) => get(`${org(site)}/services?limit=1`) },
  createService: {
    takes: "org",
    ask: (site) => post(`${org(site)}/services`, { name: aName(), stores: [site.store] }),
  },
  getService: { takes: "service", decidesFirst: true, ask: (site) => get(service(site)) },
  updateService: {
    takes: "service",
    decidesFirst: true,
    ask: (site) => patch(service(site), { name: aName() }),
  },
  deleteService: {
    takes: "service",
    decidesFirst: true,
    fresh: async (cell) => ({
      service: await made(cell, post(`${org(cell.site)}/services`, { name: aName() })),
    }),
    ask: (site) => del(service(site)),
  },

  listGrants: { takes: "org", ask: (site) => get(`${org(site)}/grants?limit=1`) },
  "listGrants: on a store": {
    takes: "storeId",
    ask: (site) => get(`${org(site)}/grants?object=store:${site.storeId}`),
  },
  putGrant: {
    takes: "storeId",
    fresh: async (cell) => ({
      machine: await made(cell, post(`${org(cell.site)}/machines`, { name: aName() })),
    }),
    ask: (site) => {
      const grant = grantOf(site, { kind: "machine", id: site.machine });
      return put(`${org(site)}/grants`, { ...grant, level: "read" });
    },
  },
  deleteGrant: {
    takes: "storeId",
    fresh: async (cell) => {
      const { world, by, site } = cell;
      const machine = await made(cell, post(`${org(site)}/machines`, { name: aName() }));
      const grant = grantOf(site, { kind: "machine", id: machine });
      await done(world.wire, by, put(`${org(site)}/grants`, { ...grant, level: "read" }));
      return { machine };
    },
    ask: (site) => del(`${org(site)}/grants`, grantOf(site, { kind: "machine", id: site.machine })),
  },

  listTokens: { takes: "org", ask: (site) => get(`${org(site)}/tokens?limit=1`) },
  mintToken: {
    takes: "org",
    ask: (site, { self }) => post(`${org(site)}/tokens`, { principal: self, ...narrowest }),
  },
  "mintToken: as narrow as its minter": {
    takes: "org",
    ask: (site, { self }) => {
      const token = { principal: self, ...narrowest, scopes: ["organization.read"] };
      return post(`${org(site)}/tokens`, token);
    },
  },
  "mintToken: for a store": {
    takes: "store",
    decidesFirst: true,
    ask: (site, { self }) =>
      post(`${org(site)}/tokens`, { principal: self, ...narrowest, stores: [site.store] }),
  },
  "mintToken: of a machine": {
    takes: "machine",
    decidesFirst: true,
    ask: (site) =>
      post(`${org(site)}/tokens`, { principal: { kind: "machine", id: site.machine }, ...narrowest }),
  },
  "mintToken: of a service": {
    takes: "service",
    decidesFirst: true,
    ask: (site) =>
      post(`${org(site)}/tokens`, { principal: { kind: "service", id: site.service }, ...narrowest }),
  },
  getToken: { takes: "token", ask: (site) => get(token(site)) },
  revokeToken: {
    takes: "token",
    fresh: async (cell) => {
      const principal = { kind: "service", id: cell.site.service };
      return { token: await made(cell, post(`${org(cell.site)}/tokens`, { principal, name: "spare" })) };
    },
    ask: (site) => del(token(site)),
  },
  "revokeToken: of an owner": {
    takes: "ownersToken",
    fresh: async (cell) => {
      const { world, site } = cell;
      const id = site.org === "here" ? world.operatorId : world.strangerId;
      const asked = post(`${org(site)}/tokens`, { principal: { kind: "person", id }, name: "spare" });
      return { ownersToken: await made(cell, asked) };
    },
    ask: (site) => del(one("tokens", "ownersToken")(site)),
  },

  startJob: {
    takes: "store",
    ask: (site) => post(`${store(site)}/jobs`, { jobId: aName(), claims: { pipeline_slug: "web" } }),
  },
  endJob: { takes: "store", ask: (site) => del(`${store(site)}/jobs/none`) },

  listTrusts: { takes: "org", ask: (site) => get(`${org(site)}/trusts?limit=1`) },
  createTrust: { takes: "org", ask: (site) => post(`${org(site)}/trusts`, trustBody(site.store)) },
  getTrust: { takes: "trust", decidesFirst: true, ask: (site) => get(trust(site)) },
  renameTrust: { takes: "trust", decidesFirst: true, ask: (site) => patch(trust(site), { name: "ci" }) },
  deleteTrust: {
    takes: "trust",
    decidesFirst: true,
    fresh: async (cell) => ({
      trust: await made(cell, post(`${org(cell.site)}/trusts`, trustBody(cell.site.store))),
    }),
    ask: (site) => del(trust(site)),
  },

  getKeys: { takes: "org", ask: (site) => get(`${org(site)}/keys`) },
  // The only term there is until the last of these.
  destroyKey: {
    takes: "org",
    alone: true,
    allowed: 409,
    ask: (site) => post(`${org(site)}/keys/1/destroy`, undefined),
  },
  rewrapValues: { takes: "org", alone: true, ask: (site) => post(`${org(site)}/keys/rewrap`, undefined) },
  rotateKey: { takes: "org", alone: true, ask: (site) => post(`${org(site)}/keys/rotate`, undefined) },

  getInstallationKeys: { takes: null, ask: () => get("/v1/installation/keys") },
  destroyInstallationKey: { takes: null, alone: true, allowed: 409, ask: () => ofAll("keys/1/destroy") },
  rotateInstallationKey: { takes: null, alone: true, ask: () => ofAll("keys/rotate") },
  // The server was given the one root key that wraps already.
  rotateRootKey: { takes: null, allowed: 409, ask: () => ofAll("root-keys/rotate") },
  rewrapKeys: { takes: null, ask: () => ofAll("root-keys/rewrap") },
  retireRootKey: { takes: null, allowed: 404, ask: () => ofAll("root-keys/rk_0123456789abcdef/retire") },
  getBackends: { takes: null, ask: () => get("/v1/backends") },
  resumeSweeps: { takes: null, allowed: 404, ask: () => post("/v1/backends/none/resume", undefined) },
  migrateStore: {
    takes: "store",
    ask: (site) => post(`${store(site)}/migrate-backend`, { backend: "embedded" }),
  },
  destroyRootKey: { takes: null, allowed: 404, ask: () => ofAll("root-keys/rk_0123456789abcdef/destroy") },
};
