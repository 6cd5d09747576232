// Everybody who may knock: in the order of the columns of expected.ts, then those whom no credential
// lets in. Made by the routes; into the tables goes only what no route makes.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Level } from "../../../src/core/grants/grant.ts";
import { uuidv7 } from "../../../src/core/ids.ts";
import { mintToken } from "../../../src/crypto/tokens.ts";
import { done, idAt, idOfSecret, invited, orgPath, ownerOf, post, type Site, type World } from "./places.ts";

export interface Caller {
  readonly name: string;
  /** Asked for anew at each request: who is nobody must not be throttled. */
  readonly token: () => string | null;
  /** Whom a request of his would name as himself. */
  readonly self: { readonly kind: "person" | "machine" | "service"; readonly id: string };
  /** What is granted to him on single things, given also on those made for one cell. */
  readonly holds?: { readonly kind: "secret" | "machine"; readonly level: Level };
}

export const columns = [
  ["owner", "operator", "admin", "auditor", "member"],
  ["organization read", "organization write", "organization manage"],
  ["store read", "store write", "store manage"],
  ["secret read", "secret write", "secret manage"],
  ["group read", "group write", "group manage"],
  ["read on a machine", "manage on a machine"],
  ["machine", "machine store read", "machine store write", "machine store manage", "machine secret read"],
  ["service listed", "service not listed", "service bound elsewhere"],
  ["job met", "job not met", "job of another store"],
  ["stranger", "person without organization"],
  [
    "token secret.reveal",
    "token secret.*@store",
    "token secret.reveal@store/NAME",
    "token for the store",
    "token for another store",
    "token from here",
    "token organization.read",
    "writer's token secret.reveal",
    "token that only confers",
  ],
].flat();

/** They know one secret, and without it nothing of what it lies in. */
export const ofOneSecret: readonly string[] = [
  "secret read",
  "secret write",
  "secret manage",
  "machine secret read",
];

/** The sign of a caller in a row of a table; null: he has no column. */
export function signIn(
  rows: Readonly<Record<string, string>>,
  row: string,
  name: string,
  among = columns,
): string | null {
  const signs = rows[row]?.replaceAll(" ", "") ?? "";
  if (signs.length !== among.length) throw new Error(`the row ${row} has ${signs.length} signs`);
  return signs[among.indexOf(name)] ?? null;
}

const levels = ["read", "write", "manage"] as const;
const ids = uuidv7({ now: Date.now });

/** All rights to give something away, and of what is given only what lists show. */
export const conferring = [
  "organization.read",
  "store.list",
  "people.manage",
  "group.manage",
  "service.manage",
  "trust.manage",
  "token.manage",
  "grant.manage",
  "job.manage",
];

