// Tokens: nobody mints what the very token he uses does not hold, for somebody else, or for longer.
import { afterAll, expect, test } from "vitest";
import { aToken } from "../../dialects/native/support.ts";
import {
  type Actor,
  countOf,
  expectNoValue,
  expectValue,
  field,
  hours,
  machines,
  organizations,
  stores,
  tokens,
} from "./field.ts";

const it = await field();
const { attempt, me, owner } = it;
afterAll(() => it.coffer.stop());

/** Mints for himself, and looks whether one more is there. */
async function minting(
  by: Actor,
  body: Record<string, unknown>,
  principal: unknown = { kind: "person", id: by.id },
) {
  const before = await countOf(me, tokens);
  const answer = await by.client.post(tokens, { principal, name: "wider", ...body });
  return {
    by,
    answer,
    refused: "caller.denied" as const,
    unchanged: async () => expect(await countOf(me, tokens)).toBe(before),
  };
}

const mints = ["token.*", "secret.read", "secret.reveal"];

attempt("mint without scopes by a scoped token", async () =>
  minting(await it.narrowed(owner, { scopes: mints }), {}),
);

attempt("mint one action more", async () =>
  minting(await it.narrowed(owner, { scopes: mints }), { scopes: [...mints, "secret.write"] }),
);

attempt("mint the family of one action", async () =>
  minting(await it.narrowed(owner, { scopes: ["token.manage", "secret.read"] }), { scopes: ["secret.*"] }),
);

attempt("mint another API's scope that comes to more", async () =>
  minting(await it.narrowed(owner, { scopes: ["token.manage", "read_secrets_details"] }), {
    scopes: ["read_secrets_details", "write_secrets"],
  }),
);

attempt("mint another API's scope by some of the actions that it comes to", async () =>
  minting(await it.narrowed(owner, { scopes: [...mints, "store.list"] }), {
    scopes: ["read_secret_details"],
  }),
);

attempt("mint for another name in the store", async () =>
  minting(
    await it.narrowed(owner, { scopes: ["token.manage", "store.list", "secret.reveal@default/MINE"] }),
    {
      scopes: ["secret.reveal@default/THEIRS"],
    },
  ),
);

attempt("mint for the store by a token for one name", async () =>
  minting(
    await it.narrowed(owner, { scopes: ["token.manage", "store.list", "secret.reveal@default/MINE"] }),
    {
      scopes: ["secret.reveal@default"],
    },
  ),
);

attempt("mint for another store by a scope for one", async () => {
  const [mine, theirs] = [await it.store(), await it.store()];
  const by = await it.narrowed(owner, {
    scopes: ["token.manage", "store.list", `secret.reveal@${mine.slug}`],
  });
  return minting(by, { scopes: [`secret.reveal@${theirs.id}`] });
});

attempt("mint without stores by a token bound to one", async () =>
  minting(await it.narrowed(owner, { stores: ["default"] }), {}),
);

attempt("mint from everywhere by a token for one network", async () =>
  minting(await it.narrowed(owner, { addresses: ["127.0.0.0/8"] }), {}),
);

attempt("mint for a wider network", async () =>
  minting(await it.narrowed(owner, { addresses: ["127.0.0.0/8"] }), { addresses: ["0.0.0.0/0"] }),
);

attempt("mint a lasting one by a scoped token that ends", async () =>
  minting(await it.narrowed(owner, { scopes: mints, expiresAt: hours(1) }), { scopes: mints }),
);

attempt("mint a longer one by a scoped token that ends", async () =>
  minting(await it.narrowed(owner, { scopes: mints, expiresAt: hours(1) }), {
    scopes: mints,
    expiresAt: hours(2),
  }),
);

attempt("mint a lasting one by a token for one network that ends", async () => {
  const addresses = ["127.0.0.0/8"];
  return minting(await it.narrowed(owner, { addresses, expiresAt: hours(1) }), { addresses });
});

attempt("mint for all stores by a scope for the store a token is bound to", async () => {
  const { slug } = await it.store();
  const by = await it.narrowed(owner, { stores: [slug] });
  return minting(by, { scopes: [`secret.*@${slug}`] });
});

attempt("mint for one store more than a token is bound to", async () => {
  const { slug } = await it.store();
  const by = await it.narrowed(owner, { stores: [slug] });
  return { ...(await minting(by, { stores: [slug, "default"] })), refused: "store.not_found" };
});

attempt("mint by a token bound to stores without the right to mint", async () => {
  const { slug } = await it.store();
  const by = await it.narrowed(owner, { scopes: ["secret.*"], stores: [slug] });
  return minting(by, { scopes: ["secret.reveal"], stores: [slug] });
});

