// Tokens: what is minted, shown and revoked by whom, and that no way of minting gives more than the
// credential that minted holds.
import { randomUUID } from "node:crypto";
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, type Client, startCoffer, tokenIdOf } from "../../support/server.ts";
import { readTrail } from "../../support/trail.ts";
import {
  aName,
  anId,
  aTime,
  aToken,
  at,
  created,
  createdStore,
  expectInvalid,
  expectRefused,
  organization,
  organizations,
  secrets,
  stores,
} from "./support.ts";
import { tablesOf } from "./tables.ts";

const coffer = await startCoffer();
afterAll(() => coffer.stop());
const me = coffer.call(coffer.token);
const tables = tablesOf(coffer);
const { person: owner, organization: home } = coffer.bootstrap;

const tokens = `${organization}/tokens`;
const myself = { kind: "person", id: owner.id };
const aToken256 = (kind: string) =>
  expect.stringMatching(new RegExp(`^coffer_${kind}_[0-9a-f]{32}_[\\w-]{43}$`));

const denied = "This credential may not do that.";
const notHeld = "This credential may not give what it does not hold itself.";
const noToken = "No such token, or none that this credential may see.";
const noPrincipal = "There is no such person, machine or service here.";
const noStore = "No such store, or none that this credential reaches.";
const notAll = "Only a person may do that, by a token over all his organizations.";

const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
const nextWeek = new Date(Date.now() + 7 * 86_400_000).toISOString();