export async function makeCallers(
  world: World,
  data: string,
): Promise<{ admitted: readonly Caller[]; refused: readonly Caller[] }> {
  const { wire, operator, operatorId, here } = world;
  const base = orgPath(here);
  const make = (path: string, body: unknown) => done(wire, operator, post(base + path, body));
  const grant = (subject: object, object: object, level: Level) =>
    done(wire, operator, { method: "PUT", path: `${base}/grants`, body: { subject, object, level } });
  const organization = { kind: "organization", id: await idAt(world, here) };
  const store = { kind: "store", id: here.storeId };
  const secrets = await Promise.all(
    ["SECRET", "EXPIRED"].map((name) => idAt(world, here, `/stores/mine/secrets/${name}`)),
  );
  const onSecrets = [...secrets, here.trashed].map((id) => ({ kind: "secret", id }));
  const machine = { kind: "machine", id: here.machine };

  const person = async (name: string, role: string): Promise<Caller> => {
    const { token, id } = await invited(wire, operator, "here", role);
    return { name, token: () => token, self: { kind: "person", id } };
  };
  const holder = async (name: string, objects: readonly object[], level: Level): Promise<Caller> => {
    const made = await person(name, "member");
    for (const object of objects) await grant(made.self, object, level);
    return made;
  };
  const inGroup = async (level: Level): Promise<Caller> => {
    const made = await person(`group ${level}`, "member");
    const group = await make("/groups", { name: `holds ${level}` });
    await grant({ kind: "group", id: group.id }, store, level);
    await done(wire, operator, { method: "PUT", path: `${base}/groups/${group.id}/members/${made.self.id}` });
    return made;
  };
  const robot = async (name: string, objects: readonly object[], level: Level): Promise<Caller> => {
    const self = { kind: "machine", id: String((await make("/machines", { name })).id) } as const;
    for (const object of objects) await grant(self, object, level);
    return minted(world, name, self);
  };
  /** No route gives a machine manage: a table says so, and it must count for nothing more than write. */
  const managing = async (): Promise<Caller> => {
    const made = await robot("machine store manage", [store], "write");
    inTables(data, (db) =>
      db.prepare("UPDATE grants SET level = 'manage' WHERE subject_id = ?").run(made.self.id),
    );
    return made;
  };
  const job = async (name: string, where: string, slug: string): Promise<Caller> => {
    const body = { jobId: name.replaceAll(" ", "-"), claims: { pipeline_slug: slug } };
    const { token } = await make(`/stores/${where}/jobs`, body);
    return { name, token: () => token, self: { kind: "person", id: operatorId } };
  };
  const owner: Caller["self"] = { kind: "person", id: operatorId };
  const narrow = (name: string, more: object) => minted(world, name, owner, more);
  const service = (name: string, id: string) => minted(world, name, { kind: "service", id });

  const writer = await holder("writer", [store], "write");
  const outsider = insertPerson(data);
  const admitted: Caller[] = [
    await minted(world, "owner", owner),
    { name: "operator", token: () => operator, self: owner },
    await person("admin", "admin"),
    await person("auditor", "auditor"),
    await person("member", "member"),
  ];
  for (const level of levels) admitted.push(await holder(`organization ${level}`, [organization], level));
  for (const level of levels) admitted.push(await holder(`store ${level}`, [store], level));
  for (const level of levels) {
    admitted.push({
      ...(await holder(`secret ${level}`, onSecrets, level)),
      holds: { kind: "secret", level },
    });
  }
  for (const level of levels) admitted.push(await inGroup(level));
  for (const level of ["read", "manage"] as const) {
    admitted.push({
      ...(await holder(`${level} on a machine`, [machine], level)),
      holds: { kind: "machine", level },
    });
  }
  admitted.push(await robot("machine", [], "read"));
  for (const level of ["read", "write"] as const) {
    admitted.push(await robot(`machine store ${level}`, [store], level));
  }
  admitted.push(await managing());
  admitted.push({
    ...(await robot("machine secret read", onSecrets, "read")),
    holds: { kind: "secret", level: "read" },
  });
  admitted.push(
    await service("service listed", world.consumers.listed),
    await service("service not listed", world.consumers.unlisted),
    await service("service bound elsewhere", world.consumers.elsewhere),
    await job("job met", "mine", "web"),
    await job("job not met", "mine", "api"),
    await job("job of another store", "beside", "web"),
    { name: "stranger", token: () => world.stranger, self: { kind: "person", id: world.strangerId } },
    {
      name: "person without organization",
      token: () => outsider.token,
      self: { kind: "person", id: outsider.id },
    },
    await narrow("token secret.reveal", { scopes: ["secret.reveal"] }),
    await narrow("token secret.*@store", { scopes: ["secret.*@mine"] }),
    await narrow("token secret.reveal@store/NAME", {
      scopes: ["SECRET", "EXPIRED"].map((name) => `secret.reveal@mine/${name}`),
    }),
    await narrow("token for the store", { stores: ["mine"] }),
    await narrow("token for another store", { stores: ["beside"] }),
    await narrow("token from here", { addresses: ["127.0.0.1/32"] }),
    await narrow("token organization.read", { scopes: ["organization.read"] }),
    await minted(
      world,
      "writer's token secret.reveal",
      writer.self,
      { scopes: ["secret.reveal"] },
      writer.token() ?? "",
    ),
    await narrow("token that only confers", { scopes: conferring }),
  );

  const revoked = await done(wire, operator, post(`${base}/tokens`, { principal: owner, name: "r" }));
  await done(wire, operator, { method: "DELETE", path: `${base}/tokens/${revoked.id}` });
  const expired = await narrow("expired", { expiresAt: new Date(Date.now() + 1_000).toISOString() });
  // A token that went with its membership is one that nobody knows: at ten it would be throttled.
  const left = await invited(wire, operator, "here", "admin");
  const lefts: string[] = [];
  for (let count = 0; count < 60; count += 1) {
    const asked = post(`${base}/tokens`, { principal: { kind: "person", id: left.id }, name: "left" });
    lefts.push((await done(wire, left.token, asked)).token);
  }
  let turn = 0;
  await done(wire, operator, { method: "DELETE", path: `${base}/people/${left.membership}` });
  const elsewhere = await narrow("elsewhere", { addresses: ["192.0.2.1/32"] });
  const refused: Caller[] = [
    { name: "nobody", token: () => null, self: owner },
    { name: "malformed", token: () => "coffer_person_x", self: owner },
    { name: "unknown", token: () => mintToken("person", ids.next()).text, self: owner },
    { name: "revoked", token: () => revoked.token, self: owner },
    { name: "expired", token: expired.token, self: owner },
    {
      name: "membership ended",
      token: () => lefts[turn++ % lefts.length] ?? null,
      self: { kind: "person", id: left.id },
    },
    { name: "from elsewhere", token: elsewhere.token, self: owner },
  ];
  return { admitted, refused };
}