attempt("revoke one's other tokens by one bound to a store", async () => {
  const victim = await it.narrowed(owner, {});
  const { body } = await victim.client.get(tokens);
  const by = await it.narrowed(owner, { stores: ["default"] });
  return {
    by,
    answer: await by.client.delete(`${tokens}/${body.items[0].id}`),
    refused: "token.not_found",
    unchanged: async () => expect((await victim.client.get("/v1/whoami")).status).toBe(200),
  };
});

attempt("learn of a hidden store by a scope for a name in it", async () => {
  const { name } = await it.secret();
  const by = it.person();
  const tried = await minting(by, { scopes: [`secret.reveal@default/${name}`] });
  return { ...tried, refused: "store.not_found" };
});

attempt("mint a token of a machine from everywhere by a token for one network", async () => {
  const { id } = it.machine();
  const by = await it.narrowed(it.person("member", ["machine", id, "manage"]), {
    addresses: ["127.0.0.0/8"],
  });
  return minting(by, {}, { kind: "machine", id });
});

attempt("mint a lasting token of a machine by a narrow one that ends", async () => {
  const { id } = it.machine();
  const narrow = { scopes: ["token.manage"], expiresAt: hours(1) };
  const by = await it.narrowed(it.person("member", ["machine", id, "manage"]), narrow);
  return minting(by, { scopes: ["token.manage"] }, { kind: "machine", id });
});

attempt("mint a token of a service outside of the stores that one's own is bound to", async () => {
  const { slug } = await it.store();
  const { id } = await it.service();
  const by = await it.narrowed(owner, { stores: [slug] });
  return { ...(await minting(by, {}, { kind: "service", id })), refused: "principal.not_found" };
});

attempt("mint by a token that may only see tokens", async () => {
  const scopes = ["token.read"];
  return minting(await it.narrowed(owner, { scopes }), { scopes });
});

attempt("mint a token of the owner as an admin", async () =>
  minting(it.person("admin"), {}, { kind: "person", id: owner.id }),
);

attempt("mint a token of a member as the owner", async () =>
  minting(owner, {}, { kind: "person", id: it.person().id }),
);

attempt("mint a token of a machine that one does not manage", async () => ({
  ...(await minting(it.person(), {}, { kind: "machine", id: it.machine().id })),
  refused: "principal.not_found",
}));

attempt("mint a token of a machine that one may only see", async () => {
  const { id } = it.machine();
  return minting(it.person("member", ["machine", id, "write"]), {}, { kind: "machine", id });
});

attempt("mint a wide token of one's own machine by a narrow one", async () => {
  const robot = it.machine(["organization", it.coffer.bootstrap.organization.id, "read"]);
  const by = it.person("member", ["machine", robot.id, "manage"]);
  return minting(await it.narrowed(by, { scopes: ["token.manage"] }), {}, { kind: "machine", id: robot.id });
});

attempt("mint a token of a service without reading what it reads", async () => {
  const { id } = await it.service();
  const by = await it.narrowed(it.person("admin"), { scopes: ["token.manage", "service.*"] });
  return minting(by, { scopes: ["token.manage"] }, { kind: "service", id });
});

attempt("mint as a machine for itself", async () => {
  const by = it.machine();
  return minting(by, {}, { kind: "machine", id: by.id });
});

attempt("mint as a service for itself", async () => {
  const by = await it.service();
  return minting(by, {}, { kind: "service", id: by.id });
});

attempt("mint as a job for who started it", async () =>
  minting(await it.job("default"), {}, { kind: "person", id: owner.id }),
);

attempt("mint over all organizations by a token of one", async () => {
  const by = await it.narrowed(owner, {});
  const before = await countOf(me, "/v1/tokens");
  const answer = await by.client.post("/v1/tokens", { name: "wider" });
  return {
    by,
    answer,
    refused: "caller.denied",
    unchanged: async () => expect(await countOf(me, "/v1/tokens")).toBe(before),
  };
});

attempt("mint without scopes over all organizations by a scoped token over all", async () => {
  const { token } = await it.made("/v1/tokens", { name: "narrow", scopes: ["token.manage"] });
  const by = it.as(owner.id, token);
  return { by, answer: await by.client.post("/v1/tokens", { name: "wider" }), refused: "caller.denied" };
});

attempt("mint as narrow a token over all organizations without the right to mint", async () => {
  const scopes = ["secret.reveal"];
  const { token } = await it.made("/v1/tokens", { name: "narrow", scopes });
  const by = it.as(owner.id, token);
  return {
    by,
    answer: await by.client.post("/v1/tokens", { name: "copy", scopes }),
    refused: "caller.denied",
  };
});

attempt("make an organization by an operator's token of one organization", async () => {
  const by = await it.narrowed(owner, {});
  const answer = await by.client.post(organizations, { slug: "taken-over", name: "Mine" });
  return {
    by,
    answer,
    refused: "caller.denied",
    unchanged: async () => expect((await me.get(`${organizations}/taken-over`)).status).toBe(404),
  };
});