async function minted(by: Client, body: Record<string, unknown> = {}): Promise<Answer["body"]> {
  const answer = await by.post(tokens, { principal: myself, name: "made", ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
}

async function mintedClient(body: Record<string, unknown> = {}): Promise<Client> {
  return coffer.call((await minted(me, body)).token);
}

/** Why the newest refusal of that credential was refused, as the trail has it. */
async function refusedBecause(token: string): Promise<unknown> {
  const trail = await readTrail(coffer, null);
  const entry = trail.findLast(
    ({ token_id, outcome }) => token_id === tokenIdOf(token) && outcome === "refused",
  );
  return entry && { action: entry.action, target: entry.target_kind, because: entry.because };
}

async function expectDenied(answer: Promise<Answer>, token: string, message: string, because: string) {
  expectRefused(await answer, 403, "caller.denied", message);
  expect(await refusedBecause(token)).toEqual({ action: "token.manage", target: "token", because });
}

const plain = { scopes: null, stores: null, addresses: null, expiresAt: null, lastUsedAt: null };

describe("a token for oneself", () => {
  test("is shown once, works at once, and is listed without its text", async () => {
    const token = await minted(me, { name: "laptop" });
    const { token: text, ...shown } = token;
    expect(token).toEqual({
      ...plain,
      id: anId,
      principal: { ...myself, name: "Owner" },
      name: "laptop",
      createdAt: aTime,
      token: aToken256("person"),
    });
    expect((await coffer.call(text).get("/v1/whoami")).body).toMatchObject({
      organization: { id: home.id },
      scopes: null,
    });
    expect((await me.get(`${tokens}/${shown.id}`)).body).toEqual(shown);
    const list = await me.get(`${tokens}?limit=1`);
    expect(list.body.items).toEqual([shown]);
    const all = await me.get(tokens);
    expect(all.text).not.toContain(text);
  });

  test("bound to an organization is no operator's", async () => {
    const bound = await mintedClient();
    expect((await bound.get("/v1/whoami")).body.operator).toBe(false);
    expectRefused(
      await bound.post(organizations, { slug: "beyond", name: "Beyond" }),
      403,
      "caller.denied",
      "Only operators of this installation may do that.",
    );
  });

  test("does what its scopes say, remembered as they were given, in the store by then", async () => {
    const { id, slug } = await createdStore(me);
    const scopes = [`secret.*@${slug}`, "store.read"];
    const token = await minted(me, {
      scopes,
      stores: [slug, id],
      expiresAt: tomorrow,
      addresses: ["127.0.0.0/8"],
    });
    expect(token).toMatchObject({ scopes, stores: [id], expiresAt: tomorrow, addresses: ["127.0.0.0/8"] });
    const narrow = coffer.call(token.token);
    const inThere = `${stores}/${slug}/secrets`;
    expect((await narrow.post(inThere, { name: "KEY", value: "x" })).status).toBe(201);
    expect((await narrow.get(`${inThere}/KEY/value`)).body.value).toBe("x");
    expect((await narrow.get(secrets)).status).toBe(404);
    // Another store that takes the slug gains nothing.
    expect((await me.delete(`${stores}/${slug}?force=true`)).status).toBe(204);
    expect((await me.post(stores, { name: "again", slug })).status).toBe(201);
    expect((await narrow.get(inThere)).status).toBe(404);
  });

  test("is audited without its text", async () => {
    const token = await minted(me, { name: aName(), scopes: ["secret.read"], expiresAt: tomorrow });
    const trail = await readTrail(coffer, null);
    const entry = trail.find(({ target_id }) => target_id === token.id);
    expect(entry).toMatchObject({
      action: "token.manage",
      outcome: "allowed",
      target_kind: "token",
      organization_id: home.id,
      because: "his own",
    });
    expect(JSON.parse(entry?.details ?? "")).toEqual({
      change: "minted",
      principal: myself,
      scopes: ["secret.read"],
      stores: null,
      addresses: null,
      expiresAt: Date.parse(tomorrow),
    });
    expect(JSON.stringify(trail)).not.toContain(token.token.slice(-43));
  });

  test.each([
    ["scopes", { scopes: [] }, "must not be empty; leave it out to allow all that the principal may do"],
    ["stores", { stores: [] }, "must not be empty; leave it out to allow every store"],
    [
      "scopes.1",
      { scopes: ["secret.*", "secret.reed"] },
      "must begin with an action such as secret.reveal, or secret.*",
    ],
    ["scopes.0", { scopes: ["people.read@default"] }, "narrows an action that is not done in a store"],
    ["scopes.0", { scopes: ["secret.read@No Slug"] }, "must be lower-case letters, digits and inner hyphens"],
    ["stores.0", { stores: ["No Slug"] }, "must be lower-case letters, digits and inner hyphens"],
    ["expiresAt", { expiresAt: "2020-01-01T00:00:00Z" }, "must lie in the future"],
    ["expiresAt", { expiresAt: "tomorrow" }, "must be a time like 2026-01-31T12:00:00Z"],
    ["addresses", { addresses: [] }, "must not be empty; leave it out to allow every address"],
    ["name", { name: "" }, "must not be empty"],
    ["principal.id", { principal: { kind: "person", id: "me" } }, "must be an id"],
  ])("400 for %s of %j", async (field, body, rule) => {
    expectInvalid(await me.post(tokens, { principal: myself, name: "x", ...body }), field, rule);
  });

  test("400 past the bounds", async () => {
    const many = (count: number, text: string) => Array.from({ length: count }, () => text);
    const post = (body: object) => me.post(tokens, { principal: myself, name: "x", ...body });
    expectInvalid(
      await post({ scopes: many(101, "secret.*") }),
      "scopes",
      "must have at most 100 entries",
      100,
    );
    expectInvalid(
      await post({ stores: many(1001, "default") }),
      "stores",
      "must have at most 1000 entries",
      1000,
    );
    expectInvalid(
      await post({ addresses: many(65, "::1") }),
      "addresses",
      "must have at most 64 entries",
      64,
    );
    expectInvalid(await post({ name: "n".repeat(256) }), "name", "must have at most 255 characters", 255);
  });
});

describe("nobody confers what he does not hold", () => {
  const scoped = ["token.manage", "secret.read", "secret.reveal@default"];

  test.each([
    ["without scopes", {}],
    ["with another action", { scopes: ["secret.write"] }],
    ["with the whole family", { scopes: ["secret.*"] }],
    ["with an action in every store that it has in one", { scopes: ["secret.reveal"] }],
    ["with one scope more", { scopes: ["secret.read", "organization.read"] }],
  ])("a scoped token mints none %s", async (_, body) => {
    const { token } = await minted(me, { scopes: scoped });
    const answer = coffer.call(token).post(tokens, { principal: myself, name: "wider", ...body });
    await expectDenied(answer, token, notHeld, "to mint a token with more scopes");
  });

  test("a scoped token mints one that is as narrow, or narrower", async () => {
    const by = await mintedClient({ scopes: scoped });
    await minted(by, { scopes: scoped });
    await minted(by, { scopes: ["secret.read@default", "secret.reveal@default/KEY"] });
  });

  test("a scoped token without token.manage mints none", async () => {
    const { token } = await minted(me, { scopes: ["secret.*", "token.read"] });
    const answer = coffer.call(token).post(tokens, { principal: myself, name: "x", scopes: ["secret.read"] });
    await expectDenied(answer, token, denied, "token: no scope covers token.manage");
  });

  test("a narrowed token mints none that lasts longer", async () => {
    const { token } = await minted(me, { scopes: ["token.manage"], expiresAt: tomorrow });
    const by = coffer.call(token);
    for (const expiresAt of [null, nextWeek]) {
      const answer = by.post(tokens, { principal: myself, name: "x", scopes: ["token.manage"], expiresAt });
      await expectDenied(answer, token, notHeld, "to mint a token that lasts longer");
    }
    await minted(by, { scopes: ["token.manage"], expiresAt: tomorrow });
  });

  test("a token of a person that narrows nothing but lasts a while may mint a lasting one", async () => {
    const by = await mintedClient({ expiresAt: tomorrow });
    expect(await minted(by)).toMatchObject({ expiresAt: null });
  });

  test("a token for some addresses mints none for more, nor one that lasts longer", async () => {
    const { token } = await minted(me, { addresses: ["127.0.0.0/8"], expiresAt: tomorrow });
    const by = coffer.call(token);
    for (const addresses of [null, ["126.0.0.0/7"], ["127.0.0.1", "192.0.2.1"]]) {
      const answer = by.post(tokens, { principal: myself, name: "x", addresses, expiresAt: tomorrow });
      await expectDenied(answer, token, notHeld, "to mint a token for more addresses");
    }
    const lasting = by.post(tokens, { principal: myself, name: "x", addresses: ["127.0.0.1"] });
    await expectDenied(lasting, token, notHeld, "to mint a token that lasts longer");
    await minted(by, { addresses: ["127.0.0.1"], expiresAt: tomorrow });
  });

  test("a token bound to stores mints for these alone", async () => {
    const { token } = await minted(me, { stores: ["default"] });
    const by = coffer.call(token);
    await minted(by, { stores: ["default"] });
    const wider = by.post(tokens, { principal: myself, name: "x" });
    await expectDenied(wider, token, denied, "token: bound to other stores");
    const { slug } = await createdStore(me);
    const another = await by.post(tokens, { principal: myself, name: "x", stores: ["default", slug] });
    expectRefused(another, 404, "store.not_found", noStore);
  });

  test("nobody mints for another person, there or not", async () => {
    const member = tables.person("member");
    for (const id of [member, randomUUID()]) {
      const answer = me.post(tokens, { principal: { kind: "person", id }, name: "x" });
      await expectDenied(answer, coffer.token, notHeld, "tokens for a person are made by that person alone");
    }
  });

  test("machines and services mint nothing, not even for themselves", async () => {
    const machine = tables.machine();
    tables.grant(["machine", machine], ["organization", home.id], "write");
    const service = tables.service();
    for (const [kind, id] of [
      ["machine", machine],
      ["service", service.id],
    ] as const) {
      const token = tables.token(kind, id);
      const answer = coffer.call(token).post(tokens, { principal: { kind, id }, name: "x" });
      await expectDenied(answer, token, denied, `${kind}: mints no tokens`);
    }
  });

  test("a store that is not there and one that is hidden are the same, in scopes and in stores", async () => {
    const token = aToken(coffer, { role: "member" });
    const by = coffer.call(token);
    const { principal } = (await by.get("/v1/whoami")).body;
    const { slug, id } = await createdStore(me);
    for (const store of [slug, id, "none", randomUUID()]) {
      for (const body of [{ scopes: [`secret.read@${store}`] }, { stores: [store] }]) {
        const answer = await by.post(tokens, {
          principal: { kind: "person", id: principal.id },
          name: "x",
          ...body,
        });
        expectRefused(answer, 404, "store.not_found", noStore);
      }
    }
    // The second of each pair, of the store that is there.
    expect(await refusedBecause(token)).toMatchObject({ because: "no right in the store" });
    expect((await by.post(stores, { name: "mine", slug: `mine-${slug}` })).status).toBe(201);
    const mine = await by.post(tokens, {
      principal: { kind: "person", id: principal.id },
      name: "x",
      scopes: [`secret.read@mine-${slug}`],
    });
    expect(mine.status).toBe(201);
  });
});

describe("a token for a machine", () => {
  test("is made by who manages it and by administrators, and does what the machine may", async () => {
    const { name } = await created(me, { value: "for machines" });
    const machine = tables.machine();
    const member = tables.person("member");
    tables.grant(["person", member], ["machine", machine], "manage");
    tables.grant(["machine", machine], ["store", coffer.bootstrap.store.id], "read");
    const by = coffer.call(tables.token("person", member));
    const token = await minted(by, {
      principal: { kind: "machine", id: machine },
      scopes: ["secret.reveal"],
    });
    expect(token.principal).toEqual({ kind: "machine", id: machine, name: "robot" });
    expect(token.token).toEqual(aToken256("machine"));
    const robot = coffer.call(token.token);
    expect((await robot.get(at(name, "/value"))).body.value).toBe("for machines");
    expect((await robot.get(at(name))).status).toBe(404);
    expect((await robot.get("/v1/whoami")).body).toEqual({
      principal: { kind: "machine", id: machine, name: "robot" },
      organization: { id: home.id, slug: "default" },
      scopes: ["secret.reveal"],
      operator: false,
    });
    const admin = coffer.call(aToken(coffer, { role: "admin" }));
    await minted(admin, { principal: { kind: "machine", id: machine } });
  });

  test("404 for a machine that is not there, of another organization, or unknown to the caller", async () => {
    expect((await me.post(organizations, { slug: "elsewhere", name: "E" })).status).toBe(201);
    const other = (await me.get(`${organizations}/elsewhere`)).body.id;
    const member = coffer.call(aToken(coffer, { role: "member" }));
    const asks: [Client, string][] = [
      [me, randomUUID()],
      [me, tables.machine(other)],
      [member, tables.machine()],
      [member, randomUUID()],
    ];
    for (const [by, id] of asks) {
      const answer = await by.post(tokens, { principal: { kind: "machine", id }, name: "x" });
      expectRefused(answer, 404, "principal.not_found", noPrincipal);
    }
  });

  test("403 for who only sees the machine", async () => {
    const machine = tables.machine();
    const member = tables.person("member");
    tables.grant(["person", member], ["machine", machine], "read");
    const token = tables.token("person", member);
    const answer = coffer
      .call(token)
      .post(tokens, { principal: { kind: "machine", id: machine }, name: "x" });
    await expectDenied(answer, token, denied, "role: member has no token.manage");
  });

  test("is no wider than the token that minted it", async () => {
    const machine = tables.machine();
    const { token } = await minted(me, { scopes: ["token.manage"] });
    const answer = coffer
      .call(token)
      .post(tokens, { principal: { kind: "machine", id: machine }, name: "x" });
    await expectDenied(answer, token, notHeld, "to mint a token with more scopes");
  });
});

describe("a token for a service", () => {
  test("reveals what lists it, and says so", async () => {
    const service = tables.service([coffer.bootstrap.store.id]);
    const listed = await created(me, { value: "listed", consumers: [service.name] });
    const other = await created(me, { value: "other" });
    const { token } = await minted(me, { principal: { kind: "service", id: service.id } });
    const it = coffer.call(token);
    expect((await it.get(at(listed.name, "/value"))).body.value).toBe("listed");
    expectRefused(await it.get(at(other.name, "/value")), 403, "caller.denied", denied);
    expect((await me.put(at(listed.name, "/value"), { value: "listed again" })).status).toBe(200);
    expect((await it.get(at(listed.name, "/value?version=2"))).body.value).toBe("listed again");
    for (const version of [1, 3]) {
      const answer = await it.get(at(listed.name, `/value?version=${version}`));
      expectRefused(answer, 403, "caller.denied", denied);
    }
    expectRefused(await it.get(secrets), 403, "caller.denied", denied);
    expect((await it.get("/v1/whoami")).body.principal).toEqual({
      kind: "service",
      id: service.id,
      name: service.name,
    });
  });

  test("needs that its maker can reveal all of its stores", async () => {
    const { id } = await createdStore(me);
    const both = tables.service([coffer.bootstrap.store.id, id]);
    const one = tables.service([coffer.bootstrap.store.id]);
    const every = tables.service();
    const scopes = ["token.manage", "secret.reveal@default"];
    const { token } = await minted(me, { scopes });
    const by = coffer.call(token);
    const mint = (service: { id: string }) =>
      by.post(tokens, { principal: { kind: "service", id: service.id }, name: "x", scopes });
    const because = "token: no scope covers secret.reveal (to speak for a service)";
    await expectDenied(mint(both), token, notHeld, because);
    await expectDenied(mint(every), token, notHeld, because);
    expect((await mint(one)).status).toBe(201);
  });

  test("is for administrators: to a member there is no service", async () => {
    const service = tables.service();
    const member = coffer.call(aToken(coffer, { role: "member" }));
    for (const id of [service.id, randomUUID()]) {
      const answer = await member.post(tokens, { principal: { kind: "service", id }, name: "x" });
      expectRefused(answer, 404, "principal.not_found", noPrincipal);
    }
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    const answer = await auditor.post(tokens, { principal: { kind: "service", id: service.id }, name: "x" });
    expectRefused(answer, 403, "caller.denied", denied);
  });
});

describe("tokens of an organization", () => {
  test("are shown to auditors all, to members their own and those of machines they manage", async () => {
    const member = tables.person("member");
    const machine = tables.machine();
    const seen = tables.machine();
    tables.grant(["person", member], ["machine", machine], "manage");
    tables.grant(["person", member], ["machine", seen], "read");
    const text = tables.token("person", member);
    const by = coffer.call(text);
    const managed = await minted(me, { principal: { kind: "machine", id: machine } });
    const foreign = await minted(me, { principal: { kind: "machine", id: seen } });
    const ids = (answer: Answer) => answer.body.items.map(({ id }: { id: string }) => id);
    expect(ids(await by.get(tokens))).toEqual([managed.id, tokenIdOf(text)]);
    expect((await by.get(`${tokens}/${managed.id}`)).status).toBe(200);
    for (const id of [foreign.id, randomUUID(), tokenIdOf(coffer.token)]) {
      expectRefused(await by.get(`${tokens}/${id}`), 404, "token.not_found", noToken);
      expectRefused(await by.delete(`${tokens}/${id}`), 404, "token.not_found", noToken);
    }
    const auditor = coffer.call(aToken(coffer, { role: "auditor" }));
    expect(ids(await auditor.get(tokens))).toEqual(expect.arrayContaining([managed.id, foreign.id]));
    expectRefused(await auditor.delete(`${tokens}/${managed.id}`), 403, "caller.denied", denied);
  });

  test("come in pages, newest first", async () => {
    const made = [];
    for (let count = 0; count < 5; count += 1) made.push((await minted(me)).id);
    const ids: string[] = [];
    let cursor = "";
    while (ids.length < 5) {
      const { items, nextCursor } = (await me.get(`${tokens}?limit=2${cursor}`)).body;
      ids.push(...items.map(({ id }: { id: string }) => id));
      cursor = `&cursor=${nextCursor}`;
    }
    expect(ids.slice(0, 5)).toEqual(made.toReversed());
    expect((await me.get(`${tokens}?cursor=x`)).body.error.code).toBe("cursor.invalid");
  });

  test("of another organization are not there", async () => {
    expect((await me.post(organizations, { slug: "far", name: "Far" })).status).toBe(201);
    const there = await me.post(`${organizations}/far/tokens`, { principal: myself, name: "x" });
    const answer = await me.delete(`${tokens}/${there.body.id}`);
    expectRefused(answer, 404, "token.not_found", noToken);
    expect((await coffer.call(there.body.token).get(secrets)).status).toBe(404);
  });

  test("403 for a credential whose scopes leave out token.read", async () => {
    const narrow = await mintedClient({ scopes: ["secret.*"] });
    expectRefused(await narrow.get(tokens), 403, "caller.denied", denied);
  });
});

describe("revoking", () => {
  test("ends the token from the answer on, and takes it from the lists", async () => {
    const token = await minted(me);
    const it = coffer.call(token.token);
    expect((await it.get(secrets)).status).toBe(200);
    expect((await me.delete(`${tokens}/${token.id}`)).status).toBe(204);
    expectRefused(await it.get(secrets), 401, "caller.unauthenticated", "No valid credential was given.");
    expectRefused(await me.get(`${tokens}/${token.id}`), 404, "token.not_found", noToken);
    expectRefused(await me.delete(`${tokens}/${token.id}`), 404, "token.not_found", noToken);
    const list: { id: string }[] = (await me.get(tokens)).body.items;
    expect(list.some(({ id }) => id === token.id)).toBe(false);
  });

  test("a token may end itself, a machine's too", async () => {
    const machine = tables.machine();
    for (const [kind, id] of [
      ["person", tables.person("member")],
      ["machine", machine],
    ] as const) {
      const text = tables.token(kind, id);
      expect((await coffer.call(text).delete(`${tokens}/${tokenIdOf(text)}`)).status).toBe(204);
      expect((await coffer.call(text).get("/v1/whoami")).status).toBe(401);
    }
  });

  test("an administrator revokes those of members, machines and services, but not an owner's", async () => {
    const text = aToken(coffer, { role: "admin" });
    const admin = coffer.call(text);
    const theirs = [
      tables.token("person", tables.person("member")),
      tables.token("person", tables.person("admin")),
      tables.token("machine", tables.machine()),
      tables.token("service", tables.service().id),
    ];
    for (const each of theirs) expect((await admin.delete(`${tokens}/${tokenIdOf(each)}`)).status).toBe(204);
    const owners = await minted(me);
    const because = "role: only owners touch owners";
    await expectDenied(admin.delete(`${tokens}/${owners.id}`), text, denied, because);
    expect((await admin.get(`${tokens}/${owners.id}`)).status).toBe(200);
  });
});

describe("tokens over all organizations", () => {
  test("are a person's own: minted, listed, used everywhere, revoked", async () => {
    const made = await me.post("/v1/tokens", {
      name: "everywhere",
      scopes: ["organization.*", "secret.read"],
    });
    expect(made.status, made.text).toBe(201);
    const { token: text, ...shown } = made.body;
    expect(shown).toEqual({
      ...plain,
      id: anId,
      principal: { ...myself, name: "Owner" },
      name: "everywhere",
      scopes: ["organization.*", "secret.read"],
      createdAt: aTime,
    });
    expect((await me.get(`/v1/tokens/${shown.id}`)).body).toEqual(shown);
    expect((await me.get("/v1/tokens?limit=1")).body.items).toEqual([shown]);
    expectRefused(await me.get(`${tokens}/${shown.id}`), 404, "token.not_found", noToken);
    expect((await coffer.call(text).get("/v1/whoami")).body).toMatchObject({
      organization: null,
      operator: true,
    });
    expect((await me.delete(`/v1/tokens/${shown.id}`)).status).toBe(204);
    expect((await coffer.call(text).get("/v1/whoami")).status).toBe(401);
    expectRefused(await me.get(`/v1/tokens/${shown.id}`), 404, "token.not_found", noToken);
    expectRefused(await me.delete(`/v1/tokens/${shown.id}`), 404, "token.not_found", noToken);
  });

  test("400 where they would name a store", async () => {
    const rule = "cannot name a store in a token over all organizations";
    expectInvalid(
      await me.post("/v1/tokens", { name: "x", scopes: ["secret.read@default"] }),
      "scopes.0",
      rule,
    );
    const { error } = (await me.post("/v1/tokens", { name: "x", stores: ["default"] })).body;
    expect(error.code).toBe("request.invalid");
  });

  test("are not for who is bound to one organization", async () => {
    const bound = await minted(me);
    const machine = tables.token("machine", tables.machine());
    const service = tables.token("service", tables.service().id);
    for (const [token, because] of [
      [bound.token, "token: bound to one organization"],
      [machine, "machine: belongs to one organization"],
      [service, "service: belongs to one organization"],
    ]) {
      const by = coffer.call(token);
      await expectDenied(by.post("/v1/tokens", { name: "x" }), token, notAll, because);
      await expectDenied(by.delete(`/v1/tokens/${tokenIdOf(coffer.token)}`), token, notAll, because);
      expectRefused(await by.get("/v1/tokens"), 403, "caller.denied", notAll);
      expectRefused(await by.get(`/v1/tokens/${tokenIdOf(coffer.token)}`), 403, "caller.denied", notAll);
    }
  });

  test("are no wider than the one that minted them", async () => {
    const scopes = ["token.manage", "secret.read"];
    const token = (await me.post("/v1/tokens", { name: "narrow", scopes, expiresAt: tomorrow })).body.token;
    const by = coffer.call(token);
    await expectDenied(
      by.post("/v1/tokens", { name: "x" }),
      token,
      notHeld,
      "to mint a token with more scopes",
    );
    const lasting = by.post("/v1/tokens", { name: "x", scopes });
    await expectDenied(lasting, token, notHeld, "to mint a token that lasts longer");
    expect((await by.post("/v1/tokens", { name: "x", scopes, expiresAt: tomorrow })).status).toBe(201);
    const none = (await me.post("/v1/tokens", { name: "none", scopes: ["secret.*"] })).body.token;
    const answer = coffer.call(none).post("/v1/tokens", { name: "x", scopes: ["secret.*"] });
    await expectDenied(answer, none, notAll, "token: no scope covers token.manage");
  });

  test("of somebody else, or bound to one, are not there", async () => {
    const stranger = coffer.call(aToken(coffer, { role: "admin" }));
    for (const id of [tokenIdOf(coffer.token), randomUUID()]) {
      expectRefused(await stranger.get(`/v1/tokens/${id}`), 404, "token.not_found", noToken);
      expectRefused(await stranger.delete(`/v1/tokens/${id}`), 404, "token.not_found", noToken);
    }
    // Nor are one's own that are bound to an organization: they lie there.
    const bound = await minted(me);
    expectRefused(await me.get(`/v1/tokens/${bound.id}`), 404, "token.not_found", noToken);
    expectRefused(await me.delete(`/v1/tokens/${bound.id}`), 404, "token.not_found", noToken);
    expect((await stranger.get("/v1/tokens")).body.items).toHaveLength(1);
  });
});

describe("a list of addresses", () => {
  test("refuses every other one like a credential that is not valid", async () => {
    const here = await mintedClient({ addresses: ["127.0.0.1", "::1"] });
    expect((await here.get("/v1/whoami")).status).toBe(200);
    const { token } = await minted(me, { addresses: ["192.0.2.0/24"] });
    const answer = await coffer.call(token).get("/v1/whoami");
    expectRefused(answer, 401, "caller.unauthenticated", "No valid credential was given.");
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });
});

test("the last use is told after a while", async () => {
  const token = await minted(me);
  const before = Date.now();
  expect((await coffer.call(token.token).get(secrets)).status).toBe(200);
  expect((await me.get(`${tokens}/${token.id}`)).body.lastUsedAt).toBeNull();
  await coffer.node.writeUses();
  const { lastUsedAt } = (await me.get(`${tokens}/${token.id}`)).body;
  expect(lastUsedAt).toEqual(aTime);
  expect(Date.parse(lastUsedAt)).toBeGreaterThanOrEqual(before);
});