/** A caller with a token of his own in `here`. */
export async function minted(
  { wire, operator, here }: World,
  name: string,
  self: Caller["self"],
  more: object = {},
  by = operator,
): Promise<Caller> {
  const asked = post(`${orgPath(here)}/tokens`, { principal: self, name: "t", ...more });
  const { token } = await done(wire, by, asked);
  return { name, token: () => token, self };
}

/** What a caller holds on single things he holds on what was made for his cell too. */
export async function grantHeld(
  world: World,
  site: Site,
  { self, holds }: Caller,
  object: { readonly kind: "secret" | "machine"; readonly id: string },
): Promise<void> {
  if (holds?.kind !== object.kind) return;
  const body = { subject: self, object, level: holds.level };
  await done(world.wire, ownerOf(world, site), { method: "PUT", path: `${orgPath(site)}/grants`, body });
}

/** A secret in the site's store, made for one cell. */
export async function freshSecret(
  world: World,
  site: Site,
  caller: Caller,
  value?: string,
): Promise<{ readonly id: string; readonly name: string }> {
  const name = `n-${crypto.randomUUID()}`;
  const body = { name, ...(value === undefined ? {} : { value }) };
  const asked = post(`${orgPath(site)}/stores/${site.store}/secrets`, body);
  const { id } = await done(world.wire, ownerOf(world, site), asked);
  await grantHeld(world, site, caller, { kind: "secret", id });
  return { id, name };
}

/** The id of the site's secret, or of one made for the cell that will delete it. */
export async function secretFor(world: World, site: Site, caller: Caller, deletes: boolean): Promise<string> {
  return deletes ? (await freshSecret(world, site, caller)).id : idOfSecret(world, site);
}

/** No route makes a person who is in no organization. */
function insertPerson(data: string): { id: string; token: string } {
  const [id, tokenId] = [ids.next(), ids.next()];
  const { text, hash } = mintToken("person", tokenId);
  inTables(data, (db) => {
    db.prepare("INSERT INTO people VALUES (?, ?, ?, 'Someone', 0, 1)").run(
      id,
      "out@example.org",
      "out@example.org",
    );
    db.prepare(
      `INSERT INTO tokens (id, organization_id, principal_kind, principal_id, name, hash, created_at)
       VALUES (?, NULL, 'person', ?, 'test', ?, 1)`,
    ).run(tokenId, id, hash);
  });
  return { id, token: text };
}

function inTables(data: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(data, "coffer.db"), { timeout: 5_000 });
  try {
    work(db);
  } finally {
    db.close();
  }
}