attempt("revoke a token of the owner as an admin", async () => {
  const victim = await it.narrowed(owner, {});
  const { body } = await victim.client.get(tokens);
  const by = it.person("admin");
  return {
    by,
    answer: await by.client.delete(`${tokens}/${body.items[0].id}`),
    refused: "caller.denied",
    unchanged: async () => expect((await victim.client.get("/v1/whoami")).status).toBe(200),
  };
});

attempt("revoke somebody else's token over all organizations", async () => {
  const { id } = await it.made("/v1/tokens", { name: "mine" });
  const by = it.as("", aToken(it.coffer, { role: "owner" }));
  return {
    by,
    answer: await by.client.delete(`/v1/tokens/${id}`),
    refused: "token.not_found",
    unchanged: async () => expect((await me.get(`/v1/tokens/${id}`)).status).toBe(200),
  };
});

attempt("reach a store by the slug of a deleted one that a scope names", async () => {
  const old = await it.store();
  const by = await it.narrowed(owner, { scopes: [`secret.*@${old.slug}`, `store.*@${old.slug}`] });
  expect((await me.delete(`${stores}/${old.slug}`)).status).toBe(204);
  const { path } = await it.secret((await it.store(old.slug)).slug);
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("reach a store by the slug of a deleted one that a token is bound to", async () => {
  const old = await it.store();
  const by = await it.narrowed(owner, { stores: [old.slug] });
  expect((await me.delete(`${stores}/${old.slug}`)).status).toBe(204);
  const { path } = await it.secret((await it.store(old.slug)).slug);
  return { by, answer: await by.client.get(`${path}/value`), refused: "store.not_found" };
});

attempt("reveal by a token that may list", async () => {
  const { path } = await it.secret();
  const by = await it.narrowed(owner, { scopes: ["secret.list", "secret.read"] });
  return { by, answer: await by.client.get(`${path}/value`), refused: "caller.denied" };
});

test("an expired token mints nothing, and is told nothing", async () => {
  const short = it.as(
    owner.id,
    (await it.narrowed(owner, { expiresAt: new Date(Date.now() + 300).toISOString() })).token,
  );
  await expect.poll(async () => (await short.client.get("/v1/whoami")).status).toBe(401);
  const { status, body } = await short.client.post(tokens, {
    principal: { kind: "person", id: owner.id },
    name: "on",
  });
  expect([status, body.error.code]).toEqual([401, "caller.unauthenticated"]);
});

test("allowed: a narrower token of one's own, and one of a machine that one manages", async () => {
  const { path, name } = await it.secret();
  const one = await it.narrowed(owner, { scopes: [...mints, "secret.read"], expiresAt: hours(2) });
  const two = await it.narrowed(one, { scopes: [`secret.reveal@default/${name}`], expiresAt: hours(1) });
  await expectValue(two, path);
  await expectNoValue(two, (await it.secret()).path);
  const { id } = it.machine();
  const by = it.person("member", ["machine", id, "manage"]);
  await it.made(tokens, { principal: { kind: "machine", id }, name: "robot" }, by.client);
});

test("allowed: exactly as wide a token, by one bound to a store, one for a name, and who holds one secret", async () => {
  const { slug } = await it.store();
  const { path, name, id } = await it.secret(slug);
  const bound = await it.narrowed(owner, { stores: [slug] });
  await expectValue(await it.narrowed(bound, { stores: [slug] }), path);
  const scopes = ["token.manage", `secret.reveal@${slug}/${name}`];
  const narrow = await it.narrowed(owner, { scopes });
  await expectValue(await it.narrowed(narrow, { scopes }), path);
  await expectValue(await it.narrowed(narrow, { scopes: scopes.slice(1) }), path);
  const holder = it.person("member", ["secret", id, "read"]);
  await expectValue(await it.narrowed(holder, { scopes: scopes.slice(1) }), path);
  const robot = it.machine(["store", (await it.store()).id, "read"]);
  const inStore = { principal: { kind: "machine", id: robot.id }, name: "robot", stores: [slug] };
  await it.made(tokens, inStore, bound.client);
});

test("who may only see a machine sees none of its tokens", async () => {
  const { id } = it.machine();
  await it.made(tokens, { principal: { kind: "machine", id }, name: "robot" });
  const seen = async (level: "read" | "manage") => {
    const { body } = await it.person("member", ["machine", id, level]).client.get(tokens);
    return body.items.filter((token: { principal: { id: string } }) => token.principal.id === id).length;
  };
  expect([await seen("read"), await seen("manage")]).toEqual([0, 2]);
});

attempt("to list machines by a token that is not for them, of who manages one", async () => {
  const manager = it.person("member", ["machine", it.machine().id, "manage"]);
  expect(await countOf(manager.client, machines)).toBe(1);
  const by = await it.narrowed(manager, { scopes: ["organization.read", "secret.read"] });
  return { by, answer: await by.client.get(machines), refused: "caller.denied" };
});
